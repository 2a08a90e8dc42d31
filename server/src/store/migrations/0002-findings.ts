import type { Kysely } from 'kysely'

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('findings')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('external_id', 'text', (column) => column.notNull())
    .addColumn('label', 'text')
    .addColumn('attached_to', 'text')
    .addColumn('region', 'text')
    .addColumn('verdict', 'text', (column) => column.notNull())
    .addColumn('why', 'text', (column) => column.notNull())
    .addColumn('instance_id', 'text')
    .addColumn('attempt', 'integer')
    .addColumn('rate_nano', 'bigint')
    .addColumn('first_seen_at', 'bigint', (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
    .addColumn('ordered_at', 'bigint')
    .addColumn('orders', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('findings_key', ['provider', 'account', 'kind', 'external_id'])
    .execute()
  await database.schema
    .createTable('account_checks')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('checked_at', 'bigint')
    .addColumn('tried_at', 'bigint', (column) => column.notNull())
    .addColumn('error', 'text')
    .addPrimaryKeyConstraint('account_checks_key', ['provider', 'account'])
    .execute()
  await database.schema.createIndex('launches_machine').on('launches').columns(['provider', 'external_id']).execute()
}
