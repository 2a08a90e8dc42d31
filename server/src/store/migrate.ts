import { Migrator } from 'kysely/migration'
import * as first from './migrations/0001-first.ts'
import type { Database } from './sqlite.ts'

/** Brings the schema up to date. Migrations only go forward; a backup is the way back. */
export async function migrate(database: Database): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ '0001-first': first }) },
  })
  const { error } = await migrator.migrateToLatest()
  if (error) throw new Error('the database could not be brought up to date', { cause: error })
}
