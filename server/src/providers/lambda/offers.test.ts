import { expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import types from './fixtures/instance-types.json' with { type: 'json' }
import { offersFromLambda, placeFromExternalId, rateFromCents } from './offers.ts'
import { aTypeEntry, recognise, seenAt } from './testing.ts'

const reading = { gpus: { recognise }, seenAt }
const data = types.answer.data

test('a type is one offer for each region that has capacity, at the price of the whole machine', () => {
  const { offers, skipped } = offersFromLambda('gpu_1x_a10', data.gpu_1x_a10, reading)

  expect(skipped).toEqual([])
  expect(offers.map(({ externalId }) => externalId)).toEqual(['gpu_1x_a10|us-east-1', 'gpu_1x_a10|us-west-1'])
  expect(offers[0]).toMatchObject({
    provider: 'lambda',
    market: 'on_demand',
    gpu: { model: 'A10', known: true, spelling: 'gpu_1x_a10', count: 1, memoryGb: 24 },
    cpuCores: 30,
    ramGb: 214,
    disk: { includedGb: 1503, maxGb: 1503, minGb: 1503, pricePerGbHour: 0n, stoppedPricePerGbHour: null },
    pricePerHour: nanosFromUsd('0.75'),
    region: 'us-east',
    location: 'Virginia, USA',
    available: true,
    placeKey: 'gpu_1x_a10|us-east-1',
    seenAt,
  })
})

test('a type without capacity is shown once, as not available and without a place to launch', () => {
  const { offers } = offersFromLambda('gpu_8x_h100_sxm5', data.gpu_8x_h100_sxm5, reading)

  expect(offers).toHaveLength(1)
  expect(offers[0]).toMatchObject({
    externalId: 'gpu_8x_h100_sxm5|unknown',
    available: false,
    region: 'unknown',
    gpu: { model: 'H100 SXM 80GB', count: 8, memoryGb: 80 },
    pricePerHour: nanosFromUsd('23.92'),
  })
  expect(placeFromExternalId('gpu_8x_h100_sxm5|unknown')).toBeUndefined()
})

test('what cannot be an offer is left out with the reason', () => {
  expect(offersFromLambda('cpu_4x_general', data.cpu_4x_general, reading).skipped).toEqual(['without_gpu'])
  const unreadable: [unknown, string][] = [
    [null, 'unreadable_row'],
    [aTypeEntry({ price_cents_per_hour: undefined }), 'unreadable_price_cents_per_hour'],
    [aTypeEntry({ price_cents_per_hour: 0 }), 'unreadable_price_cents_per_hour'],
    [aTypeEntry({ price_cents_per_hour: '75' }), 'unreadable_price_cents_per_hour'],
    [aTypeEntry({ specs: {} }), 'unreadable_vcpus'],
    [aTypeEntry({ description: '1x A10', gpu_description: 'A10' }), 'memory_not_stated'],
    [{ instance_type: data.gpu_1x_a10.instance_type }, 'unreadable_regions_with_capacity_available'],
  ]
  for (const [raw, reason] of unreadable) {
    expect(offersFromLambda('gpu_1x_a10', raw, reading)).toEqual({ offers: [], skipped: [reason] })
  }
  expect(offersFromLambda('odd|name', data.gpu_1x_a10, reading)).toEqual({ offers: [], skipped: ['unreadable_name'] })
})

test('an unreadable region costs only its own offer, and does not make the type look sold out', () => {
  const one = offersFromLambda('gpu_1x_a10', aTypeEntry({}, [{ id: 7 }, { name: 'us-west-2' }]), reading)
  expect(one.skipped).toEqual(['unreadable_region'])
  expect(one.offers).toMatchObject([{ externalId: 'gpu_1x_a10|us-west-2', region: 'us-west', location: 'us-west-2' }])

  expect(offersFromLambda('gpu_1x_a10', aTypeEntry({}, [7]), reading).offers).toEqual([])
})

test('regions and GPUs that nobody has met keep their own names', () => {
  const entry = aTypeEntry({ gpu_description: 'X900 (512 GB)' }, [{ name: 'mars-north-1', description: 'Mars' }])
  expect(offersFromLambda('gpu_4x_x900', entry, reading).offers).toMatchObject([
    { region: 'mars-north-1', gpu: { model: 'X900 (512 GB)', known: false, spelling: 'gpu_4x_x900', memoryGb: 512 } },
  ])
})

test('a type nobody has met is recognised by the description of its GPU', () => {
  const entry = aTypeEntry({ gpu_description: 'H200 (141 GB SXM5)' })
  expect(offersFromLambda('gpu_1x_h200_new', entry, reading).offers[0]?.gpu).toMatchObject({
    model: 'H200 SXM 141GB',
    known: true,
  })
})

test('the processor architecture is shown where Lambda tells it', () => {
  const [arm] = offersFromLambda('gpu_1x_gh200', data.gpu_1x_gh200, reading).offers
  expect(arm?.details).toMatchObject({ architecture: 'arm64', memory_gib: 432, price_cents_per_hour: 199 })
})

test('cents become dollars without passing through a float', () => {
  expect(rateFromCents(45)).toBe(nanosFromUsd('0.45'))
  expect(rateFromCents(3592)).toBe(nanosFromUsd('35.92'))
  expect(rateFromCents(0.1)).toBe(1_000_000n)
})

test('a handle that is not one names no place', () => {
  expect(placeFromExternalId('gpu_1x_a10|us-east-1')).toEqual({ typeName: 'gpu_1x_a10', regionName: 'us-east-1' })
  for (const bad of ['', 'gpu_1x_a10', 'gpu_1x_a10|', '|us-east-1', 'a|b|c']) {
    expect(placeFromExternalId(bad)).toBeUndefined()
  }
})
