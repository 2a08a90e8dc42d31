import { describe, expect, test } from 'vitest'
import { type TurnableClock, turnableClock } from '../kit/clock.ts'
import { controlled, type Simulator } from '../kit/controlled.ts'
import type { SimReply } from '../kit/simulator.ts'
import { machineTypes } from './market.ts'
import { createPaperspace } from './paperspace.ts'

const start = Date.parse('2026-10-01T08:00:00.250Z')
const key = 'sim-paperspace'

interface Machine {
  id: string
  name: string
  state: string
  machineType: string
  region: string
  publicIp: string | null
  publicIpType: string
  privateIp: string | null
  networkId: string | null
  usageRate: number
  storageRate: number
  storageTotal: number
  dtCreated: string
  dtDeleted: string | null
}

interface Event {
  id: string
  name: string
  state: string
  machineId: string
  dtCreated: string
  dtStarted: string | null
  dtFinished: string | null
  error: string | null
}

interface Began {
  event: Event
  data: Machine
}

interface Page<T> {
  hasMore: boolean
  nextPage?: string
  items: T[]
}

class Shop {
  readonly clock: TurnableClock
  readonly simulator: Simulator

  constructor(options: { seed?: number; speed?: number; calm?: boolean; restored?: unknown; at?: number } = {}) {
    this.clock = turnableClock(options.at ?? start, { speed: options.speed ?? 1 })
    const { restored } = options
    const marketplace = createPaperspace({
      clock: this.clock,
      seed: options.seed ?? 7,
      ...(restored === undefined ? {} : { restored }),
    })
    this.simulator = controlled(marketplace, this.clock)
    if (options.calm !== false && restored === undefined) {
      this.controls.special('calm', {})
      this.controls.pace({ loadingMs: 60_000, stoppingMs: 30_000, startingMs: 20_000, terminatingMs: 10_000 })
    }
  }

  get controls() {
    return this.simulator.marketplace.controls
  }

  send(method: string, target: string, body?: unknown, headers: Record<string, string> = {}): SimReply {
    const [path = '', query = ''] = target.split('?')
    return this.simulator.handle({
      method,
      path: `/v1${path}`,
      query: new URLSearchParams(query),
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
    })
  }

  ok<T>(method: string, target: string, body?: unknown): T {
    const reply = this.send(method, target, body)
    expect(reply.status, reply.body).toBe(200)
    return JSON.parse(reply.body) as T
  }

  refused(method: string, target: string, body?: unknown): { status: number; message: string; code: string } {
    const reply = this.send(method, target, body)
    return { status: reply.status, ...JSON.parse(reply.body) }
  }

  rent(more: Record<string, unknown> = {}): Began {
    return this.ok('POST', '/machines', { ...aMachine, ...more })
  }

  rentReady(more: Record<string, unknown> = {}): Machine {
    const { data } = this.rent(more)
    this.clock.advance(60_000)
    return this.machine(data.id)
  }

  machine(id: string): Machine {
    return this.ok('GET', `/machines/${id}`)
  }

  event(id: string): Event {
    return this.ok('GET', `/machine-events/${id}`)
  }

  bill() {
    return this.simulator.marketplace.bill()
  }

  lines(kind: string) {
    return this.bill().lines.filter((line) => line.kind === kind)
  }
}

const aMachine = {
  name: 'fleet-7c0d-n1',
  machineType: 'A4000',
  templateId: 't0nspur5',
  diskSize: 50,
  region: 'ny2',
  publicIpType: 'dynamic',
  startOnCreate: true,
  emailPassword: false,
}

/** The answer to a create as the documentation's example shows it. */
const exampleEventKeys = 'id name state machineId dtCreated dtStarted dtFinished error'.split(' ')
const exampleMachineKeys = (
  'id name state os machineType agentType cpus ram storageTotal storageUsed accelerators region privateIp networkId ' +
  'publicIp publicIpType autoShutdownEnabled autoShutdownTimeout autoShutdownForce autoSnapshotEnabled ' +
  'autoSnapshotFrequency autoSnapshotSaveCount updatesPending restorePointEnabled restorePointFrequency ' +
  'restorePointSnapshotId usageRate storageRate dtCreated dtModified dtDeleted reservation'
).split(' ')

const amount = (usdPerHour: number, ms: number) =>
  (BigInt(Math.round(usdPerHour * 1e9)) * BigInt(Math.ceil(ms / 1_000)) * 1_000n + 1_800_000n) / 3_600_000n

