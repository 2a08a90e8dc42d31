import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const url = '/api/v1/offers/search/advanced'
const search = (body: unknown) => world.ask('POST', url, body)
// biome-ignore lint/suspicious/noExplicitAny: rows as they come
type Row = any
const rows = async (body: unknown): Promise<Row[]> => {
  const answer = await search(body)
  expect(answer.status).toBe(200)
  return answer.json.data
}
const ids = async (body: unknown) => (await rows(body)).map((row) => row.id)

describe('200', () => {
  test('S003-04 S003-10 the ten-field example: category and models must both hold', async () => {
    const answer = await search({
      gpu_models: ['RTX 4090', 'RTX 4080', 'A100'],
      gpu_category: 'consumer',
      min_gpu_count: 1,
      max_price: 3.0,
      min_ram: 16,
      regions: ['US-East', 'US-West'],
      min_performance: 80,
      sort_by: 'price',
      sort_order: 'asc',
      available: true,
    })
    expect(answer.json).toMatchObject({ success: true, message: 'Advanced search completed successfully' })
    expect(answer.json.data.map((row: Row) => row.id)).toEqual(['vast_4090:spot', 'vast_4080', 'vast_4090'])
  })

  test('S003-05 S003-12 S003-16 the complex example', async () => {
    const found = await rows({
      gpu_models: ['RTX 4090', 'A100'],
      min_price: 0.5,
      max_price: 5.0,
      min_ram: 24,
      regions: ['US-East', 'Europe', 'Asia'],
      min_reliability: 0.8,
      min_performance: 85,
      sort_by: 'price',
      sort_order: 'asc',
    })
    expect(found.map((row) => row.id)).toEqual(['vast_a100'])
  })

  test('S003-06 one model', async () => {
    const found = await ids({
      gpu_model: 'RTX 4090',
      max_price: 3.0,
      sort_by: 'price',
      sort_order: 'asc',
      available: true,
    })
    expect(found).toEqual(['vast_4090:spot', 'vast_4090', 'vast_4090x2'])
  })

  test.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data', 'nonsense', ';', undefined])(
    'S003-07 the body is JSON, with Content-Type %s',
    async (type) => {
      const answer = await world.send({
        method: 'POST',
        url,
        payload: '{"gpu_category": "professional", "available": true}',
        headers: { ...(type !== undefined && { 'content-type': type }) },
      })
      expect(answer.status).toBe(200)
      expect(answer.json.data.map((row: Row) => row.id)).toEqual(['runpod_NVIDIA A40:SECURE'])
    },
  )

  test('S003-08 several models are an OR', async () => {
    const found = await rows({ gpu_models: ['RTX 4090', 'RTX 4080', 'RTX 4070'], available: true })
    expect(new Set(found.map((row) => row.gpu_model))).toEqual(new Set(['RTX 4090', 'RTX 4080']))
  })

  test.each(['consumer', 'professional', 'datacenter'])(
    'S003-09 category %s, and nothing unknown',
    async (category) => {
      const found = await rows({ gpu_category: category, available: true })
      expect(found.length).toBeGreaterThan(0)
      expect(new Set(found.map((row) => row.gpu_info.category))).toEqual(new Set([category]))
    },
  )

  test('S003-11 S003-13 S003-14 counts, memory and disk', async () => {
    expect(await ids({ min_gpu_count: 2 })).toEqual(['vast_4090x2'])
    expect((await rows({ min_ram: 24 })).every((row) => row.ram_gb >= 24)).toBe(true)
    expect(await ids({ min_ram_gb: 200 })).toEqual(['vast_a100'])
    expect(await ids({ gpu_model: 'RTX 4080', min_storage_gb: 100 })).toEqual([])
  })

  test('S003-15 regions are an OR, in the contract’s names', async () => {
    expect(await ids({ regions: ['Europe', 'Asia'] })).toEqual([
      'vast_4090x2',
      'vast_a100',
      'runpod_NVIDIA H100 80GB HBM3:SECURE',
    ])
    expect(await ids({ region: 'US-West', market: 'spot' })).toEqual(['vast_4090:spot'])
  })

  test('S003-16 an unknown reliability satisfies no bound', async () => {
    expect((await rows({ min_reliability: 0.8 })).every((row) => row.reliability >= 0.8)).toBe(true)
  })

  test('S003-17 the score is inclusive', async () => {
    expect(await ids({ min_performance: 120 })).toContain('vast_a100')
    expect(await ids({ min_performance: 121 })).not.toContain('vast_a100')
    expect((await rows({ min_performance: 90 })).every((row) => row.performance >= 90)).toBe(true)
  })

  test('S003-18 by price and by performance, both ways; what has no score comes last', async () => {
    const prices = (await rows({ sort_by: 'price', sort_order: 'desc' })).map((row) => row.price_per_hour)
    expect(prices).toEqual([...prices].sort((a, b) => b - a))
    const best = (await rows({ sort_by: 'performance', sort_order: 'desc' })).map((row) => row.performance)
    expect(best).toEqual([150, 120, 100, 100, 100, 85, 85, null])
    const worst = (await rows({ sort_by: 'performance' })).map((row) => row.performance)
    expect(worst).toEqual([85, 85, 100, 100, 100, 120, 150, null])
  })

  test('S003-19 R003-11 by reliability, memory and count', async () => {
    const reliable = (await rows({ sort_by: 'reliability', sort_order: 'desc' })).map((row) => row.reliability)
    expect(reliable).toEqual([0.999, 0.99, 0.99, 0.99, 0.99, 0.7, null, null])
    expect((await rows({ sort_by: 'memory', sort_order: 'desc', limit: 1 }))[0].gpu_memory_gb).toBe(80)
    expect((await rows({ sort_by: 'gpu_count', sort_order: 'desc', limit: 1 }))[0].gpu_count).toBe(2)
  })

  test('zero states nothing', async () => {
    const all = await ids({})
    expect(await ids({ min_ram: 0, min_gpu_count: 0, max_gpu_count: 0, min_performance: 0, min_price: 0 })).toEqual(all)
  })

  test('money may be decimal text', async () => {
    expect(await ids({ gpu_model: 'RTX 4090', max_price: '0.20' })).toEqual(['vast_4090:spot'])
  })

  test('S003-52 the same words work with every provider', async () => {
    for (const provider of ['vast_ai', 'runpod', 'lambda_labs', 'paperspace', 'novita', 'Lambda-Labs', 'vast.ai']) {
      expect((await search({ provider, gpu_category: 'consumer', max_price: 3 })).status).toBe(200)
    }
  })

  test('S003-41 marketplaces’ spellings are one model', async () => {
    const spelled = ['RTX_4090', 'NVIDIA GeForce RTX 4090'].map((spelling, at) =>
      anOffer({
        externalId: `s${at}`,
        gpu: { spelling, ...world.gpus.recognise(spelling, { provider: 'vast', memoryGb: 24 }) },
      }),
    )
    world.index.replace({ provider: 'vast', account: 'main', scope: 'all', offers: spelled })
    expect((await rows({ provider: 'vast' })).map((row) => row.gpu_model)).toEqual(['RTX 4090', 'RTX 4090'])
  })
})

