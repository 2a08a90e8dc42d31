import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../../core/money.ts'
import { hourMs } from '../../../core/time.ts'
import { aCharge } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const path = '/api/v1/budgets'
const set = (body: object) => world.ask('POST', path, body)

/** Two hours of a dollar each, still running. */
async function hasSpent(label: string | null = null) {
  const instance = await world.hasInstance({ status: 'ready', label }, { comparablePrice: nanosFromUsd('1') })
  const startedAfter = world.clock.now() - 2 * hourMs
  await world.charges.put([
    aCharge({
      instanceId: instance.id,
      ratePerHour: nanosFromUsd('1'),
      startedAfter,
      startedBefore: startedAfter,
      lastOnAt: world.clock.now(),
    }),
  ])
  return instance
}

describe('setting a budget', () => {
  test('201: shows what is spent, what is left and how long it lasts', async () => {
    await hasSpent()
    const { status, json } = await set({ scope: 'all', period: 'total', limit_usd: '10', action: 'stop' })
    expect(status).toBe(201)
    expect(json.data).toMatchObject({
      scope: 'all',
      key: null,
      limit_usd: '10',
      spent_usd: '2',
      held_usd: '0',
      left_usd: '8',
      spent_percent: 20,
      cost_per_hour_usd: '1',
      forecast: { ends_at: '2026-10-01T20:00:00.000Z', text: 'at this rate the budget ends on Thursday 20:00 UTC' },
    })
    expect((await world.listEvents()).at(-1)).toMatchObject({
      kind: 'changed',
      message: expect.stringContaining('was set'),
    })
  })

  test('400: names what is missing or means nothing', async () => {
    expect((await set({ scope: 'label', limit_usd: 5 })).json.error).toContain('key: is needed')
    expect((await set({ scope: 'all', key: 'x', limit_usd: 5 })).json.error).toContain('key: means nothing')
    expect((await set({ scope: 'all', limit_usd: 0 })).json.error).toContain('nothing is free')
    const two = await set({ scope: 'project', key: 'blue', project: 'red', limit_usd: 5 })
    expect(two.json.error).toContain('is blue, but project is red')
    const { id } = (await set({ scope: 'all', limit_usd: 5 })).json.data
    expect((await world.ask('PUT', `${path}/${id}`, {})).json.error).toContain('names nothing to change')
  })

  test('404: for an instance that is not there', async () => {
    expect((await set({ scope: 'instance', key: 'inst_nothere000000000', limit_usd: 5 })).status).toBe(404)
  })
})

test('a budget is listed, read, changed and removed', async () => {
  const { id } = (await set({ scope: 'label', key: 'vllm', limit_usd: '5' })).json.data
  expect((await world.ask('GET', path)).json.data).toMatchObject([
    { id, key: 'vllm', project: 'default', period: 'month', action: 'none' },
  ])
  const changed = await world.ask('PUT', `${path}/${id}`, { limit_usd: '7.5', action: 'terminate' })
  expect(changed.json.data).toMatchObject({ limit_usd: '7.5', action: 'terminate', period: 'month' })
  expect((await world.ask('GET', `${path}/${id}`)).json.data).toMatchObject({ limit_usd: '7.5' })
  expect((await world.ask('DELETE', `${path}/${id}`)).status).toBe(200)
  expect((await world.ask('GET', `${path}/${id}`)).status).toBe(404)
  expect((await world.ask('PUT', `${path}/${id}`, { limit_usd: 1 })).status).toBe(404)
  expect((await world.ask('DELETE', `${path}/${id}`)).status).toBe(404)
})

describe('a budget that is spent', () => {
  test('409: pays for no launch, before anything is written', async () => {
    await hasSpent('vllm')
    await set({ scope: 'label', key: 'vllm', period: 'total', limit_usd: '2.1' })
    const before = (await world.ask('GET', '/api/v1/instances')).json.data.length
    const refused = await world.ask('POST', '/api/v1/instances', { gpu_model: 'RTX 4090', label: 'vllm' })
    expect(refused.status).toBe(409)
    expect(refused.json).toMatchObject({
      code: 'budget_spent',
      error: expect.stringContaining('the budget of label vllm is $2.1000; $2.0000 are spent'),
      fix: expect.stringContaining('raise the budget'),
    })
    expect((await world.ask('GET', '/api/v1/instances')).json.data).toHaveLength(before)
    expect((await world.ask('POST', '/api/v1/instances', { gpu_model: 'RTX 4090', label: 'other' })).status).toBe(201)
  })

  test('409: pays for no start', async () => {
    const { id } = await world.hasInstance(
      { status: 'stopped', wanted: 'stopped' },
      { comparablePrice: nanosFromUsd('1') },
    )
    await set({ scope: 'instance', key: id, period: 'total', limit_usd: '0.5' })
    const refused = await world.ask('POST', `/api/v1/instances/${id}/start`)
    expect(refused).toMatchObject({ status: 409, json: { code: 'budget_spent' } })
    expect(await world.instances.get(id)).toMatchObject({ status: 'stopped' })
  })
})
