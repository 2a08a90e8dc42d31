import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

describe('200', () => {
  test('what happened to this one, oldest first, in pages', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    await world.hasInstance({ status: 'ready' }, {})
    await world.ask('POST', `/api/v1/instances/${id}/stop`)
    const url = `/api/v1/instances/${id}/events`
    const { json } = await world.ask('GET', url)
    expect(json.data).toMatchObject([
      { kind: 'status', status: 'requested', instance_id: id },
      { kind: 'status', status: 'stopping', because: 'asked', data: { from: 'ready', action: 'stop' } },
    ])
    expect((await world.ask('GET', `${url}?limit=1`)).json.data).toEqual([json.data[0]])
    expect((await world.ask('GET', `${url}?after=${json.data[0].id}`)).json.data).toEqual([json.data[1]])
  })
})

describe('400', () => {
  test.each(['after=-1', 'after=', 'after=x', 'limit=0', 'limit=1001', 'since=1'])('%s', async (query) => {
    const { id } = await world.hasInstance({ status: 'ready' })
    expect((await world.ask('GET', `/api/v1/instances/${id}/events?${query}`)).status).toBe(400)
  })
})

describe('404', () => {
  test('no such instance', async () => {
    expect((await world.ask('GET', '/api/v1/instances/nope/events')).json.code).toBe('not_found')
  })
})
