import { chmodSync, existsSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { type Dialect, Kysely, SqliteDialect } from 'kysely'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>

interface Prepared {
  statement: StatementSync
  /** Whether it answers rows. */
  reader: boolean
}

/** Lists of any length make texts without end. */
const mostStatements = 500

/**
 * Opens (or makes) the SQLite file. Every commit is synced before it is acknowledged: what we promised survives a power cut.
 *
 * @param path a file, or `:memory:`
 * @param around  what stands between us and the driver: in simulations, statements that fail and processes that die
 */
export function openSqlite(path: string, around = (dialect: Dialect) => dialect): Database {
  const isNew = path !== ':memory:' && !existsSync(path)
  const file = new DatabaseSync(path)
  // Its log beside it gets the same rights. One that is there keeps what somebody gave it.
  if (isNew) chmodSync(path, 0o600)
  file.exec('PRAGMA journal_mode = WAL')
  file.exec('PRAGMA synchronous = FULL')
  file.exec('PRAGMA foreign_keys = ON')
  file.exec('PRAGMA busy_timeout = 5000')
  // The same few hundred texts come again and again, and preparing one takes longer than running it.
  const statements = new Map<string, Prepared>()
  function prepared(sql: string): Prepared {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = file.prepare(sql)
    statement.setReadBigInts(true)
    if (statements.size >= mostStatements) statements.clear()
    const made = { statement, reader: statement.columns().length > 0 }
    statements.set(sql, made)
    return made
  }

  return new Kysely<Tables>({
    dialect: around(
      new SqliteDialect({
        database: {
          close: () => file.close(),
          prepare(sql: string) {
            const { statement, reader } = prepared(sql)
            return {
              reader,
              all: (parameters: readonly unknown[]) => statement.all(...inputs(parameters)).map(withNumbers),
              run: (parameters: readonly unknown[]) => statement.run(...inputs(parameters)),
              *iterate(parameters: readonly unknown[]) {
                // Not the kept one: another call may want it before this one has come to its end.
                const own = file.prepare(sql)
                own.setReadBigInts(true)
                for (const row of own.iterate(...inputs(parameters))) yield withNumbers(row)
              },
            }
          },
        },
      }),
    ),
  })
}

function inputs(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => (typeof value === 'boolean' ? Number(value) : (value as SQLInputValue)))
}

/** Columns named `…_nano` are money and stay bigint; all other integers are counts and times. */
function withNumbers(row: Record<string, SQLOutputValue>): Record<string, unknown> {
  const converted: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row)) {
    converted[name] = typeof value === 'bigint' && !name.endsWith('_nano') ? Number(value) : value
  }
  return converted
}
