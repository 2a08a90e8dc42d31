import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../../core/money.ts'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { hourMs } from '../../../core/time.ts'
import { aCharge } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

describe('200', () => {
  test('each machine with its time, end, cost and addresses', async () => {
    const at = world.clock.now()
    const { id } = await world.hasInstance(
      { status: 'ready' },
      {
        offer: anOffer({ market: 'spot' }),
        bidPerHour: nanosFromUsd('0.22'),
        upAt: at,
        interruptedAt: at,
        endpoints: [{ containerPort: 8000, protocol: 'tcp', host: '203.0.113.7', port: 40001, url: null }],
        checkpointStartedAt: at,
        checkpointEndedAt: at,
        checkpointResult: 'done',
        deadManMs: 6 * hourMs,
      },
    )
    const rate = { instanceId: id, ratePerHour: nanosFromUsd('0.22') }
    const end = at + hourMs
    await world.charges.put([
      aCharge({ ...rate, startedAfter: at, startedBefore: at, lastOnAt: end, endedAfter: end, endedBefore: end }),
      aCharge({ ...rate, attempt: 2 }),
    ])
    const { json } = await world.ask('GET', `/api/v1/instances/${id}/launches`)
    expect(json.data).toMatchObject([
      {
        attempt: 1,
        provider: 'vast_ai',
        provider_id: 'm-1',
        market: 'spot',
        offer_id: '1:spot',
        until: null,
        because: null,
        bid_per_hour_usd: '0.22',
        cost_usd: '0.22',
        interrupted_at: new Date(at).toISOString(),
        endpoints: [{ container_port: 8000, host: '203.0.113.7', port: 40001 }],
        checkpoint: { result: 'done' },
        dead_man: { hours: 6, first_heard_at: null },
      },
    ])
  })

  test('none yet', async () => {
    const { id } = await world.hasInstance()
    expect((await world.ask('GET', `/api/v1/instances/${id}/launches`)).json.data).toEqual([])
  })
})

describe('404', () => {
  test('no such instance', async () => {
    expect((await world.ask('GET', '/api/v1/instances/nope/launches')).json.code).toBe('not_found')
  })
})
