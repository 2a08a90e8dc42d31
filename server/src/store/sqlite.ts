import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>

/**
 * Opens (or makes) the SQLite file. Every commit is synced before it is acknowledged: what we promised survives a power cut.
 *
 * @param path a file, or `:memory:`
 */
export function openSqlite(path: string): Database {
  const file = new DatabaseSync(path)
  file.exec('PRAGMA journal_mode = WAL')
  file.exec('PRAGMA synchronous = FULL')
  file.exec('PRAGMA foreign_keys = ON')
  file.exec('PRAGMA busy_timeout = 5000')
  return new Kysely<Tables>({
    dialect: new SqliteDialect({
      database: {
        close: () => file.close(),
        prepare(sql: string) {
          const statement = file.prepare(sql)
          statement.setReadBigInts(true)
          return {
            reader: statement.columns().length > 0,
            all: (parameters: readonly unknown[]) => statement.all(...inputs(parameters)).map(withNumbers),
            run: (parameters: readonly unknown[]) => statement.run(...inputs(parameters)),
            *iterate(parameters: readonly unknown[]) {
              for (const row of statement.iterate(...inputs(parameters))) yield withNumbers(row)
            },
          }
        },
      },
    }),
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
