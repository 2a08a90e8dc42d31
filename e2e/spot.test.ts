import { afterEach, describe, expect, test } from 'vitest'
import type { MachineShell } from '../server/src/outbound/machine-shell.ts'
import { aWorld, type World, type WorldOptions } from './world.ts'

const minute = 60_000
let world: World & { dataDir: string }
afterEach(() => world?.close())

interface EventView {
  kind: string
  status: string | null
  because: string | null
  message: string
  data: Record<string, unknown>
}
const eventsOf = async (id: string, kind?: string): Promise<EventView[]> => {
  const all: EventView[] = (await world.call('GET', `/api/v1/instances/${id}/events?limit=1000`)).body.data
  return all.filter((event) => kind === undefined || event.kind === kind)
}
const launchesOf = async (id: string) => (await world.call('GET', `/api/v1/instances/${id}/launches`)).body.data
const billing = (provider: 'vast' | 'novita') =>
  world.simulators[provider].marketplace.machines().filter((machine) => machine.billing)

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com'
const wish = { gpu_model: 'RTX 4090', market: 'spot', disk_gb: 20, image: 'ubuntu:24.04', ssh_public_key: key }

async function launched(body: object): Promise<string> {
  await world.until(async () => {
    const plan = await world.call('POST', '/api/v1/instances/plan', { ...wish, ...body })
    return plan.status === 200 && plan.body.data.offers.length > 1
  }, 3 * minute)
  const reply = await world.call('POST', '/api/v1/instances', { ...wish, ...body })
  expect(reply.status, JSON.stringify(reply.body)).toBe(201)
  return reply.body.data.id
}

async function ends(id: string): Promise<void> {
  await world.call('DELETE', `/api/v1/instances/${id}`)
  await world.untilStatus(id, 'terminated', 20 * minute)
  await world.pass(minute)
}

