import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { AppError } from '../../../app/errors.ts'
import type { MarketDeps } from '../../../app/market.ts'
import { type OfferSearchInput, type OfferSearchResult, searchOffers } from '../../../app/search-offers.ts'
import { nanosFromUsd, usdNumber } from '../../../core/money.ts'
import { offerKey } from '../../../core/offers/offer.ts'
import type { PricedOffer, SortKey } from '../../../core/offers/rank.ts'
import type { ProviderName } from '../../../core/providers.ts'
import { vllmDiskGb } from '../../../core/templates/vllm.ts'
import { fieldsOf } from '../../mistakes.ts'
import { FlagText, NumberText, Text } from './inputs.ts'

export interface VastOfferDeps extends MarketDeps {
  isConfigured: (provider: ProviderName) => boolean
}

/** Our word and the marketplace's for what an answer can be sorted by. */
const sorts = {
  price: { by: 'price', key: 'dph_total' },
  gpu_ram: { by: 'vram', key: 'gpu_ram' },
  num_gpus: { by: 'gpu_count', key: 'num_gpus' },
} as const satisfies Record<string, { by: SortKey; key: string }>
const sortNames = Object.keys(sorts) as (keyof typeof sorts)[]

const price = z.number().min(0).max(1_000_000)
const gigabytes = z.int().min(1).max(10_000)
const count = z.int().min(1).max(1_000)
const speed = z.number().min(0).max(10_000_000)
const limit = z.int().min(1).max(100)

const SearchBody = z.object({
  gpu_name: Text.nullish(),
  max_price: price.nullish(),
  min_gpu_ram: gigabytes.nullish(),
  num_gpus: count.nullish(),
  rentable: z.boolean().nullish(),
  inet_down: speed.nullish(),
  inet_up: speed.nullish(),
  sort_by: z.enum(sortNames).nullish(),
  limit: limit.nullish(),
})

/** The same words in a query, so that nobody has to learn two searches. */
const SearchQuery = z.object({
  gpu_name: Text.optional(),
  max_price: NumberText(price).optional(),
  min_gpu_ram: NumberText(gigabytes).optional(),
  num_gpus: NumberText(count).optional(),
  rentable: FlagText.optional(),
  inet_down: NumberText(speed).optional(),
  inet_up: NumberText(speed).optional(),
  sort_by: z.enum(sortNames).optional(),
  limit: NumberText(limit).optional(),
})

const usualLimit = 20
/** The simple search has no limit to ask for in its contract, so it shows what the other one shows at most. */
const simpleLimit = 100

export function vastOfferRoutes(app: FastifyInstance, deps: VastOfferDeps): void {
  const typed = app.withTypeProvider<ZodTypeProvider>()
  const config = { access: 'viewer' as const, known: fieldsOf(SearchBody) }

  typed.get('/api/vast/offers', { config, schema: { hide: true, querystring: SearchQuery } }, ({ query }) =>
    found({ ...query, limit: query.limit ?? simpleLimit }, deps),
  )

  typed.post(
    '/api/vast/search-offers',
    { config, schema: { hide: true, body: SearchBody.nullish() }, preValidation: bodyMayBeMissing },
    ({ body }) => found(body ?? {}, deps),
  )
}

/** The validator is not asked when there is no body, and then nothing is wrong either. */
async function bodyMayBeMissing(request: FastifyRequest): Promise<void> {
  request.body ??= {}
}

async function found(asked: z.infer<typeof SearchBody>, deps: VastOfferDeps) {
  if (!deps.isConfigured('vast')) {
    throw new AppError('provider_not_configured', 'API 키가 설정되지 않았거나 잘못되었습니다', {
      fix: 'set VAST_API_KEY',
    })
  }
  const result = await searchOffers(searchFrom(asked), deps)
  const silent = silence(result)
  if (silent !== undefined) {
    throw new AppError('provider_unavailable', `오퍼 검색 실패: ${silent}`, { fix: 'try again in a minute' })
  }
  const sortBy = asked.sort_by ?? 'price'
  return {
    offers: result.offers.map(offerView),
    total: result.matching,
    filtered_count: result.offers.length,
    sort_info: {
      sort_by: sortBy,
      order: 'ascending',
      ...(result.offers.length > 0 && { sort_key: sorts[sortBy].key }),
    },
    search_query: queryText(asked),
  }
}

function searchFrom(asked: z.infer<typeof SearchBody>): OfferSearchInput {
  const { gpu_name, max_price, min_gpu_ram, num_gpus, rentable, inet_down, inet_up } = asked
  return {
    providers: ['vast'],
    gpuModels: gpu_name == null ? [] : [gpu_name],
    categories: [],
    // A bid has no place in this contract: its ids are those of outright rentals.
    markets: ['on_demand'],
    available: rentable === true,
    taken: rentable === false,
    verified: false,
    regions: [],
    // What a launch of this contract rents: the price that is shown is the one that is paid.
    diskGb: vllmDiskGb,
    uploadGbPerHour: 0,
    downloadGbPerHour: 0,
    sort: { by: sorts[asked.sort_by ?? 'price'].by, order: 'asc' },
    limit: asked.limit ?? usualLimit,
    countAll: true,
    ...(max_price != null && { maxPrice: nanosFromUsd(max_price) }),
    ...(min_gpu_ram != null && { minVramGb: min_gpu_ram }),
    ...(num_gpus != null && { minGpuCount: num_gpus, maxGpuCount: num_gpus }),
    ...(inet_down != null && { minDownloadMbps: inet_down }),
    ...(inet_up != null && { minUploadMbps: inet_up }),
  }
}

/** Why nothing can be said about what is on sale: silence is not absence. */
function silence({ matching, warnings }: OfferSearchResult): string | undefined {
  if (matching > 0) return undefined
  return warnings.find(({ kind }) => kind === 'switched_off' || kind === 'down' || kind === 'slow')?.message
}

function offerView({ offer, price }: PricedOffer) {
  const { gpu, details, network, disk } = offer
  return {
    id: offerKey(offer),
    // The marketplace's own spelling is the one with blanks.
    gpu_name: gpu.spelling,
    num_gpus: gpu.count,
    gpu_ram: gpu.memoryGb,
    dph_total: usdNumber(price.total),
    rentable: offer.available,
    cpu_cores: offer.cpuCores,
    cpu_name: details.cpu_name ?? null,
    ram: offer.ramGb,
    cuda_max_good: offer.cudaMax,
    public_ipaddr: details.public_ipv4 ?? null,
    inet_down: network?.downloadMbps ?? null,
    inet_up: network?.uploadMbps ?? null,
    disk_space: disk.maxGb,
    verified: offer.verified,
    reliability: offer.reliability,
    score: details.score ?? null,
    geolocation: offer.location,
  }
}

const operators: readonly (readonly [keyof z.infer<typeof SearchBody>, string])[] = [
  ['gpu_name', 'gpu_name='],
  ['max_price', 'dph_total<='],
  ['min_gpu_ram', 'gpu_ram>='],
  ['num_gpus', 'num_gpus='],
  ['rentable', 'rentable='],
  ['inet_down', 'inet_down>='],
  ['inet_up', 'inet_up>='],
]

/** The search as the marketplace's own command line would be asked; null when everything is asked for. */
function queryText(asked: z.infer<typeof SearchBody>): string | null {
  const conditions = operators.flatMap(([field, operator]) => {
    const value = asked[field]
    return value == null ? [] : [`${operator}${String(value).trim().replaceAll(' ', '_')}`]
  })
  return conditions.length === 0 ? null : conditions.join(' ')
}
