import type { Kysely } from 'kysely'

/** What can happen to a machine beyond its start and its end: bids, interruptions, checkpoints, its dead-man switch. */
const columns = [
  ['last_addresses', 'text'],
  ['bid_nano', 'bigint'],
  ['on_demand_nano', 'bigint'],
  ['interrupted_at', 'bigint'],
  ['reclaim_at', 'bigint'],
  ['reclaim_noticed_at', 'bigint'],
  ['checkpoint_started_at', 'bigint'],
  ['checkpoint_ended_at', 'bigint'],
  ['checkpoint_result', 'text'],
  ['host_key', 'text'],
  ['dead_man_ms', 'bigint'],
  ['dead_man_heard_at', 'bigint'],
] as const

export async function up(database: Kysely<unknown>): Promise<void> {
  // SQLite adds one column at a time.
  for (const [name, type] of columns) await database.schema.alterTable('launches').addColumn(name, type).execute()
  await database.schema.createIndex('launches_interrupted').on('launches').columns(['interrupted_at']).execute()
}