describe('a machine', () => {
  test('answers a create exactly like the published example', () => {
    const shop = new Shop()
    const { event, data } = shop.rent({
      machineType: 'a4000',
      autoShutdownEnabled: true,
      autoShutdownTimeout: 8,
      autoShutdownForce: true,
    })

    expect(Object.keys(event)).toEqual(exampleEventKeys)
    expect(Object.keys(data)).toEqual(exampleMachineKeys)
    expect(event).toMatchObject({ name: 'create', state: 'new', machineId: data.id, dtStarted: null, error: null })
    expect(data).toMatchObject({
      state: 'provisioning',
      os: 'Ubuntu 22.04',
      machineType: 'A4000',
      agentType: 'LinuxHeadless',
      cpus: 8,
      ram: 48318382080,
      storageTotal: 53687091200,
      storageUsed: 0,
      accelerators: [{ name: 'Quadro RTX A4000', memory: 17179869184, count: 1 }],
      region: 'East Coast (NY2)',
      privateIp: null,
      networkId: null,
      publicIpType: 'dynamic',
      autoShutdownTimeout: 8,
      usageRate: 0.76,
      storageRate: 0.007,
      dtCreated: '2026-10-01T08:00:00.250Z',
      dtDeleted: null,
      reservation: null,
    })
    expect(data.publicIp).toMatch(/^198\.1[89]\./)
  })

  test('goes through its whole life, billed from dtCreated to the end that its events show', () => {
    const shop = new Shop()
    const { event, data } = shop.rent()
    shop.clock.advance(1_000)
    expect(shop.event(event.id)).toMatchObject({ state: 'in progress', dtStarted: '2026-10-01T08:00:00.750Z' })
    shop.clock.advance(59_000)
    expect(shop.event(event.id)).toMatchObject({ state: 'done', dtFinished: '2026-10-01T08:01:00.250Z' })
    const ready = shop.machine(data.id)
    expect(ready.state).toBe('ready')
    expect(ready.privateIp).toMatch(/^10\.64\./)
    expect(ready.networkId).toMatch(/^n/)
    expect(ready.publicIp).toBe(data.publicIp)

    shop.clock.advance(3_600_000)
    const stopped = shop.ok<Began>('PATCH', `/machines/${data.id}/stop`, {})
    expect(stopped.data.state).toBe('stopping')
    shop.clock.advance(100_000)
    const stopEvent = shop.event(stopped.event.id)
    expect(shop.machine(data.id)).toMatchObject({ state: 'off', publicIp: null })
    const firstRun = Date.parse(stopEvent.dtFinished ?? '') - Date.parse(data.dtCreated)
    expect(firstRun).toBe(60_000 + 3_600_000 + 30_000)
    expect(shop.lines('gpu')).toMatchObject([{ amount: amount(0.76, firstRun).toString(), endedAt: start + firstRun }])

    const started = shop.ok<Began>('PATCH', `/machines/${data.id}/start`, {})
    expect(started.data.state).toBe('starting')
    expect(started.data.publicIp).not.toBe(data.publicIp)
    shop.clock.advance(17_000)
    expect(shop.machine(data.id).state).toBe('serviceready')
    shop.clock.advance(3_500)
    expect(shop.machine(data.id).state).toBe('ready')

    const deleted = shop.ok<Began>('DELETE', `/machines/${data.id}`)
    expect(deleted.event.name).toBe('deactivate')
    shop.clock.advance(9_999)
    expect(shop.machine(data.id).state).toBe('stopping')
    shop.clock.advance(1)
    expect(shop.refused('GET', `/machines/${data.id}`)).toEqual({
      status: 404,
      message: 'Not found',
      code: 'NOT_FOUND',
    })
    const end = Date.parse(shop.event(deleted.event.id).dtFinished ?? '')
    const secondRun = end - Date.parse(started.event.dtCreated)
    expect(secondRun).toBe(30_500)

    shop.clock.advance(86_400_000)
    const compute = amount(0.76, firstRun) + amount(0.76, secondRun)
    const diskMs = BigInt(Math.ceil((end - start) / 1_000)) * 1_000n
    const disk = (6_944_444n * diskMs + 1_800_000n) / 3_600_000n
    expect(shop.bill().total).toBe((compute + disk).toString())
    expect(shop.simulator.marketplace.machines()).toEqual([
      { id: data.id, label: 'fleet-7c0d-n1', state: 'deleted', billing: false },
    ])
  })

  test('is the same in a list as by its id, and bare in both', () => {
    const shop = new Shop()
    const machine = shop.rentReady()
    expect(shop.ok<Page<Machine>>('GET', '/machines')).toEqual({ hasMore: false, items: [machine] })
  })

  test('ends in off when it is not to start, and bills no compute from then on', () => {
    const shop = new Shop()
    const machine = shop.rentReady({ startOnCreate: false })
    expect(machine).toMatchObject({ state: 'off', publicIp: null })
    shop.clock.advance(3_600_000)
    expect(shop.lines('gpu')[0]?.endedAt).toBe(start + 60_000)
    expect(shop.lines('disk')[0]?.endedAt).toBeNull()
  })

  test('restarts without leaving the meter', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    const { event, data } = shop.ok<Began>('PATCH', `/machines/${id}/restart`, {})
    expect([event.name, data.state]).toEqual(['restart', 'restarting'])
    shop.clock.advance(50_000)
    expect(shop.machine(id).state).toBe('ready')
    expect(shop.lines('gpu')).toHaveLength(1)
  })

  test('costs the new rate from the moment an upgrade is done, and a rename needs no event', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    const upgraded = shop.ok<Began>('PUT', `/machines/${id}`, { machineType: 'A4000x2', diskSize: 100 })
    expect(upgraded.event.name).toBe('vm-upgrade')
    expect(upgraded.data).toMatchObject({ state: 'upgrading', machineType: 'A4000' })
    shop.clock.advance(60_000)
    expect(shop.machine(id)).toMatchObject({ state: 'ready', usageRate: 1.52, storageTotal: 100 * 1024 ** 3 })
    const at = Date.parse(shop.event(upgraded.event.id).dtFinished ?? '')
    expect(shop.lines('gpu')).toMatchObject([{ endedAt: at }, { startedAt: at, ratePerHour: '1520000000' }])
    expect(shop.lines('disk')).toMatchObject([{ endedAt: at }, { startedAt: at, ratePerHour: '9722222' }])

    const renamed = shop.ok<Partial<Began>>('PUT', `/machines/${id}`, { name: 'other' })
    expect(Object.keys(renamed)).toEqual(['data'])
    expect(renamed.data?.name).toBe('other')
  })

  test('shuts itself down after its hours', () => {
    const shop = new Shop()
    const { id } = shop.rentReady({ autoShutdownEnabled: true, autoShutdownTimeout: 2, autoShutdownForce: true })
    shop.clock.advance(2 * 3_600_000 + 30_000)
    expect(shop.machine(id).state).toBe('off')
    const { items } = shop.ok<Page<Event>>('GET', `/machine-events?machineId=${id}`)
    expect(items.map((event) => event.name)).toEqual(['vm-shutdown-force', 'create'])
    expect(shop.lines('gpu')[0]?.endedAt).toBe(start + 60_000 + 2 * 3_600_000 + 30_000)
  })

  test('can be deleted while it is still being built, which cancels the build', () => {
    const shop = new Shop()
    const { event, data } = shop.rent()
    shop.clock.advance(5_000)
    shop.ok('DELETE', `/machines/${data.id}`)
    expect(shop.event(event.id)).toMatchObject({ state: 'cancelled', dtFinished: '2026-10-01T08:00:05.250Z' })
    shop.clock.advance(10_000)
    expect(shop.refused('GET', `/machines/${data.id}`).status).toBe(404)
  })
})

