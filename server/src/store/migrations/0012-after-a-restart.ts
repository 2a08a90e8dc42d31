import type { Kysely } from 'kysely'

/** Until when a process was at work, and what a call with an Idempotency-Key has done before it was answered. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('installation').addColumn('last_seen_at', 'bigint').execute()
  await database.schema.alterTable('idempotent_answers').addColumn('done_with', 'text').execute()
}
