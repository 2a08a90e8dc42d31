import { performanceScore } from '../gpus/contract-models.ts'
import type { GpuCategory, GpuModel } from '../gpus/gpu.ts'
import { type Nanos, nanos, usdText } from '../money.ts'
import type { ProviderName } from '../providers.ts'
import { regionFit } from '../regions/regions.ts'
import { hourMs, type Instant } from '../time.ts'
import type { Market, Offer } from './offer.ts'
import { comparablePrice, largestDiskGb, type PriceNeed } from './price.ts'

/** What an offer must be. Whatever is not stated is free; an empty list and `false` state nothing. */
export interface OfferFilter {
  providers?: readonly ProviderName[]
  /** Canonical names: resolve what a person wrote with `GpuCatalogue.meantBy` first. */
  models?: readonly string[]
  categories?: readonly GpuCategory[]
  markets?: readonly Market[]
  /** Only what can be rented now. */
  available?: boolean
  /** Only what is listed and cannot be rented now. */
  taken?: boolean
  /** Only what the marketplace has verified. */
  verified?: boolean
  minGpuCount?: number
  maxGpuCount?: number
  /** GB per GPU. */
  minVramGb?: number
  /** System memory of the whole offer, GB. */
  minRamGb?: number
  maxRamGb?: number
  /** `minRamGb` goes along with the launch, where the marketplace takes it. */
  asksForRam?: true
  /** GB of disk that must be possible. */
  minStorageGb?: number
  /** Any of them, in anybody's words. */
  regions?: readonly string[]
  /** 0..1 */
  minReliability?: number
  /** Performance score of the model, 0..150, inclusive. */
  minPerformance?: number
  /** Comparable price of the whole offer, nano-dollars per hour, inclusive. */
  minPrice?: Nanos
  maxPrice?: Nanos
  /** CUDA version such as 12.4. */
  minCuda?: number
  minDownloadMbps?: number
  minUploadMbps?: number
  /** Hours from now for which the marketplace must keep the machine. */
  minLifetimeHours?: number
  /** Container ports to publish. */
  minPorts?: number
  exactly?: ExactProduct
}

/** In the marketplace’s own words. */
export interface ExactProduct {
  /** The GPU as it is spelled there: `RTX 4090 24GB`, and not `RTX 4090 24GB (High freq.)`. */
  spelling?: string
  /** How its location begins: `CN-HK-01`. */
  place?: string
}

export interface MatchContext {
  now: Instant
  /** Decides the comparable price. */
  need: PriceNeed
  /** By canonical name; undefined for a spelling that nobody knows. */
  modelNamed: (name: string) => GpuModel | undefined
}

export type Answer = boolean | 'unknown'

/** One thing that can be asked of an offer. Adding one adds an entry to `filterRules`. */
export interface FilterRule {
  /** As the API calls it. */
  name: string
  applies: (filter: OfferFilter) => boolean
  passes: (offer: Offer, filter: OfferFilter, context: MatchContext) => Answer
  /** What the nearest misses among these offers have: `the cheapest costs 0.31`. */
  best?: (offers: readonly Offer[], context: MatchContext) => string | undefined
}

