import type { Kysely } from 'kysely'

/** What is remembered of the machine that VAST_INSTANCE_ID names. Its sessions are read off the events and the ledger. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('infra_vast')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('last_activity_at', 'bigint')
    .addColumn('awaited_until', 'bigint')
    .addColumn('shutdown_at', 'bigint')
    .addColumn('instance_ids', 'text', (column) => column.notNull())
    .addColumn('mirrored_event_id', 'bigint', (column) => column.notNull())
    .execute()
}
