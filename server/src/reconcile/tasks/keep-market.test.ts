import { beforeEach, expect, test } from 'vitest'
import { anOffer } from '../../core/offers/an-offer.ts'
import type { MarketInterest } from '../../core/offers/market-view.ts'
import { createOfferIndex } from '../../core/offers/offer-index.ts'
import { minuteMs, secondMs } from '../../core/time.ts'
import { collectingLog } from '../../observability/collecting-log.ts'
import { type FakeProvider, failure, fakeProvider } from '../../testing/fake-provider.ts'
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts'
import { createMarketKeeper, type RefreshingMarketKeeper } from './keep-market.ts'

const anything: MarketInterest = {
  providers: [],
  models: [],
  markets: ['on_demand', 'spot'],
  gpuCount: null,
  minVramGb: null,
  diskGb: 10,
}

let clock: VirtualClock
let vast: FakeProvider
let runpod: FakeProvider
let index: ReturnType<typeof createOfferIndex>
let market: RefreshingMarketKeeper

function keeper(isEnabled: (name: string) => boolean = () => true): RefreshingMarketKeeper {
  const providers = { all: () => [vast, runpod], find: () => undefined }
  return createMarketKeeper({ providers, isEnabled, index, clock, log: collectingLog() })
}

beforeEach(() => {
  clock = virtualClock()
  vast = fakeProvider({ clock })
  runpod = fakeProvider({ clock, name: 'runpod' })
  index = createOfferIndex()
  market = keeper()
})

const freshen = (change: Partial<MarketInterest> = {}, waitMs = 10 * secondMs) =>
  clock.drive(market.freshen({ ...anything, ...change }, { maxAgeMs: minuteMs, waitMs }))
const held = () => [...index.all()].map((offer) => offer.provider).toSorted()
const searches = (provider: FakeProvider) => provider.calls.filter((call) => call.startsWith('search')).length

test('everything on sale is fetched once, and again when it is old', async () => {
  expect(await freshen()).toEqual([])
  expect(held()).toEqual(['runpod', 'vast'])
  await freshen()
  expect(searches(vast)).toBe(1)
  await clock.advance(minuteMs + 1)
  await freshen()
  expect(searches(vast)).toBe(2)
})

test('what was sold is no longer held', async () => {
  await freshen()
  vast.offers = [anOffer({ externalId: 'new' })]
  await clock.advance(2 * minuteMs)
  await freshen()
  expect([...index.all()].filter((offer) => offer.provider === 'vast').map((offer) => offer.externalId)).toEqual([
    'new',
  ])
})

test.each([
  ['is down', () => Promise.reject(failure('vast', { kind: 'unavailable' }, 'HTTP 503'))],
  ['cannot be read by us', () => Promise.reject(new TypeError('our mistake'))],
])('a marketplace that %s is named, keeps what it had, and is not waited for again at once', async (_how, trouble) => {
  await freshen()
  vast.before.search = trouble
  await clock.advance(2 * minuteMs)

  // What it has is used at once; that the refresh failed is known a moment later.
  await freshen()
  await clock.advance(1)
  expect(await freshen()).toMatchObject([{ provider: 'vast', kind: 'down' }])
  expect(held()).toEqual(['runpod', 'vast'])
  await clock.advance(secondMs)
  await freshen()
  expect(searches(vast)).toBe(2)
  await clock.advance(20 * secondMs)
  vast.before = {}
  await freshen()
  await clock.advance(1)
  expect(await freshen()).toEqual([])
})

test('a slow marketplace is waited for no longer than asked, and said to be slow', async () => {
  vast.before.search = () => clock.sleep(minuteMs)
  const begun = clock.now()

  expect(await freshen({}, 5 * secondMs)).toMatchObject([{ provider: 'vast', kind: 'slow' }])
  expect(clock.now() - begun).toBe(5 * secondMs)
  expect(held()).toEqual(['runpod'])
  await clock.advance(minuteMs)
  expect(held()).toEqual(['runpod', 'vast'])
})

test('only the marketplaces that are asked for and switched on are searched', async () => {
  await freshen({ providers: ['runpod'] })
  expect(held()).toEqual(['runpod'])
  market = keeper((name) => name !== 'vast')
  await freshen()
  expect(searches(vast)).toBe(0)
})

test('S004-71 refreshes that began together drift apart, and none comes sooner than its marketplace’s pace', async () => {
  const draws = [0, 1, 0.5, 0.25]
  market = createMarketKeeper({
    providers: { all: () => [vast, runpod], find: () => undefined },
    isEnabled: () => true,
    index,
    clock,
    log: collectingLog(),
    chance: () => draws.shift() ?? 0,
  })
  await freshen()
  await clock.advance(minuteMs)
  const [first, second] = [vast, runpod].map((one) => one.describe().abilities.refreshEveryMs)
  expect(first).toBe(second)
  await clock.advance((first ?? 0) - minuteMs)
  await market.refreshWatched()
  expect([searches(vast), searches(runpod)]).toEqual([2, 1])
  await clock.advance((first ?? 0) * 0.2)
  await market.refreshWatched()
  expect([searches(vast), searches(runpod)]).toEqual([2, 2])
})

test('an account whose key is taken away is not asked any more, and what it showed is gone', async () => {
  let accounts = [vast, runpod]
  market = createMarketKeeper({
    providers: { all: () => accounts, find: () => undefined },
    isEnabled: () => true,
    index,
    clock,
    log: collectingLog(),
  })
  await freshen()
  expect(held()).toEqual(['runpod', 'vast'])
  accounts = [runpod]
  await clock.advance(5 * minuteMs)
  await market.refreshWatched()
  expect([held(), searches(vast)]).toEqual([['runpod'], 1])
  // Another client of the same account has its new key.
  const exchanged = fakeProvider({ clock, name: 'runpod' })
  accounts = [exchanged]
  await clock.advance(5 * minuteMs)
  await market.refreshWatched()
  expect(searches(exchanged)).toBe(1)
})

test('what is watched is refreshed at the marketplace’s own pace; what nobody asks for is dropped', async () => {
  await freshen()
  await clock.advance(5 * minuteMs)
  await market.refreshWatched()
  expect(searches(vast)).toBe(2)
  await market.refreshWatched()
  expect(searches(vast)).toBe(2)

  await clock.advance(10 * minuteMs)
  await market.refreshWatched()
  expect(searches(vast)).toBe(2)
  await clock.advance(10 * minuteMs)
  await market.refreshWatched()
  expect(held()).toEqual([])
  expect(market.state()).toEqual([])
})
