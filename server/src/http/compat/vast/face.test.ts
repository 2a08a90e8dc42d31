import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../../core/money.ts'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { fakeProvider } from '../../../testing/fake-provider.ts'
import { type HttpWorld, httpWorld, isDown } from '../../../testing/http-world.ts'
import { virtualClock } from '../../../testing/virtual-clock.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const search = (body?: unknown) => world.ask('POST', '/api/vast/search-offers', body)

/** Contract 000's shape and nothing else of anybody's. */
function expectDetail(
  { status, json }: { status: number; json: unknown },
  wanted: number,
  text: string | RegExp,
): void {
  expect(status).toBe(wanted)
  expect(json).toEqual({ detail: expect.stringMatching(text) })
}

describe('bad input', () => {
  test.each([
    ['gpu_name', 7],
    ['gpu_name', ''],
    ['max_price', 'cheap'],
    ['max_price', -1],
    ['min_gpu_ram', 0],
    ['min_gpu_ram', 1.5],
    ['num_gpus', '1'],
    ['rentable', 'true'],
    ['sort_by', 'dph_total'],
    ['limit', 'x'],
    ['limit', 0],
    ['limit', 101],
    ['inet_down', -1],
    ['inet_up', 'fast'],
  ])('400: %s %s in a body is named', async (field, value) => {
    expectDetail(await search({ [field]: value }), 400, new RegExp(`^the request is not valid: ${field}: `))
  })

  test.each([
    'max_price=',
    'max_price=1e3',
    'rentable=maybe',
    'limit=1.5',
    'sort_by=name',
    'min_gpu_ram=0x10',
    'gpu_name=',
  ])('400: %s in a query is named', async (query) => {
    const [field = ''] = query.split('=')
    expectDetail(await world.ask('GET', `/api/vast/offers?${query}`), 400, new RegExp(`: ${field}: `))
  })

  test('400: several mistakes are named at once', async () => {
    expectDetail(await search({ limit: 0, sort_by: 'x' }), 400, /sort_by: .*limit: /)
  })

  test('400: a body that is a list, a text, or not JSON', async () => {
    expectDetail(await search([1]), 400, /body/)
    expectDetail(await search('RTX4090'), 400, /body/)
    const broken = await world.send({ method: 'POST', url: '/api/vast/search-offers', payload: '{"limit":' })
    expectDetail(broken, 400, /JSON/)
  })

  test('400: a GPU that nobody knows, with near names', async () => {
    expectDetail(await search({ gpu_name: 'RTX 4O90' }), 400, /no GPU is known as RTX 4O90 \(did you mean/)
  })

  test('what other people’s clients send beyond the contract is left alone, and null states nothing', async () => {
    const { status, json } = await search({ max_price: null, gpu_name: null, order: 'asc', page: 3 })
    expect(status).toBe(200)
    expect(json.total).toBe(4)
  })
})

describe('paths and methods', () => {
  test('404 and 405', async () => {
    expectDetail(await world.ask('GET', '/api/vast'), 404, /there is no GET/)
    expectDetail(await world.ask('GET', '/api/vast/nothing'), 404, /there is no GET/)
    const { headers, ...answer } = await world.ask('PUT', '/api/vast/search-offers', {})
    expectDetail(answer, 405, /there is no PUT/)
    expect(headers.allow).toContain('POST')
  })

  test('404: an unknown template, in the contract’s words', async () => {
    expectDetail(await world.ask('GET', '/api/vast/templates/nope'), 404, /^템플릿 'nope'을 찾을 수 없습니다$/)
    expectDetail(await world.ask('GET', '/api/vast/templates/%EA%B0%80'), 404, /^템플릿 '가'을/)
  })

  test('413: a body that is too large', async () => {
    expectDetail(await search({ gpu_name: 'x'.repeat(1_100_000) }), 413, /over \d+ bytes/)
  })
})

describe('who asks', () => {
  test('401 without a key from elsewhere, and with a wrong one', async () => {
    const far = await world.send({ method: 'GET', url: '/api/vast/offers', remoteAddress: '10.0.0.9' })
    expectDetail(far, 401, /key/)
    expectDetail(await world.ask('GET', '/api/vast/offers', undefined, { 'x-api-key': 'wrong' }), 401, /key/)
  })

  test('429 over the rate limit', async () => {
    const limited = await httpWorld({ http: { rateLimit: { enabled: true, perMinute: 2 } } })
    for (let call = 0; call < 2; call += 1) await limited.ask('GET', '/api/vast/templates')
    expectDetail(await limited.ask('GET', '/api/vast/templates'), 429, /requests/)
    await limited.close()
  })
})

describe('Vast itself', () => {
  test('503 while it does not answer and nothing of it was seen; what was seen is shown', async () => {
    world.market.warnings = [isDown('vast', 'Vast.ai')]
    expect((await search({})).status).toBe(200)
    expectDetail(await search({ gpu_name: 'H100' }), 503, /^오퍼 검색 실패: Vast\.ai could not be/)
    world.market.warnings = []
    expect((await search({ gpu_name: 'H100' })).json).toMatchObject({ offers: [], total: 0 })
  })

  test('400 without its key, 503 while it is switched off', async () => {
    const without = await httpWorld({ providers: [fakeProvider({ clock: virtualClock(), name: 'runpod' })] })
    const asked = await without.ask('GET', '/api/vast/offers')
    expectDetail(asked, 400, /^API 키가 설정되지 않았거나 잘못되었습니다$/)
    expectDetail(await without.ask('GET', '/api/vast/health'), 503, /no API key for vast_ai/)
    await without.close()
    const off = await httpWorld({ off: ['vast'] })
    expectDetail(await off.ask('GET', '/api/vast/offers'), 503, /switched off/)
    expectDetail(await off.ask('GET', '/api/vast/health'), 503, /switched off/)
    await off.close()
  })

  test('500 for a fault of ours, without a word of the inside', async () => {
    await world.database.schema.dropTable('templates').execute()
    expectDetail(await world.ask('GET', '/api/vast/templates'), 500, /^something went wrong here$/)
  })
})

describe('offers', () => {
  test('only Vast’s outright ones with room for a model are shown, with the words of the contract', async () => {
    const { json } = await world.ask('GET', '/api/vast/offers')
    expect(json.offers.map(({ id }: { id: string }) => id)).toEqual(['rented', '4090', '4090x2', 'a100'])
    expect(json.offers[1]).toMatchObject({
      gpu_name: 'RTX 4090',
      num_gpus: 1,
      gpu_ram: 24,
      dph_total: 0.36,
      rentable: true,
    })
    expect(json).toMatchObject({ total: 4, filtered_count: 4, search_query: null })
  })

  test('the search is said as Vast’s own command line would take it', async () => {
    const asked = { gpu_name: 'RTX 4090', max_price: 2, num_gpus: 1, rentable: true, sort_by: 'gpu_ram', limit: 5 }
    const { json } = await search(asked)
    expect(json.search_query).toBe('gpu_name=RTX_4090 dph_total<=2 num_gpus=1 rentable=true')
    expect(json.sort_info).toEqual({ sort_by: 'gpu_ram', order: 'ascending', sort_key: 'gpu_ram' })
    expect((await search({ max_price: 0 })).json).toMatchObject({ total: 0, sort_info: { sort_by: 'price' } })
  })

  test('all that match are counted, however many there are', async () => {
    const many = Array.from({ length: 2_500 }, (_, at) =>
      anOffer({ externalId: String(at), pricePerHour: nanosFromUsd((1 + at / 10_000).toFixed(4)) }),
    )
    const huge = await httpWorld({ offers: many })
    expect((await huge.ask('POST', '/api/vast/search-offers', { limit: 1 })).json).toMatchObject({
      total: 2_500,
      filtered_count: 1,
    })
    await huge.close()
  })
})

test('statistics of a project’s key are its own', async () => {
  await world.hasInstance({ status: 'ready', project: 'blue' }, {})
  await world.hasInstance({ status: 'terminated', project: 'red' }, {})
  const blue = await world.keyOf({ role: 'viewer', project: 'blue' })
  expect((await world.ask('GET', '/api/vast/statistics')).json).toMatchObject({
    total_instances: 2,
    active_instances: 1,
    destroyed_instances: 1,
    gpu_distribution: { 'RTX 4090': 1 },
    status_distribution: { running: 1, exited: 1 },
  })
  expect((await world.ask('GET', '/api/vast/statistics', undefined, blue.headers)).json.total_instances).toBe(1)
})
