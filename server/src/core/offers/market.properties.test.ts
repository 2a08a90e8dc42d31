import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gpuModels } from '../gpus/models.ts'
import { type Nanos, nanos } from '../money.ts'
import { providerNames } from '../providers.ts'
import { anOffer } from './an-offer.ts'
import { explain } from './explain.ts'
import { type MatchContext, matches, type OfferFilter } from './match.ts'
import { type Offer, offerId } from './offer.ts'
import { createOfferIndex } from './offer-index.ts'
import { planLaunch } from './plan.ts'
import { cheapestFirst, compareOffers, type OfferSort, priced, rankOffers, sortKeys } from './rank.ts'
import { marketStats } from './stats.ts'

const byName = new Map(gpuModels.map((model) => [model.name, model]))
const context: MatchContext = { now: 0, need: { diskGb: 30 }, modelNamed: (name) => byName.get(name) }
const models = ['RTX 4090', 'RTX 3090', 'A100 SXM 80GB', 'RTX PRO 5000 Blackwell', 'Voodoo 2']

const somePrice = fc.bigInt(1n, 20n).map((cents): Nanos => nanos(cents * 50_000_000n))
const someOffer = fc
  .record({
    provider: fc.constantFrom(...providerNames),
    externalId: fc.nat(60).map(String),
    market: fc.constantFrom('on_demand' as const, 'spot' as const),
    gpu: fc.record({ model: fc.constantFrom(...models), count: fc.integer({ min: 1, max: 4 }) }),
    ramGb: fc.option(fc.constantFrom(16, 64, 256)),
    pricePerHour: somePrice,
    disk: fc.record({ pricePerGbHour: fc.constantFrom(nanos(0n), nanos(1_000_000n), nanos(9_000_000n)) }),
    reliability: fc.option(fc.constantFrom(0.5, 0.9, 0.99)),
    region: fc.constantFrom('us', 'us-east', 'europe-north', 'Mars'),
    available: fc.boolean(),
    placeKey: fc.constantFrom('m1', 'm2', 'm3'),
    seenAt: fc.nat(5),
  })
  .map((parts): Offer => anOffer({ ...parts, location: parts.region }))
const someOffers = fc.uniqueArray(someOffer, { maxLength: 40, selector: offerId })
const manyOffers = fc.uniqueArray(someOffer, { minLength: 20, maxLength: 60, selector: offerId })
const someFilter: fc.Arbitrary<OfferFilter> = fc.record(
  {
    providers: fc.subarray([...providerNames]),
    models: fc.subarray(models),
    markets: fc.subarray(['on_demand' as const, 'spot' as const]),
    available: fc.boolean(),
    minGpuCount: fc.integer({ min: 1, max: 5 }),
    minRamGb: fc.constantFrom(32, 300),
    minReliability: fc.constantFrom(0.6, 0.95),
    regions: fc.subarray(['US-East', 'Europe', 'Global']),
    maxPrice: somePrice,
    minPrice: somePrice,
    minPerformance: fc.constantFrom(50, 110),
  },
  { requiredKeys: [] },
)
const anySort: fc.Arbitrary<OfferSort> = fc.record({
  by: fc.constantFrom(...sortKeys),
  order: fc.constantFrom('asc', 'desc'),
})
const someSort = fc.oneof(fc.constant(cheapestFirst), anySort)
/** A few bounds at a time: many together leave nothing to compare. */
const mildFilter = fc
  .tuple(
    someFilter,
    fc.subarray(['models', 'markets', 'available', 'maxPrice', 'minReliability', 'regions'] as const, { maxLength: 2 }),
  )
  .map(([filter, keys]): OfferFilter => Object.fromEntries(keys.map((key) => [key, filter[key]])))

describe('ranking', () => {
  test('is a total order: three offers never go round in a circle, and two never tie', () => {
    const three = fc.uniqueArray(someOffer, { minLength: 3, maxLength: 3, selector: offerId })
    fc.assert(
      fc.property(three, someSort, (offers, sort) => {
        const compare = compareOffers(sort, context)
        const [a, b, c] = offers.map((offer) => priced(offer, context))
        if (!a || !b || !c) return
        expect(compare(a, a)).toBe(0)
        expect(Math.sign(compare(a, b))).toBe(-Math.sign(compare(b, a)))
        expect(compare(a, b)).not.toBe(0)
        if (compare(a, b) < 0 && compare(b, c) < 0) expect(compare(a, c)).toBeLessThan(0)
      }),
    )
  })

  test('does not depend on the order of what comes in', () => {
    fc.assert(
      fc.property(someOffers, someSort, (offers, sort) => {
        expect(rankOffers(offers.toReversed(), sort, context)).toEqual(rankOffers(offers, sort, context))
      }),
    )
  })
})