describe('refusals', () => {
  test('a missing key and a wrong key look the same, and the session endpoint answers null instead', () => {
    const shop = new Shop()
    for (const authorization of ['', 'Bearer wrong', key]) {
      const reply = shop.send('GET', '/machines', undefined, { authorization })
      expect(reply.status).toBe(401)
      expect(reply.body).toBe('{"message":"You must be logged in to access this method.","code":"UNAUTHORIZED"}')
      const session = shop.send('GET', '/auth/session', undefined, { authorization })
      expect([session.status, session.body]).toEqual([200, 'null'])
    }
    expect(shop.ok('GET', '/auth/session')).toMatchObject({
      user: { email: 'sim@example.com' },
      team: { maxMachines: 50 },
    })
  })

  test('an unknown path and a wrong method are 404 even without a key', () => {
    const shop = new Shop()
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['DELETE', '/machines'],
      ['POST', '/machines/ps1/stop'],
    ] as const) {
      const reply = shop.send(method, path, undefined, { authorization: '' })
      expect([reply.status, reply.body]).toEqual([404, '{"message":"Not found","code":"NOT_FOUND"}'])
    }
  })

  test('an unknown field, a missing one and a wrong type are 400 with issues', () => {
    const shop = new Shop()
    expect(shop.refused('POST', '/machines', { ...aMachine, isPreemptible: true })).toEqual({
      status: 400,
      message: 'Input validation failed',
      code: 'BAD_REQUEST',
      issues: [{ message: "Unrecognized key(s) in object: 'isPreemptible'" }],
    })
    const { name: _name, ...nameless } = aMachine
    expect(shop.refused('POST', '/machines', nameless)).toMatchObject({ issues: [{ message: 'Required' }] })
    expect(shop.refused('POST', '/machines', { ...aMachine, diskSize: '50' })).toMatchObject({
      issues: [{ message: 'Expected number, received string' }],
    })
    expect(shop.refused('POST', '/machines', '{')).toMatchObject({ status: 400, code: 'PARSE_ERROR' })
    for (const wrong of [{ machineType: 'B200' }, { templateId: 'nope' }, { region: 'moon' }, { diskSize: 99_999 }]) {
      expect(shop.refused('POST', '/machines', { ...aMachine, ...wrong })).toMatchObject({ status: 400 })
    }
    expect(shop.refused('POST', '/machines', { ...aMachine, machineType: 'H100' }).status).toBe(400)
    expect(shop.bill().lines).toEqual([])
  })

  test('a PATCH that calls its empty body JSON is 400; {} or no content type is fine', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    expect(shop.refused('PATCH', `/machines/${id}/stop`, '')).toMatchObject({ status: 400, code: 'PARSE_ERROR' })
    expect(shop.machine(id).state).toBe('ready')
    shop.ok('PATCH', `/machines/${id}/stop`)
    shop.clock.advance(30_000)
    shop.ok('PATCH', `/machines/${id}/start`, {})
  })

  test('an action in the wrong state is refused with the state in its text', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    expect(shop.refused('PATCH', `/machines/${id}/start`, {})).toEqual({
      status: 400,
      message: 'This machine is currently ready.',
      code: 'BAD_REQUEST',
    })
    shop.ok('PATCH', `/machines/${id}/stop`, {})
    shop.controls.special('busy-status', { status: 409 })
    expect(shop.refused('PATCH', `/machines/${id}/stop`, {})).toEqual({
      status: 409,
      message: 'This machine is currently stopping.',
      code: 'CONFLICT',
    })
    shop.ok('DELETE', `/machines/${id}`)
    expect(shop.refused('DELETE', `/machines/${id}`).message).toBe('This machine is currently deactivating.')
    shop.controls.special('delete-again', { how: 'same-event' })
    expect(shop.ok<Began>('DELETE', `/machines/${id}`).event.name).toBe('deactivate')
  })

  test('the quota and a debt are 403, and a debt of 72 hours shuts everything down', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    shop.controls.special('quota', { maxMachines: 1 })
    expect(shop.refused('POST', '/machines', aMachine)).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    shop.controls.special('quota', { maxMachines: 5 })
    shop.controls.balance({ usd: -1 })
    expect(shop.refused('POST', '/machines', aMachine)).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    shop.clock.advance(72 * 3_600_000 + 30_000)
    expect(shop.machine(id).state).toBe('off')
    expect(shop.refused('PATCH', `/machines/${id}/start`, {}).status).toBe(403)
  })

  test('more than 200 requests in a minute are 429 until the minute has passed', () => {
    const shop = new Shop({ speed: 100 })
    for (let sent = 0; sent < 200; sent += 1) shop.ok('GET', '/machines')
    expect(shop.refused('GET', '/machines')).toEqual({
      status: 429,
      message: 'Rate limit exceeded',
      code: 'TOO_MANY_REQUESTS',
    })
    expect(shop.send('GET', '/machines').headers['retry-after']).toBeUndefined()
    shop.clock.advance(60_000)
    shop.ok('GET', '/machines')
  })
})

