import { afterEach, describe, expect, test } from 'vitest'
import { type ProviderName, providerNames, publicProviderNames } from '../server/src/core/providers.ts'
import { aWorld, type World } from './world.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const worlds: World[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

async function open(providers?: readonly ProviderName[]): Promise<World> {
  const world = await aWorld(providers === undefined ? {} : { providers })
  worlds.push(world)
  world.order('vast', 'special/calm')
  world.order('paperspace', 'special/calm')
  world.order('novita', 'special/chances', { calm: true })
  return world
}

const models: Record<ProviderName, string> = {
  vast: 'RTX 4090',
  runpod: 'RTX 4090',
  lambda: 'A10',
  paperspace: 'A4000',
  novita: 'RTX 4090',
}

async function launch(world: World, provider: ProviderName, change: object = {}): Promise<string> {
  const wish = {
    gpu_model: models[provider],
    provider: publicProviderNames[provider],
    market: 'on_demand',
    disk_gb: 100,
    image: 'ubuntu:24.04',
    ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com',
    ...change,
  }
  return world.until(async () => {
    const { status, body } = await world.call('POST', '/api/v1/instances', wish)
    expect([201, 503], JSON.stringify(body)).toContain(status)
    return status === 201 && body.data.id
  }, 2 * minute)
}

const act = (world: World, id: string, verb: string) => world.call('POST', `/api/v1/instances/${id}/${verb}`)
const machineOf = async (world: World, id: string) => (await world.instance(id)).provider_id as string

/** What the marketplace's own meters say, in nano-dollars, of one machine or of all. */
function billed(world: World, provider: ProviderName, machine?: string): bigint {
  return world
    .bill(provider)
    .lines.filter((line) => machine === undefined || line.machineId === machine)
    .reduce((sum, { amount }) => sum + BigInt(amount), 0n)
}

const nanos = (usd: string): bigint => {
  const [whole = '0', fraction = ''] = usd.replace('-', '').split('.')
  const value = BigInt(whole + fraction.padEnd(9, '0'))
  return usd.startsWith('-') ? -value : value
}

const costs = async (world: World, query = '') => (await world.call('GET', `/api/v1/costs${query}`)).body.data
const reconciliation = async (world: World) => (await world.call('GET', '/api/v1/costs/reconciliation')).body.data

/** Others are about machines that took their time. */
async function unexplainedAlarms(world: World): Promise<object[]> {
  const alarms: { message: string }[] = (await world.call('GET', '/api/v1/audit?kind=alarm')).body.data
  return alarms.filter(({ message }) => message.includes('not explained'))
}

/** Few looks are needed while nothing happens, so that days pass quickly. */
async function sleep(world: World, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 20 * minute) {
    await world.clock.advance(Math.min(left, 20 * minute))
    await world.pass(1_000)
  }
}

/** A price that rises, a stop, a start, an interruption where there are any, and the end. */
async function aMixedLife(world: World, provider: ProviderName): Promise<string> {
  const spot = provider === 'vast' || provider === 'novita'
  const id = await launch(world, provider, spot ? { market: 'spot' } : {})
  await world.untilStatus(id, 'ready', 40 * minute)
  await world.pass(6 * minute)
  if (provider !== 'lambda' && provider !== 'paperspace')
    world.order(provider, 'change-price', { factor: 1.2, listed: false })
  if (provider === 'vast')
    world.order('vast', 'special/traffic', { machine: await machineOf(world, id), downGb: 40, upGb: 5 })
  await world.pass(4 * minute)
  if (provider !== 'lambda') {
    expect((await act(world, id, 'stop')).status).toBe(200)
    await world.untilStatus(id, 'stopped', 10 * minute)
    await world.pass(7 * minute)
    expect((await act(world, id, 'start')).status).toBe(200)
    await world.untilStatus(id, 'ready', 20 * minute)
  }
  await world.pass(2 * minute)
  if (spot) {
    world.order(provider, 'interrupt', { machine: await machineOf(world, id) })
    await world.pass(4 * minute)
    await world.untilStatus(id, 'ready', 3 * hour)
  }
  await world.pass(3 * minute)
  expect((await world.call('DELETE', `/api/v1/instances/${id}`)).status).toBe(200)
  await world.untilStatus(id, 'terminated', 20 * minute)
  return id
}

const withBill: readonly ProviderName[] = ['vast', 'runpod', 'novita']

