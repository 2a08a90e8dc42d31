import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import { type Life, never } from './life.ts'

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
  async function execute<R>(connection: DatabaseConnection, query: CompiledQuery): Promise<QueryResult<R>> {
    if (!life.goesOn('store')) return never
    // What has gone wrong is not made worse: a rollback does not fail, and SQLite undoes by itself what it could not do.
    const due = query.sql === 'rollback' ? null : dueTrouble(trouble())
    // A transaction that was begun and says that it was not would stay open for ever. No database does that.
    if (due !== null && query.sql === 'begin') throw new Error(due.message)
    if (due?.when === 'before') throw new Error(due.message)
    const result = await connection.executeQuery<R>(query)
    if (!life.goesOn('store')) return never
    if (due !== null) throw new Error(due.message)
    return result
  }

  const plain = new WeakMap<DatabaseConnection, DatabaseConnection>()
  const mortal = (connection: DatabaseConnection): DatabaseConnection => {
    const wrapped: DatabaseConnection = {
      executeQuery: (query) => execute(connection, query),
      streamQuery: (query, size) => connection.streamQuery(query, size),
    }
    plain.set(wrapped, connection)
    return wrapped
  }

  return {
    init: (options) => driver.init(options),
    async acquireConnection() {
      return life.isAlive ? mortal(await driver.acquireConnection()) : never
    },
    releaseConnection: (connection) => driver.releaseConnection(plain.get(connection) ?? connection),
    beginTransaction: (connection: DatabaseConnection, _settings: TransactionSettings) =>
      connection.executeQuery(CompiledQuery.raw('begin')).then(nothing),
    commitTransaction: (connection) => connection.executeQuery(CompiledQuery.raw('commit')).then(nothing),
    rollbackTransaction: (connection) => connection.executeQuery(CompiledQuery.raw('rollback')).then(nothing),
    destroy: () => driver.destroy(),
  }
}

const nothing = () => {}

function dueTrouble(trouble: StoreTrouble | null): StoreTrouble | null {
  if (trouble === null || trouble.left === 0) return null
  if (trouble.skip > 0) {
    trouble.skip -= 1
    return null
  }
  trouble.left -= 1
  return trouble
}
