import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import { type Nanos, usdNumber } from '../core/money.ts'
import type { Market, Offer } from '../core/offers/offer.ts'
import { pricePerGpu } from '../core/offers/price.ts'
import { regionFit } from '../core/regions/regions.ts'
import { hourMs, type Instant, minuteMs, secondMs } from '../core/time.ts'
import { type Provider, type ProviderDescription, ProviderError } from './provider.ts'

export type BillingModel = 'per-second' | 'per-minute' | 'per-hour'

/** What one GPU costs there now, in dollars. The two markets are kept apart: a bid is no price. */
export interface NormalisedPricing {
  onDemand: MarketPricing | null
  spot: MarketPricing | null
  currency: 'USD'
  billingModel: BillingModel
  lastUpdated: Instant
}

export interface MarketPricing {
  pricePerSecond: number
  pricePerHour: number
  /** Per GB and hour. */
  storageCost: number
  /** Per GB, the dearer direction; null where the marketplace does not say. */
  networkCost: number | null
  offer: { id: string; gpu: string; gpuCount: number; region: string }
}

/** Any will do to compare prices per GPU, and some marketplaces want to know one. */
const diskGb = 10

/**
 * The cheapest of a GPU type in a region, per second and per hour, however the marketplace bills.
 *
 * @param gpuType  in anybody's words; a family means all its variants
 * @param region   in anybody's words; null: anywhere
 * @throws RangeError when nobody knows the GPU · ProviderError `no_capacity` when none is on sale there
 */
export async function normalisedPricing(
  provider: Provider,
  { gpuType, region }: { gpuType: string; region: string | null },
  gpus: Pick<GpuCatalogue, 'meantBy'>,
): Promise<NormalisedPricing> {
  const models = gpus.meantBy(gpuType).map(({ name }) => name)
  if (models.length === 0) throw new RangeError(`no GPU is called ${gpuType}`)
  const { abilities, billing, displayName } = provider.describe()
  const markets: readonly Market[] = abilities.hasSpot ? ['on_demand', 'spot'] : ['on_demand']
  const { offers } = await provider.searchOffers({ models, markets, diskGb })
  const fitting = offers.filter(
    (offer) =>
      offer.available &&
      models.includes(offer.gpu.model) &&
      (region === null || regionFit(region, offer.region, offer.location) === true),
  )
  const newest = Math.max(...fitting.map(({ seenAt }) => seenAt))
  if (fitting.length === 0) {
    const where = region === null ? '' : ` in ${region}`
    throw new ProviderError(provider.name, { kind: 'no_capacity' }, `${displayName} has no ${gpuType} on sale${where}`)
  }
  return {
    onDemand: pricingOf(cheapest(fitting, 'on_demand')),
    spot: pricingOf(cheapest(fitting, 'spot')),
    currency: 'USD',
    billingModel: billingModelOf(billing),
    lastUpdated: newest,
  }
}

/** By the step in which it bills. */
export function billingModelOf({ stepMs }: Pick<ProviderDescription['billing'], 'stepMs'>): BillingModel {
  if (stepMs <= secondMs) return 'per-second'
  return stepMs <= minuteMs ? 'per-minute' : 'per-hour'
}

function cheapest(offers: readonly Offer[], market: Market): Offer | undefined {
  const onMarket = offers.filter((offer) => offer.market === market)
  return onMarket.sort((one, other) => (perGpu(one) < perGpu(other) ? -1 : 1))[0]
}

function perGpu(offer: Offer): Nanos {
  return pricePerGpu(offer.pricePerHour, offer)
}

function pricingOf(offer: Offer | undefined): MarketPricing | null {
  if (offer === undefined) return null
  const pricePerHour = usdNumber(perGpu(offer))
  const { traffic } = offer
  const dearer = traffic && (traffic.uploadPerGb > traffic.downloadPerGb ? traffic.uploadPerGb : traffic.downloadPerGb)
  return {
    pricePerSecond: pricePerHour / (hourMs / secondMs),
    pricePerHour,
    storageCost: usdNumber(offer.disk.pricePerGbHour),
    networkCost: dearer === null ? null : usdNumber(dearer),
    offer: { id: offer.externalId, gpu: offer.gpu.spelling, gpuCount: offer.gpu.count, region: offer.region },
  }
}
