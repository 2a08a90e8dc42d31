import type { Kysely } from 'kysely'

/** What is remembered of the use of instances; budgets, what was told of them, and the funds held for launches. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('activity')
    .addColumn('instance_id', 'text', (column) => column.primaryKey().references('instances.id'))
    .addColumn('active_at', 'bigint')
    .addColumn('active_kind', 'text')
    .addColumn('in_flight', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('in_flight_until', 'bigint')
    .addColumn('reported_at', 'bigint')
    .addColumn('ready_at', 'bigint')
    .addColumn('snoozed_until', 'bigint')
    .addColumn('idle_warned_at', 'bigint')
    .addColumn('lease_warned_at', 'bigint')
    .execute()

  await database.schema
    .createTable('budgets')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('project', 'text', (column) => column.notNull())
    .addColumn('period', 'text', (column) => column.notNull())
    .addColumn('limit_nano', 'bigint', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('holds', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()

  await database.schema
    .createTable('budget_marks')
    .addColumn('budget_id', 'text', (column) => column.notNull())
    .addColumn('period', 'text', (column) => column.notNull())
    .addColumn('threshold', 'integer', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('budget_marks_key', ['budget_id', 'period', 'threshold'])
    .execute()

  await database.schema
    .createTable('holds')
    .addColumn('instance_id', 'text', (column) => column.notNull().references('instances.id'))
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('amount_nano', 'bigint', (column) => column.notNull())
    .addColumn('made_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('holds_key', ['instance_id', 'attempt'])
    .execute()
}
