import type { GpuCatalogue } from '../../core/gpus/gpu.ts'
import { dividedBy, type Nanos, nanos, nanosFromUsd } from '../../core/money.ts'
import type { Market, Offer } from '../../core/offers/offer.ts'
import type { Instant } from '../../core/time.ts'
import { codeFrom, regionFromNovita } from './regions.ts'
import { NovitaCluster, NovitaProduct } from './wire.ts'

/** What a machine of one product in one cluster is made of: everything that a create needs besides the market. */
export interface NovitaHandle {
  productId: string
  clusterId: string
  gpuNum: number
}

/** A product is sold with 1 to 8 GPUs. @source novita.md 2.2 */
export const gpuCounts = [1, 2, 3, 4, 5, 6, 7, 8] as const

/** @source novita.md 2.2: "60 GB are free", at least 10 and at most 6144 */
export const freeDiskGb = 60
export const leastDiskGb = 10
export const mostDiskGb = 6144

/** @source novita.md 2.2: ports and tools together; we send no tools. Their console allows 25. */
export const mostPorts = 15

/** Beyond the free ones, per GB. @source novita.md 3: 0.005 $/GB/day */
const diskPricePerGbDay = nanosFromUsd('0.005')

interface OfferContext {
  cluster: NovitaCluster
  gpus: Pick<GpuCatalogue, 'recognise'>
  seenAt: Instant
}

/** One product in one cluster: every size on each market where it is sold. */
export function offersFromNovita(product: NovitaProduct, context: OfferContext): Offer[] {
  return (['on_demand', 'spot'] as const).flatMap((market) =>
    gpuCounts.flatMap((gpuNum) => offerFromNovita(product, { market, gpuNum }, context) ?? []),
  )
}

/** null when the product is not sold on this market. */
export function offerFromNovita(
  product: NovitaProduct,
  { market, gpuNum }: { market: Market; gpuNum: number },
  { cluster, gpus, seenAt }: OfferContext,
): Offer | null {
  const pricePerGpu = pricePerGpuFrom(product, market)
  if (pricePerGpu === null) return null

  const memoryGb = memoryGbFrom(product.name)
  const identity = gpus.recognise(product.name, { provider: 'novita', ...(memoryGb > 0 && { memoryGb }) })
  const display = cluster.name || cluster.id
  return {
    provider: 'novita',
    externalId: externalIdFrom({ productId: product.id, clusterId: cluster.id, gpuNum }),
    market,
    gpu: { model: identity.model, known: identity.known, spelling: product.name, count: gpuNum, memoryGb },
    cpuCores: product.cpuPerGpu === null ? null : product.cpuPerGpu * gpuNum,
    ramGb: product.memoryPerGpu === null ? null : product.memoryPerGpu * gpuNum,
    disk: {
      includedGb: freeDiskGb,
      maxGb: Math.min(product.maxRootFS || mostDiskGb, mostDiskGb),
      minGb: Math.max(product.minRootFS ?? 0, leastDiskGb),
      pricePerGbHour: diskRate(freeDiskGb + 1),
      // The free part stays free while stopped; the seam cannot say that, so this errs on the safe side.
      stoppedPricePerGbHour: diskRate(freeDiskGb + 1),
      sizesGb: [],
    },
    pricePerHour: nanos(pricePerGpu * BigInt(gpuNum)),
    traffic: null,
    region: regionFromNovita(display) ?? regionFromNovita(cluster.id) ?? codeFrom(display),
    location: display,
    reliability: null,
    verified: null,
    cudaMax: null,
    network: null,
    endsAt: null,
    available: product.availableDeploy && product.inventoryState !== 'none',
    maxPorts: mostPorts,
    placeKey: `novita:${cluster.id}:${product.id}`,
    rateKnownAfterLaunch: false,
    seenAt,
    details: {
      product_id: product.id,
      cluster_id: cluster.id,
      cluster_name: cluster.name,
      regions: product.regions,
      inventory_state: product.inventoryState,
      available_deploy: product.availableDeploy,
      billing_methods: product.billingMethods,
      disk_per_gpu_gb: product.diskPerGpu,
      monthly_price: product.monthlyPrice,
    },
  }
}

/**
 * What one GPU costs per hour; null where the product is not sold on this market, or is for nothing, which means the same.
 *
 * @source novita.md 2.1: 1/100000 dollar per GPU and hour, as the text of an integer
 */
export function pricePerGpuFrom(product: NovitaProduct, market: Market): Nanos | null {
  if (!product.billingMethods.includes(market === 'spot' ? 'spot' : 'onDemand')) return null
  const price = market === 'spot' ? product.spotPrice : product.price
  if (price === null) return null
  const rate = nanosFromUsd(`${price}e-5`)
  return rate > 0n ? rate : null
}

/** What a disk costs per hour, running and stopped alike; rounded once, for the whole disk. */
export function diskRate(sizeGb: number): Nanos {
  const extraGb = BigInt(Math.max(Math.ceil(sizeGb) - freeDiskGb, 0))
  return dividedBy(nanos(extraGb * diskPricePerGbDay), 24n)
}

export function externalIdFrom({ productId, clusterId, gpuNum }: NovitaHandle): string {
  return `${productId}|${clusterId}|${gpuNum}`
}

/** Read from the right: a product id is opaque and might hold anything. undefined for what we did not write. */
export function handleFrom(externalId: string): NovitaHandle | undefined {
  const [, productId, clusterId, gpuNum] = /^(.+)\|([^|]+)\|([1-8])$/s.exec(externalId) ?? []
  if (productId === undefined || clusterId === undefined) return undefined
  return { productId, clusterId, gpuNum: Number(gpuNum) }
}

/** The row, or why it cannot be read. */
export function readProduct(raw: unknown): { row: NovitaProduct } | { skipped: string } {
  const parsed = NovitaProduct.safeParse(raw)
  if (!parsed.success) return { skipped: `product_${parsed.error.issues[0]?.path.join('.') || 'row'}` }
  const { billingMethods, price } = parsed.data
  // An absent spot price is documented to mean "not offered"; an absent price is not.
  if (billingMethods.includes('onDemand') && price === null) return { skipped: 'product_price' }
  return { row: parsed.data }
}

export function readCluster(raw: unknown): { row: NovitaCluster } | { skipped: string } {
  const parsed = NovitaCluster.safeParse(raw)
  return parsed.success
    ? { row: parsed.data }
    : { skipped: `cluster_${parsed.error.issues[0]?.path.join('.') || 'row'}` }
}

/** `RTX 4090 24GB`: the only place that tells. 0 when it does not: an unknown size satisfies no bound. */
function memoryGbFrom(name: string): number {
  return Number(/(\d+)\s*GB\b/i.exec(name)?.[1] ?? 0)
}
