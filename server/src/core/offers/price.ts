import type { GpuModel } from '../gpus/gpu.ts'
import { dividedBy, type Nanos, nanos, noMoney, timesQuantity } from '../money.ts'
import type { Offer } from './offer.ts'

/** What a request needs beside the GPU, as far as it costs money. */
export interface PriceNeed {
  /** Decimal GB of disk. */
  diskGb: number
  /** Expected traffic in GB per hour. Default 0. */
  uploadGbPerHour?: number
  downloadGbPerHour?: number
}

/** Nano-dollars per hour for the whole offer and one request. `total` is the sum of the others. */
export interface ComparablePrice {
  total: Nanos
  gpu: Nanos
  disk: Nanos
  traffic: Nanos
}

/**
 * What this offer costs per hour for this request: GPUs, the disk it would rent, and the expected traffic.
 *
 * Where the marketplace says nothing about traffic, it counts as free. That is a guess, and right for the four that do
 * not bill it.
 */
export function comparablePrice(offer: Offer, need: PriceNeed): ComparablePrice {
  const gpu = offer.pricePerHour
  const disk = diskPrice(offer, need.diskGb)
  const traffic = trafficPrice(offer, need)
  return { total: nanos(gpu + disk + traffic), gpu, disk, traffic }
}

/** GB that are rented when `diskGb` are asked for: never below the least, and only in sizes that exist. */
export function rentedDiskGb(disk: Offer['disk'], diskGb: number): number {
  const wanted = Math.max(diskGb, disk.minGb)
  // Beyond the largest size the offer cannot do it at all; the price then is that of the wish, for the explanation.
  return disk.sizesGb.find((size) => size >= wanted) ?? wanted
}

/** The most disk that can be asked for, in GB; null: the marketplace does not say. */
export function largestDiskGb(disk: Offer['disk']): number | null {
  return disk.sizesGb.at(-1) ?? disk.maxGb
}

/** @param price nano-dollars per hour for the whole offer */
export function pricePerGpu(price: Nanos, offer: Offer): Nanos {
  return dividedBy(price, BigInt(Math.max(offer.gpu.count, 1)))
}

/** Nano-dollars per hour for one GB of GPU memory; null when the offer has none. */
export function pricePerVramGb(price: Nanos, offer: Offer): Nanos | null {
  const gigabytes = Math.round(offer.gpu.memoryGb * offer.gpu.count)
  return gigabytes > 0 ? dividedBy(price, BigInt(gigabytes)) : null
}

/** Nano-dollars per hour for one dense fp16 TFLOPS; null when the model's figure is not known. */
export function pricePerTflops(price: Nanos, offer: Offer, model: GpuModel | undefined): Nanos | null {
  const tflops = offerTflops(offer, model)
  return tflops === null ? null : dividedBy(nanos(price * 10n), BigInt(Math.round(tflops * 10)))
}

/** Dense fp16 TFLOPS of all GPUs of the offer together. */
export function offerTflops(offer: Offer, model: GpuModel | undefined): number | null {
  const each = model?.fp16Tflops ?? null
  return each === null || each < 0.1 ? null : each * offer.gpu.count
}

function diskPrice({ disk }: Offer, diskGb: number): Nanos {
  const paidGb = rentedDiskGb(disk, diskGb) - disk.includedGb
  return paidGb > 0 && disk.pricePerGbHour > 0n ? timesQuantity(disk.pricePerGbHour, paidGb) : noMoney
}

function trafficPrice({ traffic }: Offer, { uploadGbPerHour = 0, downloadGbPerHour = 0 }: PriceNeed): Nanos {
  if (!traffic || (uploadGbPerHour <= 0 && downloadGbPerHour <= 0)) return noMoney
  return nanos(
    timesQuantity(traffic.uploadPerGb, uploadGbPerHour) + timesQuantity(traffic.downloadPerGb, downloadGbPerHour),
  )
}
