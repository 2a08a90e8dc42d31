import type { GpuCategory } from '../core/gpus/gpu.ts'
import type { Nanos } from '../core/money.ts'
import { type Explanation, explain } from '../core/offers/explain.ts'
import type { MarketWarning } from '../core/offers/market-view.ts'
import type { MatchContext, OfferFilter } from '../core/offers/match.ts'
import type { Market } from '../core/offers/offer.ts'
import type { PriceNeed } from '../core/offers/price.ts'
import { cheapestFirst, type OfferSort, type PricedOffer } from '../core/offers/rank.ts'
import { type ProviderName, providerNames, publicProviderNames } from '../core/providers.ts'
import type { Instant } from '../core/time.ts'
import { type MarketDeps, modelLookup, modelsNamed, searchPatience } from './market.ts'

/** What a person asks of the market. Whatever is not stated is free. */
export interface OfferSearchInput {
  providers: readonly ProviderName[]
  /** In anybody's words. */
  gpuModels: readonly string[]
  categories: readonly GpuCategory[]
  markets: readonly Market[]
  available: boolean
  /** Only what is listed and cannot be rented now. */
  taken?: boolean
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
  /** Expected traffic that the price includes, GB per hour. */
  uploadGbPerHour: number
  downloadGbPerHour: number
  sort?: OfferSort
  limit: number
  /** Whether `matching` has to be exact, also in a huge market. */
  countAll?: boolean
}

export interface OfferSearchResult {
  offers: readonly PricedOffer[]
  /** How many fit, beyond the limit too; where it is not exact, at least so many. */
  matching: number
  isExact: boolean
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
  const context: MatchContext = { now, need: needOf(input), modelNamed: modelLookup(deps.gpus) }
  const asked = input.providers.length === 0 ? providerNames : input.providers
  const [on, off] = [asked.filter(deps.isEnabled), asked.filter((name) => !deps.isEnabled(name))]
  // What a provider showed before it was switched off may still be in the index.
  const filter = { ...filterFrom(input, models), ...(off.length > 0 && { providers: on }) }
  const { sort = cheapestFirst, limit, countAll = false } = input
  const { offers, matching, isExact } =
    on.length === 0
      ? { offers: [], matching: 0, isExact: true }
      : deps.index.searchAndCount({ filter, sort, limit, countAll }, context)
  return {
    offers,
    matching,
    isExact,
    warnings: [...warnings, ...(input.providers.length > 0 ? off.map(switchedOff) : [])],
    explanation: matching === 0 ? explain(on.length === 0 ? [] : deps.index.all(), filter, context) : null,
    at: now,
  }
}

function switchedOff(provider: ProviderName): MarketWarning {
  const name = publicProviderNames[provider]
  return { provider, kind: 'switched_off', message: `${name} is switched off here, so nothing of it is shown` }
}

function filterFrom(input: OfferSearchInput, models: readonly string[]): OfferFilter {
  const { gpuModels: _names, sort: _sort, limit: _limit, countAll: _all, diskGb, minStorageGb, ...rest } = input
  const { uploadGbPerHour: _upload, downloadGbPerHour: _download, ...bounds } = rest
  const storage = Math.max(minStorageGb ?? 0, diskGb)
  return { ...bounds, models, ...(storage > 0 && { minStorageGb: storage }) }
}

function needOf({ diskGb, uploadGbPerHour, downloadGbPerHour }: OfferSearchInput): PriceNeed {
  return { diskGb, uploadGbPerHour, downloadGbPerHour }
}
