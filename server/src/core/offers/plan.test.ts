import { expect, test } from 'vitest'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from './an-offer.ts'
import type { Offer } from './offer.ts'
import { type LaunchWish, type PlanContext, planLaunch } from './plan.ts'

const now = 1_000
const context: PlanContext = { now, need: { diskGb: 20 }, modelNamed: () => undefined, penalties: new Map() }
const usd = nanosFromUsd
const at = (externalId: string, price: string, change: Partial<Offer> = {}) =>
  anOffer({ externalId, placeKey: `vast:${externalId}`, pricePerHour: usd(price), ...change })
const tried = (offers: Offer[], wish: LaunchWish = { filter: {} }, change: Partial<PlanContext> = {}) =>
  planLaunch(offers, wish, { ...context, ...change }).map(({ offer }) => offer.externalId)

test('tries the cheapest for this request first, at most ten', () => {
  expect(tried([at('dear', '0.5'), at('cheap', '0.3'), at('middle', '0.4')])).toEqual(['cheap', 'middle', 'dear'])
  const many = Array.from({ length: 30 }, (_, n) => at(`${n}`, `0.${n + 10}`))
  expect(tried(many)).toHaveLength(10)
  expect(tried(many, { filter: {}, limit: 3 })).toEqual(['0', '1', '2'])
})

test('keeps to the wish, and to what can be rented and can hold the disk', () => {
  const offers = [
    at('gone', '0.1', { available: false }),
    at('small', '0.1', { disk: { ...anOffer().disk, maxGb: 10 } }),
    at('unsaid', '0.2', { disk: { ...anOffer().disk, maxGb: null } }),
    at('dear', '0.9'),
  ]
  expect(tried(offers, { filter: { maxPrice: usd('0.5') } })).toEqual(['unsaid'])
})

test('a place appears once per market, with its cheapest offer', () => {
  const offers = [
    at('two', '0.4', { placeKey: 'vast:m1' }),
    at('one', '0.3', { placeKey: 'vast:m1' }),
    at('spot', '0.1', { placeKey: 'vast:m1', market: 'spot' }),
    at('other', '0.5', { placeKey: 'vast:m2' }),
  ]
  expect(tried(offers)).toEqual(['spot', 'one', 'other'])
})

test('leaves out places and offers that failed, until their time is over', () => {
  const offers = [at('a', '0.1'), at('b', '0.2'), at('c', '0.3')]
  const penalties = new Map([
    ['vast:a', now + 1],
    ['vast_b', now + 1],
    ['vast:c', now],
  ])
  expect(tried(offers, { filter: {} }, { penalties })).toEqual(['c'])
})
