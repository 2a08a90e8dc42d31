import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { type HttpWorld, httpWorld, isDown } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const stats = async () => (await world.ask('GET', '/api/v1/marketplace/stats')).json

describe('200', () => {
  test('S003-33 S003-34 has the contract’s keys', async () => {
    const { success, data } = await stats()
    expect(success).toBe(true)
    expect(data).toMatchObject({ total_instances: 9, available_instances: 8 })
    expect(data.model_stats['RTX 4090']).toMatchObject({
      model: { name: 'RTX 4090', memory_gb: 24, performance_score: 100 },
      available_count: 3,
      min_price: 0.2,
      max_price: 0.8,
      avg_price: 0.453333333,
      median_price: 0.36,
      providers: ['vast_ai'],
    })
    expect(data.model_stats.A100).toMatchObject({ model: { name: 'A100' }, providers: ['vast_ai'] })
    expect(data.model_stats['Mystery 9000'].model).toEqual({ name: 'Mystery 9000' })
  })

  test('S003-35 the figures agree with one another', async () => {
    const { data } = await stats()
    // biome-ignore lint/suspicious/noExplicitAny: as it comes
    const models = Object.values<any>(data.model_stats)
    const added = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0)
    expect(added(Object.values(data.provider_stats))).toBe(data.available_instances)
    expect(added(models.map((one) => one.available_count))).toBe(data.available_instances)
    expect(data.total_instances).toBeGreaterThanOrEqual(data.available_instances)
    expect(data.price_range.avg).toBe(data.average_price)
    expect(data.price_range.min).toBe(Math.min(...models.map((one) => one.min_price)))
    expect(data.price_range.max).toBe(Math.max(...models.map((one) => one.max_price)))
    expect(added(models.map((one) => one.avg_price * one.available_count)) / data.available_instances).toBeCloseTo(
      data.average_price,
      6,
    )
  })

  test('S003-54 follows the market', async () => {
    world.index.replace({
      provider: 'novita',
      account: 'main',
      scope: 'all',
      offers: [anOffer({ provider: 'novita' })],
    })
    expect((await stats()).data.provider_stats).toEqual({ vast_ai: 5, runpod: 3, novita: 1 })
  })

  test('an empty market is zeros', async () => {
    for (const provider of ['vast', 'runpod'] as const) world.index.removeProvider(provider)
    expect((await stats()).data).toMatchObject({
      total_instances: 0,
      average_price: 0,
      price_range: { min: 0, max: 0 },
      model_stats: {},
      provider_stats: {},
    })
  })

  test('S003-51 a provider that is down is a warning', async () => {
    world.market.warnings = [isDown('runpod')]
    expect((await stats()).warnings).toMatchObject([{ provider: 'runpod', kind: 'down' }])
  })

  test('a provider that is switched off does not count', async () => {
    await world.close()
    world = await httpWorld({ off: ['runpod'] })
    expect((await stats()).data.provider_stats).toEqual({ vast_ai: 5 })
  })
})
