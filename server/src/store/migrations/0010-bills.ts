import type { Kysely } from 'kysely'

/** What the marketplaces say that they charged, and an index that reads charges by when they ended, page by page. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('bill_lines')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('external_id', 'text')
    .addColumn('label', 'text')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('from_at', 'bigint', (column) => column.notNull())
    .addColumn('until_at', 'bigint', (column) => column.notNull())
    .addColumn('amount_nano', 'bigint', (column) => column.notNull())
    .execute()
  await database.schema
    .createIndex('bill_lines_until')
    .on('bill_lines')
    .columns(['provider', 'account', 'until_at'])
    .execute()
  await database.schema
    .createIndex('bill_lines_machine')
    .on('bill_lines')
    .columns(['provider', 'account', 'external_id'])
    .execute()
  await database.schema.createIndex('bill_lines_kind').on('bill_lines').columns(['kind', 'until_at']).execute()

  await database.schema
    .createTable('bill_reads')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('has_bill', 'integer', (column) => column.notNull())
    .addColumn('covered_from', 'bigint')
    .addColumn('complete_until', 'bigint')
    .addColumn('read_at', 'bigint')
    .addColumn('tried_at', 'bigint', (column) => column.notNull())
    .addColumn('error', 'text')
    .addPrimaryKeyConstraint('bill_reads_key', ['provider', 'account'])
    .execute()

  await database.schema
    .createTable('bill_alarms')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('machine', 'text', (column) => column.notNull())
    .addColumn('amount_nano', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('bill_alarms_key', ['provider', 'account', 'machine'])
    .execute()

  await database.schema.dropIndex('charges_ended').execute()
  await database.schema
    .createIndex('charges_ended')
    .on('charges')
    .columns(['ended_before', 'instance_id', 'attempt', 'kind', 'sequence', 'started_after'])
    .execute()
}
