import { dividedBy, type Nanos, noMoney, sum } from '../money.ts'
import type { ProviderName } from '../providers.ts'
import type { Offer } from './offer.ts'

/** Nano-dollars per hour. Joke prices of 64 to 128 $/h exist, so the median says more than the mean. */
export interface PriceSpread {
  min: Nanos
  max: Nanos
  median: Nanos
  avg: Nanos
}

export interface ModelStats extends PriceSpread {
  /** Canonical name, or the marketplace's spelling where nobody knows it. */
  model: string
  available: number
  providers: ProviderName[]
}

export interface MarketStats {
  /** Everything that is listed; never below `available`. */
  total: number
  available: number
  /** Available offers; they add up to `available`. */
  byProvider: Partial<Record<ProviderName, number>>
  /** Of available offers, by name. */
  byModel: ModelStats[]
  /** Over all available offers; zeros when there are none. */
  price: PriceSpread
}

/**
 * The market in figures, over what can be rented now.
 *
 * @param priceOf nano-dollars per hour that count for an offer; default: the offer's own price, GPUs only
 */
export function marketStats(
  offers: Iterable<Offer>,
  priceOf: (offer: Offer) => Nanos = (offer) => offer.pricePerHour,
): MarketStats {
  const byModel = new Map<string, { prices: Nanos[]; providers: Set<ProviderName> }>()
  const byProvider: Partial<Record<ProviderName, number>> = {}
  const prices: Nanos[] = []
  let total = 0

  for (const offer of offers) {
    total += 1
    if (!offer.available) continue
    const price = priceOf(offer)
    const model = byModel.get(offer.gpu.model) ?? { prices: [], providers: new Set() }
    model.prices.push(price)
    model.providers.add(offer.provider)
    byModel.set(offer.gpu.model, model)
    byProvider[offer.provider] = (byProvider[offer.provider] ?? 0) + 1
    prices.push(price)
  }

  return {
    total,
    available: prices.length,
    byProvider,
    byModel: [...byModel]
      .map(([model, seen]) => ({
        model,
        available: seen.prices.length,
        providers: [...seen.providers].sort(),
        ...priceSpread(seen.prices),
      }))
      .sort((a, b) => (a.model < b.model ? -1 : 1)),
    price: priceSpread(prices),
  }
}

/** Zeros for no prices. With an even count, the median is the mean of the two in the middle. */
export function priceSpread(prices: readonly Nanos[]): PriceSpread {
  const sorted = [...prices].sort((a, b) => Number(a - b))
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (min === undefined || max === undefined) return { min: noMoney, max: noMoney, median: noMoney, avg: noMoney }
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1)
  return { min, max, median: mean(middle), avg: mean(sorted) }
}

function mean(prices: readonly Nanos[]): Nanos {
  return dividedBy(sum(prices), BigInt(prices.length))
}
