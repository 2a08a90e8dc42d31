import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { aCharge, aMachine } from '../../../testing/builders.ts'
import { failure } from '../../../testing/fake-provider.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const release = (id: string, body: object = { confirm: true, reason: 'the account was closed' }) =>
  world.ask('POST', `/api/v1/instances/${id}/release`, body)
const hasLost = () => world.hasInstance({ status: 'ready', attempt: 1 }, { externalId: 'm-1', keyMark: 'an older key' })

describe('200', () => {
  test('with another key that does not show its machine, its word is taken, and its costs end', async () => {
    const { id } = await hasLost()
    await world.charges.put([aCharge({ instanceId: id })])
    await world.clock.advance(60_000)
    const { status, json } = await release(id)
    expect(status).toBe(200)
    expect(json.data).toMatchObject({ status: 'terminating', wanted: 'ended', cost_per_hour_usd: '0' })
    expect(world.rung).toBe(1)
    const [launch] = await world.launches.ofInstance(id)
    expect(launch?.settledAt).toBe(world.clock.now())
    const events = (await world.ask('GET', `/api/v1/instances/${id}/events`)).json.data
    expect(events.at(-1)).toMatchObject({
      kind: 'released',
      message: expect.stringContaining('the account was closed'),
      data: { machines: [{ provider: 'vast_ai', machine: 'm-1' }] },
    })
  })

  test('so it is without any key', async () => {
    const { id } = await world.hasInstance({ status: 'ready', attempt: 1 }, { offer: anOffer({ provider: 'lambda' }) })
    expect((await release(id)).status).toBe(200)
  })
})

describe('400', () => {
  test.each([{}, { confirm: false, reason: 'x' }, { confirm: true }, { confirm: true, reason: ' ' }])(
    'without a clear word: %j',
    async (body) => {
      const { id } = await hasLost()
      expect((await release(id, body)).status).toBe(400)
      expect((await world.launches.ofInstance(id))[0]?.settledAt).toBeNull()
    },
  )
})

describe('404', () => {
  test('no such instance', async () => {
    expect((await release('nope')).status).toBe(404)
  })
})

describe('409', () => {
  test('while the marketplace can be asked with the key that rented it', async () => {
    const { id } = await world.hasInstance({ status: 'ready', attempt: 1 }, { keyMark: 'test-key' })
    expect((await release(id)).json).toMatchObject({
      code: 'not_allowed_now',
      fix: expect.stringContaining('terminate'),
    })
    expect((await world.instances.get(id))?.status).toBe('ready')
  })

  test('while another key shows the machine, by its id or by its label', async () => {
    const lost = await hasLost()
    const vast = world.providerNamed('vast')
    vast.machines.set('m-1', aMachine({ label: 'renamed' }))
    expect((await release(lost.id)).status).toBe(409)
    vast.machines.clear()
    vast.machines.set('m-9', aMachine({ externalId: 'm-9', label: lost.launch?.label ?? '' }))
    expect((await release(lost.id)).status).toBe(409)
  })

  test('when nothing of it can be billed any more', async () => {
    const { id } = await world.hasInstance({ status: 'terminated' }, { settledAt: 1 })
    expect((await release(id)).json.code).toBe('not_allowed_now')
  })
})

describe('503', () => {
  test('silence is not absence', async () => {
    const { id } = await hasLost()
    world.providerNamed('vast').before.look = () => {
      throw failure('vast', { kind: 'unavailable' })
    }
    expect((await release(id)).status).toBe(503)
    expect((await world.launches.ofInstance(id))[0]?.settledAt).toBeNull()
  })
})