describe.each(providerNames)('%s', (provider) => {
  test('a mixed life is in the ledger, and every difference to the marketplace’s bill is explained', async () => {
    const world = await open([provider])
    const id = await aMixedLife(world, provider)
    const bill = billed(world, provider)
    await world.pass(6 * minute)
    expect(billed(world, provider), 'nothing bills any more').toBe(bill)
    const now = await reconciliation(world)
    expect(now.accounts).toHaveLength(1)
    await sleep(world, 2 * day)

    const { accounts, unexplained_usd } = await reconciliation(world)
    expect(unexplained_usd, JSON.stringify(accounts)).toBe('0')
    const [account] = accounts
    expect(account.error).toBeNull()
    expect(await unexplainedAlarms(world)).toEqual([])

    const from = new Date(world.clock.now() - 3 * day).toISOString()
    const report = await costs(world, `?from=${from}`)
    const [row, ...others] = report.rows
    expect(others).toEqual([])
    expect(row.key).toBe(id)
    const traffic = world
      .bill(provider)
      .lines.filter(({ kind }) => kind === 'traffic')
      .reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    const theirs = {
      atMost: nanos(row.cost_usd) - nanos(row.traffic_usd),
      atLeast: nanos(row.cost_at_least_usd) - nanos(row.traffic_usd),
    }
    expect(theirs.atMost).toBeGreaterThanOrEqual(bill - traffic)
    expect(theirs.atLeast).toBeLessThanOrEqual(bill - traffic)

    const days = await costs(world, `?from=${from}&group_by=day`)
    expect(days.rows.reduce((sum: bigint, one: { cost_usd: string }) => sum + nanos(one.cost_usd), 0n)).toBe(
      nanos(report.total.cost_usd),
    )

    if (!withBill.includes(provider)) {
      expect(account).toMatchObject({
        has_bill: false,
        machines: [],
        note: expect.stringContaining('no API for its bill'),
      })
      return
    }
    expect(account).toMatchObject({ has_bill: true, note: null })
    const rounding = { vast: 1_000_000n, runpod: 1_000n, novita: 1_000n }[provider as 'vast']
    for (const machine of account.machines) {
      expect(machine.instance_ids).toEqual([id])
      const difference = nanos(machine.bill_usd) - billed(world, provider, machine.id)
      expect(difference <= rounding && difference >= -rounding, `${machine.id}: ${difference}`).toBe(true)
      const explained = machine.because.reduce(
        (sum: bigint, one: { amount_usd: string }) => sum + nanos(one.amount_usd),
        0n,
      )
      expect(explained).toBe(nanos(machine.difference_usd))
    }
    expect(nanos(account.bill_usd)).toBeGreaterThan(0n)
    if (provider === 'vast') {
      expect(nanos(row.traffic_usd)).toBeGreaterThan(0n)
      expect(account.because.map((one: { reason: string }) => one.reason)).toContain('traffic')
    }
  })
})

test('while a machine runs, the bill is behind, and the difference is not billed yet', async () => {
  const world = await open(['runpod'])
  const id = await launch(world, 'runpod')
  await world.untilStatus(id, 'ready', 20 * minute)
  await world.pass(6 * minute)
  await sleep(world, 3 * hour)
  const { accounts, unexplained_usd } = await reconciliation(world)
  expect(unexplained_usd).toBe('0')
  const [machine] = accounts[0].machines
  expect(machine.because.map((one: { reason: string }) => one.reason)).toContain('not_billed_yet')
  expect(nanos(machine.bill_usd)).toBeGreaterThan(0n)
})

test('a machine that somebody else rented is on the bill, and is theirs', async () => {
  const world = await open(['vast'])
  const id = await launch(world, 'vast')
  await world.untilStatus(id, 'ready', 30 * minute)
  world.order('vast', 'special/foreign-thing', { kind: 'volume', name: 'my data', sizeGb: 500 })
  await sleep(world, 30 * hour)
  const { accounts, unexplained_usd } = await reconciliation(world)
  expect(unexplained_usd).toBe('0')
  const foreign = accounts[0].machines.find((one: { instance_ids: string[] }) => one.instance_ids.length === 0)
  expect(foreign).toMatchObject({
    ledger_usd: '0',
    because: [{ reason: 'foreign_machine', amount_usd: foreign.bill_usd }],
  })
  expect(nanos(foreign.bill_usd)).toBeGreaterThan(0n)
})

test('Novita’s bill is read in its own scale, 1/100000 dollar', async () => {
  const world = await open(['novita'])
  world.order('novita', 'special/bill-precision', { value: 100_000 })
  const id = await launch(world, 'novita')
  await world.untilStatus(id, 'ready', 20 * minute)
  const machine = await machineOf(world, id)
  await sleep(world, 5 * hour)
  await world.call('DELETE', `/api/v1/instances/${id}`)
  await world.untilStatus(id, 'terminated', 20 * minute)
  await sleep(world, 4 * hour)
  const { accounts, unexplained_usd } = await reconciliation(world)
  expect(unexplained_usd).toBe('0')
  const [compared] = accounts[0].machines
  const difference = nanos(compared.bill_usd) - billed(world, 'novita', machine)
  // Six hours, and two meters at most, each rounded to 10,000 nano-dollars.
  expect(difference <= 120_000n && difference >= -120_000n, `${difference}`).toBe(true)
  expect(nanos(compared.bill_usd)).toBeGreaterThan(10n ** 8n)
})

test('a bill that says more than our ledger is an alarm', async () => {
  const world = await open(['runpod'])
  const id = await launch(world, 'runpod')
  await world.untilStatus(id, 'ready', 20 * minute)
  const startTime = new Date(Math.floor(world.clock.now() / hour) * hour)
  const record = {
    podId: await machineOf(world, id),
    startTime,
    endTime: new Date(startTime.getTime() + hour),
    ...{ totalAmount: 50, gpuAmount: 50, cpuAmount: 0, diskAmount: 0 },
  }
  const body = JSON.stringify({ records: [record], metadata: { recordCount: 1 } })
  world.order('runpod', 'faults', { kind: 'status', status: 200, body, path: '/v2/billing/pods' })
  await sleep(world, 4 * hour)
  expect(Number((await reconciliation(world)).unexplained_usd)).toBeGreaterThan(0.01)
  expect(await unexplainedAlarms(world)).toMatchObject([{ instance_id: id }])
})