describe('lists', () => {
  test('page by cursor, and nextPage is absent on the last page', () => {
    const shop = new Shop()
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const name of names) {
      shop.rent({ name })
      shop.clock.advance(1_000)
    }
    const first = shop.ok<Page<Machine>>('GET', '/machines?limit=2')
    expect(first).toMatchObject({ hasMore: true, items: [{ name: 'e' }, { name: 'd' }] })
    const second = shop.ok<Page<Machine>>('GET', `/machines?limit=2&after=${first.nextPage}`)
    const third = shop.ok<Page<Machine>>('GET', `/machines?limit=2&after=${second.nextPage}`)
    expect([...second.items, ...third.items].map((machine) => machine.name)).toEqual(['c', 'b', 'a'])
    expect(Object.keys(third)).toEqual(['hasMore', 'items'])
    expect(third.hasMore).toBe(false)

    const byName = shop.ok<Page<Machine>>('GET', '/machines?orderBy=name&order=asc')
    expect(byName.items.map((machine) => machine.name)).toEqual(names)
    for (const query of ['limit=0', 'limit=121', 'limit=x', 'orderBy=size', 'order=up', 'after=%21']) {
      expect(shop.refused('GET', `/machines?${query}`).status, query).toBe(400)
    }
  })

  test('filter by name, region in both forms, and machine type', () => {
    const shop = new Shop()
    shop.rent({ name: 'fleet-1' })
    shop.rent({ name: 'fleet-10', region: 'Europe (AMS1)', machineType: 'P4000' })
    const names = (query: string) => shop.ok<Page<Machine>>('GET', `/machines?${query}`).items.map((each) => each.name)
    expect(names('name=fleet-1')).toEqual(['fleet-10', 'fleet-1'])
    shop.controls.special('name-match', { mode: 'exact' })
    expect(names('name=fleet-1')).toEqual(['fleet-1'])
    expect(names('region=ams1')).toEqual(['fleet-10'])
    expect(names('region=Europe+(AMS1)')).toEqual(['fleet-10'])
    expect(names('machineType=A4000')).toEqual(['fleet-1'])
  })

  test('miss new machines for as long as they lag, while their ids answer', () => {
    const shop = new Shop()
    shop.controls.listLag({ ms: 8_000 })
    const { data } = shop.rent()
    expect(shop.ok<Page<Machine>>('GET', '/machines').items).toEqual([])
    expect(shop.machine(data.id).id).toBe(data.id)
    shop.clock.advance(8_000)
    expect(shop.ok<Page<Machine>>('GET', '/machines').items).toHaveLength(1)
  })
})

