import { performanceScore } from '../gpus/contract-models.ts'
import { providerNames } from '../providers.ts'
import type { MatchContext } from './match.ts'
import { type Offer, offerKey } from './offer.ts'
import { type ComparablePrice, comparablePrice, offerTflops, pricePerTflops } from './price.ts'

export const sortKeys = [
  /** Comparable price. */
  'price',
  /** Dense fp16 TFLOPS of the whole offer. */
  'performance',
  /** Contract 003's score of the model, then TFLOPS. */
  'performance_score',
  /** Comparable price per dense fp16 TFLOPS. */
  'price_per_performance',
  'reliability',
  /** GPU memory of the whole offer. */
  'memory',
  /** GPU memory of one GPU. */
  'vram',
  'gpu_count',
] as const
export type SortKey = (typeof sortKeys)[number]

export interface OfferSort {
  by: SortKey
  order: 'asc' | 'desc'
}

export const cheapestFirst: OfferSort = { by: 'price', order: 'asc' }

export interface PricedOffer {
  offer: Offer
  price: ComparablePrice
}

export type CompareOffers = (a: PricedOffer, b: PricedOffer) => number

export function priced(offer: Offer, context: Pick<MatchContext, 'need'>): PricedOffer {
  return { offer, price: comparablePrice(offer, context.need) }
}

/**
 * A total order over offers that differ in provider or key. What is unknown comes last either way. Ties go to the lower
 * price, the higher reliability, the provider that we list first, and at last the key, so that a page is the same twice.
 */
export function compareOffers(sort: OfferSort, context: Pick<MatchContext, 'modelNamed'>): CompareOffers {
  const direction = sort.order === 'asc' ? 1 : -1
  const value = valueBy(sort.by, context)
  const then = sort.by === 'performance_score' ? valueBy('performance', context) : undefined
  return (a, b) =>
    unknownLast(value(a), value(b), direction) ||
    (then ? unknownLast(then(a), then(b), direction) : 0) ||
    unknownLast(a.price.total, b.price.total, 1) ||
    unknownLast(a.offer.reliability, b.offer.reliability, -1) ||
    providerNames.indexOf(a.offer.provider) - providerNames.indexOf(b.offer.provider) ||
    inText(offerKey(a.offer), offerKey(b.offer))
}

export function rankOffers(offers: readonly Offer[], sort: OfferSort, context: MatchContext): PricedOffer[] {
  return offers.map((offer) => priced(offer, context)).sort(compareOffers(sort, context))
}

type Value = (priced: PricedOffer) => bigint | number | null

function valueBy(key: SortKey, { modelNamed }: Pick<MatchContext, 'modelNamed'>): Value {
  switch (key) {
    case 'price':
      return ({ price }) => price.total
    case 'performance':
      return ({ offer }) => offerTflops(offer, modelNamed(offer.gpu.model))
    case 'performance_score':
      return ({ offer }) => {
        const model = modelNamed(offer.gpu.model)
        return model ? performanceScore(model) : null
      }
    case 'price_per_performance':
      return ({ offer, price }) => pricePerTflops(price.total, offer, modelNamed(offer.gpu.model))
    case 'reliability':
      return ({ offer }) => offer.reliability
    case 'memory':
      return ({ offer }) => offer.gpu.memoryGb * offer.gpu.count
    case 'vram':
      return ({ offer }) => offer.gpu.memoryGb
    case 'gpu_count':
      return ({ offer }) => offer.gpu.count
  }
}

function unknownLast(a: bigint | number | null, b: bigint | number | null, direction: 1 | -1): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return a < b ? -direction : a > b ? direction : 0
}

function inText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
