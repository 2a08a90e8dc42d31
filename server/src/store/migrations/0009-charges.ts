import { type Kysely, sql } from 'kysely'

/** Stretches that may not have been billed at all, and indexes for costs over a range of time. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .alterTable('charges')
    .addColumn('certain', 'integer', (column) => column.notNull().defaultTo(1))
    .execute()
  await database.schema.createIndex('charges_ended').on('charges').column('ended_before').execute()
  await database.schema
    .createIndex('charges_open')
    .on('charges')
    .column('instance_id')
    .where(sql.ref('ended_before'), 'is', null)
    .execute()
}
