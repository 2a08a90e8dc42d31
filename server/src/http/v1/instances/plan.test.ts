import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HttpWorld, httpWorld, isDown } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(async () => {
  expect(await world.instances.list({ limit: 1 })).toEqual([])
  expect(world.rung).toBe(0)
  await world.close()
})

const plan = (body: unknown) => world.ask('POST', '/api/v1/instances/plan', body)

describe('200', () => {
  test('what would be tried, in order, one machine once', async () => {
    const { json } = await plan({ min_vram_gb: 20, market: 'any', disk_gb: 20 })
    expect(json.data.offers.map((offer: { id: string }) => offer.id)).toEqual([
      'vast_4090:spot',
      'vast_4090',
      'runpod_NVIDIA A40:SECURE',
      'vast_a100',
      'runpod_NVIDIA H100 80GB HBM3:SECURE',
    ])
    expect(json.data).toMatchObject({ dry_run: true, disk_gb: 20, cheapest_per_hour_usd: '0.2' })
  })

  test('nothing fits', async () => {
    const { status, json } = await plan({ gpu_model: 'RTX 4090', max_price_per_hour_usd: '0.01' })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      message: 'Nothing on sale fits now',
      data: { offers: [], cheapest_per_hour_usd: null },
    })
  })

  test('with what could not be asked', async () => {
    world.market.warnings = [isDown('runpod')]
    expect((await plan({ gpu_model: 'RTX 4090' })).json.warnings).toMatchObject([{ provider: 'runpod', kind: 'down' }])
  })
})

describe('400', () => {
  test('the same mistakes as a launch', async () => {
    expect((await plan({})).json.details.mistakes).toMatchObject([{ field: 'gpu_model' }])
    expect((await plan({ gpu_model: 'nope' })).json.code).toBe('unknown_gpu')
  })
})

describe('409', () => {
  test('the chosen offer is gone, or does not fit', async () => {
    expect((await plan({ provider: 'vast', offer_id: '7' })).json.code).toBe('offer_gone')
    const tooDear = { provider: 'vast', offer_id: '4090', max_price_per_hour_usd: '0.01' }
    expect(await plan(tooDear)).toMatchObject({ status: 409, json: { code: 'no_offer' } })
  })
})

describe('503', () => {
  test('nobody who was asked has answered', async () => {
    world.index.removeProvider('runpod')
    world.market.warnings = [isDown('runpod')]
    expect(await plan({ provider: 'runpod', gpu_model: 'A40' })).toMatchObject({
      status: 503,
      json: { code: 'provider_unavailable', details: { provider: 'runpod' } },
    })
  })
})
