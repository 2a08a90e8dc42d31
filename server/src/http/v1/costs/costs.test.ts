import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Charge } from '../../../core/charges/charge.ts'
import type { Instance } from '../../../core/instances/instance.ts'
import { nanos, nanosFromUsd, usdFromNanos } from '../../../core/money.ts'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { dayMs, hourMs, type Instant } from '../../../core/time.ts'
import { aCharge } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
let now: Instant
beforeEach(async () => {
  world = await httpWorld()
  await world.clock.advance(6 * dayMs) // noon on 7 October 2026
  now = world.clock.now()
})
afterEach(() => world.close())

const get = (query = '', headers = {}) => world.ask('GET', `/api/v1/costs${query}`, undefined, headers)
const noon = (day: number) => Date.UTC(2026, 9, day, 12)

/** One whose ends are known, at a dollar an hour unless it says so. */
const exactly = ({ id }: Instance, from: Instant, until: Instant, change: Partial<Charge> = {}) =>
  aCharge({
    instanceId: id,
    ratePerHour: nanosFromUsd('1'),
    startedAfter: from,
    startedBefore: from,
    lastOnAt: until,
    endedAfter: until,
    endedBefore: until,
    ...change,
  })

async function aFleet() {
  const small = await world.hasInstance({ status: 'terminated', label: 'small' }, { externalId: 'v-1' })
  const offer = anOffer({
    provider: 'runpod',
    market: 'spot',
    gpu: { model: 'H100 SXM 80GB', spelling: 'H100', known: true, memoryGb: 80, count: 2 },
  })
  const large = await world.hasInstance(
    { status: 'ready', project: 'vision' },
    { externalId: 'r-1', offer, provider: 'runpod' },
  )
  await world.charges.put([
    exactly(small, noon(3), noon(3) + 2 * hourMs),
    exactly(small, noon(3), noon(3) + 4 * hourMs, { kind: 'disk', ratePerHour: nanosFromUsd('0.01') }),
    aCharge({
      instanceId: large.id,
      ratePerHour: nanosFromUsd('5'),
      startedAfter: now - 3 * hourMs,
      startedBefore: now - 3 * hourMs,
      lastOnAt: now - hourMs,
    }),
  ])
  return { small, large }
}

