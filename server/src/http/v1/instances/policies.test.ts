import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { noPolicies, type Policies } from '../../../core/instances/instance.ts'
import { nanosFromUsd } from '../../../core/money.ts'
import { hourMs, minuteMs } from '../../../core/time.ts'
import { aWish } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const idle = { timeoutMs: 30 * minuteMs, action: 'stop' as const, busyAbovePercent: null }

async function ready(policies: Partial<Policies> = {}) {
  const wish = aWish({ sshPublicKey: 'ssh-ed25519 AAAA', policies: { ...noPolicies, ...policies } })
  const { id } = await world.hasInstance({ status: 'ready', wish }, { upAt: world.clock.now() })
  return { id, at: (verb: string) => `/api/v1/instances/${id}/${verb}` }
}

describe('a launch with policies', () => {
  test('201: keeps and shows them', async () => {
    const { status, json } = await world.ask('POST', '/api/v1/instances', {
      gpu_model: 'RTX 4090',
      ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA',
      policies: {
        on_interruption: 'wait',
        idle_timeout_minutes: 30,
        max_lifetime_hours: 8,
        budget_usd: '2.5',
        on_demand_after_minutes: 10,
        bid_factor: 1.5,
        checkpoint: { command: 'save.sh' },
      },
    })
    expect(status, json.error).toBe(201)
    expect(json.data.policies).toEqual({
      on_interruption: 'wait',
      idle_timeout_minutes: 30,
      idle_action: 'stop',
      idle_busy_above_percent: 10,
      max_lifetime_hours: 8,
      budget_usd: '2.5',
      budget_action: 'stop',
      on_demand_after_minutes: 10,
      bid_factor: 1.5,
      checkpoint: { command: 'save.sh', timeout_s: 120 },
      dead_man_hours: null,
    })
    expect(json.data.budget).toMatchObject({ limit_usd: '2.5', spent_usd: '0', left_usd: '2.5', forecast: null })
  })

  test('400: names each mistake', async () => {
    const { status, json } = await world.ask('POST', '/api/v1/instances', {
      gpu_model: 'RTX 4090',
      policies: { idle_action: 'stop', budget_action: 'stop', idle_busy_above_percent: 5 },
    })
    expect(status).toBe(400)
    for (const field of ['idle_action', 'budget_action', 'idle_busy_above_percent']) {
      expect(json.error).toContain(`policies.${field}: means nothing without`)
    }
    const bounds = { bid_factor: 4, idle_timeout_minutes: 1 }
    expect((await world.ask('POST', '/api/v1/instances', { gpu_model: 'A40', policies: bounds })).status).toBe(400)
  })

  test('400: says what the named marketplace cannot do, and what to do instead', async () => {
    const launch = (policies: object) =>
      world.ask('POST', '/api/v1/instances', { gpu_model: 'A40', provider: 'runpod', policies })
    const refused = await launch({ idle_timeout_minutes: 30 })
    expect(refused).toMatchObject({ status: 400, json: { code: 'not_possible_here' } })
    expect(refused.json.fix).toContain('set idle_action to terminate')
    expect((await launch({ budget_usd: 5 })).json.fix).toContain('set budget_action to terminate')
    const busy = { idle_timeout_minutes: 30, idle_action: 'terminate' }
    expect((await launch({ ...busy, idle_busy_above_percent: 5 })).json.error).toContain(
      'does not tell how much a GPU works',
    )
    expect((await launch(busy)).status).toBe(201)
  })

  test('a GPU at work counts as use unless that is switched off', async () => {
    const busyOf = async (policies: object) => {
      const { json } = await world.ask('POST', '/api/v1/instances', { gpu_model: 'RTX 4090', policies })
      return json.data.policies.idle_busy_above_percent
    }
    expect(await busyOf({ idle_timeout_minutes: 30 })).toBe(10)
    expect(await busyOf({ idle_timeout_minutes: 30, idle_busy_above_percent: 25 })).toBe(25)
    expect(await busyOf({ idle_timeout_minutes: 30, idle_busy_above_percent: null })).toBeNull()
    expect(await busyOf({})).toBeNull()
  })

  test('409: is not paid for by a budget that is too small for its first hour', async () => {
    const refused = await world.ask('POST', '/api/v1/instances', {
      gpu_model: 'RTX 4090',
      policies: { budget_usd: 0.1 },
    })
    expect(refused).toMatchObject({ status: 409, json: { code: 'budget_spent' } })
  })
})

