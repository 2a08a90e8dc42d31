import { afterEach, expect, test } from 'vitest'
import { aWorld, type World } from './world.ts'

const minute = 60_000
let world: World & { dataDir: string }
afterEach(() => world?.close())

interface EventView {
  kind: string
  because: string | null
  message: string
  data: { attempt?: number; provider?: string }
}

test('over all five: the first choice is sold out, the second has become dearer, the third never starts, the next one runs', async () => {
  world = await aWorld()
  world.order('vast', 'special/calm')
  world.order('novita', 'special/chances', { calm: true })
  world.order('paperspace', 'special/calm')
  const body = {
    gpu_model: 'RTX 4090',
    market: 'on_demand',
    disk_gb: 20,
    max_price_per_hour_usd: '0.60',
    image: 'ubuntu:24.04',
    onstart_script: 'sleep infinity',
  }
  const plan = await world.until(async () => {
    const reply = await world.call('POST', '/api/v1/instances/plan', body)
    return reply.body.data.offers.length >= 6 && reply.body.warnings.length === 0 && reply.body.data.offers
  }, 3 * minute)

  const [first, second, third] = plan
  const matching = (offer: { provider: string; provider_id: string }) => offer.provider_id.split('|')[0]
  const nameOf = (offer: { provider: string }) => (offer.provider === 'vast_ai' ? 'vast' : offer.provider) as 'vast'
  world.order(nameOf(first), 'sell-out', { count: 1, matching: matching(first) })
  world.order(nameOf(second), 'change-price', { factor: 5, matching: matching(second) })
  world.order(nameOf(third), 'fail-start', { count: 1, how: 'stuck', matching: matching(third) })

  const { id } = (await world.call('POST', '/api/v1/instances', body)).body.data
  await world.untilStatus(id, 'ready', 60 * minute)

  const events: EventView[] = (await world.call('GET', `/api/v1/instances/${id}/events`)).body.data
  const ends = events.filter((event) => event.kind === 'attempt_ended').map((event) => event.because)
  expect(ends).toContain('no_capacity')
  expect(ends).toContain('start_deadline')
  const attempts = events.filter((event) => event.kind === 'attempt')
  expect(attempts.map((event) => event.data)).not.toContainEqual(
    expect.objectContaining({ offer_id: second.provider_id }),
  )

  // The machine that never started is gone, and only one is billed.
  await world.pass(2 * minute)
  const billing = Object.values(world.simulators).flatMap((one) =>
    one.marketplace.machines().filter((machine) => machine.billing),
  )
  expect(billing).toHaveLength(1)

  await world.call('DELETE', `/api/v1/instances/${id}`)
  await world.untilStatus(id, 'terminated', 10 * minute)
  const left = Object.values(world.simulators).flatMap((one) =>
    one.marketplace.machines().filter((machine) => machine.billing),
  )
  expect(left).toEqual([])
})
