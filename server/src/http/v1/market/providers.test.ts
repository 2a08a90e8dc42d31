import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../../core/money.ts'
import { failure } from '../../../testing/fake-provider.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

// biome-ignore lint/suspicious/noExplicitAny: entries as they come
const list = async (query = ''): Promise<any[]> => (await world.ask('GET', `/api/v1/providers${query}`)).json.data

describe('200', () => {
  test('S003-29 S003-30 S003-61 Vast.ai and RunPod as in the contract', async () => {
    const providers = await list()
    expect(providers.find((one) => one.name === 'vast_ai')).toMatchObject({
      display_name: 'Vast.ai',
      website: 'https://vast.ai',
      regions: expect.arrayContaining(['US-East', 'US-West', 'Europe', 'Asia']),
      gpu_models: expect.arrayContaining(['RTX 4090']),
      features: expect.arrayContaining(['SSH Access', 'Docker Support', 'Jupyter Notebooks']),
      is_configured: true,
    })
    expect(providers.find((one) => one.name === 'runpod')).toMatchObject({
      display_name: 'RunPod',
      regions: expect.arrayContaining(['Global', 'US', 'US-East', 'Europe', 'Asia']),
      features: expect.arrayContaining(['GraphQL API', 'Jupyter Support', 'Community & Secure Cloud']),
      is_configured: true,
    })
  })

  test('S003-31 S003-32 all are listed; is_configured follows the key', async () => {
    expect((await list()).map((one) => [one.name, one.is_configured])).toEqual([
      ['vast_ai', true],
      ['runpod', true],
      ['lambda_labs', false],
      ['paperspace', false],
      ['novita', false],
    ])
  })

  test('shows what each has on sale and how its market is', async () => {
    world.market.states.push({
      provider: 'vast',
      lastSeenAt: world.clock.now(),
      lastError: 'timed out',
      sampled: true,
      skipped: {},
    })
    const [vast, runpod] = await list()
    expect(vast).toMatchObject({
      gpu_models: ['A100 SXM 80GB', 'RTX 4080', 'RTX 4090'],
      offers: 5,
      offers_seen_at: '2026-10-01T12:00:00.000Z',
      offers_sampled: true,
      last_error: 'timed out',
    })
    expect(runpod).toMatchObject({ offers: 3, offers_seen_at: null, last_error: null })
  })

  test('a balance only when it is asked for, and null where there is none to get', async () => {
    world.providerNamed('vast').balance = async () => nanosFromUsd('12.345678901')
    world.providerNamed('runpod').balance = async () => {
      throw failure('runpod', { kind: 'unavailable' })
    }
    expect((await list())[0].accounts).toEqual([{ name: 'main', balance_usd: null, circuit: 'closed' }])
    const [vast, runpod] = await list('?balances=true')
    expect(vast.accounts).toEqual([{ name: 'main', balance_usd: '12.345678901', circuit: 'closed' }])
    expect(runpod.accounts).toEqual([{ name: 'main', balance_usd: null, circuit: 'closed' }])
  })
})

describe('400', () => {
  test('balances is true or false', async () => {
    expect((await world.ask('GET', '/api/v1/providers?balances=yes')).json.details.mistakes).toMatchObject([
      { field: 'balances' },
    ])
  })
})
