import type { Kysely } from 'kysely'

/** One row: whose labels the machines of this database carry, and when a backup was last put in its place. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('installation')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('restored_at', 'bigint')
    .execute()
}
