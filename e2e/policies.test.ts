import { afterEach, expect, test } from 'vitest'
import { aWorld, type World } from './world.ts'

const minute = 60_000
const hour = 60 * minute
let world: World & { dataDir: string }
afterEach(() => world?.close())

interface EventView {
  kind: string
  message: string
}
const messages = async (kind: string): Promise<string[]> => {
  const all: EventView[] = (await world.call('GET', '/api/v1/audit?limit=1000')).body.data
  return all
    .filter((event) => event.kind === kind)
    .map(({ message }) => message)
    .reverse()
}
const billing = () => world.simulators.vast.marketplace.machines().filter((machine) => machine.billing)

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com'
const wish = { gpu_model: 'RTX 4090', disk_gb: 20, image: 'ubuntu:24.04', ssh_public_key: key }

async function ready(policies: object, more: object = {}) {
  world.order('vast', 'special/calm')
  await world.until(async () => {
    const plan = await world.call('POST', '/api/v1/instances/plan', wish)
    return plan.status === 200 && plan.body.data.offers.length > 1
  }, 3 * minute)
  const reply = await world.call('POST', '/api/v1/instances', { ...wish, ...more, policies })
  expect(reply.status, JSON.stringify(reply.body)).toBe(201)
  return world.untilStatus(reply.body.data.id, 'ready', 40 * minute)
}

test('a machine whose GPU rests is warned of and stopped; activity, snooze and a busy GPU put it off', async () => {
  world = await aWorld({ providers: ['vast'] })
  const { id, provider_id: machine } = await ready({ idle_timeout_minutes: 10, idle_busy_above_percent: 10 })
  const work = (percent: number) => world.order('vast', 'special/utilisation', { machine, percent })
  work(90)
  await world.pass(11 * minute)
  expect((await world.instance(id)).idle_text).toMatch(/^in use/)

  work(0)
  await world.pass(5 * minute)
  expect((await world.instance(id)).idle_text).toMatch(/^idle for (4|5) min, stops in (5|6)$/)
  await world.call('POST', `/api/v1/instances/${id}/activity`, { in_flight: 1 })
  await world.pass(minute)
  expect((await world.instance(id)).idle.blocked_by).toBe('in_flight')
  await world.call('POST', `/api/v1/instances/${id}/snooze`, { minutes: 23 })
  await world.pass(22 * minute)
  expect((await world.instance(id)).status).toBe('ready')

  const stopped = await world.untilStatus(id, 'stopped', 5 * minute)
  expect(stopped).toMatchObject({ because: 'idle_too_long', wanted: 'stopped' })
  expect(await messages('warning')).toHaveLength(1)

  expect((await world.call('POST', `/api/v1/instances/${id}/start`)).status).toBe(200)
  const again = await world.untilStatus(id, 'ready', 20 * minute)
  expect(again.idle.for_s).toBeLessThan(60)
})

test('a process that comes back after hours ends and stops what is over before it launches anything', async () => {
  world = await aWorld({ providers: ['vast'] })
  const leased = await ready({ max_lifetime_hours: 2 })
  const paid = await ready({}, { label: 'paid' })
  const limit = { scope: 'label', key: 'paid', period: 'total', limit_usd: '3', action: 'stop' }
  const budget = await world.call('POST', '/api/v1/budgets', limit)
  expect(budget.status, JSON.stringify(budget.body)).toBe(201)
  await world.pass(minute)
  const before = world
  await before.application.stop()
  await before.clock.advance(12 * hour)

  world = await aWorld({ providers: ['vast'], after: before })
  await world.untilStatus(leased.id, 'terminated', 10 * minute)
  await world.untilStatus(paid.id, 'stopped', 10 * minute)
  expect(await world.instance(leased.id)).toMatchObject({ because: 'lease_over' })
  expect(await world.instance(paid.id)).toMatchObject({ because: 'budget_spent' })

  const refused = await world.call('POST', '/api/v1/instances', { ...wish, label: 'paid' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'budget_spent' } })
  expect((await world.call('POST', `/api/v1/instances/${paid.id}/start`)).body.code).toBe('budget_spent')
  await world.pass(minute)
  expect((await messages('budget')).map((message) => /(\d+) %/.exec(message)?.[1])).toEqual(['50', '80', '100'])
  expect(billing().every(({ id }) => String(id) === paid.provider_id)).toBe(true)
})
