import { z } from 'zod'
import type { OfferSearchInput } from '../../../app/search-offers.ts'
import { type SortKey, sortKeys } from '../../../core/offers/rank.ts'
import { invalidRequest } from '../../problem.ts'
import { Category, Flag, flagFrom, nanosFrom, providerFrom, Usd, UsdText } from '../inputs.ts'

const sorts = {
  sort_by: z.enum(sortKeys).optional().describe('Default price.'),
  sort_order: z.enum(['asc', 'desc']).optional().describe('Default asc.'),
}
const limitAtMost = 1_000
const defaultLimit = 100
const defaultDiskGb = 10

/** The words of a search as a JSON body. `min_ram` is the contract's spelling of `min_ram_gb`. */
export const AdvancedSearchBody = z.strictObject({
  provider: z.string().max(40).optional(),
  providers: z.array(z.string().max(40)).max(10).optional(),
  gpu_model: z.string().min(1).max(80).optional(),
  gpu_models: z.array(z.string().min(1).max(80)).max(50).optional(),
  gpu_category: Category.optional(),
  market: z.enum(['on_demand', 'spot', 'any']).optional(),
  min_gpu_count: z.int().min(0).max(64).optional(),
  max_gpu_count: z.int().min(0).max(64).optional(),
  min_vram_gb: z.number().min(0).max(10_000).optional().describe('Per GPU.'),
  min_ram: z.number().min(0).max(100_000).optional(),
  min_ram_gb: z.number().min(0).max(100_000).optional(),
  max_ram_gb: z.number().min(0).max(100_000).optional(),
  min_storage_gb: z.number().min(0).max(1_000_000).optional(),
  disk_gb: z.number().min(0).max(100_000).optional().describe('The disk that the price includes. Default 10.'),
  min_price: Usd.optional(),
  max_price: Usd.optional().describe('Bounds the comparable price per hour.'),
  region: z.string().min(1).max(60).optional(),
  regions: z.array(z.string().min(1).max(60)).max(30).optional(),
  available: z.boolean().optional().describe('true: only what can be rented now. Default true; false shows all.'),
  verified: z.boolean().optional(),
  min_reliability: z.number().min(0).max(1).optional(),
  min_performance: z.number().min(0).max(150).optional(),
  min_cuda: z.number().min(0).max(99).optional(),
  min_download_mbps: z.number().min(0).max(1_000_000).optional(),
  min_upload_mbps: z.number().min(0).max(1_000_000).optional(),
  min_lifetime_hours: z.number().min(0).max(100_000).optional(),
  ...sorts,
  limit: z.int().min(1).max(limitAtMost).optional().describe('Default 100.'),
})

const number = z.coerce.number<string>().min(0).max(1_000_000)
const whole = z.coerce.number<string>().int().min(0).max(1_000)

/** The same words as a query string; lists are separated by commas. */
export const SearchQuery = z.strictObject({
  provider: z.string().max(200).optional(),
  gpu_model: z.string().min(1).max(500).optional(),
  gpu_category: Category.optional(),
  market: z.enum(['on_demand', 'spot', 'any']).optional(),
  min_gpu_count: whole.optional(),
  max_gpu_count: whole.optional(),
  min_vram_gb: number.optional(),
  min_ram_gb: number.optional(),
  min_storage_gb: number.optional(),
  disk_gb: number.optional(),
  min_price: UsdText.optional(),
  max_price: UsdText.optional(),
  region: z.string().min(1).max(300).optional(),
  available: Flag.optional(),
  verified: Flag.optional(),
  min_reliability: z.coerce.number<string>().min(0).max(1).optional(),
  min_performance: z.coerce.number<string>().min(0).max(150).optional(),
  min_cuda: number.optional(),
  min_download_mbps: number.optional(),
  min_upload_mbps: number.optional(),
  min_lifetime_hours: number.optional(),
  ...sorts,
  limit: z.coerce.number<string>().int().min(1).max(limitAtMost).optional(),
})

