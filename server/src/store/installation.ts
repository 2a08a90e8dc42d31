import { type Instant, secondMs } from '../core/time.ts'
import type { Database } from './sqlite.ts'

/** Whose labels the machines of this database carry; undefined in a new one. */
export async function storedInstallation(database: Database): Promise<string | undefined> {
  return (await database.selectFrom('installation').select('id').executeTakeFirst())?.id
}

export async function storeInstallation(database: Database, id: string): Promise<void> {
  await database
    .insertInto('installation')
    .values({ id, restored_at: null, last_seen_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** When a backup was put in the place of this database; null: never. */
export async function restoredAt(database: Database): Promise<Instant | null> {
  return (await database.selectFrom('installation').select('restored_at').executeTakeFirst())?.restored_at ?? null
}

/** How often a process says that it is at work. */
export const heartbeatMs = 30 * secondMs

export async function storeHeartbeat(database: Database, now: Instant): Promise<void> {
  await database.updateTable('installation').set({ last_seen_at: now }).execute()
}

/**
 * Until when an earlier process may have asked the marketplaces something; null: none ever did. A backup says nothing about
 * the process that worked until it was put in place.
 */
export async function busyUntil(database: Database): Promise<Instant | null> {
  const row = await database.selectFrom('installation').select(['last_seen_at', 'restored_at']).executeTakeFirst()
  if (row === undefined || (row.last_seen_at === null && row.restored_at === null)) return null
  // A beat may come late, and one may fail.
  return Math.max((row.last_seen_at ?? 0) + 2 * heartbeatMs, row.restored_at ?? 0)
}
