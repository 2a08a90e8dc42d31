import type { Kysely } from 'kysely'

/** That people were told of a dead-man switch that never asked whether we are here. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('launches').addColumn('dead_man_warned_at', 'bigint').execute()
}
