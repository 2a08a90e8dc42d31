import { afterEach, expect, test } from 'vitest'
import type { Transport } from '../server/src/outbound/transport.ts'
import { aWorld, transportTo, type World } from './world.ts'

const minute = 60_000
let world: World & { dataDir: string }
afterEach(() => world?.close())

/** What `/metrics` says of one series; undefined when it is not there. */
async function metric(series: string): Promise<number | undefined> {
  const lines = String((await world.call('GET', '/metrics')).body).split('\n')
  const line = lines.find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

const wish = {
  gpu_model: 'RTX 4090',
  market: 'spot',
  disk_gb: 20,
  image: 'ubuntu:24.04',
  label: 'train',
  ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com',
}

test('what happened is in the metrics: a machine taken back, its relaunch, a budget, webhooks that nobody takes', async () => {
  let takes = false
  let toSimulators: Transport | undefined
  const transport: Transport = async (request) => {
    if (request.url.startsWith('https://receiver.example/')) return { status: takes ? 204 : 500, headers: {}, body: '' }
    toSimulators ??= transportTo(world.simulators, world.clock)
    return toSimulators(request)
  }
  world = await aWorld({ providers: ['vast'], surroundings: { transport } })
  world.order('vast', 'special/calm')
  const budget = { scope: 'label', key: 'train', period: 'total', limit_usd: '100' }
  const { id: budgetId } = (await world.call('POST', '/api/v1/budgets', budget)).body.data
  await world.call('POST', '/api/v1/webhooks', { url: 'https://receiver.example/hook', events: ['instance.*'] })
  await world.until(async () => {
    const plan = await world.call('POST', '/api/v1/instances/plan', wish)
    return plan.status === 200 && plan.body.data.offers.length > 1
  }, 3 * minute)
  expect(await metric('gpufleet_interruptions_total{provider="vast",market="spot"}')).toBeUndefined()

  const { id } = (await world.call('POST', '/api/v1/instances', wish)).body.data
  const before = await world.untilStatus(id, 'ready', 30 * minute)
  await world.pass(10 * minute)
  world.order('vast', 'special/outbid', { machine: before.provider_id, factor: 40 })
  await world.until(async () => (await world.instance(id)).attempt === 2, 5 * minute)
  await world.untilStatus(id, 'ready', 30 * minute)
  await world.pass(minute)

  expect(await metric('gpufleet_interruptions_total{provider="vast",market="spot"}')).toBe(1)
  expect(await metric('gpufleet_relaunches_total{provider="vast",market="spot"}')).toBe(1)
  expect(await metric('gpufleet_open_launches{provider="vast",market="spot",abandoned="false"}')).toBe(1)
  const spent = Number((await world.call('GET', `/api/v1/budgets/${budgetId}`)).body.data.spent_usd)
  expect(spent).toBeGreaterThan(0)
  const ratio = await metric(`gpufleet_budget_spent_ratio{budget="${budgetId}",scope="label",key="train"}`)
  expect(ratio).toBeCloseTo(spent / 100, 6)
  expect(await metric('gpufleet_webhook_outbox_pending')).toBeGreaterThan(0)
  expect(await metric('gpufleet_webhook_outbox_oldest_seconds')).toBeGreaterThan(60)
  expect(await metric('gpufleet_webhooks_delivered_total')).toBe(0)

  takes = true
  await world.until(async () => (await metric('gpufleet_webhook_outbox_pending')) === 0, 6 * 60 * minute)
  expect(await metric('gpufleet_webhooks_delivered_total')).toBeGreaterThan(0)
})

test('at the start every account is compared with what we know, without waiting for the next round', async () => {
  const before = await aWorld({ providers: ['vast'] })
  world = before
  before.order('vast', 'foreign-machine', { label: 'somebody else' })
  expect(await metric('gpufleet_sweep_age_seconds{provider="vast",account="main"}')).toBeUndefined()
  await before.pass(5_000)
  expect(await metric('gpufleet_sweep_age_seconds{provider="vast",account="main"}')).toBeLessThanOrEqual(5)
  expect(await metric('gpufleet_foreign_machines{provider="vast"}')).toBe(1)
  const { accounts } = (await world.call('GET', '/api/v1/reconciliation')).body.data
  expect(accounts).toMatchObject([{ checked_at: expect.any(String) }])
})
