import { describe, expect, test } from 'vitest'
import { createGpuCatalogue } from '../gpus/catalogue.ts'
import { nanosFromUsd, usdFromNanos } from '../money.ts'
import { anOffer } from './an-offer.ts'
import { comparablePrice, pricePerGpu, pricePerTflops, pricePerVramGb, rentedDiskGb } from './price.ts'

const usd = nanosFromUsd
const total = (...args: Parameters<typeof comparablePrice>) => usdFromNanos(comparablePrice(...args).total)

describe('the comparable price', () => {
  test('adds the disk beyond what is included', () => {
    const offer = anOffer({ pricePerHour: usd('0.30'), disk: { includedGb: 20, pricePerGbHour: usd('0.001') } })
    expect(total(offer, { diskGb: 10 })).toBe('0.3')
    expect(total(offer, { diskGb: 50 })).toBe('0.33')
  })

  test('counts the least and the next size that is sold', () => {
    const fixed = anOffer({ pricePerHour: usd('1'), disk: { sizesGb: [50, 100, 250], pricePerGbHour: usd('0.01') } })
    expect(total(fixed, { diskGb: 10 })).toBe('1.5')
    expect(total(fixed, { diskGb: 51 })).toBe('2')
    expect(
      total(anOffer({ pricePerHour: usd('1'), disk: { minGb: 10, pricePerGbHour: usd('0.01') } }), { diskGb: 1 }),
    ).toBe('1.1')
    expect(rentedDiskGb(fixed.disk, 300)).toBe(300) // cannot be had: the price of the wish
  })

  test('adds the expected traffic, both ways', () => {
    const offer = anOffer({ pricePerHour: usd('1'), traffic: { uploadPerGb: usd('0.02'), downloadPerGb: usd('0.01') } })
    expect(total(offer, { diskGb: 0 })).toBe('1')
    expect(total(offer, { diskGb: 0, uploadGbPerHour: 2.5, downloadGbPerHour: 10 })).toBe('1.15')
    expect(total(anOffer({ pricePerHour: usd('1'), traffic: null }), { diskGb: 0, uploadGbPerHour: 9 })).toBe('1')
  })
})

test('divides by GPUs, TFLOPS and gigabytes of memory', () => {
  const offer = anOffer({ gpu: { count: 2, memoryGb: 24 } })
  const model = createGpuCatalogue().find('RTX 4090')
  expect(usdFromNanos(pricePerGpu(usd('0.8'), offer))).toBe('0.4')
  expect(usdFromNanos(pricePerVramGb(usd('0.48'), offer) ?? usd(0))).toBe('0.01')
  expect(usdFromNanos(pricePerTflops(usd('0.6606'), offer, model) ?? usd(0))).toBe('0.001')
  expect(pricePerTflops(usd('1'), offer, undefined)).toBeNull()
})
