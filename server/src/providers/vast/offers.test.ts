import { expect, test } from 'vitest'
import { nanos } from '../../core/money.ts'
import { offerFromVast, offersFromVast, readVastOffer, type SearchType } from './offers.ts'
import { anOfferRow, recognise, seenAt } from './testing.ts'
import type { VastOffer } from './wire.ts'

const reading = { gpus: { recognise }, seenAt }

function row(changes: Record<string, unknown> = {}): VastOffer {
  const read = readVastOffer(anOfferRow(changes))
  if ('skipped' in read) throw new Error(read.skipped)
  return read.row
}

function offers(changes: Record<string, unknown> = {}, type: SearchType = 'ondemand') {
  return offersFromVast(row(changes), type, reading)
}

test('a machine that takes bids is on sale twice', () => {
  const [outright, spot, ...more] = offers()
  expect(more).toEqual([])
  expect(outright).toMatchObject({
    provider: 'vast',
    externalId: '30114277',
    market: 'on_demand',
    gpu: { model: 'RTX 4090', known: true, spelling: 'RTX 4090', count: 1, memoryGb: 24 },
    cpuCores: 16,
    ramGb: 64,
    pricePerHour: nanos(346_666_667n),
    region: 'canada',
    location: 'Quebec, CA',
    reliability: 0.9973,
    verified: true,
    cudaMax: 12.8,
    network: { downloadMbps: 944.1, uploadMbps: 812.4 },
    traffic: { uploadPerGb: nanos(2_000_000n), downloadPerGb: nanos(2_000_000n) },
    endsAt: 1_800_424_999_000,
    available: true,
    maxPorts: 64,
    placeKey: 'machine:41207',
    rateKnownAfterLaunch: true,
  })
  expect(spot).toMatchObject({ externalId: '30114277', market: 'spot', pricePerHour: nanos(213_333_333n) })
})

test('a bid that costs no less than the machine outright is not on sale', () => {
  expect(offers({ min_bid: 0.3466666667 }).map((offer) => offer.market)).toEqual(['on_demand'])
  expect(offers({ min_bid: 0.5 }).map((offer) => offer.market)).toEqual(['on_demand'])
  expect(offers({ min_bid: null }).map((offer) => offer.market)).toEqual(['on_demand'])
  expect(offers({ min_bid: 0 }).map((offer) => offer.market)).toEqual(['on_demand'])
})

test('a row of a bid search tells the bid and nothing else', () => {
  expect(offers({ is_bid: true, dph_base: 0.2133333333 }, 'bid').map((offer) => offer.market)).toEqual(['spot'])
  expect(offers({ is_bid: true, min_bid: 0.5 }, 'bid')).toEqual([])
})

test('the disk is priced by the hour of a 720-hour month, and smallest at 8 GB', () => {
  expect(offers()[0]?.disk).toEqual({
    includedGb: 0,
    minGb: 8,
    maxGb: 1250,
    pricePerGbHour: nanos(277_778n),
    stoppedPricePerGbHour: nanos(277_778n),
    sizesGb: [],
  })
})

test('graphics memory reads as the size it is sold under', () => {
  const sizes = [24564, 81559, 40960, 143771, 95830].map((mb) => offers({ gpu_ram: mb })[0]?.gpu.memoryGb)
  expect(sizes).toEqual([24, 80, 40, 140, 94])
})

test('a slice counts its share of the memory', () => {
  expect(offers({ cpu_ram: 64_000, cpu_cores: 64, cpu_cores_effective: 16 })[0]?.ramGb).toBe(64)
  expect(offers({ cpu_ram: null })[0]?.ramGb).toBeNull()
})

test('what only informs may be missing or odd', () => {
  const bare = offers({
    geolocation: null,
    reliability: null,
    reliability2: undefined,
    inet_up_cost: null,
    end_date: null,
    cuda_max_good: 'new',
    disk_name: 7,
    verification: null,
    direct_port_count: -1,
    a_new_field: [{ of: 'theirs' }],
  })[0]
  expect(bare).toMatchObject({
    region: 'unknown',
    location: 'unknown',
    reliability: null,
    traffic: null,
    cudaMax: null,
    verified: null,
    maxPorts: 0,
    endsAt: seenAt + 5_183_999_200,
  })
})

test('prices and ids that come as text are read exactly', () => {
  const read = offers({ id: '30114277', dph_base: '0.3466666667' })[0]
  expect(read).toMatchObject({ externalId: '30114277', pricePerHour: nanos(346_666_667n) })
})

test('a place without a state is kept as it is', () => {
  expect(offers({ geolocation: ', US' })[0]).toMatchObject({ region: 'US', location: 'US' })
})

test('a rented row is listed as not available', () => {
  expect(offers({ rented: true })[0]?.available).toBe(false)
  expect(offers({ rentable: false })[0]?.available).toBe(false)
})

test.each([
  [{ dph_base: undefined }, 'unreadable_dph_base'],
  [{ dph_base: 'free' }, 'unreadable_dph_base'],
  [{ dph_base: 0 }, 'unreadable_dph_base'],
  [{ gpu_name: null }, 'unreadable_gpu_name'],
  [{ machine_id: undefined }, 'unreadable_machine_id'],
  [{ cpu_cores: null }, 'no_cpu_cores'],
  [{ cpu_cores: 0 }, 'no_cpu_cores'],
])('a row that we cannot use says why (%#)', (changes, skipped) => {
  expect(readVastOffer(anOfferRow(changes))).toEqual({ skipped })
})

test('what is no row at all is skipped as well', () => {
  expect(readVastOffer(null)).toEqual({ skipped: 'unreadable_row' })
  expect(readVastOffer('offer')).toEqual({ skipped: 'unreadable_row' })
})

test('one market of a row, worth listing or not', () => {
  expect(offerFromVast(row({ min_bid: 0.5 }), 'spot', reading)?.pricePerHour).toBe(nanos(500_000_000n))
  expect(offerFromVast(row({ min_bid: null }), 'spot', reading)).toBeUndefined()
})

test("keeps contract 003's extras", () => {
  expect(offers()[0]?.details).toMatchObject({
    machine_id: 41207,
    compute_cap: 890,
    cpu_name: 'AMD EPYC 7543 32-Core Processor',
    gpu_memory_gb: 24,
    disk_name: 'SAMSUNG MZQL2',
    internet_down: 944.1,
    internet_up: 812.4,
    public_ipv4: '203.0.113.42',
    reliability: 0.9973,
    score: 412.7,
  })
})