describe('400', () => {
  test.each([
    [{ gpu_modells: ['RTX 4090'] }, 'gpu_modells', 'did you mean gpu_model'],
    [{ max_price: 'cheap' }, 'max_price', 'takes dollars'],
    [{ max_price: true }, 'max_price', 'takes dollars'],
    [{ max_price: -1 }, 'max_price', '>=0'],
    [{ max_price: 0 }, 'max_price', 'nothing is free'],
    [{ min_ram: '16' }, 'min_ram', 'expected number'],
    [{ available: 'true' }, 'available', 'expected boolean'],
    [{ gpu_models: 'RTX 4090' }, 'gpu_models', 'expected array'],
    [{ gpu_models: ['RTX 4090', 7] }, 'gpu_models.1', 'expected string'],
    [{ min_gpu_count: 1.5 }, 'min_gpu_count', 'int'],
    [{ min_gpu_count: 3, max_gpu_count: 2 }, 'min_gpu_count', 'no offer can be both'],
    [{ min_ram: 32, max_ram_gb: 16 }, 'min_ram_gb', 'no offer can be both'],
    [{ min_ram: 32, min_ram_gb: 16 }, 'min_ram', 'the same thing'],
    [{ provider: 'azure' }, 'provider', 'there are vast_ai'],
    [{ providers: ['vast', 'azure'] }, 'provider', 'there are vast_ai'],
    [[], 'body', 'is array: send one JSON object'],
    [null, 'body', 'is null: send one JSON object'],
    ['text', 'body', 'is string: send one JSON object'],
    [{ limit: 100_000 }, 'limit', '<=1000'],
  ])('%j', async (body, field, problem) => {
    const { status, json } = await search(body)
    expect(status).toBe(400)
    expect(json.details.mistakes).toContainEqual({ field, problem: expect.stringContaining(problem) })
  })

  test('no body at all', async () => {
    for (const payload of ['', '  \n']) {
      const { status, json } = await world.send({ method: 'POST', url, payload })
      expect(status).toBe(400)
      expect(json.error).toContain('body: is')
      expect(json.error).toContain('send one JSON object')
    }
  })

  test('an unknown GPU among known ones', async () => {
    const { json } = await search({ gpu_models: ['RTX 4090', 'RTX 40900'] })
    expect(json.code).toBe('unknown_gpu')
    expect(json.details.unknown.map((one: { name: string }) => one.name)).toEqual(['RTX 40900'])
  })

  test('malformed JSON says where, and quotes nothing', async () => {
    const { status, json, text } = await world.send({ method: 'POST', url, payload: '{"gpu_model": sk-secret}' })
    expect(status).toBe(400)
    expect(json.code).toBe('malformed_json')
    expect(text).not.toContain('sk-secret')
  })
})