/** Cheap questions come first, the price last: it is the only one that has to be worked out. */
export const filterRules: readonly FilterRule[] = [
  listed('provider', 'providers', (offer) => offer.provider),
  listed('gpu_model', 'models', (offer) => offer.gpu.model),
  listed('market', 'markets', (offer) => offer.market),
  {
    name: 'product',
    applies: ({ exactly }) => exactly !== undefined,
    passes: (offer, { exactly }) => isExactly(offer, exactly ?? {}),
  },
  {
    name: 'available',
    applies: (filter) => filter.available === true,
    passes: (offer) => offer.available,
  },
  {
    name: 'taken',
    applies: (filter) => filter.taken === true,
    passes: (offer) => !offer.available,
  },
  bounded(
    'min_gpu_count',
    'minGpuCount',
    'least',
    (offer) => offer.gpu.count,
    (n) => `the largest has ${n} GPUs`,
  ),
  bounded(
    'max_gpu_count',
    'maxGpuCount',
    'most',
    (offer) => offer.gpu.count,
    (n) => `the smallest has ${n} GPUs`,
  ),
  bounded(
    'min_vram_gb',
    'minVramGb',
    'least',
    (offer) => offer.gpu.memoryGb,
    (n) => `the most is ${n} GB per GPU`,
  ),
  orElse(
    ({ ramOnRequest }, { asksForRam }) => asksForRam === true && ramOnRequest === true,
    bounded(
      'min_ram_gb',
      'minRamGb',
      'least',
      (offer) => offer.ramGb,
      (n) => `the most is ${n} GB`,
    ),
  ),
  bounded(
    'max_ram_gb',
    'maxRamGb',
    'most',
    (offer) => offer.ramGb,
    (n) => `the least is ${n} GB`,
  ),
  bounded('min_storage_gb', 'minStorageGb', 'least', storageGb, (n) => `the most is ${n} GB`),
  bounded(
    'min_reliability',
    'minReliability',
    'least',
    (offer) => offer.reliability,
    (n) => `the best has ${n}`,
  ),
  {
    name: 'verified',
    applies: (filter) => filter.verified === true,
    passes: (offer) => offer.verified ?? 'unknown',
  },
  bounded(
    'min_cuda',
    'minCuda',
    'least',
    (offer) => offer.cudaMax,
    (n) => `the newest supports ${n}`,
  ),
  bounded('min_download_mbps', 'minDownloadMbps', 'least', downloadMbps, (n) => `the fastest has ${n} Mbit/s`),
  bounded('min_upload_mbps', 'minUploadMbps', 'least', uploadMbps, (n) => `the fastest has ${n} Mbit/s`),
  bounded('min_lifetime_hours', 'minLifetimeHours', 'least', lifetimeHours, (n) => `the longest lasts ${n} hours`),
  // null is "no limit known" here, and so no reason to refuse.
  bounded(
    'ports',
    'minPorts',
    'least',
    (o) => o.maxPorts ?? Number.MAX_SAFE_INTEGER,
    (n) => `the most is ${n} ports`,
  ),
  {
    name: 'gpu_category',
    applies: ({ categories }) => categories !== undefined && categories.length > 0,
    passes: (offer, { categories = [] }, { modelNamed }) => {
      const model = modelNamed(offer.gpu.model)
      return model ? categories.includes(model.category) : 'unknown'
    },
  },
  bounded('min_performance', 'minPerformance', 'least', scoreOf, (n) => `the fastest scores ${n}`),
  {
    name: 'region',
    applies: ({ regions }) => regions !== undefined && regions.length > 0,
    passes: (offer, { regions = [] }) => anyRegion(offer, regions),
    best: (offers) => `on sale in ${[...new Set(offers.map((offer) => offer.region))].sort().slice(0, 6).join(', ')}`,
  },
  {
    name: 'min_price',
    applies: (filter) => filter.minPrice !== undefined,
    passes: (offer, { minPrice }, { need }) => minPrice === undefined || comparablePrice(offer, need).total >= minPrice,
    best: (offers, { need }) =>
      priceSaid(
        'the dearest costs',
        extreme(totals(offers, need), (a, b) => a > b),
        'down',
      ),
  },
  {
    name: 'max_price',
    applies: (filter) => filter.maxPrice !== undefined,
    passes: (offer, { maxPrice }, { need }) => maxPrice === undefined || comparablePrice(offer, need).total <= maxPrice,
    best: (offers, { need }) =>
      priceSaid(
        'the cheapest costs',
        extreme(totals(offers, need), (a, b) => a < b),
        'up',
      ),
  },
]

export function statedRules(filter: OfferFilter): FilterRule[] {
  return filterRules.filter((rule) => rule.applies(filter))
}

/** An unknown value never satisfies a stated bound. */
export function matches(offer: Offer, filter: OfferFilter, context: MatchContext): boolean {
  return filterRules.every((rule) => !rule.applies(filter) || rule.passes(offer, filter, context) === true)
}

/** Whether something that is known speaks against it. What the marketplace does not say does not. */
export function isRefused(offer: Offer, filter: OfferFilter, context: MatchContext): boolean {
  return filterRules.some((rule) => rule.applies(filter) && rule.passes(offer, filter, context) === false)
}

