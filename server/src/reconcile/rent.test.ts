import { beforeEach, expect, test } from 'vitest'
import type { InstanceId } from '../core/instances/instance.ts'
import { nanosFromUsd } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import { OutboundError } from '../outbound/outbound.ts'
import { ProviderError } from '../providers/provider.ts'
import { type FakeProvider, failure, fakeProvider } from '../testing/fake-provider.ts'
import { aReconciler, type Reconciler } from '../testing/reconciler.ts'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'

let clock: VirtualClock
let vast: FakeProvider
let runpod: FakeProvider
let fleet: Reconciler

beforeEach(async () => {
  clock = virtualClock()
  const offers = Array.from({ length: 5 }, (_, index) =>
    anOffer({ externalId: `o-${index}`, placeKey: `p-${index}`, pricePerHour: nanosFromUsd(`0.3${index}`) }),
  )
  vast = fakeProvider({ clock, offers, abilities: { search: 'sample' } })
  runpod = fakeProvider({ clock, name: 'runpod' })
  fleet = await aReconciler({ clock, providers: [vast, runpod] })
})

const idOf = (number: number) => `inst_${String(number).padStart(16, '0')}` as InstanceId
const quotes = (provider = vast) => provider.calls.filter((call) => call.startsWith('quote'))

function turnedAway(): never {
  const cause = new OutboundError('rate_limited', 'in 62 s', { retryAfterMs: 62_000 })
  throw new ProviderError('vast', { kind: 'rate_limited', retryAfterMs: 62_000 }, 'rate limited', { cause })
}

test('each of many wishes checks an offer of its own', async () => {
  vast.before.quote = () => clock.sleep(3 * secondMs)
  for (let number = 1; number <= 5; number += 1) await fleet.wish({ provider: 'vast' }, idOf(number))
  await fleet.begin()

  expect(quotes().toSorted()).toEqual(['quote o-0', 'quote o-1', 'quote o-2', 'quote o-3', 'quote o-4'])
})

test('a wish for which all is in other hands waits, and takes what is given back', async () => {
  vast.offers = vast.offers.slice(0, 1)
  vast.before.quote = async () => {
    vast.before = {}
    await clock.sleep(20 * secondMs)
    throw failure('vast', { kind: 'unexpected_reply' })
  }
  for (const number of [1, 2]) await fleet.wish({ provider: 'vast' }, idOf(number))
  fleet.worker.start()
  await clock.advance(10 * secondMs)
  expect(quotes()).toHaveLength(1)
  await clock.advance(minuteMs)
  await clock.drive(fleet.worker.stop())

  expect([...vast.machines.values()]).toHaveLength(1)
  const both = await Promise.all([1, 2].map((number) => fleet.instance(idOf(number))))
  expect(both.map(({ status }) => status).toSorted()).toEqual(['failed', 'ready'])
})

test('a wish waits a minute for its turn at the cheapest marketplace, and then takes a dearer one', async () => {
  vast.limits = () => [{ scope: 'launch', calls: 1, windowMs: 30 * secondMs, burst: 1, source: 'test' }]
  vast.before.launch = () => clock.sleep(5 * minuteMs)
  runpod.offers = [anOffer({ provider: 'runpod', pricePerHour: nanosFromUsd('0.60') })]
  for (const number of [1, 2]) await fleet.wish({}, idOf(number))
  fleet.worker.start()
  await clock.advance(50 * secondMs)
  expect(runpod.machines.size).toBe(0)
  await clock.advance(40 * secondMs)

  expect(runpod.machines.size).toBe(1)
  await clock.drive(fleet.worker.stop())
})

test('waiting for our own rate limit does not use up the patience with a silent marketplace', async () => {
  vast.before.quote = turnedAway
  await fleet.wish({ provider: 'vast' }, idOf(1))
  await fleet.pass(15 * minuteMs)
  expect(await fleet.instance(idOf(1))).toMatchObject({ status: 'requested' })

  vast.before = {}
  await fleet.until('ready', minuteMs, idOf(1))
})

test('a marketplace that stays silent is given up after ten minutes', async () => {
  vast.before.quote = () => {
    throw failure('vast', { kind: 'unavailable' })
  }
  await fleet.wish({ provider: 'vast' }, idOf(1))
  await fleet.pass(9 * minuteMs)
  expect(await fleet.instance(idOf(1))).toMatchObject({ status: 'requested' })
  await fleet.until('failed', 2 * minuteMs, idOf(1))
})

test('a marketplace without an answer is left at once: its other offers are not asked for as well', async () => {
  vast.before.quote = () => {
    throw failure('vast', { kind: 'outcome_unknown' })
  }
  await fleet.wish({}, idOf(1))

  expect((await fleet.until('ready', 30 * secondMs, idOf(1))).launch?.provider).toBe('runpod')
  expect(quotes()).toHaveLength(1)
})

test('a refused key at one marketplace does not make a wish wait that nobody else can fulfil', async () => {
  vast.before.search = () => {
    throw failure('vast', { kind: 'unauthorized' })
  }
  runpod.offers = []
  await fleet.wish({}, idOf(1))

  await fleet.until('failed', 30 * secondMs, idOf(1))
})
