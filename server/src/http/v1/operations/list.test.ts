import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anOperation } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const operations = async (query = '') => (await world.ask('GET', `/api/v1/operations${query}`)).json

describe('200', () => {
  test('every call, newest first, with the instance whose machine it names', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, { externalId: '30114277' })
    await world.operations.add([
      anOperation(),
      anOperation({
        operation: 'terminate',
        method: 'DELETE',
        path: '/api/v0/instances/:id/',
        parts: ['api', 'v0', 'instances', '30114277'],
        outcome: 'timeout',
        status: null,
        error: 'no answer within 30 s',
        durationMs: 30_000,
      }),
    ])
    const { data } = await operations()
    expect(data[0]).toMatchObject({
      provider: 'vast_ai',
      operation: 'terminate',
      request: 'DELETE /api/v0/instances/:id/',
      instance_id: id,
      outcome: 'timeout',
      status: null,
      duration_ms: 30_000,
      attempt: 1,
    })
    expect(data[1]).toMatchObject({ operation: 'look', instance_id: null, status: 200 })
    expect((await operations(`?instance_id=${id}`)).data).toHaveLength(1)
    expect((await operations('?outcome=failed')).data).toHaveLength(1)
  })

  test('by provider, page by page', async () => {
    await world.operations.add(Array.from({ length: 3 }, () => anOperation({ provider: 'novita' })))
    await world.operations.add([anOperation()])
    const first = await operations('?provider=novita&limit=2')
    const second = await operations(`?provider=novita&limit=2&cursor=${first.next_cursor}`)
    expect([first, second].map(({ data }) => data.map((one: { id: number }) => one.id))).toEqual([[3, 2], [1]])
    expect(second.next_cursor).toBeNull()
  })
})

test('400 with a provider that is not known', async () => {
  expect((await world.ask('GET', '/api/v1/operations?provider=aws')).status).toBe(400)
})

test('who may see one project only sees the calls about its instances', async () => {
  const mine = await world.hasInstance({ status: 'ready', project: 'mine' }, { externalId: '1111' })
  await world.hasInstance({ status: 'ready', project: 'theirs' }, { externalId: '2222' })
  await world.operations.add(['1111', '2222', '3333'].map((machine) => anOperation({ parts: [machine] })))
  const found = await world.operations.list({ project: 'mine', limit: 10 })
  expect(found.map((one) => one.instanceId)).toEqual([mine.id])
})