test('the index finds what filtering and sorting everything would find', () => {
  fc.assert(
    fc.property(manyOffers, fc.oneof(mildFilter, someFilter), someSort, fc.nat(10), (offers, filter, sort, limit) => {
      const index = createOfferIndex()
      for (const provider of providerNames) {
        const theirs = offers.filter((offer) => offer.provider === provider)
        index.replace({ provider, account: 'main', scope: 'all', offers: theirs })
      }
      const fitting = offers.filter((offer) => matches(offer, filter, context))
      const expected = rankOffers(fitting, sort, context).slice(0, limit)
      expect(index.search({ filter, sort, limit }, context)).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

test('the index shows just what the last snapshots of all scopes show', () => {
  const someSnapshot = fc.record({
    scope: fc.constantFrom('a', 'b', 'c'),
    offers: fc.array(someOffer, { maxLength: 8 }),
  })
  fc.assert(
    fc.property(fc.array(someSnapshot, { maxLength: 8 }), (snapshots) => {
      const index = createOfferIndex()
      const last = new Map<string, Offer[]>()
      for (const { scope, offers } of snapshots) {
        const theirs = offers.filter((offer) => offer.provider === 'vast')
        index.replace({ provider: 'vast', account: 'main', scope, offers: theirs })
        last.set(scope, theirs)
      }
      const ids = new Set([...last.values()].flat().map(offerId))
      expect(new Set(index.all().map(offerId))).toEqual(ids)
      expect(index.counts().offers).toBe(ids.size)
      expect(index.search({ filter: {} }, context)).toHaveLength(ids.size)
    }),
  )
})

test('the figures of an explanation add up', () => {
  fc.assert(
    fc.property(someOffers, someFilter, (offers, filter) => {
      const found = explain(offers, filter, context)
      const left = offers.filter((offer) => matches(offer, filter, context)).length
      expect(found).toMatchObject({ total: offers.length, left })
      const wanted = found.filters.find(({ name }) => name === 'gpu_model')?.keeps ?? offers.length
      for (const { name, removes, unknown, keeps, leftWithout } of found.filters) {
        expect(removes + unknown + keeps).toBe(name === 'gpu_model' ? offers.length : wanted)
        expect(leftWithout).toBeGreaterThanOrEqual(left)
        expect(leftWithout).toBeLessThanOrEqual(left + removes + unknown)
      }
      expect(found.emptiedBy.length > 0).toBe(left === 0 && offers.length > 0)
      expect(found.sentence).not.toBe('')
    }),
    { numRuns: 300 },
  )
})

test('S003-35 statistics agree with themselves', () => {
  fc.assert(
    fc.property(someOffers, (offers) => {
      const stats = marketStats(offers)
      const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0)
      expect(sum(Object.values(stats.byProvider))).toBe(stats.available)
      expect(sum(stats.byModel.map((model) => model.available))).toBe(stats.available)
      expect(stats.total).toBeGreaterThanOrEqual(stats.available)
      for (const { min, median, avg, max } of [...stats.byModel, stats.price]) {
        expect(min <= median && median <= max && min <= avg && avg <= max).toBe(true)
      }
    }),
  )
})

test('a plan is sorted by price, within the wish, and never tries a place twice on one market', () => {
  fc.assert(
    fc.property(someOffers, someFilter, (offers, filter) => {
      const plan = planLaunch(offers, { filter }, { ...context, penalties: new Map([['m3', 1]]) })
      const totals = plan.map(({ price }) => price.total)
      expect(totals).toEqual([...totals].sort((a, b) => Number(a - b)))
      expect(plan.every(({ offer }) => offer.available && matches(offer, filter, context))).toBe(true)
      expect(plan.some(({ offer }) => offer.placeKey === 'm3')).toBe(false)
      const places = plan.map(({ offer }) => `${offer.provider} ${offer.placeKey} ${offer.market}`)
      expect(new Set(places).size).toBe(places.length)
    }),
  )
})
