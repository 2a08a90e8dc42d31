import { nanosFromUsd, noMoney } from '../money.ts'
import type { Offer } from './offer.ts'

/** For tests: an ordinary RTX 4090 for 0.36 $/h, with only what matters changed. */
export function anOffer(change: Partial<Omit<Offer, 'gpu' | 'disk'>> & OfferParts = {}): Offer {
  const { gpu, disk, ...rest } = change
  return {
    provider: 'vast',
    externalId: '1',
    market: 'on_demand',
    cpuCores: 16,
    ramGb: 64,
    pricePerHour: nanosFromUsd('0.36'),
    traffic: { uploadPerGb: noMoney, downloadPerGb: noMoney },
    region: 'us-west',
    location: 'California, US',
    reliability: 0.99,
    verified: true,
    cudaMax: 12.8,
    network: { downloadMbps: 800, uploadMbps: 500 },
    endsAt: null,
    available: true,
    maxPorts: 64,
    placeKey: 'vast:machine-1',
    rateKnownAfterLaunch: false,
    seenAt: 0,
    details: {},
    ...rest,
    gpu: { model: 'RTX 4090', known: true, spelling: 'RTX 4090', count: 1, memoryGb: 24, ...gpu },
    disk: {
      includedGb: 0,
      maxGb: 500,
      minGb: 8,
      pricePerGbHour: noMoney,
      stoppedPricePerGbHour: noMoney,
      sizesGb: [],
      ...disk,
    },
  }
}

interface OfferParts {
  gpu?: Partial<Offer['gpu']>
  disk?: Partial<Offer['disk']>
}
