import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { autoShutdown, followShutdown } from '../../../app/infra-vast-auto-shutdown.ts'
import { createBell } from '../../../core/bell.ts'
import type { InstanceId } from '../../../core/instances/instance.ts'
import type { Status } from '../../../core/instances/status.ts'
import { Secret } from '../../../core/secret.ts'
import { type Instant, minuteMs } from '../../../core/time.ts'
import { aMachine, anEvent } from '../../../testing/builders.ts'
import { failure, fakeProvider } from '../../../testing/fake-provider.ts'
import { adminKey, type HttpWorld, httpWorld, type WorldOptions } from '../../../testing/http-world.ts'
import { virtualClock } from '../../../testing/virtual-clock.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const right = { 'x-api-key': adminKey }
const calls = [
  ['GET', '/infra/vast/status'],
  ['POST', '/infra/vast/power/on'],
  ['POST', '/infra/vast/power/off'],
  ['POST', '/infra/vast/activity'],
  ['GET', '/infra/vast/costs'],
  ['GET', '/infra/vast/audit'],
] as const

async function restart(options: WorldOptions): Promise<void> {
  await world.close()
  world = await httpWorld(options)
}

const ask = (method: 'GET' | 'POST', url: string, payload?: string, headers: Record<string, string> = right) =>
  world.send({ method, url, headers, ...(payload !== undefined && { payload }) })

/** The named machine as the reconciler left it. */
const named = (status: 'ready' | 'stopped' | 'terminated', externalId = '12345') =>
  world.hasInstance(
    { status, wanted: status === 'ready' ? 'up' : status === 'stopped' ? 'stopped' : 'ended' },
    { externalId, provider: 'vast', upAt: world.clock.now(), lastSeenAt: world.clock.now() },
  )

describe('the key', () => {
  test.each(calls)(
    '%s %s is opened by CONTROL_API_KEY in X-API-Key alone, on this machine too',
    async (method, url) => {
      const other = await world.keyOf({ role: 'admin' })
      const token = (other.headers.authorization ?? '').slice('Bearer '.length)
      for (const headers of [
        {},
        { 'x-api-key': '' },
        { 'x-api-key': 'bad' },
        { 'x-api-key': adminKey.slice(1) },
        { 'x-api-key': `${adminKey}x` },
        { 'x-api-key': token },
        other.headers,
        { authorization: `Bearer ${adminKey}` },
        { authorization: `Bearer ${adminKey}`, 'x-api-key': 'bad' },
      ]) {
        const { status, json } = await ask(method, url, undefined, headers as Record<string, string>)
        expect(status, JSON.stringify(headers)).toBe(401)
        expect(json).toEqual({ detail: expect.any(String) })
      }
      const { status, headers } = await ask(method, url)
      expect(status).not.toBe(401)
      expect(headers['x-api-version']).toBe('0.1.0')
    },
  )

  test.each(calls)('%s %s says so where none is set', async (method, url) => {
    await restart({ http: { access: { adminKey: undefined, keyless: 'loopback' } } })
    for (const headers of [{}, right]) {
      const { status, json } = await ask(method, url, undefined, headers as Record<string, string>)
      expect([status, json]).toEqual([500, { detail: 'CONTROL_API_KEY not configured' }])
    }
  })

  test('whoever tries keys out is told to wait, and the right one goes on working from elsewhere', async () => {
    const statuses: number[] = []
    for (let tries = 0; tries < 12; tries += 1) {
      statuses.push((await ask('GET', '/infra/vast/status', undefined, { 'x-api-key': `guess ${tries}` })).status)
    }
    expect(statuses.at(0)).toBe(401)
    const locked = await ask('GET', '/infra/vast/status', undefined, { 'x-api-key': 'one more' })
    expect([locked.status, Object.keys(locked.json)]).toEqual([429, ['detail']])
    expect(locked.headers['retry-after']).toBeDefined()
    const from = { method: 'GET' as const, url: '/infra/vast/status', headers: right, remoteAddress: '203.0.113.9' }
    expect((await world.send(from)).status).toBe(200)
  })
})

test('asking with HEAD takes the key too', async () => {
  const head = { method: 'HEAD' as const, url: '/infra/vast/status' }
  expect((await world.send(head)).status).toBe(401)
  expect((await world.send({ ...head, headers: right })).status).toBe(200)
})

