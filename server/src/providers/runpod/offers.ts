import type { GpuCatalogue } from '../../core/gpus/gpu.ts'
import { nanos, nanosFromUsd, noMoney, usdNumber } from '../../core/money.ts'
import type { Offer } from '../../core/offers/offer.ts'
import type { Instant } from '../../core/time.ts'
import { offeredDisk } from './disks.ts'
import { externalIdFrom, type RunpodCloud } from './places.ts'
import { regionFromRunpod } from './regions.ts'
import { RunpodDataCenter, RunpodGpuType } from './wire.ts'

/** What the catalogue was asked; an answer means nothing without it. */
export interface CatalogueQuestion {
  cloud: RunpodCloud
  count: number
}

export interface OfferReading {
  gpus: Pick<GpuCatalogue, 'recognise'>
  seenAt: Instant
}

/** Machines have 1 to 8 GPUs; other sizes can be asked for but are not listed. */
export const listedCounts: readonly number[] = [1, 2, 4, 8]

export function readGpuType(raw: unknown): { row: RunpodGpuType } | { skipped: string } {
  const parsed = RunpodGpuType.safeParse(raw)
  if (!parsed.success) return { skipped: `unreadable_${String(parsed.error.issues[0]?.path[0] ?? 'row')}` }
  // The type `unknown` has no memory.
  return parsed.data.memory > 0 ? { row: parsed.data } : { skipped: 'no_memory' }
}

/** Not every type is sold in both clouds, and no machine has more GPUs than `maxCount`. */
export function isSold(row: RunpodGpuType, { cloud, count }: CatalogueQuestion): boolean {
  const key = keyOf[cloud]
  return row[key] && Number(row.price[key]) > 0 && count <= row.maxCount[key]
}

/** One offer for each data centre that lists the type; where none does, one for anywhere. Empty where it is not sold. */
export function offersFromRunpod(
  row: RunpodGpuType,
  question: CatalogueQuestion,
  reading: OfferReading,
): { offers: Offer[]; unreadableDataCenters: number } {
  if (!isSold(row, question)) return { offers: [], unreadableDataCenters: 0 }
  const centers = dataCentersOf(row)
  const unreadableDataCenters = (row.dataCenters?.length ?? 0) - centers.length
  const places = centers.length === 0 ? [null] : centers
  return { offers: places.map((center) => offerAt(center, row, question, reading)), unreadableDataCenters }
}

/** The offer in one data centre, or anywhere (null); undefined when it is not sold there. */
export function offerFromRunpod(
  row: RunpodGpuType,
  { dataCenterId, ...question }: CatalogueQuestion & { dataCenterId: string | null },
  reading: OfferReading,
): Offer | undefined {
  if (!isSold(row, question)) return undefined
  if (dataCenterId === null) return offerAt(null, row, question, reading)
  const center = dataCentersOf(row).find(({ id }) => id === dataCenterId)
  return center && offerAt(center, row, question, reading)
}

const keyOf = { SECURE: 'secure', COMMUNITY: 'community' } as const

function offerAt(
  center: RunpodDataCenter | null,
  row: RunpodGpuType,
  { cloud, count }: CatalogueQuestion,
  { gpus, seenAt }: OfferReading,
): Offer {
  const memoryGb = Math.round(row.memory)
  const perGpu = nanosFromUsd(row.price[keyOf[cloud]])
  const pricePerHour = nanos(perGpu * BigInt(count))
  const availability = center === null ? row.availability : center.availability
  const externalId = externalIdFrom({ gpuId: row.id, count, cloud, dataCenterId: center?.id ?? null })
  return {
    provider: 'runpod',
    externalId,
    market: 'on_demand',
    gpu: { ...gpus.recognise(row.id, { provider: 'runpod', memoryGb }), spelling: row.id, count, memoryGb },
    // Told only by the rented pod.
    cpuCores: null,
    ramGb: null,
    ramOnRequest: true,
    disk: offeredDisk,
    pricePerHour,
    traffic: { uploadPerGb: noMoney, downloadPerGb: noMoney },
    region: center === null ? 'any' : (regionFromRunpod(center.id) ?? center.id),
    location: center === null ? 'anywhere' : `${center.name} (${center.id})`,
    reliability: null,
    // RunPod's own data centres; of community hosts it says nothing that could be compared.
    verified: cloud === 'SECURE' ? true : null,
    cudaMax: newestCuda(row),
    network: null,
    endsAt: null,
    // Advice, not stock: creates fail on types shown as HIGH. A word we have not met is worth a try.
    available: availability != null && availability !== 'NONE',
    maxPorts: null,
    // Hosts have no names here, so that a place is as much as can be avoided.
    placeKey: externalId,
    rateKnownAfterLaunch: true,
    seenAt,
    details: {
      secure_cloud: row.secure,
      community_cloud: row.community,
      minimum_bid_price: null,
      uninterruptable_price: usdNumber(pricePerHour),
      price_per_gpu: usdNumber(perGpu),
      cloud,
      data_center: center?.id ?? null,
      availability: availability ?? null,
      max_gpu_count: row.maxCount[keyOf[cloud]],
      gpu_display_name: row.name ?? null,
      manufacturer: row.manufacturer ?? null,
      cuda_versions: (row.cudaVersions ?? []).filter(({ available }) => available).map(({ version }) => version),
    },
  }
}

function dataCentersOf(row: RunpodGpuType): RunpodDataCenter[] {
  return (row.dataCenters ?? []).flatMap((raw) => {
    const parsed = RunpodDataCenter.safeParse(raw)
    return parsed.success ? [parsed.data] : []
  })
}

/** Among the versions that are free now. */
function newestCuda(row: RunpodGpuType): number | null {
  const versions = (row.cudaVersions ?? [])
    .filter(({ available, version }) => available && /^\d+(\.\d+)?$/.test(version))
    .map(({ version }) => Number(version))
  return versions.length === 0 ? null : Math.max(...versions)
}