describe('activity', () => {
  test('200: makes it busy, and work under way holds the stop back', async () => {
    const { at } = await ready({ idle })
    await world.clock.advance(12 * minuteMs)
    expect((await world.ask('GET', at('').slice(0, -1))).json.data).toMatchObject({
      idle: { for_s: 720, stops_in_s: 1080, blocked_by: null },
      idle_text: 'idle for 12 min, stops in 18',
    })
    const busy = await world.ask('POST', at('activity'), { in_flight: 2, kind: 'http' })
    expect(busy.json.data).toMatchObject({ idle: { for_s: 0, stops_in_s: null, blocked_by: 'in_flight' } })
    await world.ask('POST', at('activity'), { in_flight: 0 })
    await world.clock.advance(minuteMs)
    expect((await world.ask('GET', '/api/v1/instances')).json.data[0]).toMatchObject({
      idle: { for_s: 60, stops_in_s: 29 * 60 },
    })
  })

  test('without a body is a sign of use', async () => {
    const { at } = await ready({ idle })
    await world.clock.advance(12 * minuteMs)
    expect((await world.ask('POST', at('activity'))).json.data.idle.for_s).toBe(0)
  })

  test('409: is too late for one that has ended; 404 for one that never was', async () => {
    const { id } = await world.hasInstance({ status: 'terminated' })
    expect((await world.ask('POST', `/api/v1/instances/${id}/activity`)).status).toBe(409)
    expect((await world.ask('POST', '/api/v1/instances/inst_nothere000000000/activity')).status).toBe(404)
  })
})

describe('a snooze', () => {
  test('200: puts the stop off, and wakes the worker', async () => {
    const { at } = await ready({ idle })
    await world.clock.advance(25 * minuteMs)
    const rung = world.rung
    const { status, json } = await world.ask('POST', at('snooze'), { minutes: 90 })
    expect(status).toBe(200)
    expect(json.data).toMatchObject({
      idle: { blocked_by: 'snoozed', stops_in_s: 5400 },
      idle_text: 'idle for 25 min, snoozed until 13:55 UTC',
    })
    expect(world.rung).toBe(rung + 1)
    expect((await world.listEvents()).at(-1)).toMatchObject({ kind: 'order', data: { action: 'snooze' } })
  })

  test('409: has nothing to put off without an idle policy, or comes too late', async () => {
    const { at } = await ready()
    expect((await world.ask('POST', at('snooze'))).json.error).toContain('it has no idle policy')
    const wish = aWish({ policies: { ...noPolicies, idle } })
    const { id } = await world.hasInstance({ status: 'stopping', because: 'idle_too_long', wish }, {})
    expect((await world.ask('POST', `/api/v1/instances/${id}/snooze`)).status).toBe(409)
  })
})

describe('an extension', () => {
  test('200: moves the end', async () => {
    const { at } = await ready({ maxLifetimeMs: 2 * hourMs })
    const { json } = await world.ask('POST', at('extend'), { hours: 1.5 })
    expect(json.data).toMatchObject({
      policies: { max_lifetime_hours: 3.5 },
      lease: { ends_in_s: 3.5 * 3600, text: 'ends on Thursday 15:30 UTC' },
    })
  })

  test('409: has nothing to extend without a maximum lifetime, nor after the end', async () => {
    const { at } = await ready()
    expect((await world.ask('POST', at('extend'), { hours: 1 })).status).toBe(409)
    const wish = aWish({ policies: { ...noPolicies, maxLifetimeMs: hourMs } })
    const { id } = await world.hasInstance({ status: 'terminated', wish })
    expect((await world.ask('POST', `/api/v1/instances/${id}/extend`, { hours: 1 })).status).toBe(409)
  })
})