test('activity counts for the idle policy of the instance, and leaves an entry in the audit', async () => {
  const { id } = await named('ready')
  await world.clock.advance(minuteMs)
  expect((await ask('POST', '/infra/vast/activity', '{"whatever": 1}')).json).toEqual({
    status: 'recorded',
    last_activity: '2026-10-01T12:01:00Z',
  })
  expect((await world.activity.of(id)).activeAt).toBe(world.clock.now())
  expect((await ask('GET', '/infra/vast/audit')).json).toMatchObject([{ event: 'activity_recorded', meta: {} }])
})

describe('bad requests are answered in the contract’s own shape', () => {
  test.each([
    ['{', 'JSON'],
    ['[]', 'body'],
    ['"on"', 'body'],
    ['{"wait_for_health": "yes"}', 'wait_for_health'],
    ['{"health_port": 0}', 'health_port'],
    ['{"health_port": "8001"}', 'health_port'],
    ['{"health_port": 70000}', 'health_port'],
    ['{"health_path": "health"}', 'health_path'],
    ['{"health_path": 7}', 'health_path'],
  ])('power/on with %s', async (payload, what) => {
    const { status, json } = await ask('POST', '/infra/vast/power/on', payload)
    expect([status, Object.keys(json)]).toEqual([400, ['detail']])
    expect(json.detail).toContain(what)
    expect(world.providerNamed('vast').calls).toEqual([])
    expect(await world.events.audit({ kind: 'power', limit: 10 })).toEqual([])
  })

  test('every mistake is named at once', async () => {
    const { json } = await ask('POST', '/infra/vast/power/on', '{"health_port": 0, "health_path": "x"}')
    expect(json.detail).toMatch(/health_port.*health_path|health_path.*health_port/)
  })

  test.each(['0', '-1', 'ten', '1.5', '', '1001'])('audit with limit=%s', async (limit) => {
    const { status, json } = await ask('GET', `/infra/vast/audit?limit=${limit}`)
    expect([status, Object.keys(json)]).toEqual([400, ['detail']])
    expect(json.detail).toContain('limit')
  })

  test('a wrong method, an unknown path, a body that is too large', async () => {
    expect(await ask('GET', '/infra/vast/power/on')).toMatchObject({
      status: 405,
      json: { detail: expect.any(String) },
    })
    expect(await ask('GET', '/infra/vast/power')).toMatchObject({ status: 404, json: { detail: expect.any(String) } })
    const large = await ask('POST', '/infra/vast/power/on', JSON.stringify({ health_path: `/${'x'.repeat(2 ** 20)}` }))
    expect([large.status, Object.keys(large.json)]).toEqual([413, ['detail']])
  })

  test('what it does not know in a body or a query is ignored', async () => {
    await named('ready')
    const { status } = await ask('POST', '/infra/vast/power/on', '{"gpu": "any", "wait_for_health": true}')
    expect(status).toBe(200)
    expect((await ask('GET', '/infra/vast/audit?limit=5&page=2')).status).toBe(200)
  })

  test('a fault of ours shows no stack', async () => {
    world.probe = async () => {
      throw new TypeError('secret insides')
    }
    await named('ready')
    const { status, json } = await ask('POST', '/infra/vast/power/on')
    expect([status, json]).toEqual([500, { detail: 'something went wrong here' }])
  })
})

describe('what is not configured', () => {
  test('without a key for Vast.ai the status says so, and power is an error', async () => {
    await restart({ providers: [fakeProvider({ clock: virtualClock(), name: 'runpod' })] })
    expect((await ask('GET', '/infra/vast/status')).json).toMatchObject({ status: 'unconfigured', instance_id: 12345 })
    for (const path of ['on', 'off']) {
      const { status, json } = await ask('POST', `/infra/vast/power/${path}`)
      expect([status, json]).toEqual([500, { detail: 'VAST_API_KEY not configured' }])
    }
  })

  test('without VAST_INSTANCE_ID too', async () => {
    world.infraVast.machineId = undefined
    expect((await ask('GET', '/infra/vast/status')).json).toMatchObject({ status: 'unconfigured', instance_id: null })
    const { status, json } = await ask('POST', '/infra/vast/power/on')
    expect([status, json]).toEqual([500, { detail: 'VAST_INSTANCE_ID not configured' }])
    expect((await ask('POST', '/infra/vast/activity')).status).toBe(200)
    expect((await ask('GET', '/infra/vast/costs')).json).toEqual({
      total_runtime_hours: 0,
      total_cost_usd: 0,
      sessions_count: 0,
      avg_session_minutes: 0,
    })
  })
})

