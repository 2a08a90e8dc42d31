import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { restoredAt, storeInstallation } from '../store/installation.ts'
import { anEntry, anInstance, anInstanceId } from '../testing/builders.ts'
import { testStores } from '../testing/database.ts'
import { backUp, restore } from './backup.ts'

const today = new Date('2026-10-01T00:00:00Z')
let folder: string
let database: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpufleet-backup-'))
  database = join(folder, 'gpufleet.db')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function withInstance(number: number): Promise<void> {
  const stores = await testStores(database)
  await storeInstallation(stores.database, 'first')
  await stores.instances.add(anEntry({ instance: anInstance({ id: anInstanceId(number) }) }))
  await stores.close()
}

async function instancesIn(file: string): Promise<string[]> {
  const stores = await testStores(file)
  const found = await stores.instances.list({ limit: 10 })
  await stores.close()
  return found.map(({ id }) => id)
}

test('a backup taken while the server writes is whole; restored, it is what was there, and the newer data is kept beside', async () => {
  await withInstance(1)
  const open = await testStores(database)
  const copy = join(folder, 'copies', 'first.db')
  await backUp(database, copy)
  await open.close()
  expect(readdirSync(join(folder, 'copies'))).toEqual(['first.db'])
  await withInstance(2)
  expect(await instancesIn(database)).toHaveLength(2)

  const before = restore(copy, database, today)
  expect(await instancesIn(database)).toEqual([anInstanceId(1)])
  expect(before).toBe(`${database}.before-restore-2026-10-01T00-00-00-000Z`)
  expect(await instancesIn(before ?? '')).toHaveLength(2)
})

test('a backup overwrites nothing, and needs a database', async () => {
  await expect(backUp(database, join(folder, 'copy.db'))).rejects.toThrow('there is no database')
  await withInstance(1)
  const copy = join(folder, 'copy.db')
  await backUp(database, copy)
  await expect(backUp(database, copy)).rejects.toThrow('exists already')
})

test('only its owner reads the database and its copy', async () => {
  await withInstance(1)
  const copy = join(folder, 'copy.db')
  await backUp(database, copy)
  for (const file of [database, copy]) expect(statSync(file).mode & 0o777).toBe(0o600)
})

test('a damaged copy is refused, and nothing is touched', async () => {
  await withInstance(1)
  const damaged = join(folder, 'damaged.db')
  writeFileSync(damaged, 'this is no database, however long it may be'.repeat(200))
  expect(() => restore(damaged, database, today)).toThrow('damaged')
  expect(await instancesIn(database)).toHaveLength(1)
  expect(existsSync(`${database}.before-restore-2026-10-01T00-00-00-000Z`)).toBe(false)
})

test('a restore works where there was nothing', async () => {
  await withInstance(1)
  const copy = join(folder, 'copy.db')
  await backUp(database, copy)
  const elsewhere = join(folder, 'new', 'gpufleet.db')
  expect(restore(copy, elsewhere, today)).toBeNull()
  expect(await instancesIn(elsewhere)).toHaveLength(1)
  const stores = await testStores(elsewhere)
  expect(await restoredAt(stores.database)).toBe(today.getTime())
  await stores.close()
})