describe('capacity', () => {
  test('a sell-out answers 200, then the event fails and the machine is off; availability still says yes', () => {
    const shop = new Shop()
    shop.controls.sellOut({ count: 1, matching: 'a4000' })
    expect(shop.ok('GET', '/machine-availability?machineType=A4000&region=ny2')).toEqual({ available: true })
    shop.ok('POST', '/machines', { ...aMachine, machineType: 'P4000' })
    const { event, data } = shop.rent()
    expect(data.state).toBe('provisioning')
    shop.clock.advance(5_000)
    const failed = shop.event(event.id)
    expect(failed).toMatchObject({
      state: 'error',
      error:
        "This machine type can't start due to insufficient capacity or higher than normal demand. Please try again later.",
    })
    expect(shop.machine(data.id)).toMatchObject({ state: 'off', publicIp: null })
    const line = shop.lines('gpu').find((each) => each.machineId === data.id)
    expect(line?.endedAt).toBe(Date.parse(failed.dtFinished ?? ''))
    expect(shop.rentReady().state).toBe('ready')
  })

  test('a sell-out can also refuse the request, and hits a start as well as a create', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    shop.controls.sellOut({ how: 'refused-409' })
    expect(shop.refused('POST', '/machines', aMachine)).toMatchObject({ status: 409, code: 'CONFLICT' })
    expect(shop.simulator.marketplace.machines()).toHaveLength(1)

    shop.ok('PATCH', `/machines/${id}/stop`, {})
    shop.clock.advance(30_000)
    shop.controls.sellOut({})
    const { event } = shop.ok<Began>('PATCH', `/machines/${id}/start`, {})
    shop.clock.advance(5_000)
    expect(shop.event(event.id)).toMatchObject({ name: 'start', state: 'error' })
    expect(shop.machine(id).state).toBe('off')
  })

  test('availability needs both parameters, knows the regions, and can be ordered', () => {
    const shop = new Shop()
    const ask = (query: string) => shop.refused('GET', `/machine-availability?${query}`)
    expect(ask('machineType=A4000')).toMatchObject({ status: 400, issues: [{ message: 'Required' }] })
    expect(ask('machineType=H100&region=ams1')).toMatchObject({ available: false })
    expect(ask('machineType=GPU%2B&region=ny2')).toMatchObject({ available: true })
    expect(ask('machineType=GPU+&region=ny2').status).toBe(400)
    shop.controls.special('availability', { available: false, matching: 'A4000' })
    expect(ask('machineType=a4000&region=ny2')).toMatchObject({ available: false })
  })

  test('an uncalmed market drifts, lets most launches through and fails a few', () => {
    const shop = new Shop({ calm: false })
    shop.controls.special('rate-limit', { perMinute: null })
    shop.controls.special('quota', { maxMachines: 1_000 })
    const answers = new Set<boolean>()
    for (let hour = 0; hour < 150; hour += 1) {
      const { available } = shop.ok<{ available: boolean }>('GET', '/machine-availability?machineType=H100&region=ny2')
      answers.add(available)
      shop.rent({ name: `n${hour}` })
      shop.clock.advance(3_600_000)
    }
    const states = shop.simulator.marketplace.machines().map((machine) => machine.state)
    const up = states.filter((state) => state === 'ready').length
    expect([...answers].sort()).toEqual([false, true])
    expect(up).toBeGreaterThan(120)
    expect(up).toBeLessThan(150)
  })
})

describe('failures', () => {
  test.each([
    ['error', 'error', 'off'],
    ['cancelled', 'cancelled', 'off'],
    ['silent-off', 'done', 'off'],
    ['stuck', 'in progress', 'provisioning'],
    ['stuck-serviceready', 'in progress', 'serviceready'],
  ])('a start that fails as %s', (how, eventState, machineState) => {
    const shop = new Shop()
    shop.controls.failStart({ how })
    const { event, data } = shop.rent()
    shop.clock.advance(24 * 3_600_000)
    expect(shop.event(event.id).state).toBe(eventState)
    expect(shop.machine(data.id).state).toBe(machineState)
    expect(shop.lines('gpu')[0]?.endedAt).toBe(machineState === 'off' ? start + 60_000 : null)
    shop.ok('DELETE', `/machines/${data.id}`)
    shop.clock.advance(10_000)
    expect(shop.refused('GET', `/machines/${data.id}`).status).toBe(404)
  })

  test('a stop that sticks keeps billing, and a deletion that fails leaves the machine', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    shop.controls.special('fail-delete', {})
    const { event } = shop.ok<Began>('DELETE', `/machines/${id}`)
    shop.clock.advance(10_000)
    expect(shop.event(event.id).state).toBe('error')
    expect(shop.machine(id).state).toBe('ready')
    shop.controls.special('fail-stop', {})
    shop.ok('PATCH', `/machines/${id}/stop`, {})
    shop.clock.advance(3_600_000)
    expect(shop.machine(id).state).toBe('stopping')
    expect(shop.lines('gpu')[0]?.endedAt).toBeNull()
  })

  test('an interruption forces the machine off by an event of the marketplace', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    shop.controls.interrupt({ machine: id })
    expect(shop.machine(id).state).toBe('stopping')
    shop.clock.advance(30_000)
    expect(shop.machine(id)).toMatchObject({ state: 'off', publicIp: null })
    const { items } = shop.ok<Page<Event>>('GET', `/machine-events?machineId=${id}&limit=1`)
    expect(items[0]).toMatchObject({ name: 'vm-shutdown-force', state: 'done' })
    expect(shop.lines('gpu')[0]?.endedAt).toBe(Date.parse(items[0]?.dtFinished ?? ''))
    expect(() => shop.controls.interrupt({ machine: id })).toThrow('does not run')
  })

  test('a machine can vanish without a trace but for its event, and linger with dtDeleted after a deletion', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    shop.controls.special('vanish', { machine: id })
    expect(shop.refused('GET', `/machines/${id}`).status).toBe(404)
    shop.controls.special('linger', { ms: 20_000 })
    const other = shop.rentReady()
    shop.ok('DELETE', `/machines/${other.id}`)
    shop.clock.advance(10_000)
    expect(shop.machine(other.id).dtDeleted).toBe(new Date(shop.clock.now()).toISOString())
    shop.clock.advance(20_000)
    expect(shop.refused('GET', `/machines/${other.id}`).status).toBe(404)
  })

  test('a lost reply leaves a machine that can be found by its name', () => {
    const shop = new Shop()
    shop.simulator.faults.add({ kind: 'lose_reply', method: 'POST', path: '/machines', times: 1 })
    expect(shop.send('POST', '/machines', aMachine).dropped).toBe(true)
    expect(shop.ok<Page<Machine>>('GET', '/machines?name=fleet-7c0d-n1').items).toHaveLength(1)
    expect(shop.rent().data.name).toBe('fleet-7c0d-n1')
    expect(shop.ok<Page<Machine>>('GET', '/machines?name=fleet-7c0d-n1').items).toHaveLength(2)
  })

  test('an address can come later than ready', () => {
    const shop = new Shop()
    shop.controls.special('late-ip', { ms: 5_000 })
    const machine = shop.rentReady()
    expect(machine).toMatchObject({ state: 'ready', publicIp: null, publicIpType: 'dynamic' })
    shop.clock.advance(5_000)
    expect(shop.machine(machine.id).publicIp).not.toBeNull()
  })
})

