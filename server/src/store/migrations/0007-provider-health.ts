import type { Kysely } from 'kysely'

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('provider_health')
    .addColumn('provider', 'text', (column) => column.primaryKey())
    .addColumn('observed_version', 'text')
    .addColumn('last_checked_at', 'bigint')
    .addColumn('deprecation', 'text')
    .addColumn('unreadable', 'text', (column) => column.notNull())
    /** Null: as the settings say. */
    .addColumn('enabled', 'integer')
    .execute()
}
