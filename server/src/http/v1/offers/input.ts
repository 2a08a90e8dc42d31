import { z } from 'zod'
import type { OfferSearchInput } from '../../../app/search-offers.ts'
import { type SortKey, sortKeys } from '../../../core/offers/rank.ts'
import { providerNamed } from '../../../core/providers.ts'
import { invalidRequest, type Mistake } from '../../problem.ts'
import { Category, Flag, flagFrom, NumberText, nanosFrom, Usd, UsdText, unknownProvider, WholeText } from '../inputs.ts'

const sorts = {
  sort_by: z.enum(sortKeys).optional().describe('Default price.'),
  sort_order: z.enum(['asc', 'desc']).optional().describe('Default asc.'),
}
const limitAtMost = 1_000
const defaultLimit = 100
const defaultDiskGb = 10
/** At least one name; `,` and an empty text name nothing, and would drop the filter in silence. */
const list = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/[^,\s]/, 'takes one or several names, separated by commas')

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
  min_ram: z.number().min(0).max(100_000).optional().describe('The same as min_ram_gb.'),
  min_ram_gb: z.number().min(0).max(100_000).optional(),
  max_ram_gb: z.number().min(0).max(100_000).optional(),
  min_storage_gb: z.number().min(0).max(1_000_000).optional(),
  disk_gb: z
    .number()
    .min(0)
    .max(100_000)
    .optional()
    .describe('The disk that the offer has to hold and the price includes. Default 10.'),
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
  upload_gb_per_hour: z.number().min(0).max(100_000).optional().describe('Expected traffic that the price includes.'),
  download_gb_per_hour: z.number().min(0).max(100_000).optional(),
  min_lifetime_hours: z.number().min(0).max(100_000).optional(),
  ...sorts,
  limit: z.int().min(1).max(limitAtMost).optional().describe('Default 100.'),
})

/** The same words as a query string; lists are separated by commas. */
export const SearchQuery = z.strictObject({
  provider: list(200).optional(),
  gpu_model: list(500).optional(),
  gpu_category: Category.optional(),
  market: z.enum(['on_demand', 'spot', 'any']).optional(),
  min_gpu_count: WholeText(0, 64).optional(),
  max_gpu_count: WholeText(0, 64).optional(),
  min_vram_gb: NumberText(0, 10_000).optional(),
  min_ram: NumberText(0, 100_000).optional().describe('The same as min_ram_gb.'),
  min_ram_gb: NumberText(0, 100_000).optional(),
  max_ram_gb: NumberText(0, 100_000).optional(),
  min_storage_gb: NumberText(0, 1_000_000).optional(),
  disk_gb: NumberText(0, 100_000).optional(),
  upload_gb_per_hour: NumberText(0, 100_000).optional(),
  download_gb_per_hour: NumberText(0, 100_000).optional(),
  min_price: UsdText.optional(),
  max_price: UsdText.optional(),
  region: list(300).optional(),
  available: Flag.optional(),
  verified: Flag.optional(),
  min_reliability: NumberText(0, 1).optional(),
  min_performance: NumberText(0, 150).optional(),
  min_cuda: NumberText(0, 99).optional(),
  min_download_mbps: NumberText(0, 1_000_000).optional(),
  min_upload_mbps: NumberText(0, 1_000_000).optional(),
  min_lifetime_hours: NumberText(0, 100_000).optional(),
  ...sorts,
  limit: WholeText(1, limitAtMost).optional().describe('Default 100.'),
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
  const mistakes = mistakesIn(body)
  if (mistakes.length > 0) throw invalidRequest(mistakes)
  return {
    providers: providersIn(body)
      .map(providerNamed)
      .filter((name) => name !== undefined),
    gpuModels: [...(body.gpu_models ?? []), ...(body.gpu_model === undefined ? [] : [body.gpu_model])],
    categories: body.gpu_category === undefined ? [] : [body.gpu_category],
    markets: body.market === undefined || body.market === 'any' ? [] : [body.market],
    available: body.available ?? true,
    verified: body.verified ?? false,
    regions: [...(body.regions ?? []), ...(body.region === undefined ? [] : [body.region])],
    diskGb: body.disk_gb ?? defaultDiskGb,
    uploadGbPerHour: body.upload_gb_per_hour ?? 0,
    downloadGbPerHour: body.download_gb_per_hour ?? 0,
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

function mistakesIn(body: z.infer<typeof AdvancedSearchBody>): Mistake[] {
  const unknown = providersIn(body).filter((name) => providerNamed(name) === undefined)
  const minRam = body.min_ram_gb ?? body.min_ram
  return [
    ...unknown.map((name) => unknownProvider('provider', name)),
    body.min_ram !== undefined && body.min_ram_gb !== undefined && body.min_ram !== body.min_ram_gb
      ? { field: 'min_ram', problem: 'differs from min_ram_gb; they are the same thing' }
      : undefined,
    reversed('gpu_count', body.min_gpu_count, body.max_gpu_count),
    reversed('ram_gb', minRam, body.max_ram_gb),
    reversed('price', body.min_price, body.max_price),
    body.max_price !== undefined && nanosFrom(body.max_price) === 0n
      ? { field: 'max_price', problem: 'nothing is free: take it away, or name a price above 0' }
      : undefined,
  ].filter((mistake) => mistake !== undefined)
}

function providersIn({ providers = [], provider }: z.infer<typeof AdvancedSearchBody>): string[] {
  return [...providers, ...(provider === undefined ? [] : [provider])]
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
