import type { Instant } from '../core/time.ts'
import type { Database } from './sqlite.ts'

/** Whose labels the machines of this database carry; undefined in a new one. */
export async function storedInstallation(database: Database): Promise<string | undefined> {
  return (await database.selectFrom('installation').select('id').executeTakeFirst())?.id
}

export async function storeInstallation(database: Database, id: string): Promise<void> {
  await database
    .insertInto('installation')
    .values({ id, restored_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** When a backup was put in the place of this database; null: never. */
export async function restoredAt(database: Database): Promise<Instant | null> {
  return (await database.selectFrom('installation').select('restored_at').executeTakeFirst())?.restored_at ?? null
}
