import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const stop = (id: string, body?: unknown) => world.ask('POST', `/api/v1/instances/${id}/stop`, body)

describe('200', () => {
  test.each(['starting', 'running', 'ready'] as const)('R003-03 one that is %s', async (status) => {
    const { id } = await world.hasInstance({ status }, {})
    const { json } = await stop(id)
    expect(json).toMatchObject({
      message: 'Instance stopped successfully',
      data: { status: 'stopping', wanted: 'stopped' },
    })
    expect(world.rung).toBe(1)
  })

  test('again is as good', async () => {
    for (const status of ['stopping', 'stopped'] as const) {
      const { id } = await world.hasInstance({ status, wanted: 'stopped' }, {})
      expect((await stop(id)).json.data.status).toBe(status)
    }
    expect(world.rung).toBe(0)
  })

  test('an empty body of any type is none', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    const url = `/api/v1/instances/${id}/stop`
    const type = { 'content-type': 'application/json' }
    expect((await world.send({ method: 'POST', url, payload: '', headers: type })).status).toBe(200)
    expect((await world.send({ method: 'POST', url, payload: 'null', headers: type })).status).toBe(200)
  })
})

describe('400', () => {
  test('a marketplace that cannot stop a machine and keep it', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, { offer: anOffer({ provider: 'runpod' }) })
    expect((await stop(id)).json).toMatchObject({ code: 'not_possible_here', details: { provider: 'runpod' } })
    expect((await world.instances.get(id))?.status).toBe('ready')
  })
})

describe('404', () => {
  test('no such instance', async () => {
    expect((await stop('nope')).json.code).toBe('not_found')
  })
})

describe('409', () => {
  test.each(['requested', 'launching', 'interrupted', 'terminating', 'terminated', 'failed'] as const)(
    'while it is %s',
    async (status) => {
      const { id } = await world.hasInstance({ status }, {})
      const answer = await stop(id)
      expect(answer.status).toBe(409)
      expect(answer.json.details).toMatchObject({ status, possible_while: ['starting', 'running', 'ready'] })
      expect((await world.instances.get(id))?.wanted).toBe('up')
    },
  )
})