describe('200', () => {
  test('by instance, the dearest first: what it costs at most and at least, and for what', async () => {
    const { small, large } = await aFleet()
    const { status, json } = await get()
    expect(status).toBe(200)
    expect(json.data).toEqual({
      from: '2026-10-01T00:00:00.000Z',
      until: '2026-10-07T12:00:00.000Z',
      at: '2026-10-07T12:00:00.000Z',
      group_by: 'instance',
      rows: [
        {
          key: large.id,
          cost_usd: '15',
          cost_at_least_usd: '10',
          exact: false,
          gpu_usd: '15',
          disk_usd: '0',
          traffic_usd: '0',
          hours: 3,
          instances: 1,
        },
        {
          key: small.id,
          cost_usd: '2.04',
          cost_at_least_usd: '2.04',
          exact: true,
          gpu_usd: '2',
          disk_usd: '0.04',
          traffic_usd: '0',
          hours: 2,
          instances: 1,
        },
      ],
      left_out: 0,
      total: expect.objectContaining({ cost_usd: '17.04', cost_at_least_usd: '12.04', hours: 5, instances: 2 }),
    })
  })

  test.each([
    ['provider', ['runpod', 'vast_ai']],
    ['gpu', ['H100 SXM 80GB', 'RTX 4090']],
    ['label', [null, 'small']],
    ['project', ['vision', 'default']],
    ['market', ['spot', 'on_demand']],
  ])('by %s', async (by, keys) => {
    await aFleet()
    const { rows, total } = (await get(`?group_by=${by}`)).json.data
    expect(rows.map((row: { key: string }) => row.key)).toEqual(keys)
    expect(rows.map((row: { cost_usd: string }) => row.cost_usd)).toEqual(['15', '2.04'])
    expect(total.cost_usd).toBe('17.04')
  })

  test('by day, UTC, oldest first: a charge over midnight is in both', async () => {
    const one = await world.hasInstance({ status: 'ready' }, {})
    await world.charges.put([exactly(one, noon(3), noon(5), { ratePerHour: nanosFromUsd('0.333333333') })])
    const { rows, total } = (await get('?group_by=day')).json.data
    expect(rows.map((row: { key: string; cost_usd: string }) => [row.key, row.cost_usd])).toEqual([
      ['2026-10-03', '3.999999996'],
      ['2026-10-04', '7.999999992'],
      ['2026-10-05', '3.999999996'],
    ])
    expect(total.cost_usd).toBe('15.999999984')
    const { exact, hours } = rows[1]
    expect({ exact, hours }).toEqual({ exact: true, hours: 24 })
  })

  test('a range counts the part inside, and two that follow upon each other add up', async () => {
    await aFleet()
    const cost = async (query: string) => (await get(query)).json.data.total.cost_usd
    expect(await cost('?from=2026-10-03T13:00:00Z&until=2026-10-04')).toBe('1.03')
    expect(await cost('?from=2026-10-03&until=2026-10-03T13:00:00Z')).toBe('1.01')
    expect(await cost('?from=2026-10-04&until=2026-10-05')).toBe('0')
    expect(await cost('?from=2027-10-04')).toBe('0')
  })

  test('of one project, label, provider or instance', async () => {
    const { small, large } = await aFleet()
    const keys = async (query: string) => (await get(query)).json.data.rows.map((row: { key: string }) => row.key)
    expect(await keys('?project=vision')).toEqual([large.id])
    expect(await keys('?label=small')).toEqual([small.id])
    expect(await keys('?provider=runpod')).toEqual([large.id])
    expect(await keys(`?instance_id=${small.id}`)).toEqual([small.id])
  })

  test('traffic is what the marketplace’s bill says of our machines', async () => {
    const { small } = await aFleet()
    const read = {
      provider: 'vast' as const,
      account: 'main',
      hasBill: true,
      coveredFrom: 0,
      completeUntil: now,
      readAt: now,
      triedAt: now,
      error: null,
    }
    const line = {
      label: null,
      kind: 'traffic' as const,
      from: noon(3),
      until: noon(3) + 2 * hourMs,
      amount: nanosFromUsd('0.5'),
    }
    await world.bills.record(read, {
      from: 0,
      lines: [
        { ...line, externalId: 'v-1' },
        { ...line, externalId: 'somebody-else' },
        { ...line, externalId: 'v-1', kind: 'gpu' },
      ],
    })
    const row = async (query: string) =>
      (await get(query)).json.data.rows.find((one: { key: string }) => one.key === small.id)
    expect(await row('')).toMatchObject({
      cost_usd: '2.54',
      cost_at_least_usd: '2.54',
      traffic_usd: '0.5',
      gpu_usd: '2',
    })
    expect(await row('?from=2026-10-03T13:00:00Z')).toMatchObject({ traffic_usd: '0.25' })
  })

  test('rows beyond the limit are in the total', async () => {
    await aFleet()
    expect((await get('?limit=1')).json.data).toMatchObject({ rows: [{}], left_out: 1, total: { cost_usd: '17.04' } })
  })

  test('more charges than are read at once are each counted once', async () => {
    const one = await world.hasInstance({ status: 'ready' }, {})
    const many = Array.from({ length: 2_345 }, (_, at) =>
      // Many end at the same moment.
      exactly(one, noon(2), noon(2) + 1 + Math.floor(at / 700), {
        sequence: at + 1,
        kind: at % 2 === 0 ? 'gpu' : 'disk',
        ratePerHour: nanosFromUsd('3.6'),
      }),
    )
    for (let at = 0; at < many.length; at += 500) await world.charges.put(many.slice(at, at + 500))
    const ms = many.reduce((sum, charge) => sum + (charge.endedBefore as number) - noon(2), 0)
    expect((await get()).json.data.total.cost_usd).toBe(usdFromNanos(nanos(BigInt(ms) * 1_000n)))
  })
})

describe('400', () => {
  test.each([
    ['group_by=phase', 'group_by'],
    ['from=yesterday', 'from'],
    ['from=2026-02-30', 'from'],
    ['from=2026-10-02&until=2026-10-02', 'until'],
    ['provider=acme', 'provider'],
    ['limit=0', 'limit'],
  ])('%s', async (query, field) => {
    const { status, json } = await get(`?${query}`)
    expect(status).toBe(400)
    expect(json.details.mistakes[0].field).toBe(field)
  })
})

describe('a key of one project', () => {
  test('sees what its own instances cost, also by CSV, and nothing of others', async () => {
    const { large } = await aFleet()
    const { headers } = await world.keyOf({ role: 'viewer', project: 'vision' })
    const { rows, total } = (await get('', headers)).json.data
    expect(rows.map((row: { key: string }) => row.key)).toEqual([large.id])
    expect(total.cost_usd).toBe('15')
    expect((await get('?project=default', headers)).json.code).toBe('forbidden')
    const { text } = await world.ask('GET', '/api/v1/costs.csv', undefined, headers)
    expect(text.trim().split('\r\n')).toHaveLength(2)
    expect((await world.ask('GET', '/api/v1/costs.csv?project=default', undefined, headers)).json.code).toBe(
      'forbidden',
    )
    expect((await world.ask('GET', '/api/v1/costs/reconciliation', undefined, headers)).json.code).toBe('forbidden')
  })
})
