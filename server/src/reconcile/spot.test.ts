import { beforeEach, describe, expect, test } from 'vitest'
import { terminateInstance } from '../app/instances.ts'
import { noPolicies, type Policies, type Wish } from '../core/instances/instance.ts'
import { nanosFromUsd } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import type { Budget } from '../core/policies/budget.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import { anEvent, anInstanceId, someone } from '../testing/builders.ts'
import { type FakeProvider, failure, fakeProvider } from '../testing/fake-provider.ts'
import { aReconciler, type Reconciler } from '../testing/reconciler.ts'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'

const usd = nanosFromUsd
const spot = (externalId: string, price: string) =>
  anOffer({ market: 'spot', externalId, placeKey: externalId, pricePerHour: usd(price) })
const outright = (externalId: string, price: string) =>
  anOffer({ externalId, placeKey: externalId, pricePerHour: usd(price) })

let clock: VirtualClock
let vast: FakeProvider
let fleet: Reconciler
let interruptions: string[]
let relaunches: string[]

beforeEach(async () => {
  clock = virtualClock()
  vast = fakeProvider({
    clock,
    abilities: { hasBids: true },
    offers: [spot('a', '0.20'), spot('b', '0.25'), outright('a', '0.50')],
  })
  interruptions = []
  relaunches = []
  fleet = await aReconciler({
    clock,
    providers: [vast],
    countInterruption: (provider, market) => void interruptions.push(`${provider} ${market}`),
    countRelaunch: (provider, market) => void relaunches.push(`${provider} ${market}`),
  })
})

const id = anInstanceId()
const wish = (change: Partial<Wish> = {}, policies: Partial<Policies> = {}) =>
  fleet.wish({ market: 'spot', ...change, policies: { ...noPolicies, ...policies } })
const bids = () => vast.calls.filter((call) => call.startsWith('changeBid'))
const events = async (kind: string) =>
  (await fleet.stores.events.list({ limit: 1_000 })).filter((event) => event.kind === kind)
const launches = () => fleet.stores.launches.ofInstance(id)

/** Somebody bids more for the machine. */
function outbid(externalId: string, lowestBid: string | null): void {
  vast.setPhase(externalId, 'interrupted')
  const machine = vast.machines.get(externalId)
  if (machine === undefined) throw new Error('there is no such machine')
  vast.machines.set(externalId, { ...machine, lowestBid: lowestBid === null ? null : usd(lowestBid) })
}

