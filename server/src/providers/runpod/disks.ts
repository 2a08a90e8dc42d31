import { dividedBy, type Nanos, nanosFromUsd, timesQuantity } from '../../core/money.ts'
import type { Offer } from '../../core/offers/offer.ts'

/**
 * How an asked disk is rented, and what it costs.
 *
 * A pod has two disks. The container disk holds `/` and is wiped at every stop; a volume at `/workspace` survives stops. The
 * asked size is the sum of both, so that the price of an offer is the price that is billed: 20 GB for the container, the
 * rest, at least the 10 GB that RunPod insists on, for the volume.
 *
 * @source providers/runpod.md 2.2, 5.2 (compiled 2026-11-21). A month of 720 hours is our reading.
 */
export const containerDiskGb = 20
const smallestVolumeGb = 10
export const volumePath = '/workspace'

const hoursPerMonth = 720n
/** Container disk and volume alike. */
const runningPerGbMonth = nanosFromUsd('0.10')
/** Volume only; the container disk is gone. */
const stoppedPerGbMonth = nanosFromUsd('0.20')

export const offeredDisk: Offer['disk'] = {
  includedGb: 0,
  maxGb: null,
  minGb: containerDiskGb + smallestVolumeGb,
  pricePerGbHour: dividedBy(runningPerGbMonth, hoursPerMonth),
  // Of the whole disk; really only the volume bills, so that this is a little too much.
  stoppedPricePerGbHour: dividedBy(stoppedPerGbMonth, hoursPerMonth),
  sizesGb: [],
}

/** GB of the volume that makes up the asked size together with the container disk. */
export function volumeGbFor(diskGb: number): number {
  return Math.max(smallestVolumeGb, Math.ceil(diskGb) - containerDiskGb)
}

/** Per hour for both disks together. Rounded once, for the whole. */
export function runningDiskRate(containerGb: number, volumeGb: number): Nanos {
  return dividedBy(timesQuantity(runningPerGbMonth, containerGb + volumeGb), hoursPerMonth)
}

export function stoppedDiskRate(volumeGb: number): Nanos {
  return dividedBy(timesQuantity(stoppedPerGbMonth, volumeGb), hoursPerMonth)
}
