import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const terminate = (id: string) => world.ask('DELETE', `/api/v1/instances/${id}`)

describe('200', () => {
  test.each(['launching', 'starting', 'running', 'ready', 'interrupted', 'stopping', 'stopped'] as const)(
    'R003-03 one that is %s: the wish is written down, the worker does it',
    async (status) => {
      const { id } = await world.hasInstance({ status }, {})
      const { json } = await terminate(id)
      expect(json).toMatchObject({
        success: true,
        message: 'Instance destroyed successfully',
        data: { id, status: 'terminating', wanted: 'ended' },
      })
      expect(world.rung).toBe(1)
    },
  )

  test('before anything was rented it is cancelled', async () => {
    const { id } = await world.hasInstance()
    expect((await terminate(id)).json.data).toMatchObject({ wanted: 'ended', status: 'requested' })
  })

  test('again, and on what has ended, changes nothing', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    await terminate(id)
    const ended = await world.hasInstance({ status: 'failed' })
    const before = await world.listEvents()
    expect((await terminate(id)).status).toBe(200)
    expect((await terminate(ended.id)).json.data.status).toBe('failed')
    expect(await world.listEvents()).toEqual(before)
  })

  test('ten at once are one wish', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    const answers = await Promise.all(Array.from({ length: 10 }, () => terminate(id)))
    expect(new Set(answers.map((one) => one.status))).toEqual(new Set([200]))
    expect((await world.listEvents()).filter((event) => event.status === 'terminating')).toHaveLength(1)
  })
})

describe('404', () => {
  test('no such instance', async () => {
    expect((await terminate('nope')).json.code).toBe('not_found')
  })
})