describe('a bid', () => {
  test('is a tenth above what wins, written down before the launch', async () => {
    let asked: unknown
    vast.before.launch = async (_what, order) => {
      asked = { ordered: order?.bidPerHour, written: (await fleet.instance()).launch?.bidPerHour }
    }
    await wish()
    await fleet.until('ready', minuteMs)

    expect(asked).toEqual({ ordered: usd('0.22'), written: usd('0.22') })
    expect((await fleet.instance()).launch).toMatchObject({ onDemandPrice: usd('0.50') })
  })

  test('is not made where only one above the on-demand price of the same machine wins', async () => {
    vast.offers = [spot('a', '0.20'), outright('a', '0.15'), spot('b', '0.25')]
    await wish()

    expect((await fleet.until('ready', minuteMs)).launch?.offer.externalId).toBe('b')
    expect((await events('offers_skipped')).map((event) => event.message)).toEqual([expect.stringContaining('no bid')])
  })

  describe('where the list does not hold the machine’s on-demand price', () => {
    const bothSold = [spot('a', '0.20'), outright('a', '0.25')]
    const cap = usd('0.90')
    /** The list is of spot machines alone, as for a wish of spot machines. */
    beforeEach(async () => {
      vast.offers = bothSold
      vast.searchOffers = async () => ({
        offers: vast.offers.filter(({ market }) => market === 'spot'),
        skipped: {},
        sampled: false,
      })
    })

    test('it is asked for: no bid and no raise is above it', async () => {
      await wish({ maxPricePerHour: cap, onInterruption: 'wait' }, { bidPercent: 300 })
      await fleet.until('ready', minuteMs)
      expect((await fleet.instance()).launch).toMatchObject({ bidPerHour: usd('0.25'), onDemandPrice: usd('0.25') })

      vast.offers = []
      outbid('vast-1', '0.30')
      await fleet.pass(minuteMs)
      expect(bids()).toEqual([])
    })

    test('a raise remembers it while the machine is not listed', async () => {
      vast.offers = [spot('a', '0.20'), outright('a', '0.50')]
      await wish({ maxPricePerHour: cap })
      await fleet.until('ready', minuteMs)
      vast.offers = []
      outbid('vast-1', '0.30')
      await fleet.pass(30 * secondMs)
      expect(bids()).toEqual(['changeBid vast-1 0.3300'])
    })

    test('and not learnt, the bid has the usual headroom, and is not raised', async () => {
      vast.offers = [spot('a', '0.20')]
      await wish({ maxPricePerHour: cap, onInterruption: 'wait' }, { bidPercent: 300 })
      await fleet.until('ready', minuteMs)
      expect((await fleet.instance()).launch).toMatchObject({ bidPerHour: usd('0.22'), onDemandPrice: null })

      outbid('vast-1', '0.30')
      const asked = vast.calls.filter((call) => call.startsWith('quote')).length
      await fleet.pass(60 * minuteMs, 10 * secondMs)
      expect(bids()).toEqual([])
      expect(vast.calls.filter((call) => call.startsWith('quote')).length - asked).toBeLessThan(40)
    })

    test('and learnt only when it was outbid, it is raised below that, and remembered', async () => {
      vast.offers = [spot('a', '0.20')]
      await wish({ maxPricePerHour: cap })
      await fleet.until('ready', minuteMs)
      vast.offers = [outright('a', '0.32')]
      outbid('vast-1', '0.30')
      await fleet.pass(30 * secondMs)
      expect(bids()).toEqual(['changeBid vast-1 0.3200'])
      expect((await fleet.instance()).launch).toMatchObject({ onDemandPrice: usd('0.32') })
    })
  })

  test('is raised when the machine was outbid: written down first, and the machine comes back with its disk', async () => {
    await wish({ maxPricePerHour: usd('0.40') })
    await fleet.until('ready', minuteMs)
    let written: unknown
    vast.before.changeBid = async () => {
      written = (await fleet.instance()).launch?.bidPerHour
    }
    outbid('vast-1', '0.30')
    await fleet.pass(30 * secondMs)

    expect(await fleet.instance()).toMatchObject({ status: 'ready', attempt: 1 })
    expect(written).toBe(usd('0.33'))
    expect(bids()).toEqual(['changeBid vast-1 0.3300'])
    expect(await events('bid_raised')).toMatchObject([{ data: { from_usd: '0.220000000', to_usd: '0.330000000' } }])
    expect(interruptions).toEqual(['vast spot'])
    expect(relaunches).toEqual([])
  })

  test('that was written down before a crash is sent by the next process', async () => {
    await wish({ maxPricePerHour: usd('0.40') })
    await fleet.until('ready', minuteMs)
    vast.before.changeBid = () => new Promise<never>(() => {})
    outbid('vast-1', '0.30')
    for (let second = 0; second < 20; second += 1) {
      await fleet.begin()
      await clock.advance(secondMs)
    }
    expect((await fleet.instance()).launch?.bidPerHour).toBe(usd('0.33'))

    vast.before = {}
    const next = await aReconciler({ clock, providers: [vast], beside: fleet })
    await fleet.stores.instances.forgetClaims()
    await next.until('ready', minuteMs)
    expect(await next.instance()).toMatchObject({ attempt: 1 })
    expect(await events('bid_raised')).toHaveLength(1)
  })

  test.each([
    ['the cap', '0.29', '0.30'],
    ['the on-demand price', '0.60', '0.51'],
  ])('is not raised above %s: the instance goes elsewhere', async (_what, cap, wins) => {
    await wish({ maxPricePerHour: usd(cap) })
    await fleet.until('ready', minuteMs)
    outbid('vast-1', wins)
    await fleet.pass(minuteMs)

    expect(bids()).toEqual([])
    expect(await fleet.instance()).toMatchObject({
      status: 'ready',
      attempt: 2,
      launch: { offer: { externalId: 'b' } },
    })
  })

  test('is not raised with money that a budget does not have', async () => {
    await wish({ onInterruption: 'wait' })
    await fleet.until('ready', minuteMs)
    await fleet.pass(5 * minuteMs)
    const spent: Budget = {
      id: 'bud_1',
      scope: 'all',
      key: '',
      project: 'default',
      period: 'total',
      limit: usd('0.01'),
      action: 'none',
      createdAt: 0,
    }
    await fleet.stores.budgets.add(spent, anEvent({ instanceId: null, kind: 'changed' }))
    outbid('vast-1', '0.30')
    await fleet.pass(minuteMs)

    expect(bids()).toEqual([])
    expect(await fleet.instance()).toMatchObject({ status: 'interrupted' })
  })

  test('that the marketplace refuses does not hold up the relaunch', async () => {
    vast.before.changeBid = () => {
      throw failure('vast', { kind: 'rejected' })
    }
    await wish()
    await fleet.until('ready', minuteMs)
    outbid('vast-1', '0.30')
    await fleet.pass(5 * minuteMs)

    expect(await fleet.instance()).toMatchObject({ status: 'ready', attempt: 2 })
  })
})

