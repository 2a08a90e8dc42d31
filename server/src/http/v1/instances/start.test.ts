import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const start = (id: string, body?: unknown) => world.ask('POST', `/api/v1/instances/${id}/start`, body)

describe('200', () => {
  test('R003-03 a stopped one is wanted up again; the worker does it', async () => {
    const { id } = await world.hasInstance({ status: 'stopped', wanted: 'stopped' }, {})
    const { json } = await start(id)
    expect(json).toMatchObject({ success: true, message: 'Instance started successfully' })
    expect(json.data).toMatchObject({ id, status: 'starting', wanted: 'up', because: 'asked' })
    expect(world.rung).toBe(1)
    expect(world.providerNamed('vast').calls).toEqual([])
  })

  test('again while it starts changes nothing', async () => {
    const { id } = await world.hasInstance({ status: 'stopped', wanted: 'stopped' }, {})
    await start(id)
    const before = await world.listEvents()
    expect((await start(id, {})).status).toBe(200)
    expect(await world.listEvents()).toEqual(before)
  })
})

describe('400', () => {
  test('takes no fields', async () => {
    const { id } = await world.hasInstance({ status: 'stopped' }, {})
    expect((await start(id, { force: true })).json.details.mistakes).toMatchObject([{ field: 'force' }])
    expect((await start(id, [])).status).toBe(400)
    expect((await world.instances.get(id))?.status).toBe('stopped')
  })

  test('the key of its provider is gone', async () => {
    await world.close()
    world = await httpWorld({ providers: [] })
    const { id } = await world.hasInstance({ status: 'stopped' }, {})
    expect((await start(id)).json.code).toBe('provider_not_configured')
    expect((await world.instances.get(id))?.status).toBe('stopped')
  })
})

describe('404', () => {
  test('no such instance', async () => {
    expect((await start('nope')).json.code).toBe('not_found')
  })
})

describe('409', () => {
  test.each(['requested', 'launching', 'interrupted', 'stopping', 'terminating', 'terminated', 'failed'] as const)(
    'while it is %s, with why and when it is possible',
    async (status) => {
      const { id } = await world.hasInstance({ status }, { externalId: 'm-1' })
      const answer = await start(id)
      expect(answer.status).toBe(409)
      expect(answer.json).toMatchObject({ code: 'not_allowed_now', details: { status, possible_while: ['stopped'] } })
      expect(answer.json.error).toContain(`it is ${status}`)
      expect((await world.instances.get(id))?.status).toBe(status)
      expect(world.rung).toBe(0)
    },
  )
})