type NumberFilter = {
  [Key in keyof OfferFilter]-?: Exclude<OfferFilter[Key], undefined> extends number ? Key : never
}[keyof OfferFilter]

/** A bound on a number; both ends are inclusive. */
function bounded(
  name: string,
  key: NumberFilter,
  side: 'least' | 'most',
  value: (offer: Offer, context: MatchContext) => number | null,
  say: (best: number) => string,
): FilterRule {
  return {
    name,
    applies: (filter) => filter[key] !== undefined,
    passes: (offer, filter, context) => {
      const bound = filter[key]
      const seen = value(offer, context)
      if (bound === undefined) return true
      if (seen === null) return 'unknown'
      return side === 'least' ? seen >= bound : seen <= bound
    },
    best: (offers, context) => {
      const known = offers.map((offer) => value(offer, context)).filter((seen) => seen !== null)
      const best = extreme(known, side === 'least' ? (a, b) => a > b : (a, b) => a < b)
      return best === undefined ? undefined : say(Math.round(best * 1000) / 1000)
    },
  }
}

/** What the marketplace does not say is no obstacle where it can be demanded. */
function orElse(canBeDemanded: (offer: Offer, filter: OfferFilter) => boolean, rule: FilterRule): FilterRule {
  return {
    ...rule,
    passes(offer, filter, context) {
      const answer = rule.passes(offer, filter, context)
      return answer === 'unknown' && canBeDemanded(offer, filter) ? true : answer
    },
  }
}

function listed(name: string, key: 'providers' | 'models' | 'markets', value: (offer: Offer) => string): FilterRule {
  return {
    name,
    applies: (filter) => (filter[key]?.length ?? 0) > 0,
    passes: (offer, filter) => (filter[key] as readonly string[] | undefined)?.includes(value(offer)) ?? true,
  }
}

/** Disk is rented by the gigabyte: where the marketplace states no most, there is no reason to refuse. */
function storageGb(offer: Offer): number {
  return Math.max(largestDiskGb(offer.disk) ?? Number.MAX_SAFE_INTEGER, offer.disk.includedGb)
}

function downloadMbps(offer: Offer): number | null {
  return offer.network?.downloadMbps ?? null
}

function uploadMbps(offer: Offer): number | null {
  return offer.network?.uploadMbps ?? null
}

/** Most marketplaces set no end at all. */
function lifetimeHours(offer: Offer, { now }: MatchContext): number {
  return offer.endsAt === null ? Number.MAX_SAFE_INTEGER : (offer.endsAt - now) / hourMs
}

function scoreOf(offer: Offer, { modelNamed }: MatchContext): number | null {
  const model = modelNamed(offer.gpu.model)
  return model ? performanceScore(model) : null
}

function anyRegion(offer: Offer, wanted: readonly string[]): Answer {
  const answers = wanted.map((region) => regionFit(region, offer.region, offer.location))
  if (answers.includes(true)) return true
  return answers.includes('unknown') ? 'unknown' : false
}

function totals(offers: readonly Offer[], need: PriceNeed): Nanos[] {
  return offers.map((offer) => comparablePrice(offer, need).total)
}

/** Cents, or hundredths of a cent below one; rounded so that a bound set to what is said lets the offer in. */
function priceSaid(words: string, price: Nanos | undefined, round: 'up' | 'down'): string | undefined {
  if (price === undefined) return undefined
  const decimals = price < 10_000_000n ? 4 : 2
  const unit = 10n ** BigInt(9 - decimals)
  const units = round === 'up' ? (price + unit - 1n) / unit : price / unit
  return `${words} ${usdText(nanos(units * unit), decimals)}`
}

function extreme<T>(values: readonly T[], beats: (a: T, b: T) => boolean): T | undefined {
  return values.reduce<T | undefined>(
    (best, value) => (best === undefined || beats(value, best) ? value : best),
    undefined,
  )
}

function isExactly({ gpu, location }: Offer, { spelling, place }: ExactProduct): boolean {
  if (spelling !== undefined && gpu.spelling.toLowerCase() !== spelling.toLowerCase()) return false
  return place === undefined || location.trim().split(/\s/, 1)[0]?.toLowerCase() === place.toLowerCase()
}
