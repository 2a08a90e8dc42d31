import type { Offer } from '../../core/offers/offer.ts'
import type { Instant } from '../../core/time.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import {
  catalogueDate,
  diskPricePerGbHour,
  diskTierFor,
  diskTiers,
  type MachineType,
  machineTypeNamed,
} from './catalogue.ts'
import { longNameOf, type RegionCode, regionCodeFrom, regionFromPaperspace } from './regions.ts'
import type { Fit } from './templates.ts'

/** What one machine type is in one region, before money. */
export interface Place {
  type: MachineType
  region: RegionCode
}

/** `A100-80Gx8|ny2`: all that a launch needs, also after a restart. */
export function externalIdFrom({ type, region }: Place): string {
  return `${type.label}|${region}`
}

/** undefined: the type is no longer in the catalogue, or it is not one of our handles. */
export function placeFrom(externalId: string): Place | undefined {
  const [label = '', regionText = '', ...rest] = externalId.split('|')
  const type = machineTypeNamed(label)
  const region = regionCodeFrom(regionText)
  return type && region && rest.length === 0 ? { type, region } : undefined
}

export interface OfferFacts {
  available: boolean
  /** The templates that run on it; at least one. */
  fits: readonly Fit[]
  /** The disk whose price is meant; the price of a GB differs from size to size. */
  diskGb: number
  seenAt: Instant
  gpus: Pick<ProviderDeps['gpus'], 'recognise'>
}

/** One type in one region. The answer behind it is a hint: a create can still fail for want of capacity. */
export function offerFromPaperspace({ type, region }: Place, facts: OfferFacts): Offer {
  const { label, gpuLabel, gpuCount, vramGb } = type
  const minGb = diskTierFor(Math.min(...facts.fits.map((fit) => fit.minDiskGb)))?.sizeGb ?? diskTiers[0]?.sizeGb ?? 0
  const sizes = diskTiers.filter(({ sizeGb }) => sizeGb >= minGb)
  const tier = sizes.find(({ sizeGb }) => sizeGb >= facts.diskGb) ?? sizes.at(-1)
  if (!tier) throw new Error('the catalogue has no disk')
  const pricePerGbHour = diskPricePerGbHour(tier)
  return {
    provider: 'paperspace',
    externalId: externalIdFrom({ type, region }),
    market: 'on_demand',
    gpu: {
      // The count is no part of a model's name, so that the label of a single one is looked up.
      ...facts.gpus.recognise(gpuLabel, { provider: 'paperspace', memoryGb: vramGb }),
      spelling: label,
      count: gpuCount,
      memoryGb: vramGb,
    },
    cpuCores: type.vcpus,
    ramGb: type.ramGb,
    disk: {
      includedGb: 0,
      maxGb: sizes.at(-1)?.sizeGb ?? null,
      minGb,
      pricePerGbHour,
      stoppedPricePerGbHour: pricePerGbHour,
      sizesGb: sizes.map(({ sizeGb }) => sizeGb),
    },
    pricePerHour: type.pricePerHour,
    traffic: null,
    region: regionFromPaperspace(region) ?? region,
    location: longNameOf(region),
    reliability: null,
    verified: null,
    cudaMax: null,
    network: null,
    endsAt: null,
    available: facts.available,
    maxPorts: null,
    placeKey: `paperspace:${externalIdFrom({ type, region })}`,
    rateKnownAfterLaunch: true,
    seenAt: facts.seenAt,
    details: {
      machine_type: label,
      region_code: region,
      price_source: `static catalogue of ${catalogueDate}; the created machine names its rate`,
      disk_price_for_gb: tier.sizeGb,
      disk_price_guessed: tier.guessed,
    },
  }
}
