import { dividedBy, type Nanos } from '../money.ts'
import type { Market, Offer } from '../offers/offer.ts'
import { comparablePrice } from '../offers/price.ts'
import type { ProviderName } from '../providers.ts'
import type { Instant } from '../time.ts'
import { type PriceLevels, rankedPrice } from './price-levels.ts'

/** Whose history it is. */
export interface SeriesKey {
  provider: ProviderName
  /** Canonical name, or the marketplace's spelling where nobody knows it. */
  model: string
  market: Market
}

/** What one look at the market found of one model. */
export interface Look extends SeriesKey {
  at: Instant
  /** The marketplace showed only the cheapest of it, so that the counts are the least there were. */
  sampled: boolean
  offers: number
  gpus: number
  /** Per GPU; null when there was nothing. */
  prices: PriceLevels | null
}

/** A part of the market that was looked at lately. */
export interface SeenPart {
  provider: ProviderName
  /** Empty: whatever is on sale. */
  models: readonly string[]
  markets: readonly Market[]
  /** Only the cheapest of it was shown. */
  sampled: boolean
  /** Only offers of a certain size were asked for, so that what is missing may be on sale all the same. */
  bounded: boolean
  seenAt: Instant
}

/** Prices are for the same small disk everywhere, so that they can be compared. */
export const historyDiskGb = 10

/**
 * One look: what there is now of each model, and which of the models met before there is nothing of.
 *
 * Silence is not absence: a model counts as sold out only where its marketplace was asked for it and answered.
 *
 * @param offers what was seen lately; what cannot be rented is left out
 * @param known  series that have a history
 * @param parts  what was looked at lately
 */
export function looksAt(
  offers: Iterable<Offer>,
  { at, known, parts }: { at: Instant; known: readonly SeriesKey[]; parts: readonly SeenPart[] },
): Look[] {
  const onSale = new Map<string, { key: SeriesKey; offers: Offer[] }>()
  for (const offer of offers) {
    if (!offer.available) continue
    const key: SeriesKey = { provider: offer.provider, model: offer.gpu.model, market: offer.market }
    const id = seriesId(key)
    const group = onSale.get(id)
    if (group) group.offers.push(offer)
    else onSale.set(id, { key, offers: [offer] })
  }
  const found = [...onSale.values()].map(({ key, offers: its }) => ({ ...key, at, ...figuresOf(its) }))
  const missing = known.filter((key) => !onSale.has(seriesId(key)) && parts.some((part) => wouldShow(part, key)))
  return [
    ...found.map((look) => ({ ...look, sampled: !parts.some((part) => !part.sampled && wouldShow(part, look)) })),
    ...missing.map((key) => ({ ...key, at, sampled: false, offers: 0, gpus: 0, prices: null })),
  ]
}

export function seriesId({ provider, model, market }: SeriesKey): string {
  return JSON.stringify([provider, model, market])
}

/** Nano-dollars per hour for one GPU of the offer, with a small disk. */
export function pricePerGpuHour(offer: Offer): Nanos {
  return dividedBy(comparablePrice(offer, { diskGb: historyDiskGb }).total, BigInt(Math.max(offer.gpu.count, 1)))
}

/** Whether this model would be in what the part shows, if there were any. */
function wouldShow(part: SeenPart, { provider, model, market }: SeriesKey): boolean {
  if (part.provider !== provider || part.bounded || !part.markets.includes(market)) return false
  return part.models.length === 0 ? !part.sampled : part.models.includes(model)
}

function figuresOf(offers: readonly Offer[]): Pick<Look, 'offers' | 'gpus' | 'prices'> {
  const prices = offers.map(pricePerGpuHour).sort((a, b) => Number(a - b))
  // A machine is on sale in several sizes at once; its GPUs count once, where the marketplace tells which machine it is.
  const largest = new Map<string, number>()
  for (const { placeKey, gpu } of offers) largest.set(placeKey, Math.max(largest.get(placeKey) ?? 0, gpu.count))
  const [min, median, p90] = [rankedPrice(prices, 0), rankedPrice(prices, 50), rankedPrice(prices, 90)]
  return {
    offers: offers.length,
    gpus: [...largest.values()].reduce((sum, count) => sum + count, 0),
    prices: min === undefined || median === undefined || p90 === undefined ? null : { min, median, p90 },
  }
}
