import { afterEach, expect, test } from 'vitest'
import type { Transport, TransportRequest } from '../server/src/outbound/transport.ts'
import { aWorld, transportTo, type World } from './world.ts'

const minute = 60_000
let world: World & { dataDir: string }
afterEach(() => world?.close())

test('a life is told three times: in the audit log, in the operations log, and to whoever wants to hear of it', async () => {
  const received: TransportRequest[] = []
  let toSimulators: Transport | undefined
  const transport: Transport = async (request) => {
    if (request.url.startsWith('https://receiver.example/')) {
      received.push(request)
      return { status: 204, headers: {}, body: '' }
    }
    toSimulators ??= transportTo(world.simulators, world.clock)
    return toSimulators(request)
  }
  world = await aWorld({ providers: ['runpod'], surroundings: { transport } })
  const hook = { url: 'https://receiver.example/hook', events: ['instance.*'] }
  expect((await world.call('POST', '/api/v1/webhooks', hook)).status).toBe(201)

  const wish = { gpu_model: 'RTX 4090', market: 'on_demand', disk_gb: 20, image: 'ubuntu:24.04' }
  const { id } = (await world.call('POST', '/api/v1/instances', wish)).body.data
  await world.untilStatus(id, 'ready', 60 * minute)
  await world.call('DELETE', `/api/v1/instances/${id}`)
  await world.untilStatus(id, 'terminated', 60 * minute)
  await world.pass(10_000)

  const told = received.map((request) => JSON.parse(request.body ?? '').type)
  for (const type of ['instance.requested', 'instance.ready', 'instance.terminated']) {
    expect(told.filter((one) => one === type)).toHaveLength(1)
  }
  expect(received.every((request) => request.publicOnly === true)).toBe(true)

  const ended = (await world.call('GET', `/api/v1/audit?instance_id=${id}&actor=keyless`)).body.data
  expect(ended[0]).toMatchObject({ before: { status: 'ready' }, after: { status: 'terminating' } })

  const operations = (await world.call('GET', `/api/v1/operations?instance_id=${id}`)).body.data
  expect(operations.map((one: { operation: string }) => one.operation)).toEqual(
    expect.arrayContaining(['launch', 'terminate']),
  )
  expect(JSON.stringify(operations)).not.toContain('sim-runpod')

  const verified = (await world.call('GET', '/api/v1/audit/verify')).body.data
  expect(verified).toMatchObject({ ok: true, first_broken: null })
  const next = await aWorld({ providers: ['runpod'], after: world })
  await next.pass(30_000)
  const again = (await next.call('GET', '/api/v1/audit/verify')).body.data
  expect(again.ok).toBe(true)
  expect(again.checked).toBeGreaterThan(verified.checked)
})