describe('an interruption', () => {
  test('relaunches elsewhere, under the same id, with what the first machine was and cost', async () => {
    await wish()
    await fleet.until('ready', minuteMs)
    await fleet.pass(10 * minuteMs)
    outbid('vast-1', null)
    await fleet.until('requested', 20 * secondMs)
    await fleet.until('ready', minuteMs)

    expect(await launches()).toMatchObject([
      { offer: { externalId: 'a' }, interruptedAt: expect.any(Number), abandonedBecause: 'interrupted' },
      { offer: { externalId: 'b' }, interruptedAt: null },
    ])
    expect((await fleet.stores.charges.ofLaunch(id, 1)).length).toBeGreaterThan(0)
    const told = (await events('status')).find((event) => event.status === 'interrupted')
    expect(told).toMatchObject({ message: expect.stringContaining('its disk survives'), data: { disk_survives: true } })
    // It survives the marketplace, and not that we go elsewhere.
    expect(await events('attempt_ended')).toMatchObject([
      { message: expect.stringContaining('what is on its disk is lost'), data: { disk_lost: true } },
    ])
    expect(relaunches).toEqual(['vast spot'])
  })

  test('keeps others away from that place too, also after a restart; later it only counts as dearer', async () => {
    await wish()
    await fleet.until('ready', minuteMs)
    outbid('vast-1', null)
    await fleet.pass(minuteMs)

    const next = await aReconciler({ clock, providers: [vast], beside: fleet })
    await next.wish({ market: 'spot' }, anInstanceId(2))
    await next.until('ready', minuteMs, anInstanceId(2))
    expect((await next.instance(anInstanceId(2))).launch?.offer.externalId).toBe('b')

    await clock.advance(3 * 60 * minuteMs)
    await next.wish({ market: 'spot' }, anInstanceId(3))
    await next.until('ready', minuteMs, anInstanceId(3))
    expect((await next.instance(anInstanceId(3))).launch?.offer.externalId).toBe('a')
  })

  test('where nothing else fits waits some minutes for the same place instead of failing', async () => {
    vast.offers = [spot('a', '0.20')]
    await wish()
    await fleet.until('ready', minuteMs)
    outbid('vast-1', null)
    await fleet.pass(4 * minuteMs)
    expect(await fleet.instance()).toMatchObject({ status: 'requested' })

    await fleet.until('ready', 3 * minuteMs)
    expect(await fleet.instance()).toMatchObject({ attempt: 2 })
  })

  test('while it starts leads to the next offer', async () => {
    vast.afterMade = (made) => {
      if (made === 'vast-1') outbid(made, null)
    }
    await wish()

    expect((await fleet.until('ready', minuteMs)).launch?.offer.externalId).toBe('b')
    expect(await launches()).toMatchObject([{ interruptedAt: expect.any(Number), upAt: null }, {}])
    expect(interruptions).toEqual(['vast spot'])
  })

  test('while the offer starts that the user chose: the same offer again', async () => {
    vast.afterMade = (made) => {
      if (made === 'vast-1') outbid(made, null)
    }
    await wish({ offer: { provider: 'vast', key: 'a:spot' } })

    expect((await fleet.until('ready', minuteMs)).launch).toMatchObject({ attempt: 2, offer: { externalId: 'a' } })
  })

  test('with wait: it comes back by itself', async () => {
    await wish({ onInterruption: 'wait' })
    await fleet.until('ready', minuteMs)
    outbid('vast-1', null)
    await fleet.pass(60 * minuteMs, 10 * secondMs)
    expect(await fleet.instance()).toMatchObject({ status: 'interrupted' })

    vast.setPhase('vast-1', 'running')
    await fleet.until('ready', minuteMs)
    expect(await fleet.instance()).toMatchObject({ attempt: 1 })
  })
})