describe('a machine that was not taken over yet', () => {
  test('an unknown number is not_found, and power answers 502', async () => {
    expect((await ask('GET', '/infra/vast/status')).json).toMatchObject({ status: 'not_found' })
    const { status, json } = await ask('POST', '/infra/vast/power/on')
    expect(status).toBe(502)
    expect(json.detail).toMatch(/^vast CLI failed: .*12345/)
  })

  test('is shown as Vast.ai shows it, and power takes it over', async () => {
    const machine = aMachine({ externalId: '12345', label: 'by hand', phase: 'running' })
    world.providerNamed('vast').machines.set('12345', machine)
    expect((await ask('GET', '/infra/vast/status')).json).toMatchObject({ status: 'running', instance_id: 12345 })
    expect(await world.instances.byMachine('vast', '12345')).toBeUndefined()
    const { status, json } = await ask('POST', '/infra/vast/power/on', '{"wait_for_health": false}')
    expect([status, json.status]).toEqual([200, 'running'])
    expect(await world.instances.byMachine('vast', '12345')).toBeDefined()
  })

  test.each([
    ['unavailable', { kind: 'unavailable' }],
    ['unauthorized', { kind: 'unauthorized' }],
    ['unexpected_reply', { kind: 'unexpected_reply' }],
    ['rate_limited', { kind: 'rate_limited', retryAfterMs: 1_000 }],
  ] as const)('while Vast.ai is %s it is 502', async (_name, kind) => {
    world.providerNamed('vast').before.lookAt = () => {
      throw failure('vast', kind, 'no')
    }
    for (const [method, url] of [calls[0], calls[1], calls[2]]) {
      const { status, json } = await ask(method, url)
      expect([status, json.detail]).toEqual([502, expect.stringMatching(/^vast CLI failed: /)])
    }
  })
})

describe('after another machine was named', () => {
  const was = (id: string, status: Status, at: Instant) =>
    world.events.record([anEvent({ instanceId: id as InstanceId, status, at })])
  const deps = () => ({
    ...world,
    providers: { all: () => world.accounts, find: () => world.accounts[0] },
    keyMarkOf: () => world.keyMark,
    bell: createBell(),
  })

  /** The one that is named now is up since then; the earlier one was up later, for a minute. */
  async function bothUsed() {
    const since = world.clock.now()
    const { id } = await named('ready')
    await was(id, 'ready', since)
    const earlier = await named('stopped', '999')
    await world.infraVastState.remember(earlier.id)
    await was(earlier.id, 'ready', since + minuteMs)
    await was(earlier.id, 'stopped', since + 2 * minuteMs)
    return { id, since }
  }

  test('VAST_AUTO_SHUTDOWN stops the one that is named now', async () => {
    const { id } = await bothUsed()
    await world.clock.advance(20 * minuteMs)
    expect((await ask('GET', '/infra/vast/status')).json.auto_shutdown_in_minutes).toBe(10)
    await autoShutdown(deps() as never)
    expect((await world.instances.get(id))?.wanted).toBe('up')
    await world.clock.advance(10 * minuteMs)
    await autoShutdown(deps() as never)
    expect((await world.instances.get(id))?.wanted).toBe('stopped')
  })

  test('its end is booked, and not that of the earlier one', async () => {
    const { id, since } = await bothUsed()
    await world.clock.advance(90_000)
    await world.infraVastState.put({ shutdownAt: world.clock.now() })
    await world.database.updateTable('instances').set({ wanted: 'stopped' }).where('id', '=', id).execute()
    const booked = async () =>
      (await ask('GET', '/infra/vast/audit')).json.filter(({ event }: { event: string }) => event.endsWith('complete'))
    await world.clock.advance(minuteMs)
    await followShutdown(deps() as never)
    expect(await booked()).toEqual([])
    await was(id, 'stopped', since + 150_000)
    await followShutdown(deps() as never)
    expect(await booked()).toMatchObject([{ event: 'auto_shutdown_complete', meta: { session_runtime_minutes: 2.5 } }])
  })

  test('power/off tells of its own session, and the totals of all', async () => {
    const { id, since } = await bothUsed()
    const off = ask('POST', '/infra/vast/power/off')
    await world.clock.advance(0)
    await was(id, 'stopped', since + 3 * 60_000)
    await world.database.updateTable('instances').set({ status: 'stopped' }).where('id', '=', id).execute()
    expect((await world.clock.drive(off)).json).toMatchObject({ status: 'stopped', session_runtime_minutes: 3 })
    expect((await ask('GET', '/infra/vast/costs')).json.sessions_count).toBe(2)
  })
})

