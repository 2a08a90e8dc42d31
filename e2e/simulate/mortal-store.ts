import type { openSqlite } from '../../server/src/store/sqlite.ts'
import { type Life, never } from './life.ts'

type Dialect = Parameters<NonNullable<Parameters<typeof openSqlite>[1]>>[0]
type Driver = ReturnType<Dialect['createDriver']>
type Connection = Awaited<ReturnType<Driver['acquireConnection']>>

/** Trouble of the database, as it comes: so many statements from the n-th on fail, before or after they have worked. */
export interface StoreTrouble {
  skip: number
  left: number
  when: 'before' | 'after'
  message: string
}

export interface StoreWorld {
  life: Life
  trouble(): StoreTrouble | null
  /** Called with how to close the file: a process that dies lets go of it. */
  opened(close: () => void): void
}

/** Puts deaths and trouble between the store and its driver, at every statement, `begin` and `commit` among them. */
export function mortalDialect({ life, trouble, opened }: StoreWorld): (dialect: Dialect) => Dialect {
  return (dialect) => ({
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (database) => dialect.createIntrospector(database),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver() {
      const driver = dialect.createDriver()
      opened(() => void driver.destroy())
      return mortalDriver(driver, life, trouble)
    },
  })
}

function mortalDriver(driver: Driver, life: Life, trouble: StoreWorld['trouble']): Driver {
  const execute = async (connection: Connection, query: Parameters<Connection['executeQuery']>[0]) => {
    if (!life.goesOn('store')) return never
    // What has gone wrong is not made worse: a rollback does not fail, and SQLite undoes by itself what it could not do.
    const due = query.sql === 'rollback' ? null : dueTrouble(trouble())
    // A transaction that was begun and says that it was not would stay open for ever. No database does that.
    if (due?.when === 'before' || (due !== null && query.sql === 'begin')) throw new Error(due.message)
    const result = await connection.executeQuery(query)
    if (!life.goesOn('store')) return never
    if (due !== null) throw new Error(due.message)
    return result
  }

  return {
    init: (options) => driver.init(options),
    async acquireConnection() {
      if (!life.isAlive) return never
      const connection = await driver.acquireConnection()
      return {
        executeQuery: (query) => execute(connection, query) as never,
        streamQuery: (query, size) => connection.streamQuery(query, size),
      }
    },
    releaseConnection: (connection) => driver.releaseConnection(connection),
    beginTransaction: (connection, settings) => driver.beginTransaction(connection, settings),
    commitTransaction: (connection) => driver.commitTransaction(connection),
    rollbackTransaction: (connection) => driver.rollbackTransaction(connection),
    destroy: () => driver.destroy(),
  }
}

function dueTrouble(trouble: StoreTrouble | null): StoreTrouble | null {
  if (trouble === null || trouble.left === 0) return null
  if (trouble.skip > 0) {
    trouble.skip -= 1
    return null
  }
  trouble.left -= 1
  return trouble
}
