import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Look } from '../../../core/market-history/look.ts'
import { nanosFromUsd } from '../../../core/money.ts'
import { dayMs, hourMs, isoFrom, minuteMs } from '../../../core/time.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
/** The beginning of the hour that is under way. */
let hour: number
beforeEach(async () => {
  world = await httpWorld()
  hour = world.clock.now() - (world.clock.now() % hourMs)
  await world.clock.advance(30 * minuteMs)
})
afterEach(() => world.close())

async function seen(change: Partial<Look> & { usd?: string } = {}): Promise<void> {
  const { usd = '0.4', ...rest } = change
  const price = nanosFromUsd(usd)
  const look: Look = {
    provider: 'vast',
    model: 'RTX 4090',
    market: 'on_demand',
    at: hour,
    sampled: false,
    offers: 2,
    gpus: 3,
    prices: { min: price, median: price, p90: price },
    ...rest,
  }
  await world.marketHistory.add([look])
}

const trends = async (query = '') => (await world.ask('GET', `/api/v1/marketplace/trends${query}`)).json
const availability = async (query = '') => (await world.ask('GET', `/api/v1/marketplace/availability${query}`)).json

describe('trends', () => {
  test('S003-55 shows hours, and how prices moved in a day and in a week', async () => {
    await seen({ at: hour - 7 * dayMs, usd: '0.8' })
    await seen({ at: hour - dayMs, usd: '0.5' })
    await seen({ at: hour, usd: '0.4' })
    const { data } = await trends('?gpu_model=rtx4090')
    expect(data).toMatchObject({ interval: 'hour', recorded_since: isoFrom(hour - 7 * dayMs) })
    const [only] = data.series
    expect(only).toMatchObject({
      gpu_model: 'RTX 4090',
      provider: 'vast_ai',
      market: 'on_demand',
      latest: { at: isoFrom(hour), min_price_usd: '0.4' },
      change_24h: { since: isoFrom(hour - dayMs), median_price: { by_usd: '-0.1', percent: -20 } },
      change_7d: { since: isoFrom(hour - 7 * dayMs), min_price: { by_usd: '-0.4', percent: -50 } },
    })
    expect(only.points.map((point: { prices: { p90_price_usd: string } }) => point.prices.p90_price_usd)).toEqual([
      '0.8',
      '0.5',
      '0.4',
    ])
  })

  test('by model, provider, market, time and interval', async () => {
    await seen({ at: hour - 2 * dayMs, usd: '0.1' })
    await seen({ at: hour - 2 * dayMs + hourMs, usd: '0.2' })
    await seen({ model: 'A40', provider: 'runpod' })
    await seen({ market: 'spot' })
    const models = async (query: string) =>
      (await trends(query)).data.series.map((one: { gpu_model: string; market: string }) => [one.gpu_model, one.market])
    expect(await models('?gpu_model=A40')).toEqual([['A40', 'on_demand']])
    expect(await models('?provider=runpod')).toEqual([['A40', 'on_demand']])
    expect(await models('?market=spot')).toEqual([['RTX 4090', 'spot']])
    expect(await models(`?from=${isoFrom(hour)}&market=on_demand`)).toEqual([['A40', 'on_demand']])
    expect(await models(`?until=${isoFrom(hour)}`)).toEqual([['RTX 4090', 'on_demand']])
    const { data } = await trends('?interval=day&gpu_model=RTX%204090&market=on_demand')
    expect(data.series[0].points).toHaveLength(1)
    expect(data.series[0].points[0]).toMatchObject({ looks: 2, prices: { min_price_usd: '0.1' } })
  })

  test('very many models are shown by the day, unless hours are asked for', async () => {
    for (let at = 0; at < 40; at += 1) await seen({ model: `card ${at}` })
    expect((await trends()).data.interval).toBe('day')
    expect((await trends('?market=spot')).data.interval).toBe('hour')
    expect((await trends('?interval=hour')).data.interval).toBe('hour')
    expect((await trends(`?from=${isoFrom(hour - dayMs)}`)).data.interval).toBe('hour')
  })

  test('a name that only the marketplace knows has its history too', async () => {
    await seen({ model: 'Mystery 9000' })
    expect((await trends('?gpu_model=Mystery%209000')).data.series).toHaveLength(1)
  })

  test('says so when nothing is recorded, or nothing of that', async () => {
    expect(await trends()).toMatchObject({
      success: true,
      message: expect.stringContaining('Nothing is recorded yet'),
      data: { recorded_since: null, series: [] },
    })
    await seen()
    expect((await trends('?gpu_model=A40')).message).toContain(`records begin ${isoFrom(hour)}`)
  })
})