export function searchFromQuery(query: z.infer<typeof SearchQuery>): OfferSearchInput {
  const { provider, gpu_model, region, available, verified, ...rest } = query
  return searchFromBody({
    ...rest,
    ...(provider !== undefined && { providers: listFrom(provider) }),
    ...(gpu_model !== undefined && { gpu_models: listFrom(gpu_model) }),
    ...(region !== undefined && { regions: listFrom(region) }),
    ...(available !== undefined && { available: flagFrom(available) }),
    ...(verified !== undefined && { verified: flagFrom(verified) }),
  })
}

export function searchFromBody(body: z.infer<typeof AdvancedSearchBody>): OfferSearchInput {
  checkRanges(body)
  const diskGb = body.disk_gb ?? defaultDiskGb
  return {
    providers: [...(body.providers ?? []), ...(body.provider === undefined ? [] : [body.provider])].map((one) =>
      providerFrom(one),
    ),
    gpuModels: [...(body.gpu_models ?? []), ...(body.gpu_model === undefined ? [] : [body.gpu_model])],
    categories: body.gpu_category === undefined ? [] : [body.gpu_category],
    markets: body.market === undefined || body.market === 'any' ? [] : [body.market],
    available: body.available ?? true,
    verified: body.verified ?? false,
    regions: [...(body.regions ?? []), ...(body.region === undefined ? [] : [body.region])],
    diskGb,
    limit: body.limit ?? defaultLimit,
    ...stated('minGpuCount', body.min_gpu_count),
    ...stated('maxGpuCount', body.max_gpu_count),
    ...stated('minVramGb', body.min_vram_gb),
    ...stated('minRamGb', body.min_ram_gb ?? body.min_ram),
    ...stated('maxRamGb', body.max_ram_gb),
    ...stated('minStorageGb', body.min_storage_gb),
    ...stated('minReliability', body.min_reliability),
    ...stated('minPerformance', body.min_performance),
    ...stated('minCuda', body.min_cuda),
    ...stated('minDownloadMbps', body.min_download_mbps),
    ...stated('minUploadMbps', body.min_upload_mbps),
    ...stated('minLifetimeHours', body.min_lifetime_hours),
    ...(isStated(body.min_price) && { minPrice: nanosFrom(body.min_price) }),
    ...(body.max_price !== undefined && { maxPrice: nanosFrom(body.max_price) }),
    sort: { by: sortFrom(body.sort_by ?? 'price'), order: body.sort_order ?? 'asc' },
  }
}

/** What an answer shows as `performance` is the model's score, so that is what the order follows; TFLOPS break its ties. */
function sortFrom(by: SortKey): SortKey {
  return by === 'performance' ? 'performance_score' : by
}

function checkRanges(body: z.infer<typeof AdvancedSearchBody>): void {
  const mistakes = [
    reversed('gpu_count', body.min_gpu_count, body.max_gpu_count),
    reversed('ram_gb', body.min_ram_gb ?? body.min_ram, body.max_ram_gb),
    reversed('price', body.min_price, body.max_price),
    ...(body.max_price !== undefined && nanosFrom(body.max_price) === 0n
      ? [{ field: 'max_price', problem: 'nothing is free: take it away, or name a price above 0' }]
      : []),
  ].filter((mistake) => mistake !== undefined)
  if (mistakes.length > 0) throw invalidRequest(mistakes)
}

function reversed(name: string, least: string | number | undefined, most: string | number | undefined) {
  if (least === undefined || most === undefined || Number(least) <= Number(most) || Number(most) === 0) return undefined
  return { field: `min_${name}`, problem: `${least} is above max_${name} ${most}: no offer can be both` }
}

/** Zero states nothing, except for a price cap. */
function isStated<T extends string | number>(value: T | undefined): value is T {
  return value !== undefined && Number(value) !== 0
}

function stated<Key extends string>(key: Key, value: number | undefined): { [K in Key]?: number } {
  return (isStated(value) ? { [key]: value } : {}) as { [K in Key]?: number }
}

function listFrom(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