describe('a machine of ours', () => {
  test('one that has ended is not_found, and power answers 502', async () => {
    await named('terminated')
    expect((await ask('GET', '/infra/vast/status')).json).toMatchObject({ status: 'not_found', dph_total: null })
    expect((await ask('POST', '/infra/vast/power/off')).status).toBe(502)
    expect((await ask('POST', '/infra/vast/activity')).status).toBe(200)
  })

  test('a start that is refused is 502, and is taken back', async () => {
    const { id } = await named('stopped')
    const vast = world.providerNamed('vast')
    vast.before.start = () => {
      throw failure('vast', { kind: 'no_money' }, 'You lack credit.')
    }
    const { status, json } = await ask('POST', '/infra/vast/power/on')
    expect(status).toBe(502)
    expect(json.detail).toMatch(/^vast CLI failed: .*You lack credit/)
    expect((await world.instances.get(id))?.wanted).toBe('stopped')
  })

  test('a start that no budget pays for is a conflict, and nobody is asked', async () => {
    await named('stopped')
    const budget = { scope: 'all', period: 'total', limit_usd: '0.01' }
    expect((await world.ask('POST', '/api/v1/budgets', budget)).status).toBe(201)
    const { status, json } = await ask('POST', '/infra/vast/power/on', '{"wait_for_health": false}')
    expect([status, json]).toEqual([409, { detail: expect.stringContaining('budget') }])
    expect(world.providerNamed('vast').calls).toEqual([])
  })

  test('power/off of what is off is a session of nothing, and nobody is asked', async () => {
    await named('stopped')
    const { status, json } = await ask('POST', '/infra/vast/power/off', '{}')
    expect(status).toBe(200)
    expect(json).toEqual({
      status: 'stopped',
      session_runtime_minutes: 0,
      session_cost_usd: 0,
      message: 'Instance stopped. Session: 0.0 min, $0.000',
    })
    expect(world.providerNamed('vast').calls).toEqual([])
  })

  test('a stop that is not confirmed within a minute is 502, and goes on being wanted', async () => {
    const { id } = await named('ready')
    const { status, json } = await world.clock.drive(ask('POST', '/infra/vast/power/off'))
    expect([status, json.detail]).toEqual([502, expect.stringContaining('has not confirmed the stop yet')])
    expect((await world.instances.get(id))?.status).toBe('stopping')
  })

  test('a port that is not among those it has told is not waited for', async () => {
    const at = {
      externalId: '12345',
      provider: 'vast',
      upAt: world.clock.now(),
      lastSeenAt: world.clock.now(),
    } as const
    const endpoints = [{ containerPort: 8000, protocol: 'tcp', host: '203.0.113.5', port: 40_000, url: null }] as const
    await world.hasInstance({ status: 'ready', wanted: 'up' }, { ...at, endpoints })
    world.probe = async () => 'failing'
    const begun = world.clock.now()
    const { status, json } = await world.clock.drive(ask('POST', '/infra/vast/power/on', '{"health_port": 9999}'))
    expect([status, json.detail]).toEqual([504, 'Health check timeout: port 9999 of the instance is not published'])
    expect(world.clock.now() - begun).toBeLessThan(minuteMs)
  })

  test('never healthy is 504; that its port is not published is said', async () => {
    await named('ready')
    world.probe = async () => 'failing'
    const { status, json } = await world.clock.drive(ask('POST', '/infra/vast/power/on', '{"health_port": 9999}'))
    expect([status, json.detail]).toEqual([504, 'Health check timeout: port 9999 of the instance is not published'])
    const { json: audit } = await ask('GET', '/infra/vast/audit')
    expect(audit.map(({ event }: { event: string }) => event)).toEqual([
      'power_on_health_timeout',
      'power_on_requested',
    ])
  })

  const moveTo = (id: string, status: 'starting' | 'stopping' | 'stopped') =>
    world.database.updateTable('instances').set({ status }).where('id', '=', id).execute()

  test.each(['ready', 'starting'] as const)('a power/on that found it %s leaves a power/off to it', async (first) => {
    const { id } = await named('ready')
    world.providerNamed('vast').machines.set('12345', aMachine({ externalId: '12345', phase: 'stopped' }))
    if (first === 'starting') await moveTo(id, first)
    world.probe = async () => 'failing'
    const on = ask('POST', '/infra/vast/power/on')
    await world.clock.advance(5_000)
    if (first === 'starting') await moveTo(id, 'stopping')
    const off = ask('POST', '/infra/vast/power/off')
    await world.clock.advance(1_500)
    expect((await world.instances.get(id))?.status).toBe('stopping')
    await moveTo(id, 'stopped')
    await world.clock.advance(4_000)
    expect((await off).json.status).toBe('stopped')
    const { status, json } = await on
    expect([status, json.detail]).toEqual([409, expect.stringContaining('was stopped while it started')])
    expect((await world.instances.get(id))?.status).toBe('stopped')
    expect(world.providerNamed('vast').calls).not.toContain('start 12345')
  })

  test('a power/on while it is being stopped starts it when it is', async () => {
    const { id } = await named('stopped')
    world.providerNamed('vast').machines.set('12345', aMachine({ externalId: '12345', phase: 'stopped' }))
    await moveTo(id, 'stopping')
    const on = ask('POST', '/infra/vast/power/on', '{"wait_for_health": false}')
    await world.clock.advance(3_000)
    expect((await world.instances.get(id))?.status).toBe('stopping')
    await moveTo(id, 'stopped')
    await world.clock.advance(3_000)
    expect(await world.instances.get(id)).toMatchObject({ status: 'starting', wanted: 'up' })
    await world.app.close()
    expect((await on).status).toBe(504)
  })

  test('nobody waits for whoever has hung up, and the start that was ordered stays', async () => {
    const { id } = await named('stopped')
    world.providerNamed('vast').machines.set('12345', aMachine({ externalId: '12345', phase: 'stopped' }))
    const url = await world.app.listen({ host: '127.0.0.1', port: 0 })
    const caller = new AbortController()
    const asked = fetch(`${url}/infra/vast/power/on`, { method: 'POST', headers: right, signal: caller.signal })
    const awaited = async () => (await world.infraVastState.get()).awaitedUntil
    await expect.poll(async () => (await world.instances.get(id))?.status).toBe('starting')
    expect(await awaited()).not.toBeNull()
    caller.abort()
    await expect(asked).rejects.toThrow()
    await expect.poll(awaited).toBeNull()
    expect(await world.instances.get(id)).toMatchObject({ status: 'starting', wanted: 'up' })
  })

  test('whoever waits for its stop does not hold up the end of the server either', async () => {
    await named('ready')
    const waiting = ask('POST', '/infra/vast/power/off')
    await world.clock.advance(5_000)
    await world.app.close()
    const { status, json } = await waiting
    expect([status, json.detail]).toEqual([504, 'The server is stopping; the instance goes on stopping'])
  })

  test('whoever waits for it does not hold up the end of the server', async () => {
    await named('ready')
    world.probe = async () => 'failing'
    const waiting = ask('POST', '/infra/vast/power/on')
    await world.clock.advance(minuteMs)
    await world.app.close()
    const { status, json } = await waiting
    expect([status, json.detail]).toEqual([504, 'The server is stopping; the instance goes on starting'])
  })

  test('ten minutes of waiting are longer than a request may take to arrive', async () => {
    const patience = { headersTimeout: 200, requestTimeout: 300, connectionsCheckingInterval: 100 }
    await restart({ http: { patience, access: { adminKey: new Secret(adminKey), keyless: 'loopback' } } })
    await named('ready')
    world.probe = async () => 'failing'
    const url = await world.app.listen({ host: '127.0.0.1', port: 0 })
    const waiting = fetch(`${url}/infra/vast/power/on`, { method: 'POST', headers: right })
    // Real time: it is Node's own patience that is tried here.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    world.probe = async () => 'passing'
    await world.clock.advance(9 * minuteMs)
    expect((await waiting).status).toBe(200)
  })
})
