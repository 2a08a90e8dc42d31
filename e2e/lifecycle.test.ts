import { afterEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../server/src/core/money.ts'
import { type ProviderName, publicProviderNames } from '../server/src/core/providers.ts'
import { aWorld, type World } from './world.ts'

const minute = 60_000
let world: World & { dataDir: string }
afterEach(() => world?.close())

interface Case {
  provider: ProviderName
  gpu: string
  canStop: boolean
  calm: (world: World) => void
}

const cases: Case[] = [
  { provider: 'vast', gpu: 'RTX 4090', canStop: true, calm: (w) => w.order('vast', 'special/calm') },
  { provider: 'runpod', gpu: 'RTX 4090', canStop: true, calm: () => {} },
  { provider: 'lambda', gpu: 'A10', canStop: false, calm: () => {} },
  { provider: 'paperspace', gpu: 'A4000', canStop: true, calm: (w) => w.order('paperspace', 'special/calm') },
  {
    provider: 'novita',
    gpu: 'RTX 4090',
    canStop: true,
    calm: (w) => w.order('novita', 'special/chances', { calm: true }),
  },
]

describe.each(cases)('$provider', ({ provider, gpu, canStop, calm }) => {
  test('search, launch, ready, stop and start where possible, terminate; the ledger holds the bill', async () => {
    world = await aWorld({ providers: [provider] })
    calm(world)
    const found = await world.until(async () => {
      const search = await world.call('GET', `/api/v1/offers/search?gpu_model=${encodeURIComponent(gpu)}&disk_gb=50`)
      return search.body.data.length > 0 && search.body.data
    }, 2 * minute)
    expect(found[0].provider).toBe(publicProviderNames[provider])

    const launched = await world.call('POST', '/api/v1/instances', {
      gpu_model: gpu,
      disk_gb: 50,
      image: 'vllm/vllm-openai:latest',
      environment: { HF_TOKEN: 'hf_secret_value' },
      ports: [{ container_port: 8000, protocol: 'tcp' }],
      ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com',
      label: 'e2e',
    })
    expect(launched.status, JSON.stringify(launched.body)).toBe(201)
    const { id } = launched.body.data
    const ready = await world.untilStatus(id, 'ready', 40 * minute)
    expect(ready.ssh).not.toBeNull()
    await world.pass(10 * minute)

    if (canStop) {
      expect((await world.call('POST', `/api/v1/instances/${id}/stop`)).status).toBe(200)
      await world.untilStatus(id, 'stopped', 20 * minute)
      await world.pass(10 * minute)
      expect((await world.call('POST', `/api/v1/instances/${id}/start`)).status).toBe(200)
      await world.untilStatus(id, 'ready', 20 * minute)
      await world.pass(5 * minute)
    } else {
      const refused = await world.call('POST', `/api/v1/instances/${id}/stop`)
      expect(refused.status).toBe(400)
      expect(refused.body.code).toBe('not_possible_here')
    }

    expect((await world.call('DELETE', `/api/v1/instances/${id}`)).status).toBe(200)
    await world.untilStatus(id, 'terminated', 20 * minute)
    await world.pass(minute)
    expect(world.simulators[provider].marketplace.machines().filter((machine) => machine.billing)).toEqual([])

    await expectLedgerHoldsTheBill(world, provider, id)
    expect(JSON.stringify(world.log.lines)).not.toContain('hf_secret_value')
  })
})

interface ChargeView {
  kind: string
  rate_per_hour_usd: string
  started_after: string
  started_before: string
  ended_after: string
  ended_before: string
  amount_usd: string
  amount_at_least_usd: string
  exact: boolean
}

/**
 * Our ledger equals the bill to the nano-dollar where the marketplace's own times determine it; elsewhere it is an interval
 * with the bill inside, no wider than the looks around it and one billed step.
 */
async function expectLedgerHoldsTheBill(world: World, provider: ProviderName, id: string): Promise<void> {
  const costs = (await world.call('GET', `/api/v1/instances/${id}/costs`)).body.data
  const { lines, total } = world.bill(provider)
  const billed = lines.filter((line) => BigInt(line.amount) > 0n)
  const charges: ChargeView[] = costs.charges

  for (const kind of ['gpu', 'disk'] as const) {
    const ours = charges.filter((charge) => charge.kind === kind)
    const theirs = billed.filter((line) => line.kind === kind)
    const atLeast = sumOf(ours.map((charge) => charge.amount_at_least_usd))
    const atMost = sumOf(ours.map((charge) => charge.amount_usd))
    const bill = theirs.reduce((sum, line) => sum + BigInt(line.amount), 0n)
    expect(atLeast, `${kind}: at least`).toBeLessThanOrEqual(bill)
    expect(atMost, `${kind}: at most`).toBeGreaterThanOrEqual(bill)
    if (ours.every((charge) => charge.exact)) expect(atMost, `${kind}: exact`).toBe(bill)
  }
  for (const charge of charges) {
    expect(widthMs(charge.started_after, charge.started_before)).toBeLessThanOrEqual(widestMs)
    expect(widthMs(charge.ended_after, charge.ended_before)).toBeLessThanOrEqual(widestMs)
  }
  expect(nanosFromUsd(costs.cost_at_least_usd)).toBeLessThanOrEqual(BigInt(total))
  expect(nanosFromUsd(costs.cost_so_far_usd)).toBeGreaterThanOrEqual(BigInt(total))
}

/** A look, and the second one that it takes to be sure of an absence. */
const widestMs = 45_000

function widthMs(after: string, before: string): number {
  return Date.parse(before) - Date.parse(after)
}

function sumOf(amounts: readonly string[]): bigint {
  return amounts.reduce((sum, amount) => sum + nanosFromUsd(amount), 0n)
}
