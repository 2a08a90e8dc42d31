import type { GpuCategory } from '../core/gpus/gpu.ts'
import type { Nanos } from '../core/money.ts'
import { type Explanation, explain } from '../core/offers/explain.ts'
import type { MarketWarning } from '../core/offers/market-view.ts'
import type { MatchContext, OfferFilter } from '../core/offers/match.ts'
import type { Market } from '../core/offers/offer.ts'
import { cheapestFirst, type OfferSort, type PricedOffer } from '../core/offers/rank.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Instant } from '../core/time.ts'
import { type MarketDeps, modelsNamed, searchPatience } from './market.ts'

/** What a person asks of the market. Whatever is not stated is free. */
export interface OfferSearchInput {
  providers: readonly ProviderName[]
  /** In anybody's words. */
  gpuModels: readonly string[]
  categories: readonly GpuCategory[]
  markets: readonly Market[]
  available: boolean
  verified: boolean
  minGpuCount?: number
  maxGpuCount?: number
  minVramGb?: number
  minRamGb?: number
  maxRamGb?: number
  minStorageGb?: number
  regions: readonly string[]
  minReliability?: number
  minPerformance?: number
  /** Comparable price per hour. */
  minPrice?: Nanos
  maxPrice?: Nanos
  minCuda?: number
  minDownloadMbps?: number
  minUploadMbps?: number
  minLifetimeHours?: number
  /** The disk that the price includes. */
  diskGb: number
  sort?: OfferSort
  limit: number
}

export interface OfferSearchResult {
  offers: readonly PricedOffer[]
  /** How many fit, beyond the limit too. */
  matching: number
  warnings: readonly MarketWarning[]
  /** Why nothing is left; null when something is. */
  explanation: Explanation | null
  at: Instant
}

/** Everything on sale that fits, over all providers; what is slow or down is missing with a warning. */
export async function searchOffers(input: OfferSearchInput, deps: MarketDeps): Promise<OfferSearchResult> {
  const models = modelsNamed(input.gpuModels, deps.gpus).map((model) => model.name)
  const warnings = await deps.market.freshen(
    {
      providers: input.providers,
      models,
      markets: input.markets.length === 0 ? ['on_demand', 'spot'] : input.markets,
      gpuCount: input.minGpuCount !== undefined && input.minGpuCount > 1 ? input.minGpuCount : null,
      minVramGb: input.minVramGb ?? null,
      diskGb: input.diskGb,
    },
    searchPatience,
  )
  const now = deps.clock.now()
  const context: MatchContext = { now, need: { diskGb: input.diskGb }, modelNamed: deps.gpus.find }
  const filter = filterFrom(input, models)
  const found = deps.index.search({ filter, sort: input.sort ?? cheapestFirst }, context)
  return {
    offers: found.slice(0, input.limit),
    matching: found.length,
    warnings,
    explanation: found.length === 0 ? explain(deps.index.all(), filter, context) : null,
    at: now,
  }
}

function filterFrom(input: OfferSearchInput, models: readonly string[]): OfferFilter {
  const { gpuModels: _names, sort: _sort, limit: _limit, diskGb, minStorageGb, ...bounds } = input
  const storage = Math.max(minStorageGb ?? 0, diskGb)
  return { ...bounds, models, ...(storage > 0 && { minStorageGb: storage }) }
}
