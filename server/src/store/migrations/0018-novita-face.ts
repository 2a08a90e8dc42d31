import type { Kysely } from 'kysely'

/** What was asked for in the words of contract 002, and what is still to be told about it. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('novita_requests')
    .addColumn('instance_id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('product_name', 'text', (column) => column.notNull())
    .addColumn('template_id', 'text', (column) => column.notNull())
    .addColumn('region', 'text', (column) => column.notNull())
    /** Encrypted: some receivers have their key in the address. */
    .addColumn('sealed_webhook', 'text')
    .addColumn('made_at', 'bigint', (column) => column.notNull())
    .addColumn('deadline_at', 'bigint', (column) => column.notNull())
    .addColumn('outcome', 'text')
    .addColumn('outcome_at', 'bigint')
    .addColumn('message', 'text')
    .addColumn('end_asked_at', 'bigint')
    .addColumn('told_at', 'bigint')
    .execute()
  await database.schema
    .createIndex('novita_requests_told')
    .on('novita_requests')
    .columns(['told_at', 'made_at'])
    .execute()
}
