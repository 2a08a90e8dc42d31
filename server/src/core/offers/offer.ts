import type { Nanos } from '../money.ts'
import type { ProviderName } from '../providers.ts'
import type { Instant } from '../time.ts'

export type Market = 'on_demand' | 'spot'

/**
 * One thing that can be rented now, at one marketplace, on one market. A machine that takes bids is on sale twice.
 * Money is per hour for the whole offer, not per GPU. null means that the marketplace does not say.
 */
export interface Offer {
  provider: ProviderName
  /** The marketplace's own handle, without the market. Opaque to everybody but this provider's mapping. */
  externalId: string
  market: Market
  gpu: {
    /** Canonical name, or the marketplace's spelling when the catalogue does not know it. */
    model: string
    known: boolean
    /** As the marketplace spells it. */
    spelling: string
    count: number
    /** Per GPU, in GB as reported and rounded to whole GB. */
    memoryGb: number
  }
  /** vCPUs of the whole offer. */
  cpuCores: number | null
  /** System memory of the whole offer in GB. */
  ramGb: number | null
  /** A least can be asked for with the launch, and the marketplace keeps to it. */
  ramOnRequest?: true
  disk: {
    /** What comes with the price, whatever is asked. */
    includedGb: number
    /** The most that can be asked. null: no limit known. */
    maxGb: number | null
    /** The least that is rented. */
    minGb: number
    /** Per GB beyond the included ones. */
    pricePerGbHour: Nanos
    /** Per GB while stopped, from the first GB; null where it cannot be stopped. */
    stoppedPricePerGbHour: Nanos | null
    /** Only these sizes exist (GB, ascending); empty: any. */
    sizesGb: readonly number[]
  }
  /** GPUs, CPUs and memory; on the spot market the lowest price that wins now. */
  pricePerHour: Nanos
  /** Per GB of traffic. */
  traffic: { uploadPerGb: Nanos; downloadPerGb: Nanos } | null
  /** Canonical region name, or the marketplace's own word when we do not know it. */
  region: string
  /** Where it is, in the marketplace's words, for people. */
  location: string
  /** 0..1 */
  reliability: number | null
  verified: boolean | null
  /** The newest CUDA that the driver supports: 12.8. */
  cudaMax: number | null
  network: { downloadMbps: number | null; uploadMbps: number | null } | null
  /** When the marketplace ends the rental at the latest; null where it sets no end. */
  endsAt: Instant | null
  /** false when listed but not rentable now. */
  available: boolean
  /** How many container ports can be published; null: no limit known. */
  maxPorts: number | null
  /** What repeats its faults: launches that fail here make us avoid offers with the same key for a while. */
  placeKey: string
  /** Set where the marketplace names the real rate only on the created machine. */
  rateKnownAfterLaunch: boolean
  seenAt: Instant
  /** What the marketplace says besides, for answers that show it. Plain JSON, no secrets. */
  details: Readonly<Record<string, unknown>>
}

/** `30114277:spot`; on-demand is the bare id. Unique within its provider. */
export function offerKey(offer: Pick<Offer, 'externalId' | 'market'>): string {
  return offer.market === 'spot' ? `${offer.externalId}:spot` : offer.externalId
}

/** `vast_30114277:spot`: unique over all providers. */
export function offerId(offer: Pick<Offer, 'provider' | 'externalId' | 'market'>): string {
  return `${offer.provider}_${offerKey(offer)}`
}

/** Reads what `offerKey` writes. A bare id means on-demand. */
export function offerHandleFrom(key: string): Pick<Offer, 'externalId' | 'market'> {
  return key.endsWith(':spot')
    ? { externalId: key.slice(0, -':spot'.length), market: 'spot' }
    : { externalId: key.endsWith(':on_demand') ? key.slice(0, -':on_demand'.length) : key, market: 'on_demand' }
}