describe('availability', () => {
  test('S003-56 counts what there was, and the looks that found nothing', async () => {
    await seen({ at: hour, offers: 4, gpus: 8 })
    await seen({ at: hour + 10 * minuteMs, offers: 0, gpus: 0, prices: null })
    await seen({ at: hour + 20 * minuteMs, offers: 1, gpus: 1 })
    const { data } = await availability(`?until=${isoFrom(hour + hourMs)}`)
    const counts = {
      looks: 3,
      available_share: 0.6667,
      offers_mean: 1.67,
      offers_most: 4,
      gpus_mean: 3,
      gpus_most: 8,
    }
    expect(data.series).toMatchObject([
      {
        gpu_model: 'RTX 4090',
        ...counts,
        last_available_at: isoFrom(hour),
        points: [{ at: isoFrom(hour), ...counts }],
      },
    ])
  })

  test('says so when nothing is recorded', async () => {
    expect((await availability()).message).toContain('Nothing is recorded yet')
  })
})

describe.each(['trends', 'availability'])('400 of %s', (what) => {
  test.each([
    ['gpu_model=Mistery', 'Mistery'],
    ['provider=nowhere', 'nowhere is not a provider'],
    ['market=black', 'market'],
    ['interval=minute', 'interval'],
    ['from=yesterday', 'from'],
    ['from=2026-10-02&until=2026-10-01', 'until'],
    ['from=2099-01-01', 'from'],
    ['gpu_model=,', 'gpu_model'],
    ['colour=red', 'colour'],
  ])('%s', async (query, says) => {
    const { status, json } = await world.ask('GET', `/api/v1/marketplace/${what}?${query}`)
    expect(status).toBe(400)
    expect(json.error).toContain(says)
  })
})

describe('benchmarks', () => {
  const benchmarks = async (query = '') => (await world.ask('GET', `/api/v1/marketplace/benchmarks${query}`)).json

  test('S003-57 ranks models by what they cost for what they do', async () => {
    const { data, rank_by: rankBy } = await benchmarks()
    expect(rankBy).toBe('price_per_score')
    expect(data[0]).toMatchObject({
      rank: 1,
      gpu_model: 'RTX 4090',
      price_per_hour_usd: '0.2',
      price_per_score_usd: '0.002',
      available_count: 3,
      cheapest: { provider: 'vast_ai', provider_id: '4090:spot', market: 'spot', gpu_count: 1 },
    })
    expect(data.at(-1)).toMatchObject({ rank: null, gpu_model: 'Mystery 9000', price_per_score_usd: null })
  })

  test('by market, provider, category and another measure', async () => {
    const models = async (query: string) =>
      (await benchmarks(query)).data.map((one: { gpu_model: string }) => one.gpu_model)
    const [first] = (await benchmarks('?market=on_demand')).data
    expect(first).toMatchObject({ gpu_model: 'RTX 4080', price_per_hour_usd: '0.25' })
    expect(await models('?gpu_category=datacenter&rank_by=price_per_hour')).toEqual(['A100 SXM 80GB', 'H100 SXM 80GB'])
    expect(await models('?provider=runpod&rank_by=price_per_vram_gb')).toContain('Mystery 9000')
    expect(await models('?gpu_model=A40')).toEqual(['A40'])
  })

  test.each(['rank_by=beauty', 'provider=nowhere', 'gpu_category=gaming', 'gpu_model=Mistery'])(
    '400 for %s',
    async (query) => {
      expect((await world.ask('GET', `/api/v1/marketplace/benchmarks?${query}`)).status).toBe(400)
    },
  )
})