describe('no spot machine for a while', () => {
  const policies = { onDemandAfterMs: 15 * minuteMs }

  test('then an on-demand one, and the events say so', async () => {
    const offers = vast.offers
    vast.offers = [outright('a', '0.50')]
    await wish({}, policies)
    await fleet.pass(15 * minuteMs)
    expect(await fleet.instance()).toMatchObject({ status: 'requested', attempt: 0 })

    expect((await fleet.until('ready', minuteMs)).launch?.offer.market).toBe('on_demand')
    expect((await events('fallback')).map((event) => event.message)).toEqual([
      'no spot machine for 15 min: an on-demand one is rented',
    ])
    vast.offers = offers
  })

  test('but none above the cap, and none without leave', async () => {
    vast.offers = [outright('a', '0.50')]
    await wish({ maxPricePerHour: usd('0.40') }, policies)
    expect(await fleet.until('failed', 20 * minuteMs)).toMatchObject({ because: 'no_offer_left' })
    await fleet.wish({ market: 'spot' }, anInstanceId(2))
    await fleet.until('failed', minuteMs, anInstanceId(2))
    expect(vast.machines.size).toBe(0)
  })

  test('a spot machine that is to be had meanwhile is taken', async () => {
    const offers = vast.offers
    vast.offers = [outright('a', '0.50')]
    await wish({}, policies)
    await fleet.pass(5 * minuteMs)
    vast.offers = offers

    expect((await fleet.until('ready', 7 * minuteMs)).launch?.offer.market).toBe('spot')
  })

  test('one that waits for its machine takes another after the same time, and the old one is ended', async () => {
    await wish({ onInterruption: 'wait' }, policies)
    await fleet.until('ready', minuteMs)
    vast.offers = [outright('a', '0.50')]
    outbid('vast-1', null)
    await fleet.pass(14 * minuteMs, 10 * secondMs)
    expect(await fleet.instance()).toMatchObject({ status: 'interrupted', attempt: 1 })

    expect((await fleet.until('ready', 3 * minuteMs)).launch?.offer.market).toBe('on_demand')
    await fleet.pass(minuteMs)
    expect([...vast.machines.keys()]).toEqual(['vast-2'])
    expect(await events('fallback')).toHaveLength(1)
  })
})

describe('a machine that was lost while nothing else is on sale', () => {
  async function lost(change: Partial<Wish> = {}, policies: Partial<Policies> = {}) {
    await wish(change, policies)
    await fleet.until('ready', minuteMs)
    vast.offers = []
    outbid('vast-1', null)
    await fleet.until('requested', minuteMs)
  }

  test('is looked for again and again, for hours, and people are told once', async () => {
    await lost()
    await fleet.pass(5 * 60 * minuteMs, 10 * secondMs)
    expect(await fleet.instance()).toMatchObject({
      status: 'requested',
      because: 'nothing_on_sale',
      message: expect.stringMatching(/another one is looked for until 20/),
    })
    expect((await events('warning')).map(({ because }) => because)).toEqual(['nothing_on_sale'])

    vast.offers = [spot('c', '0.30')]
    await fleet.until('ready', 40 * minuteMs)
    expect(await fleet.instance()).toMatchObject({ attempt: 2, launch: { offer: { externalId: 'c' } } })
  })

  test('also when many launches fail meanwhile, and by a process that comes after us', async () => {
    await lost()
    vast.offers = Array.from({ length: 14 }, (_, index) => spot(`n${index}`, '0.30'))
    vast.before.launch = () => {
      throw failure('vast', { kind: 'no_capacity' })
    }
    await fleet.pass(20 * minuteMs)
    expect((await fleet.instance()).attempt).toBeGreaterThanOrEqual(12)
    vast.before = {}
    const next = await aReconciler({ clock, providers: [vast], beside: fleet })
    await next.until('ready', 60 * minuteMs)
  })

  test('but not for ever, nor beyond its lease, nor when its user ends it', async () => {
    await lost()
    await fleet.pass(25 * 60 * minuteMs, minuteMs)
    expect(await fleet.instance()).toMatchObject({ status: 'failed', because: 'no_offer_left' })
  })

  test.each(['lease_over', 'asked'] as const)('ends at once: %s', async (because) => {
    await lost({}, { maxLifetimeMs: 3 * 60 * minuteMs })
    await fleet.pass(2 * 60 * minuteMs, 10 * secondMs)
    expect(await fleet.instance()).toMatchObject({ status: 'requested' })
    if (because === 'asked') await terminateInstance(id, someone, fleet.deps)
    await fleet.pass(because === 'asked' ? 10 * secondMs : 91 * minuteMs, 10 * secondMs)
    expect(await fleet.instance()).toMatchObject({ status: 'terminated', because })
    expect(vast.machines.size).toBe(0)
  })

  test('a first launch is not waited for: its caller is there to decide', async () => {
    vast.offers = []
    await wish()
    expect(await fleet.until('failed', minuteMs)).toMatchObject({ because: 'no_offer_left' })
  })
})

test('what ends by itself as soon as it is up is not rented again and again', async () => {
  vast.offers = Array.from({ length: 20 }, (_, index) => outright(`n${index}`, '0.50'))
  await wish({ market: 'on_demand' })
  for (let minute = 0; minute < 60; minute += 1) {
    await fleet.pass(minuteMs, 5 * secondMs)
    for (const made of vast.machines.keys()) vast.setPhase(made, 'failed')
  }
  expect(await launches()).toHaveLength(3)
  expect(await fleet.instance()).toMatchObject({ status: 'failed', message: expect.stringContaining('3 machines') })
})
