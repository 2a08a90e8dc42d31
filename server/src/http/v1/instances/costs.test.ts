import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../../core/money.ts'
import { hourMs, minuteMs } from '../../../core/time.ts'
import { aCharge } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

describe('200', () => {
  test('every amount is exact decimal text', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    const at = world.clock.now()
    const charge = aCharge({
      instanceId: id,
      ratePerHour: nanosFromUsd('0.333333333'),
      startedAfter: at - minuteMs,
      startedBefore: at,
    })
    await world.charges.put([charge])
    await world.clock.advance(hourMs)
    const { json } = await world.ask('GET', `/api/v1/instances/${id}/costs`)
    expect(json.data).toMatchObject({
      instance_id: id,
      status: 'ready',
      cost_so_far_usd: '0.338888889',
      cost_per_hour_usd: '0.333333333',
      projected_per_day_usd: '7.999999992',
      projected_per_month_usd: '239.99999976',
      exact: false,
      charges: [{ kind: 'gpu', rate_per_hour_usd: '0.333333333', ended_before: null }],
    })
  })

  test('what the marketplace has billed for traffic stands beside it', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, { externalId: 'm-1' })
    const at = world.clock.now()
    const read = { provider: 'vast' as const, account: 'main', hasBill: true, error: null }
    const times = { coveredFrom: at, completeUntil: at, readAt: at, triedAt: at }
    const line = { label: null, from: at, until: at, amount: nanosFromUsd('0.07') }
    await world.clock.advance(hourMs)
    await world.bills.record(
      { ...read, ...times },
      {
        from: 0,
        lines: [
          { ...line, kind: 'traffic', externalId: 'm-1' },
          { ...line, kind: 'traffic', externalId: 'x' },
          { ...line, kind: 'gpu', externalId: 'm-1' },
        ],
      },
    )
    expect((await world.ask('GET', `/api/v1/instances/${id}/costs`)).json.data).toMatchObject({
      cost_so_far_usd: '0',
      traffic_usd: '0.07',
      charges: [{ kind: 'traffic', attempt: 1, rate_per_hour_usd: null, amount_usd: '0.07', exact: true }],
    })
  })

  test('nothing was rented yet', async () => {
    const { id } = await world.hasInstance()
    expect((await world.ask('GET', `/api/v1/instances/${id}/costs`)).json.data).toMatchObject({
      cost_so_far_usd: '0',
      exact: true,
      charges: [],
    })
  })
})

describe('404', () => {
  test('no such instance', async () => {
    expect((await world.ask('GET', '/api/v1/instances/nope/costs')).json.code).toBe('not_found')
  })
})