describe('what else is on the account', () => {
  test('a static address survives its machine and bills until it is released', () => {
    const shop = new Shop()
    const machine = shop.rentReady({ publicIpType: 'static' })
    shop.ok('PATCH', `/machines/${machine.id}/stop`, {})
    shop.clock.advance(30_000)
    expect(shop.machine(machine.id).publicIp).toBe(machine.publicIp)
    expect(shop.ok<Page<unknown>>('GET', '/public-ips').items).toEqual([
      {
        ip: machine.publicIp,
        region: 'East Coast (NY2)',
        assignedMachineId: machine.id,
        dtCreated: '2026-10-01T08:00:00.250Z',
      },
    ])
    shop.ok('DELETE', `/machines/${machine.id}`)
    shop.clock.advance(3_600_000)
    const { items } = shop.ok<Page<object>>('GET', '/public-ips')
    expect(Object.keys(items[0] ?? {})).toEqual(['ip', 'region', 'dtCreated'])
    expect(shop.lines('other')[0]?.endedAt).toBeNull()
    expect(shop.ok('DELETE', `/public-ips/${machine.publicIp}`)).toEqual({ ip: machine.publicIp })
    expect(shop.lines('other')).toMatchObject([{ ratePerHour: '4166667', endedAt: shop.clock.now() }])
    expect(shop.refused('DELETE', `/public-ips/${machine.publicIp}`).status).toBe(404)
  })

  test('an address can be claimed, given to a machine and taken back', () => {
    const shop = new Shop()
    const { id } = shop.rentReady()
    const { ip } = shop.ok<{ ip: string }>('POST', '/public-ips', { region: 'ny2' })
    shop.ok('PUT', `/public-ips/${ip}`, { machineId: id })
    expect(shop.machine(id)).toMatchObject({ publicIp: ip, publicIpType: 'static' })
    shop.ok('PUT', `/public-ips/${ip}`, { machineId: null })
    expect(shop.machine(id)).toMatchObject({ publicIp: null, publicIpType: 'none' })
    expect(shop.refused('GET', `/public-ips/${ip}`).status).toBe(404)
  })

  test('a startup script is made, assigned by a create, and gone after its deletion', () => {
    const shop = new Shop()
    const script = shop.ok<{ id: string }>('POST', '/startup-scripts', {
      name: 'boot',
      script: '#!/bin/sh',
      isRunOnce: true,
    })
    expect(script).toEqual({
      id: script.id,
      name: 'boot',
      description: null,
      isEnabled: true,
      isRunOnce: true,
      assignedMachineIds: [],
      dtCreated: '2026-10-01T08:00:00.250Z',
      dtDeleted: null,
    })
    const machine = shop.rentReady({ startupScriptId: script.id })
    const path = `/startup-scripts/${script.id}`
    expect(shop.ok('GET', path)).toMatchObject({ assignedMachineIds: [machine.id] })
    shop.ok('POST', `${path}/unassign`, { machineId: machine.id })
    shop.ok('POST', `${path}/assign`, { machineId: machine.id })
    expect(shop.ok('PUT', path, { name: 'other' })).toMatchObject({ name: 'other' })
    expect(shop.ok<{ dtDeleted: string }>('DELETE', path).dtDeleted).toBe(new Date(shop.clock.now()).toISOString())
    expect(shop.refused('GET', path).status).toBe(404)
    expect(shop.refused('POST', '/machines', { ...aMachine, startupScriptId: script.id }).status).toBe(400)
  })

  test('private networks are made, used and refused deletion while in use', () => {
    const shop = new Shop()
    const network = shop.ok<{ id: string }>('POST', '/private-networks', { name: 'mesh', region: 'ny2' })
    const { data } = shop.rent({ networkId: network.id })
    expect(data.networkId).toBe(network.id)
    expect(shop.refused('DELETE', `/private-networks/${network.id}`).status).toBe(409)
    shop.controls.special('vanish', { machine: data.id })
    expect(shop.ok('DELETE', `/private-networks/${network.id}`)).toEqual({ id: network.id })
    expect(shop.send('GET', `/private-networks/${network.id}`).body).toBe('null')
  })

  test('the templates name every machine type that is sold', () => {
    const shop = new Shop()
    const { items } = shop.ok<Page<{ id: string; availableMachineTypes: { machineTypeLabel: string }[] }>>(
      'GET',
      '/os-templates',
    )
    expect(items.map((template) => template.id)).toContain('t0nspur5')
    for (const { availableMachineTypes } of items) {
      expect(availableMachineTypes.map((each) => each.machineTypeLabel)).toEqual(machineTypes.map((each) => each.label))
    }
  })

  test('somebody else’s machine is listed and billed like ours', () => {
    const shop = new Shop()
    const { machine } = shop.controls.foreignMachine({ label: 'do-not-touch' })
    expect(shop.machine(machine)).toMatchObject({ name: 'do-not-touch', state: 'ready', usageRate: 0.76 })
    expect(shop.lines('gpu')).toHaveLength(1)
  })

  test('a price change shows in the usageRate of new machines only', () => {
    const shop = new Shop()
    const before = shop.rentReady()
    shop.controls.changePrice({ factor: 1.5, matching: 'A4000' })
    expect(shop.rent().data.usageRate).toBe(1.14)
    expect(shop.rent({ machineType: 'P4000' }).data.usageRate).toBe(0.51)
    expect(shop.machine(before.id).usageRate).toBe(0.76)
  })
})

