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
