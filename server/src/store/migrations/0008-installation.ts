import type { Kysely } from 'kysely'

/** One row: whose labels the machines of this database carry. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('installation')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .execute()
}
