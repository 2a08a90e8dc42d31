import { describe, expect, test } from 'vitest'
import { usdFromNanos } from '../../core/money.ts'
import fixture from './fixtures/catalogue.json' with { type: 'json' }
import { offerFromRunpod, offersFromRunpod, readGpuType } from './offers.ts'
import { externalIdFrom, placeFromExternalId } from './places.ts'
import { aGpuRow, failureOf, recognise, seenAt } from './testing.ts'

const reading = { gpus: { recognise }, seenAt }
function row(changes: Record<string, unknown> = {}) {
  const read = readGpuType(aGpuRow(changes))
  if ('skipped' in read) throw new Error(read.skipped)
  return read.row
}
const offersOf = (changes: Record<string, unknown>, cloud: 'SECURE' | 'COMMUNITY' = 'SECURE', count = 1) =>
  offersFromRunpod(row(changes), { cloud, count }, reading).offers

describe('one row', () => {
  test('is one offer in each data centre, with the price of all its GPUs', () => {
    const offers = offersOf({}, 'SECURE', 4)
    expect(offers.map(({ externalId }) => externalId)).toEqual([
      'NVIDIA GeForce RTX 4090|4|SECURE|EU-RO-1',
      'NVIDIA GeForce RTX 4090|4|SECURE|US-KS-2',
      'NVIDIA GeForce RTX 4090|4|SECURE|XX-NEW-1',
    ])
    expect(offers.map(({ region }) => region)).toEqual(['europe-central', 'us-central', 'XX-NEW-1'])
    expect(offers.map(({ available }) => available)).toEqual([true, true, false])
    for (const offer of offers) {
      expect(usdFromNanos(offer.pricePerHour)).toBe('2.76')
      expect(offer).toMatchObject({
        market: 'on_demand',
        gpu: { model: 'RTX 4090', known: true, spelling: 'NVIDIA GeForce RTX 4090', count: 4, memoryGb: 24 },
        cpuCores: null,
        ramGb: null,
        cudaMax: 12.8,
        rateKnownAfterLaunch: true,
        details: { secure_cloud: true, community_cloud: true, minimum_bid_price: null, uninterruptable_price: 2.76 },
      })
    }
  })

  test('has the price of the cloud that was asked for', () => {
    expect(offersOf({}, 'COMMUNITY').map(({ pricePerHour }) => usdFromNanos(pricePerHour))).toEqual([
      '0.34',
      '0.34',
      '0.34',
    ])
  })

  test('is on sale anywhere when no data centre is listed', () => {
    for (const dataCenters of [undefined, []]) {
      expect(offersOf({ dataCenters })).toMatchObject([
        { externalId: 'NVIDIA GeForce RTX 4090|1|SECURE|*', region: 'any', available: true },
      ])
    }
    expect(offersOf({ dataCenters: undefined, availability: 'NONE' })).toMatchObject([{ available: false }])
    expect(offersOf({ dataCenters: undefined, availability: 'PLENTY' })).toMatchObject([{ available: true }])
  })

  test('is not sold where the cloud is not served, the price is 0 or machines are smaller', () => {
    expect(offersOf({ community: false }, 'COMMUNITY')).toEqual([])
    expect(offersOf({ price: { secure: 0.69, community: 0 } }, 'COMMUNITY')).toEqual([])
    expect(offersOf({ price: { secure: 0.69, community: null } }, 'COMMUNITY')).toEqual([])
    expect(offersOf({}, 'COMMUNITY', 8)).toEqual([])
  })

  test('keeps its readable data centres', () => {
    const dataCenters = [{ id: 'EU-RO-1', name: 'EU Romania 1', availability: 'LOW' }, { id: 7 }]
    const read = offersFromRunpod(row({ dataCenters }), { cloud: 'SECURE', count: 1 }, reading)
    expect(read.offers).toHaveLength(1)
    expect(read.unreadableDataCenters).toBe(1)
  })

  test('is found again in one data centre or anywhere', () => {
    const at = (dataCenterId: string | null) =>
      offerFromRunpod(row(), { cloud: 'SECURE', count: 1, dataCenterId }, reading)
    expect(at('US-KS-2')?.externalId).toBe('NVIDIA GeForce RTX 4090|1|SECURE|US-KS-2')
    expect(at(null)?.externalId).toBe('NVIDIA GeForce RTX 4090|1|SECURE|*')
    expect(at('AP-JP-1')).toBeUndefined()
  })
})

test('rows that cannot be read say why', () => {
  expect(readGpuType(aGpuRow({ id: undefined }))).toEqual({ skipped: 'unreadable_id' })
  expect(readGpuType(aGpuRow({ maxCount: undefined }))).toEqual({ skipped: 'unreadable_maxCount' })
  expect(readGpuType(aGpuRow({ memory: 0 }))).toEqual({ skipped: 'no_memory' })
  expect(readGpuType('row')).toEqual({ skipped: 'unreadable_row' })
  expect(fixture.answer.gpus.map(readGpuType).every((read) => 'row' in read)).toBe(true)
})

test('the handle of an offer carries everything', async () => {
  const place = { gpuId: 'NVIDIA A100 80GB PCIe', count: 8, cloud: 'COMMUNITY', dataCenterId: null } as const
  expect(externalIdFrom(place)).toBe('NVIDIA A100 80GB PCIe|8|COMMUNITY|*')
  expect(placeFromExternalId(externalIdFrom(place))).toEqual(place)
  for (const odd of ['', 'x', 'x|0|SECURE|*', 'x|1|ALL|*', 'x|1|SECURE|', 'x|1|SECURE|a|b']) {
    expect(await failureOf(Promise.resolve().then(() => placeFromExternalId(odd)))).toMatchObject({ kind: 'rejected' })
  }
})
