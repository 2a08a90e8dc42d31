import { createChargeStore } from '../store/charges.ts'
import { createEventStore } from '../store/events.ts'
import { createInstanceStore } from '../store/instances.ts'
import { createLaunchStore } from '../store/launches.ts'
import { migrate } from '../store/migrate.ts'
import { createSealer } from '../store/sealer.ts'
import { openSqlite } from '../store/sqlite.ts'

/** Every store function on one real SQLite database, with today's schema. */
export async function testStores(path = ':memory:') {
  const database = openSqlite(path)
  await migrate(database)
  return {
    database,
    instances: createInstanceStore(database, createSealer(new Uint8Array(32).fill(7))),
    launches: createLaunchStore(database),
    charges: createChargeStore(database),
    events: createEventStore(database),
    close: () => database.destroy(),
  }
}

export type TestStores = Awaited<ReturnType<typeof testStores>>
