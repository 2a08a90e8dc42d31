import { beforeEach, expect, test } from 'vitest'
import { createGpuCatalogue } from '../../core/gpus/catalogue.ts'
import type { Look, SeriesKey } from '../../core/market-history/look.ts'
import { anOffer } from '../../core/offers/an-offer.ts'
import type { MarketInterest } from '../../core/offers/market-view.ts'
import { createOfferIndex } from '../../core/offers/offer-index.ts'
import { dayMs, minuteMs, secondMs } from '../../core/time.ts'
import { collectingLog } from '../../observability/collecting-log.ts'
import { type FakeProvider, failure, fakeProvider } from '../../testing/fake-provider.ts'
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts'
import { createMarketKeeper, type RefreshingMarketKeeper } from './keep-market.ts'
import { marketHistoryTasks, recordMarket } from './record-market.ts'

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
let market: RefreshingMarketKeeper
let looks: Look[]
let pruned: number[]
let deps: Parameters<typeof marketHistoryTasks>[0]

beforeEach(() => {
  clock = virtualClock()
  vast = fakeProvider({ clock })
  vast.offers = [anOffer({ seenAt: clock.now() })]
  const index = createOfferIndex()
  const log = collectingLog()
  const providers = { all: () => [vast], find: () => undefined }
  market = createMarketKeeper({ providers, isEnabled: () => true, index, clock, log })
  looks = []
  pruned = []
  deps = {
    history: {
      add: async (added) => void looks.push(...added),
      series: async () => [...new Map<string, SeriesKey>(looks.map((look) => [look.model, look])).values()],
      prune: async (before) => pruned.push(before),
    },
    index,
    market,
    gpus: createGpuCatalogue(),
    watched: [],
    isEnabled: () => true,
    clock,
    log,
  }
})

const freshen = () => clock.drive(market.freshen(anything, { maxAgeMs: minuteMs, waitMs: 10 * secondMs }))
const record = () => clock.drive(recordMarket(deps))
const task = (name: string) => {
  const found = marketHistoryTasks(deps).find((one) => one.name === name)
  if (found === undefined) throw new Error(`there is no task ${name}`)
  return found
}

test('writes down what is on sale, and then that it is gone', async () => {
  await freshen()
  await record()
  expect(looks).toMatchObject([{ provider: 'vast', offers: 1 }])

  vast.offers = []
  await clock.advance(3 * minuteMs)
  await freshen()
  await clock.advance(1)
  await record()
  expect(looks.slice(1)).toMatchObject([{ provider: 'vast', offers: 0, prices: null }])
})

test('a marketplace that does not answer, and one that nobody asks, say nothing', async () => {
  await freshen()
  await record()
  vast.before.search = () => Promise.reject(failure('vast', { kind: 'unavailable' }, 'HTTP 503'))
  await clock.advance(13 * minuteMs)
  await freshen()
  await record()
  expect(looks).toHaveLength(1)
})

test('one that is switched off is left out', async () => {
  await freshen()
  deps.isEnabled = () => false
  await record()
  expect(looks).toEqual([])
})

test('offers that are listed but cannot be rented are no price', async () => {
  vast.offers = [anOffer({ available: false, seenAt: clock.now() })]
  await freshen()
  await record()
  expect(looks).toEqual([])
})

test('watched models are looked up although nobody searches, and a name that nobody knows is said', async () => {
  deps.watched = ['RTX 4090', 'Mystery 9000']
  await clock.drive(task('watched models').run())
  await clock.advance(1)
  await record()
  expect(looks).toMatchObject([{ model: 'RTX 4090', offers: 1 }])
  expect(JSON.stringify((deps.log as ReturnType<typeof collectingLog>).lines)).toContain('Mystery 9000')
})

test('nothing is kept longer than 90 days', async () => {
  await task('old market history').run()
  expect(pruned).toEqual([clock.now() - 90 * dayMs])
})
