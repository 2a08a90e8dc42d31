import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backUp, restore } from '../server/src/assembly/backup.ts'
import { aWorld, type World } from './world.ts'

const minute = 60_000
let world: (World & { dataDir: string }) | undefined
let copies: string
beforeEach(() => {
  copies = mkdtempSync(join(tmpdir(), 'gpufleet-copies-'))
})
afterEach(async () => {
  rmSync(copies, { recursive: true, force: true })
  await world?.close()
})

async function launched(of: World): Promise<string> {
  const { status, body } = await of.call('POST', '/api/v1/instances', {
    provider: 'runpod',
    gpu_model: 'RTX 4090',
    image: 'x',
  })
  expect(status, JSON.stringify(body)).toBe(201)
  await of.untilStatus(body.data.id, 'ready', 20 * minute)
  return body.data.id
}

test('after a restore, machines rented since are found and adopted, what goes on goes on, and what had ended is not rented anew', async () => {
  world = await aWorld({ providers: ['runpod'] })
  const kept = await launched(world)
  const ended = await launched(world)
  const database = join(world.dataDir, 'gpufleet.db')
  await backUp(database, join(copies, 'copy.db'))

  const later = await launched(world)
  await world.call('DELETE', `/api/v1/instances/${ended}`)
  await world.untilStatus(ended, 'terminated', 20 * minute)
  const requests = () =>
    world?.simulators.runpod.requests.filter(({ method, path }) => method === 'POST' && /pods$/.test(path))
  const before = requests()?.length
  await world.clock.drive(world.application.stop())
  await world.clock.advance(minute)
  restore(join(copies, 'copy.db'), database, new Date(world.clock.now()))

  world = await aWorld({ providers: ['runpod'], after: world })
  await world.pass(10 * minute)
  expect((await world.instance(kept)).status).toBe('ready')
  expect(await world.instance(ended)).toMatchObject({ status: 'failed', because: 'restored' })
  expect((await world.instance(later)).status).toBe('ready')
  const events = await world.call('GET', `/api/v1/instances/${later}/events`)
  expect(events.body.data.map((event: { kind: string }) => event.kind)).toContain('adopted')
  expect(requests()?.length).toBe(before)

  for (const id of [kept, later]) {
    await world.call('DELETE', `/api/v1/instances/${id}`)
    await world.untilStatus(id, 'terminated', 20 * minute)
  }
  expect(world.simulators.runpod.marketplace.machines().filter((machine) => machine.billing)).toEqual([])
  expect((await world.call('GET', '/api/v1/audit/verify')).body.data.ok).toBe(true)
})