describe('time and chance', () => {
  const script = (shop: Shop) => {
    const replies: string[] = []
    for (let step = 0; step < 12; step += 1) {
      replies.push(shop.send('POST', '/machines', { ...aMachine, name: `n${step}` }).body)
      shop.clock.advance(45_000)
      replies.push(shop.send('GET', '/machines?limit=120').body, shop.send('GET', '/machine-events?limit=120').body)
    }
    return replies
  }

  test('the same seed and the same requests give the same answers, another seed does not', () => {
    const first = script(new Shop({ calm: false, seed: 3 }))
    expect(script(new Shop({ calm: false, seed: 3 }))).toEqual(first)
    expect(script(new Shop({ calm: false, seed: 4 }))).not.toEqual(first)
  })

  test('a snapshot continues exactly where it was taken', () => {
    const shop = new Shop({ calm: false, seed: 3 })
    script(shop)
    const saved = JSON.parse(JSON.stringify(shop.simulator.marketplace.snapshot()))
    const restored = new Shop({ restored: saved, at: start })
    restored.clock.advance(shop.clock.now() - start)
    shop.clock.advance(120_000)
    restored.clock.advance(120_000)
    expect(restored.bill()).toEqual(shop.bill())
    expect(script(restored)).toEqual(script(shop))
    expect(restored.bill()).toEqual(shop.bill())
  })

  test('nobody has to look: a meter starts and ends at the due moment', () => {
    const watched = new Shop({ calm: false, seed: 11 })
    const unwatched = new Shop({ calm: false, seed: 11 })
    const { data } = watched.rent({ autoShutdownEnabled: true, autoShutdownTimeout: 1 })
    unwatched.rent({ autoShutdownEnabled: true, autoShutdownTimeout: 1 })
    for (let second = 0; second < 9_000; second += 1) {
      watched.clock.advance(1_000)
      watched.simulator.marketplace.machines()
    }
    unwatched.clock.advance(9_000_000)
    expect(unwatched.machine(data.id)).toEqual(watched.machine(data.id))
    expect(unwatched.bill()).toEqual(watched.bill())
  })

  test('speed shortens loading, not the meter', () => {
    const shop = new Shop({ calm: false, speed: 60, seed: 2 })
    shop.controls.special('calm', {})
    const { data } = shop.rent()
    shop.clock.advance(9_000)
    expect(shop.machine(data.id).state).toBe('ready')
    shop.clock.advance(3_591_000)
    expect(shop.lines('gpu')[0]?.amount).toBe('760000000')
  })
})

