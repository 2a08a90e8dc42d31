import type { Kysely } from 'kysely'

/** GPU models that somebody changed or added through the API. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('gpu_models')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('set_by', 'text', (column) => column.notNull())
    .addColumn('set_at', 'bigint', (column) => column.notNull())
    .execute()
}
