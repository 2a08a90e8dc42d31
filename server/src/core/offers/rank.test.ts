import { expect, test } from 'vitest'
import { createGpuCatalogue } from '../gpus/catalogue.ts'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from './an-offer.ts'
import type { MatchContext } from './match.ts'
import type { Offer } from './offer.ts'
import { cheapestFirst, type OfferSort, rankOffers } from './rank.ts'

const byName = new Map(
  createGpuCatalogue()
    .models()
    .map((model) => [model.name, model]),
)
const context: MatchContext = { now: 0, need: { diskGb: 10 }, modelNamed: (name) => byName.get(name) }
const usd = nanosFromUsd
const order = (offers: Offer[], sort: OfferSort) =>
  rankOffers(offers, sort, context).map(({ offer }) => offer.externalId)

test('S003-53 the cheapest for this request comes first, over all marketplaces', () => {
  const cheapGpu = anOffer({ externalId: 'dear-disk', pricePerHour: usd('0.3'), disk: { pricePerGbHour: usd('0.01') } })
  const other = anOffer({ externalId: 'all-in', provider: 'runpod', pricePerHour: usd('0.35') })
  expect(order([cheapGpu, other], cheapestFirst)).toEqual(['all-in', 'dear-disk'])
})

test('breaks ties by price, reliability, provider and key, always the same', () => {
  const offers = [
    anOffer({ externalId: 'c', provider: 'novita', reliability: null }),
    anOffer({ externalId: 'b', provider: 'runpod', reliability: null }),
    anOffer({ externalId: 'a', reliability: 0.9 }),
    anOffer({ externalId: 'a2', reliability: 0.9 }),
    anOffer({ externalId: 'best', reliability: 0.95 }),
  ]
  expect(order(offers, cheapestFirst)).toEqual(['best', 'a', 'a2', 'b', 'c'])
  expect(order(offers.toReversed(), cheapestFirst)).toEqual(['best', 'a', 'a2', 'b', 'c'])
  expect(order(offers, { by: 'gpu_count', order: 'desc' })).toEqual(['best', 'a', 'a2', 'b', 'c'])
})

test('S003-18, S003-19 sorts by each key either way, unknown last', () => {
  const slow = anOffer({ externalId: 'slow', gpu: { model: 'RTX 3060 12GB', memoryGb: 12 }, reliability: 0.8 })
  const fast = anOffer({
    externalId: 'fast',
    gpu: { model: 'H100 SXM 80GB', memoryGb: 80 },
    reliability: 0.9,
    pricePerHour: usd('2'),
  })
  const odd = anOffer({ externalId: 'odd', gpu: { model: 'Voodoo 2', memoryGb: 16, count: 4 }, reliability: null })
  const offers = [odd, slow, fast]

  for (const by of ['performance', 'performance_score', 'reliability'] as const) {
    expect(order(offers, { by, order: 'asc' })).toEqual(['slow', 'fast', 'odd'])
    expect(order(offers, { by, order: 'desc' })).toEqual(['fast', 'slow', 'odd'])
  }
  expect(order(offers, { by: 'price_per_performance', order: 'asc' })).toEqual(['fast', 'slow', 'odd'])
  expect(order(offers, { by: 'memory', order: 'desc' })).toEqual(['fast', 'odd', 'slow'])
  expect(order(offers, { by: 'gpu_count', order: 'desc' })[0]).toBe('odd')
})

test('performance is that of all GPUs together; the score is that of the model', () => {
  const many = anOffer({ externalId: 'eight', gpu: { count: 8 } })
  const one = anOffer({ externalId: 'one', gpu: { model: 'H100 SXM 80GB' } })
  expect(order([many, one], { by: 'performance', order: 'desc' })).toEqual(['eight', 'one'])
  expect(order([many, one], { by: 'performance_score', order: 'desc' })).toEqual(['one', 'eight'])
})