describe('at Vast', () => {
  async function aVast(options: WorldOptions = {}) {
    world = await aWorld({ providers: ['vast'], ...options })
    world.order('vast', 'special/calm')
  }
  const outbid = (machine: string, factor: number) => world.order('vast', 'special/outbid', { machine, factor })

  test('S004-84 outbid: the bid is raised within the cap and the on-demand price, and the machine comes back', async () => {
    await aVast()
    const id = await launched({ max_price_per_hour_usd: '5' })
    const before = await world.untilStatus(id, 'ready', 30 * minute)
    await world.pass(5 * minute)
    outbid(before.provider_id, 1.05)
    await world.untilStatus(id, 'interrupted', 2 * minute)
    const after = await world.untilStatus(id, 'ready', 10 * minute)

    expect(after).toMatchObject({ id, attempt: 1, provider_id: before.provider_id })
    const [raised] = await eventsOf(id, 'bid_raised')
    expect(Number(raised?.data.to_usd)).toBeGreaterThan(Number(raised?.data.from_usd))
    const [launch] = await launchesOf(id)
    expect(launch).toMatchObject({ interrupted_at: expect.any(String), because: null })
    expect(Number(launch.bid_per_hour_usd)).toBeCloseTo(Number(raised?.data.to_usd), 9)
    await ends(id)
    expect(billing('vast')).toEqual([])
  })

  test('S004-84 outbid above what may be bid: relaunched elsewhere under the same id, with the cost of both machines', async () => {
    await aVast()
    const id = await launched({ ports: [{ container_port: 8000 }] })
    const before = await world.untilStatus(id, 'ready', 30 * minute)
    expect(before.endpoints).toHaveLength(1)
    await world.pass(10 * minute)
    outbid(before.provider_id, 40)
    await world.until(async () => (await world.instance(id)).attempt === 2, 5 * minute)
    const after = await world.untilStatus(id, 'ready', 30 * minute)
    await world.pass(2 * minute)

    expect(after.provider_id).not.toBe(before.provider_id)
    const taken = (await eventsOf(id, 'status')).find((event) => event.status === 'interrupted')
    expect(taken).toMatchObject({
      message: expect.stringContaining('its disk survives'),
      data: { disk_survives: true },
    })
    const [first, second] = await launchesOf(id)
    expect(first).toMatchObject({
      provider_id: before.provider_id,
      because: 'interrupted',
      until: expect.any(String),
      // Where it was reached, although it shows no address any more.
      ssh: before.ssh === null ? null : { host: before.ssh.host, port: before.ssh.port },
      endpoints: before.endpoints,
    })
    expect(second).toMatchObject({ until: null, because: null })
    const costs = (await world.call('GET', `/api/v1/instances/${id}/costs`)).body.data
    expect(Number(first.cost_usd) + Number(second.cost_usd)).toBeCloseTo(Number(costs.cost_so_far_usd), 6)
    expect(Number(first.cost_usd)).toBeGreaterThan(0)

    const plan = (await world.call('POST', '/api/v1/instances/plan', wish)).body.data
    expect(plan.offers[0]).toMatchObject({ disk_survives_interruption: true, disk_survives_stop: true, dead_man: null })
    await ends(id)
    expect(billing('vast')).toEqual([])
  })

  test('wait: it comes back by itself when its bid wins again', async () => {
    await aVast()
    const id = await launched({ policies: { on_interruption: 'wait' } })
    const before = await world.untilStatus(id, 'ready', 30 * minute)
    outbid(before.provider_id, 40)
    await world.untilStatus(id, 'interrupted', 2 * minute)
    await world.pass(5 * minute)
    expect(await world.instance(id)).toMatchObject({ status: 'interrupted' })
    world.order('vast', 'special/bid-wins', { machine: before.provider_id })
    await world.untilStatus(id, 'ready', 10 * minute)

    expect(await world.instance(id)).toMatchObject({ attempt: 1, provider_id: before.provider_id })
    expect(await eventsOf(id, 'bid_raised')).toEqual([])
  })

  test('wait, with leave for an on-demand machine after a while', async () => {
    await aVast()
    const id = await launched({ policies: { on_interruption: 'wait', on_demand_after_minutes: 10 } })
    const before = await world.untilStatus(id, 'ready', 30 * minute)
    outbid(before.provider_id, 40)
    await world.untilStatus(id, 'interrupted', 2 * minute)
    await world.pass(9 * minute)
    expect(await world.instance(id)).toMatchObject({ status: 'interrupted' })
    await world.until(async () => (await world.instance(id)).attempt === 2, 5 * minute)
    await world.untilStatus(id, 'ready', 30 * minute)

    expect(await launchesOf(id)).toMatchObject([{ because: 'no_spot_in_time' }, { because: null }])
    await ends(id)
    expect(billing('vast')).toEqual([])
  })

  test('taken while it starts: the next offer, and the first machine is ended', async () => {
    await aVast()
    world.order('vast', 'pace', { loadingMs: 4 * minute })
    const id = await launched({})
    const starting = await world.until(async () => {
      const one = await world.instance(id)
      return one.status === 'starting' && one.provider_id !== null && one
    }, 5 * minute)
    outbid(starting.provider_id, 40)
    await world.until(async () => (await world.instance(id)).attempt === 2, 2 * minute)
    await world.untilStatus(id, 'ready', 30 * minute)
    await world.pass(minute)

    const [first] = await launchesOf(id)
    expect(first).toMatchObject({ because: 'interrupted', up_at: null, until: expect.any(String) })
    expect(billing('vast')).toHaveLength(1)
  })

  test('with a checkpoint the key of this installation is let in too; a dead-man switch asks at PUBLIC_URL', async () => {
    await aVast({ settings: { PUBLIC_URL: 'https://fleet.example.com' } })
    const id = await launched({ policies: { checkpoint: { command: 'save' }, dead_man_hours: 6 } })
    await world.untilStatus(id, 'ready', 30 * minute)

    const listed = world.simulators.vast.handle({
      method: 'GET',
      path: '/api/v1/instances/',
      query: new URLSearchParams(),
      headers: { authorization: 'Bearer sim-vast' },
      body: '',
    })
    const [{ onstart }] = JSON.parse(listed.body).instances
    expect(onstart).toContain(key)
    expect(onstart).toMatch(/ssh-ed25519 [A-Za-z0-9+/=]+ gpufleet/)
    expect(onstart).not.toContain('sim-vast')
    const [, path = ''] = /https:\/\/fleet\.example\.com(\/api\/dead-man\/[^']+)'/.exec(onstart) ?? []
    expect((await world.call('GET', path, undefined, { host: 'fleet.example.com' })).body).toBe('alive')
    const [launch] = await launchesOf(id)
    expect(launch.dead_man).toEqual({ hours: 6, first_heard_at: expect.any(String) })
    const plan = await world.call('POST', '/api/v1/instances/plan', { ...wish, policies: { dead_man_hours: 6 } })
    expect(plan.body.data.offers[0].dead_man).toEqual({ possible: true, why: null })
    await world.call('DELETE', `/api/v1/instances/${id}?force=true`)
    expect(await world.call('GET', path, undefined, { host: 'fleet.example.com' })).toMatchObject({ status: 404 })
  })
})

describe('at Novita', () => {
  test('a reclaim is announced: told with the hour and the disk, the work saved, and afterwards relaunched', async () => {
    const commands: string[] = []
    const shell: MachineShell = {
      async run(_access, command) {
        commands.push(command)
        return { result: 'done', detail: 'saved', hostKey: 'host' }
      },
    }
    world = await aWorld({ providers: ['novita'], surroundings: { shell } })
    world.order('novita', 'special/chances', { calm: true })
    const id = await launched({ policies: { checkpoint: { command: 'save --all' } } })
    const before = await world.untilStatus(id, 'ready', 30 * minute)
    world.order('novita', 'interrupt', { machine: before.provider_id })
    await world.pass(2 * minute)

    expect(await eventsOf(id, 'reclaim_announced')).toMatchObject([
      {
        message: expect.stringMatching(/takes the machine in (59|60|58) min; its disk/),
        data: { disk_survives: true },
      },
    ])
    expect(commands).toEqual(['save --all'])
    expect(await eventsOf(id, 'checkpoint')).toMatchObject([{ data: { result: 'done' } }])
    expect(await world.instance(id)).toMatchObject({ status: 'ready', attempt: 1 })

    await world.until(async () => (await world.instance(id)).attempt === 2, 70 * minute)
    await world.untilStatus(id, 'ready', 30 * minute)
    const launches = await launchesOf(id)
    expect(launches[0]).toMatchObject({
      because: 'interrupted',
      reclaim_at: expect.any(String),
      checkpoint: { result: 'done' },
    })
    await ends(id)
    expect(commands).toHaveLength(2)
    expect(billing('novita')).toEqual([])
  })

  test('a dead-man switch is not possible there, and the answer says why', async () => {
    world = await aWorld({ providers: ['novita'], settings: { PUBLIC_URL: 'https://fleet.example.com' } })
    const body = { ...wish, provider: 'novita', policies: { dead_man_hours: 6 } }
    const refused = await world.call('POST', '/api/v1/instances', body)
    expect(refused).toMatchObject({ status: 400, body: { code: 'not_possible_here' } })
    expect(refused.body.error).toContain('Novita')
  })
})
