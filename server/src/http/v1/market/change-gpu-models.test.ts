import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { adminKey, type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const path = (name: string) => `/api/v1/gpu-models/${encodeURIComponent(name)}`
const put = (name: string, body: unknown) => world.ask('PUT', path(name), body)
const listed = async (name: string) => (await world.ask('GET', '/api/v1/gpu-models')).json.data[name]

describe('PUT 200', () => {
  test('S003-50 changes what is said, and leaves the rest', async () => {
    const { status, json } = await put('rtx_4090', { memory_gb: 48, performance_score: 111 })
    expect(status).toBe(200)
    expect(json.message).toBe('GPU model changed')
    expect(await listed('RTX 4090')).toMatchObject({
      name: 'RTX 4090',
      memory_gb: 48,
      performance_score: 111,
      architecture: 'Ada Lovelace',
      category: 'consumer',
      source: 'api',
    })
  })

  test('replaces what an earlier call said', async () => {
    await put('RTX 4090', { memory_gb: 48 })
    await put('RTX 4090', { architecture: 'Ada' })
    expect(await listed('RTX 4090')).toMatchObject({ memory_gb: 24, architecture: 'Ada' })
  })

  test('a contract’s short name is the model that is listed under it', async () => {
    const { json } = await put('H100', { memory_gb: 81 })
    expect(json.data).toMatchObject({ name: 'H100', canonical_name: 'H100 SXM 80GB', memory_gb: 81 })
    expect(await listed('H100')).toMatchObject({ memory_gb: 81 })
  })

  test('adds a model, and its offers are found by it at once', async () => {
    const search = async () => (await world.ask('GET', '/api/v1/offers/search?gpu_model=RTX%209000')).json
    expect((await search()).code).toBe('unknown_gpu')
    const body = { memory_gb: 12, category: 'consumer', fp16_tflops: 100, spellings: { runpod: ['Mystery 9000'] } }
    const { json } = await put('RTX 9000', body)
    expect(json.message).toBe('GPU model added')
    const { data } = await search()
    expect(data).toHaveLength(1)
    expect(data[0]).toMatchObject({ gpu_model: 'RTX 9000', gpu_known: true, gpu_info: { category: 'consumer' } })
    expect(data[0].performance_score).toBeGreaterThan(0)
  })

  test('is in the audit log with what was and what is', async () => {
    await put('RTX 4090', { memory_gb: 48 })
    expect((await world.listEvents()).at(-1)).toMatchObject({
      kind: 'changed',
      message: 'the GPU model RTX 4090 was changed',
      actor: 'keyless',
      before: { memory_gb: 24 },
      after: { memory_gb: 48 },
    })
  })
})

describe('DELETE', () => {
  test('goes back to the built-in figures', async () => {
    await put('RTX 4090', { memory_gb: 48 })
    const { json } = await world.ask('DELETE', path('RTX 4090'))
    expect(json.data).toMatchObject({ memory_gb: 24, source: 'built_in' })
    expect(await listed('RTX 4090')).toMatchObject({ memory_gb: 24, source: 'built_in' })
  })

  test('takes out what was added', async () => {
    await put('RTX 9000', { memory_gb: 12 })
    const { status, json } = await world.ask('DELETE', path('RTX 9000'))
    expect([status, json.message, json.data]).toEqual([200, 'GPU model removed', null])
    expect(await listed('RTX 9000')).toBeUndefined()
  })

  test.each(['RTX 4090', 'RTX 9000'])('404 for %s, of which nothing was said', async (name) => {
    const { status, json } = await world.ask('DELETE', path(name))
    expect([status, json.code]).toEqual([404, 'not_found'])
  })
})

describe('PUT 400', () => {
  test('names every mistake', async () => {
    const { status, json } = await put('RTX 9000', {
      memory_gb: 0,
      performance_score: 151,
      category: 'gaming',
      colour: 'red',
    })
    expect(status).toBe(400)
    for (const field of ['memory_gb', 'performance_score', 'category', 'colour']) expect(json.error).toContain(field)
    expect(await listed('RTX 9000')).toBeUndefined()
  })

  test.each([
    ['a new model without memory', 'RTX 9000', { category: 'consumer' }, 'memory_gb'],
    ['a name that means another model', 'H100 80GB', { memory_gb: 80 }, 'H100 SXM 80GB'],
    ['a name of nothing', '---', { memory_gb: 80 }, 'name'],
    [
      'a provider nobody knows',
      'RTX 9000',
      { memory_gb: 8, spellings: { nowhere: ['x'] } },
      'nowhere is not a provider',
    ],
    ['CUDA on an AMD card', 'RX 9999', { memory_gb: 8, vendor: 'amd', compute_capability: 9 }, 'compute_capability'],
  ])('%s', async (_what, name, body, says) => {
    const { status, json } = await put(name, body)
    expect(status).toBe(400)
    expect(json.error).toContain(says)
  })
})

test('403 for those who may not change the catalogue', async () => {
  const { headers } = await world.keyOf({ role: 'operator' })
  expect((await world.ask('PUT', path('RTX 4090'), { memory_gb: 48 }, headers)).status).toBe(403)
  expect((await world.ask('DELETE', path('RTX 4090'), undefined, headers)).status).toBe(403)
  const admin = { 'x-api-key': adminKey }
  expect((await world.ask('PUT', path('RTX 4090'), { memory_gb: 48 }, admin)).status).toBe(200)
})
