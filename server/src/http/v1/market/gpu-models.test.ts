import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

describe('200', () => {
  test('S003-22 S003-23 the contract’s answer, by model', async () => {
    const { json } = await world.ask('GET', '/api/v1/gpu-models')
    expect(json).toMatchObject({ success: true, message: 'GPU models retrieved successfully' })
    expect(json.data['RTX 4090']).toMatchObject({
      name: 'RTX 4090',
      memory_gb: 24,
      compute_capability: 8.9,
      architecture: 'Ada Lovelace',
      category: 'consumer',
      performance_score: 100,
    })
    expect(json.data.H100).toMatchObject({
      name: 'H100',
      memory_gb: 80,
      compute_capability: 9.0,
      architecture: 'Hopper',
      category: 'datacenter',
      performance_score: 150,
    })
  })

  test.each([
    ['S003-24', 'consumer', ['RTX 4090', 'RTX 4080', 'RTX 4070', 'RTX 3090', 'RTX 3080']],
    ['S003-25', 'professional', ['A6000', 'A40', 'Quadro RTX 8000']],
    ['S003-26', 'datacenter', ['H100', 'A100', 'V100']],
    ['S003-27', 'consumer', ['RX 7900 XTX', 'RX 6900 XT']],
  ])('%s %s: %s', async (_id, category, names) => {
    const { data } = (await world.ask('GET', '/api/v1/gpu-models')).json
    for (const name of names) expect(data[name], name).toMatchObject({ name, category })
  })

  test('S003-28 every score lies in 0..150 or is not known, and every key is the model’s name', async () => {
    const { data } = (await world.ask('GET', '/api/v1/gpu-models')).json
    for (const [key, model] of Object.entries<{ name: string; performance_score: number | null }>(data)) {
      expect(model.name).toBe(key)
      // null, never a guess: of some new cards no figure is published.
      expect(model.performance_score ?? 1, key).toBeGreaterThan(0)
      expect(model.performance_score ?? 1, key).toBeLessThanOrEqual(150)
    }
  })

  test('S003-50 a model that is put while we run is listed', async () => {
    const [some] = world.gpus.models()
    if (some === undefined) throw new Error('the catalogue is empty')
    world.gpus.put({ ...some, name: 'RTX 9999', family: 'RTX 9999', spellings: {} })
    expect((await world.ask('GET', '/api/v1/gpu-models')).json.data['RTX 9999']).toBeDefined()
  })

  test('tells which spellings nobody knows', async () => {
    world.gpus.recognise('Mystery 9000', { provider: 'runpod' })
    expect((await world.ask('GET', '/api/v1/gpu-models')).json.unknown_spellings).toEqual({ 'Mystery 9000': 1 })
  })
})

describe('400', () => {
  test('takes no query', async () => {
    expect((await world.ask('GET', '/api/v1/gpu-models?category=consumer')).status).toBe(400)
  })
})
