import { expect, test } from 'vitest'
import { diskRate, externalIdFrom, handleFrom, offersFromNovita, readProduct } from './offers.ts'
import { anOffer, aProduct, cluster, now, recognise } from './testing.ts'

function offersOf(changes: Record<string, unknown> = {}) {
  const read = readProduct(aProduct(changes))
  if ('skipped' in read) throw new Error(read.skipped)
  return offersFromNovita(read.row, { cluster, gpus: { recognise }, seenAt: now })
}

test('a product is on sale with 1 to 8 GPUs on both markets, at the price per GPU times their number', () => {
  const sold = offersOf().map(({ externalId, market, pricePerHour }) => [externalId, market, pricePerHour])
  const sizes = (market: string, cents: bigint) =>
    [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].map((count) => [
      `4090.16c62g|us-ca-6|${count}`,
      market,
      count * cents * 10_000_000n,
    ])
  expect(sold).toEqual([...sizes('on_demand', 35n), ...sizes('spot', 18n)])
})

test('an offer says what it is in our words', () => {
  expect(anOffer('spot', {}, 2)).toMatchObject({
    gpu: { model: 'RTX 4090', known: true, spelling: 'RTX 4090 24GB', count: 2, memoryGb: 24 },
    cpuCores: 32,
    ramGb: 124,
    disk: { includedGb: 60, minGb: 10, maxGb: 1016, sizesGb: [] },
    region: 'us-west',
    location: 'US-CA-06 (California)',
    available: true,
    maxPorts: 15,
    placeKey: 'novita:us-ca-6:4090.16c62g',
    seenAt: now,
  })
})

test('prices are the same as texts and as numbers', () => {
  expect(offersOf({ price: 35_000, spotPrice: 18_000 })).toEqual(offersOf())
})

test('it is offered only where it is sold: the mode is listed and the price is above zero', () => {
  const markets = (changes: Record<string, unknown>) => [...new Set(offersOf(changes).map(({ market }) => market))]
  expect(markets({ spotPrice: '0' })).toEqual(['on_demand'])
  expect(markets({ spotPrice: undefined })).toEqual(['on_demand'])
  expect(markets({ spotPrice: '' })).toEqual(['on_demand'])
  expect(markets({ billingMethods: ['spot'] })).toEqual(['spot'])
  expect(markets({ billingMethods: ['monthly'] })).toEqual([])
  expect(markets({ price: '0' })).toEqual(['spot'])
})

test('sold out is shown as not available; a stock word that we do not know is not', () => {
  expect(offersOf({ availableDeploy: false }).every(({ available }) => !available)).toBe(true)
  expect(offersOf({ inventoryState: 'none' }).every(({ available }) => !available)).toBe(true)
  expect(offersOf({ inventoryState: 'plenty' }).every(({ available }) => available)).toBe(true)
  expect(offersOf({ inventoryState: null }).every(({ available }) => available)).toBe(true)
})

test('a row that cannot be read is skipped with a reason', () => {
  expect(readProduct(aProduct({ price: 'cheap' }))).toEqual({ skipped: 'product_price' })
  expect(readProduct(aProduct({ price: null }))).toEqual({ skipped: 'product_price' })
  expect(readProduct(aProduct({ availableDeploy: undefined }))).toEqual({ skipped: 'product_availableDeploy' })
  expect(readProduct('x')).toEqual({ skipped: 'product_row' })
})

test('an unknown card without a memory size is kept as it is', () => {
  expect(offersOf({ name: 'Quantum X' })[0]?.gpu).toEqual({
    model: 'Quantum X',
    known: false,
    spelling: 'Quantum X',
    count: 1,
    memoryGb: 0,
  })
})

test('the handle carries product, cluster and size, and comes back', () => {
  const odd = { productId: 'a|b 4090', clusterId: 'us-ca-6', gpuNum: 4 }
  expect(handleFrom(externalIdFrom(odd))).toEqual(odd)
  expect(handleFrom('4090.16c62g|us-ca-6|9')).toBeUndefined()
  expect(handleFrom('4090.16c62g')).toBeUndefined()
})

test('the disk costs nothing up to 60 GB; beyond, the whole rate is rounded once, halves up', () => {
  expect(diskRate(10)).toBe(0n)
  expect(diskRate(60)).toBe(0n)
  expect(diskRate(61)).toBe(208_333n) // 208,333.33…
  expect(diskRate(63)).toBe(625_000n)
  expect(diskRate(100)).toBe(8_333_333n)
  expect(diskRate(62)).toBe(416_667n) // 416,666.66…: not twice the rounded rate of one GB
})
