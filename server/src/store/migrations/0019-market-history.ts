import type { Kysely } from 'kysely'

/** The looks of the hour that is under way, and what the hours before have come to. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('market_looks')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('market', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('sampled', 'integer', (column) => column.notNull())
    .addColumn('offers', 'integer', (column) => column.notNull())
    .addColumn('gpus', 'integer', (column) => column.notNull())
    .addColumn('min_nano', 'bigint')
    .addColumn('median_nano', 'bigint')
    .addColumn('p90_nano', 'bigint')
    .addPrimaryKeyConstraint('market_looks_key', ['provider', 'model', 'market', 'at'])
    .execute()
  await database.schema
    .createTable('market_hours')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('market', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('sampled', 'integer', (column) => column.notNull())
    .addColumn('looks', 'integer', (column) => column.notNull())
    .addColumn('looks_available', 'integer', (column) => column.notNull())
    .addColumn('offers_total', 'bigint', (column) => column.notNull())
    .addColumn('offers_most', 'integer', (column) => column.notNull())
    .addColumn('gpus_total', 'bigint', (column) => column.notNull())
    .addColumn('gpus_most', 'integer', (column) => column.notNull())
    .addColumn('min_nano', 'bigint')
    .addColumn('median_nano', 'bigint')
    .addColumn('p90_nano', 'bigint')
    .addPrimaryKeyConstraint('market_hours_key', ['provider', 'model', 'market', 'at'])
    .execute()
  await database.schema.createIndex('market_hours_at').on('market_hours').column('at').execute()
}