describe('a change of the policies', () => {
  test('200: changes what is named, takes away what is null, leaves the rest', async () => {
    const { at } = await ready({ idle, maxLifetimeMs: hourMs, budget: { limit: nanosFromUsd('5'), action: 'stop' } })
    const { status, json } = await world.ask('POST', at('policies'), {
      idle_action: 'terminate',
      max_lifetime_hours: null,
      budget_usd: 8,
      checkpoint: { command: 'save --token sk-very-secret', timeout_s: 30 },
    })
    expect(status).toBe(200)
    expect(json.data.policies).toMatchObject({
      idle_timeout_minutes: 30,
      idle_action: 'terminate',
      max_lifetime_hours: null,
      budget_usd: '8',
      budget_action: 'stop',
    })
    const [event] = (await world.listEvents()).slice(-1)
    expect(event).toMatchObject({
      kind: 'order',
      data: { action: 'policies' },
      before: { budget: { limit_usd: '5.000000000' } },
      after: { budget: { limit_usd: '8.000000000' } },
    })
    expect(JSON.stringify(event)).not.toContain('sk-very-secret')
  })

  test('400: an empty one, or one without what it changes', async () => {
    const { at } = await ready()
    expect((await world.ask('POST', at('policies'), {})).json.error).toContain('names nothing to change')
    expect((await world.ask('POST', at('policies'), { idle_action: 'stop' })).json.error).toContain(
      'there is no idle policy yet',
    )
    expect((await world.ask('POST', at('policies'), { budget_action: 'stop' })).json.error).toContain(
      'there is no budget yet',
    )
    expect((await world.ask('POST', at('policies'), { budget_usd: 0 })).json.error).toContain('nothing is free')
  })

  test('400: what its marketplace cannot do', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, { provider: 'runpod' })
    const refused = await world.ask('POST', `/api/v1/instances/${id}/policies`, { idle_timeout_minutes: 30 })
    expect(refused).toMatchObject({ status: 400, json: { code: 'not_possible_here' } })
  })
})

describe('a checkpoint command', () => {
  const command = 'save --token sk-very-secret'
  const checkpoint = { command, timeoutMs: 30_000 }

  test.each([
    ['viewer', '[secret]'],
    ['operator', command],
    ['admin', command],
  ] as const)('is shown to the %s as %s, alone and in the list', async (role, shownAs) => {
    const { id } = await ready({ checkpoint })
    const { headers } = await world.keyOf({ role })
    for (const path of [`/api/v1/instances/${id}`, '/api/v1/instances']) {
      const { json } = await world.ask('GET', path, undefined, headers)
      expect([json.data].flat()[0].policies.checkpoint).toEqual({ command: shownAs, timeout_s: 30 })
    }
  })

  test('200: set on a machine that was launched without one comes with a warning', async () => {
    const { at } = await ready()
    const { json } = await world.ask('POST', at('policies'), { checkpoint: { command } })
    expect(json.message).toContain('may be without the key with which gpufleet signs in')
    const again = await world.ask('POST', at('policies'), { checkpoint: { command: 'save' } })
    expect(again.json.message).toBe('Policies changed')
  })

  test('400: is refused where it could never sign in', async () => {
    const { id } = await world.hasInstance({ status: 'ready', wish: aWish({ sshPublicKey: null }) }, {})
    const refused = await world.ask('POST', `/api/v1/instances/${id}/policies`, { checkpoint: { command } })
    expect(refused).toMatchObject({ status: 400, json: { error: expect.stringContaining('runs over SSH') } })
  })
})
