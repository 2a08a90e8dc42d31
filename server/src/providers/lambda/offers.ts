import type { GpuCatalogue, GpuIdentity } from '../../core/gpus/gpu.ts'
import { dividedBy, type Nanos, nanosFromUsd, noMoney } from '../../core/money.ts'
import type { Offer } from '../../core/offers/offer.ts'
import type { Instant } from '../../core/time.ts'
import { regionFromLambda } from './regions.ts'
import { LambdaInstanceTypeEntry, LambdaRegion } from './wire.ts'

export interface OfferReading {
  gpus: Pick<GpuCatalogue, 'recognise'>
  seenAt: Instant
}

/** The offers of one instance type, and what of it could not be read. */
export interface OffersOfType {
  offers: Offer[]
  skipped: string[]
}

/** Stands for the region of a type that is sold out everywhere. */
const noRegion = 'unknown'
const separator = '|'

/**
 * An offer is a type in a region that has capacity now. A type without capacity anywhere is one offer that is not
 * available, so that its price and its return can be followed.
 *
 * @param typeName  the key in Lambda's map, which is what a launch names
 */
export function offersFromLambda(typeName: string, raw: unknown, reading: OfferReading): OffersOfType {
  const parsed = LambdaInstanceTypeEntry.safeParse(raw)
  if (!parsed.success) return nothing(`unreadable_${String(parsed.error.issues[0]?.path.at(-1) ?? 'row')}`)
  if (typeName === '' || typeName.includes(separator)) return nothing('unreadable_name')
  const entry = parsed.data
  if (entry.instance_type.specs.gpus === 0) return nothing('without_gpu')
  const memoryGb = memoryGbFrom(entry.instance_type.gpu_description) ?? memoryGbFrom(entry.instance_type.description)
  if (memoryGb === undefined) return nothing('memory_not_stated')

  const type: InstanceType = { typeName, memoryGb, ...entry.instance_type }
  const regions = entry.regions_with_capacity_available.map((region) => LambdaRegion.safeParse(region))
  const readable = regions.flatMap((region) => (region.success ? [region.data] : []))
  return {
    offers: regions.length === 0 ? [offerIn(null, type, reading)] : readable.map((at) => offerIn(at, type, reading)),
    skipped: regions.filter((region) => !region.success).map(() => 'unreadable_region'),
  }
}

/** What a stored offer says about where to launch; undefined when it names no place. */
export function placeFromExternalId(externalId: string): { typeName: string; regionName: string } | undefined {
  const [typeName = '', regionName = '', ...more] = externalId.split(separator)
  if (typeName === '' || regionName === '' || regionName === noRegion || more.length > 0) return undefined
  return { typeName, regionName }
}

/** @param cents  US cents per hour, as a JSON number */
export function rateFromCents(cents: number): Nanos {
  return dividedBy(nanosFromUsd(cents), 100n)
}

type InstanceType = LambdaInstanceTypeEntry['instance_type'] & { typeName: string; memoryGb: number }

function offerIn(region: LambdaRegion | null, type: InstanceType, { gpus, seenAt }: OfferReading): Offer {
  const regionName = region?.name ?? noRegion
  const storageGb = gbFromGib(type.specs.storage_gib)
  const externalId = `${type.typeName}${separator}${regionName}`
  return {
    provider: 'lambda',
    externalId,
    market: 'on_demand',
    gpu: {
      ...identityOf(type, gpus),
      spelling: type.typeName,
      count: type.specs.gpus,
      memoryGb: type.memoryGb,
    },
    cpuCores: type.specs.vcpus,
    ramGb: gbFromGib(type.specs.memory_gib),
    // One disk per type, and it is in the price.
    disk: {
      includedGb: storageGb,
      maxGb: storageGb,
      minGb: storageGb,
      pricePerGbHour: noMoney,
      stoppedPricePerGbHour: null,
      sizesGb: [storageGb],
    },
    pricePerHour: rateFromCents(type.price_cents_per_hour),
    traffic: null,
    region: regionFromLambda(regionName) ?? regionName,
    location: region === null ? 'sold out in every region' : region.description || region.name,
    reliability: null,
    verified: null,
    cudaMax: null,
    network: null,
    endsAt: null,
    available: region !== null,
    maxPorts: null,
    placeKey: externalId,
    rateKnownAfterLaunch: false,
    seenAt,
    details: {
      instance_type: type.typeName,
      description: type.description,
      gpu_description: type.gpu_description,
      vcpus: type.specs.vcpus,
      memory_gib: type.specs.memory_gib,
      storage_gib: type.specs.storage_gib,
      price_cents_per_hour: type.price_cents_per_hour,
      ...(type.architecture != null && { architecture: type.architecture }),
      ...(region !== null && { region_name: region.name, region_description: region.description ?? null }),
    },
  }
}

/** The type's name is exact; for a type nobody has met, the description of its GPU may still tell. */
function identityOf({ typeName, gpu_description, memoryGb }: InstanceType, gpus: OfferReading['gpus']): GpuIdentity {
  const byType = gpus.recognise(typeName, { provider: 'lambda', memoryGb })
  if (byType.known || gpu_description === '') return byType
  const byDescription = gpus.recognise(gpu_description, { provider: 'lambda', memoryGb })
  // One name for all the counts in which an unknown GPU is sold.
  return byDescription.known ? byDescription : { model: gpu_description, known: false }
}

/** There is no field for it: `H100 (80 GB SXM5)`. */
function memoryGbFrom(description: string): number | undefined {
  const gb = Math.round(Number(/\(\s*(\d+(?:\.\d+)?)\s*GB\b/i.exec(description)?.[1]))
  return gb > 0 ? gb : undefined
}

/** Rounded down: nobody gets less than was promised. */
function gbFromGib(gib: number): number {
  return Math.floor((gib * 1024 ** 3) / 1e9)
}

function nothing(reason: string): OffersOfType {
  return { offers: [], skipped: [reason] }
}
