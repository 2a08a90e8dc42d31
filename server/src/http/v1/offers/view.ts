import { z } from 'zod'
import { contractKey, contractModel, performanceScore } from '../../../core/gpus/contract-models.ts'
import type { GpuModel } from '../../../core/gpus/gpu.ts'
import { usdFromNanos, usdNumber } from '../../../core/money.ts'
import { offerId, offerKey } from '../../../core/offers/offer.ts'
import type { PricedOffer } from '../../../core/offers/rank.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { type Instant, isoFrom } from '../../../core/time.ts'

export const GpuInfoView = z
  .object({
    name: z.string(),
    memory_gb: z.number(),
    compute_capability: z.number().describe('CUDA compute capability; 0 where there is none.'),
    architecture: z.string(),
    category: z.string(),
    performance_score: z.number().nullable().describe('0 to 150.'),
  })
  .meta({ id: 'GpuInfo' })

export const NetworkInfoView = z.object({ download_mbps: z.number().nullable(), upload_mbps: z.number().nullable() })

export const OfferView = z
  .object({
    id: z.string().describe('Unique over all providers.'),
    provider: z.string(),
    provider_id: z.string().describe('What to send as `offer_id` when launching; ends in `:spot` on the spot market.'),
    name: z.string(),
    status: z.enum(['offline', 'unavailable']).describe('`offline`: free to rent.'),
    available: z.boolean(),
    market: z.enum(['on_demand', 'spot']),
    gpu_model: z.string(),
    gpu_count: z.int(),
    gpu_memory_gb: z.number().describe('Per GPU.'),
    gpu_known: z.boolean().describe('false: the catalogue does not know this spelling, so no figures are shown.'),
    cpu_count: z.number().nullable(),
    ram_gb: z.number().nullable(),
    storage_gb: z.number().nullable().describe('The most disk that can be rented.'),
    price_per_hour: z.number().describe('Comparable price in dollars: GPUs and the disk asked for.'),
    price_per_hour_usd: z.string(),
    price_parts_usd: z.object({ gpu: z.string(), disk: z.string(), traffic: z.string() }),
    traffic_per_gb_usd: z.object({ upload: z.string(), download: z.string() }).nullable(),
    region: z.string(),
    location: z.string(),
    reliability: z.number().nullable(),
    verified: z.boolean().nullable(),
    cuda_max: z.number().nullable(),
    network_info: NetworkInfoView,
    gpu_info: GpuInfoView.nullable(),
    performance: z.number().nullable(),
    performance_score: z.number().nullable(),
    ends_at: z.iso.datetime().nullable().describe('When the marketplace ends the rental at the latest.'),
    seen_at: z.iso.datetime(),
    age_seconds: z.number(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    provider_data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Offer' })

/** The end of the year 9999: some hosts name dates that no calendar has, and mean never. */
const lastInstant: Instant = Date.UTC(9999, 11, 31)

export function offerView(
  { offer, price }: PricedOffer,
  { model, now }: { model: GpuModel | undefined; now: Instant },
): z.infer<typeof OfferView> {
  const info = model === undefined ? null : gpuInfoView(model)
  const seenAt = isoFrom(offer.seenAt)
  return {
    id: offerId(offer),
    provider: publicProviderNames[offer.provider],
    provider_id: offerKey(offer),
    name: `${offer.gpu.count}x ${offer.gpu.model}`,
    status: offer.available ? 'offline' : 'unavailable',
    available: offer.available,
    market: offer.market,
    gpu_model: offer.gpu.model,
    gpu_count: offer.gpu.count,
    gpu_memory_gb: offer.gpu.memoryGb,
    gpu_known: offer.gpu.known,
    cpu_count: offer.cpuCores === null ? null : Math.round(offer.cpuCores * 10) / 10,
    ram_gb: offer.ramGb,
    storage_gb: offer.disk.sizesGb.at(-1) ?? offer.disk.maxGb ?? (offer.disk.includedGb || null),
    price_per_hour: usdNumber(price.total),
    price_per_hour_usd: usdFromNanos(price.total),
    price_parts_usd: {
      gpu: usdFromNanos(price.gpu),
      disk: usdFromNanos(price.disk),
      traffic: usdFromNanos(price.traffic),
    },
    traffic_per_gb_usd:
      offer.traffic === null
        ? null
        : { upload: usdFromNanos(offer.traffic.uploadPerGb), download: usdFromNanos(offer.traffic.downloadPerGb) },
    region: offer.region,
    location: offer.location,
    reliability: offer.reliability,
    verified: offer.verified,
    cuda_max: offer.cudaMax,
    network_info: {
      download_mbps: offer.network?.downloadMbps ?? null,
      upload_mbps: offer.network?.uploadMbps ?? null,
    },
    gpu_info: info,
    performance: info?.performance_score ?? null,
    performance_score: info?.performance_score ?? null,
    ends_at: offer.endsAt === null || offer.endsAt > lastInstant ? null : isoFrom(offer.endsAt),
    seen_at: seenAt,
    age_seconds: Math.max(0, Math.round((now - offer.seenAt) / 1000)),
    created_at: seenAt,
    updated_at: seenAt,
    provider_data: { ...offer.details },
  }
}

/** Contract 003's figures where it names the model, ours elsewhere. */
export function gpuInfoView(model: GpuModel): z.infer<typeof GpuInfoView> {
  const contract = contractModel(model)
  return {
    name: contractKey(model),
    memory_gb: contract?.memoryGb ?? model.memoryGb,
    compute_capability: contract?.computeCapability ?? model.computeCapability ?? 0,
    architecture: contract?.architecture ?? model.architecture,
    category: contract?.category ?? model.category,
    performance_score: performanceScore(model),
  }
}
