import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { busyUntil, heartbeatMs, storeHeartbeat } from '../store/installation.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import { installationId } from './installation.ts'

let dataDir: string
let stores: TestStores
const random = (bytes: number) => new Uint8Array(bytes).fill(11)
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'gpufleet-installation-'))
  stores = await testStores()
})
afterEach(async () => {
  await stores.close()
  rmSync(dataDir, { recursive: true, force: true })
})

test('a new installation gets an id, keeps it in its file, and finds it again', async () => {
  const id = await installationId({ installationId: undefined, dataDir }, stores.database, random)
  expect(id).toBe('bbbbbbbb')
  expect(readFileSync(join(dataDir, 'installation-id'), 'utf8').trim()).toBe(id)
  const again = () => new Uint8Array(8).fill(3)
  expect(await installationId({ installationId: undefined, dataDir }, stores.database, again)).toBe(id)
})

test('a database from a backup brings its id to a new folder', async () => {
  await installationId({ installationId: 'first', dataDir }, stores.database, random)
  expect(await installationId({ installationId: undefined, dataDir }, stores.database, random)).toBe('first')
})

test('another id than the one its machines carry stops the start', async () => {
  await installationId({ installationId: 'first', dataDir }, stores.database, random)
  await expect(installationId({ installationId: 'other', dataDir }, stores.database, random)).rejects.toThrow(
    /INSTALLATION_ID says other, but the machines of this database are marked first/,
  )
})

test('says until when an earlier process may have used the limits of the marketplaces', async () => {
  await installationId({ installationId: 'first', dataDir }, stores.database, random)
  expect(await busyUntil(stores.database)).toBeNull()
  await storeHeartbeat(stores.database, 1_000_000)
  expect(await busyUntil(stores.database)).toBe(1_000_000 + 2 * heartbeatMs)
  await stores.database.updateTable('installation').set({ restored_at: 5_000_000 }).execute()
  expect(await busyUntil(stores.database)).toBe(5_000_000)
})