describe('what outlives a machine', () => {
  interface Made {
    event: Event
    data: { id: string; name: string; dtDeleted?: string | null }
  }
  const things = (shop: Shop) => shop.simulator.marketplace.things()

  test('a snapshot: made in an event, listed, billed until deleted, whatever becomes of the machine', () => {
    const shop = new Shop()
    const machine = shop.rentReady({ diskSize: 100, publicIpType: 'none' })
    const made = shop.ok<Made>('POST', '/snapshots', { name: 'before', machineId: machine.id })
    expect(made.event).toMatchObject({ name: 'snapshot-create', state: 'new', machineId: machine.id })
    expect(made.data).toEqual({ id: made.data.id, name: 'before', machineId: machine.id, isAutoSnapshot: false })
    const from = shop.clock.now()
    expect(things(shop)).toEqual([
      { id: made.data.id, kind: 'snapshot', name: 'before', billing: true, attachedTo: machine.id },
    ])
    shop.clock.advance(200_000)
    expect(shop.event(made.event.id).state).toBe('done')
    shop.ok('DELETE', `/machines/${machine.id}`)
    shop.clock.advance(3_600_000)
    expect(things(shop)).toMatchObject([{ attachedTo: null, billing: true }])
    expect(shop.ok<Page<object>>('GET', `/snapshots?machineId=${machine.id}`).items).toEqual([made.data])
    expect(shop.refused('POST', `/snapshots/${made.data.id}/restore`, {}).status).toBe(404)

    expect(shop.ok<Made>('DELETE', `/snapshots/${made.data.id}`).event.name).toBe('snapshot-delete')
    const line = shop.bill().lines.find((each) => each.machineId === made.data.id)
    // 6 $ a month for 100 GB.
    expect(line).toMatchObject({
      thing: 'snapshot',
      startedAt: from,
      endedAt: shop.clock.now(),
      ratePerHour: '8333333',
    })
    expect(shop.refused('GET', `/snapshots/${made.data.id}`).status).toBe(404)
    expect(shop.ok<Page<object>>('GET', '/snapshots').items).toEqual([])
    expect(things(shop)).toEqual([])
  })

  test('a custom template: billed like a snapshot, and machines of its type can be made from it', () => {
    const shop = new Shop()
    const machine = shop.rentReady({ publicIpType: 'none' })
    const { event, data } = shop.ok<Made>('POST', '/custom-templates', { name: 'golden', machineId: machine.id })
    expect(event.name).toBe('template-create')
    expect(Object.keys(data)).toEqual([
      'id',
      'name',
      'agentType',
      'operatingSystemLabel',
      'region',
      'defaultSizeGb',
      'availableMachineTypes',
      'parentMachineId',
      'dtCreated',
      'dtDeleted',
    ])
    expect(shop.rent({ templateId: data.id }).data).toMatchObject({ os: 'Ubuntu 22.04', machineType: 'A4000' })
    expect(shop.refused('POST', '/machines', { ...aMachine, templateId: data.id, machineType: 'A6000' }).status).toBe(
      400,
    )
    expect(things(shop)).toMatchObject([{ kind: 'template', name: 'golden', billing: true, attachedTo: null }])
    expect(shop.lines('disk').find((line) => line.thing === 'template')).toMatchObject({ ratePerHour: '4861111' })
    expect(shop.ok<{ dtDeleted: string }>('DELETE', `/custom-templates/${data.id}`).dtDeleted).not.toBeNull()
    expect(shop.ok<Page<object>>('GET', '/custom-templates?name=golden').items).toEqual([])
    expect(things(shop)).toEqual([])
  })

  test('a shared drive: made in a private network, billed by its size, and gone when deleted', () => {
    const shop = new Shop()
    const [network] = shop.ok<Page<{ id: string }>>('GET', '/private-networks?region=ny2').items
    const wanted = { name: 'datasets', size: 250, region: 'ny2', networkId: network?.id }
    const drive = shop.ok<{ id: string }>('POST', '/shared-drives', wanted)
    expect(Object.keys(drive)).toEqual([
      'id',
      'name',
      'dtCreated',
      'dtDeleted',
      'size',
      'mountPoint',
      'username',
      'password',
      'networkId',
      'region',
    ])
    expect(shop.ok('GET', `/shared-drives/${drive.id}`)).toEqual(drive)
    expect(shop.ok('PUT', `/shared-drives/${drive.id}`, { name: 'sets' })).toMatchObject({ name: 'sets' })
    expect(shop.refused('POST', '/shared-drives', { ...wanted, region: 'ams1' }).status).toBe(400)
    shop.clock.advance(7_200_000)
    // 10 $ a month.
    expect(shop.lines('disk')).toMatchObject([{ thing: 'drive', ratePerHour: '13888889', amount: '27777778' }])
    expect(shop.ok('DELETE', `/shared-drives/${drive.id}`)).toEqual({ id: drive.id })
    expect(things(shop)).toEqual([])
  })

  test('a static address is a thing with its machine, and then without', () => {
    const shop = new Shop()
    const machine = shop.rentReady({ publicIpType: 'static' })
    const address = { id: machine.publicIp, kind: 'address', name: null, billing: true }
    expect(things(shop)).toEqual([{ ...address, attachedTo: machine.id }])
    shop.ok('DELETE', `/machines/${machine.id}`)
    shop.clock.advance(10_000)
    expect(things(shop)).toEqual([{ ...address, attachedTo: null }])
    expect(shop.lines('other')).toMatchObject([{ thing: 'address', endedAt: null }])
  })

  test('the initial snapshot of a machine that asks for one', () => {
    const shop = new Shop()
    const { data } = shop.rent({ takeInitialSnapshot: true })
    expect(things(shop).filter(({ kind }) => kind === 'snapshot')).toMatchObject([{ attachedTo: data.id }])
  })

  test('a forced shutdown while a machine is being provisioned', () => {
    const shop = new Shop()
    const { data, event } = shop.rent()
    shop.clock.advance(20_000)
    shop.controls.interrupt({ machine: data.id })
    expect(shop.machine(data.id).state).toBe('stopping')
    expect(shop.event(event.id).state).toBe('cancelled')
    shop.clock.advance(30_000)
    expect(shop.machine(data.id)).toMatchObject({ state: 'off', publicIp: null })
    expect(shop.lines('gpu')[0]?.endedAt).not.toBeNull()
  })

  test('no page is longer than ordered, and says that there is more', () => {
    const shop = new Shop()
    for (const name of ['a', 'b', 'c']) shop.rent({ name })
    shop.controls.special('page-size', { n: 2 })
    const first = shop.ok<Page<Machine>>('GET', '/machines?limit=120')
    expect(first).toMatchObject({ hasMore: true, items: [{ name: 'c' }, { name: 'b' }] })
    const rest = shop.ok<Page<Machine>>('GET', `/machines?limit=120&after=${first.nextPage}`)
    expect(rest).toMatchObject({ hasMore: false, items: [{ name: 'a' }] })
    expect(() => shop.controls.special('utilisation', { machine: 'x', percent: 0 })).toThrow('no utilisation')
  })
})
