import { describe, expect, test } from 'vitest'
import { createGpuCatalogue } from '../gpus/catalogue.ts'
import { nanosFromUsd } from '../money.ts'
import { hourMs } from '../time.ts'
import { anOffer } from './an-offer.ts'
import { filterRules, type MatchContext, matches, type OfferFilter } from './match.ts'
import type { Offer } from './offer.ts'

const catalogue = createGpuCatalogue()
const byName = new Map(catalogue.models().map((model) => [model.name, model]))
const context: MatchContext = { now: 1_000, need: { diskGb: 10 }, modelNamed: (name) => byName.get(name) }
const usd = nanosFromUsd

/** What is stated, an offer that passes, one that fails, and one of which nobody knows. */
const cases: [string, OfferFilter, Offer, Offer, Offer | null][] = [
  ['provider', { providers: ['vast', 'novita'] }, anOffer(), anOffer({ provider: 'lambda' }), null],
  ['gpu_model', { models: ['RTX 4090'] }, anOffer(), anOffer({ gpu: { model: 'RTX 4090 D' } }), null],
  ['market', { markets: ['spot'] }, anOffer({ market: 'spot' }), anOffer(), null],
  ['available', { available: true }, anOffer(), anOffer({ available: false }), null],
  ['taken', { taken: true }, anOffer({ available: false }), anOffer(), null],
  ['min_gpu_count', { minGpuCount: 2 }, anOffer({ gpu: { count: 2 } }), anOffer(), null],
  ['max_gpu_count', { maxGpuCount: 1 }, anOffer(), anOffer({ gpu: { count: 2 } }), null],
  ['min_vram_gb', { minVramGb: 24 }, anOffer(), anOffer({ gpu: { memoryGb: 23 } }), null],
  ['min_ram_gb', { minRamGb: 64 }, anOffer(), anOffer({ ramGb: 63 }), anOffer({ ramGb: null })],
  ['max_ram_gb', { maxRamGb: 64 }, anOffer(), anOffer({ ramGb: 65 }), anOffer({ ramGb: null })],
  [
    'min_storage_gb',
    { minStorageGb: 500 },
    anOffer({ disk: { maxGb: null } }),
    anOffer({ disk: { maxGb: 499 } }),
    null,
  ],
  [
    'min_reliability',
    { minReliability: 0.99 },
    anOffer(),
    anOffer({ reliability: 0.98 }),
    anOffer({ reliability: null }),
  ],
  ['verified', { verified: true }, anOffer(), anOffer({ verified: false }), anOffer({ verified: null })],
  ['min_cuda', { minCuda: 12.8 }, anOffer(), anOffer({ cudaMax: 12.4 }), anOffer({ cudaMax: null })],
  [
    'min_download_mbps',
    { minDownloadMbps: 800 },
    anOffer(),
    anOffer({ network: { downloadMbps: 799, uploadMbps: null } }),
    anOffer({ network: null }),
  ],
  [
    'min_upload_mbps',
    { minUploadMbps: 500 },
    anOffer(),
    anOffer({ network: { downloadMbps: 900, uploadMbps: 100 } }),
    anOffer({ network: { downloadMbps: 900, uploadMbps: null } }),
  ],
  [
    'min_lifetime_hours',
    { minLifetimeHours: 2 },
    anOffer({ endsAt: 1_000 + 2 * hourMs }),
    anOffer({ endsAt: 2 * hourMs }),
    null,
  ],
  [
    'product',
    { exactly: { spelling: 'rtx 4090', place: 'CN-HK-01' } },
    anOffer({ location: 'CN-HK-01 (Hong Kong)' }),
    anOffer({ location: 'CN-HK-011' }),
    null,
  ],
  ['ports', { minPorts: 3 }, anOffer({ maxPorts: null }), anOffer({ maxPorts: 2 }), null],
  [
    'gpu_category',
    { categories: ['professional'] },
    anOffer({ gpu: { model: 'A40' } }),
    anOffer(),
    anOffer({ gpu: { model: 'Voodoo 2' } }),
  ],
  [
    'min_performance',
    { minPerformance: 90 },
    anOffer({ gpu: { model: 'RTX A6000' } }),
    anOffer({ gpu: { model: 'RTX 4080' } }),
    anOffer({ gpu: { model: 'Voodoo 2' } }),
  ],
  [
    'region',
    { regions: ['Europe', 'US-West'] },
    anOffer(),
    anOffer({ region: 'us-east', location: 'Virginia, US' }),
    anOffer({ region: 'us', location: ', US' }),
  ],
  ['min_price', { minPrice: usd('0.36') }, anOffer(), anOffer({ pricePerHour: usd('0.359999999') }), null],
  ['max_price', { maxPrice: usd('0.36') }, anOffer(), anOffer({ pricePerHour: usd('0.360000001') }), null],
]

test('memory that nobody tells of is no obstacle to a launch that can ask for it, and is one to a search', () => {
  const unsaid = anOffer({ ramGb: null, ramOnRequest: true })
  expect(matches(unsaid, { minRamGb: 64 }, context)).toBe(false)
  expect(matches(unsaid, { minRamGb: 64, asksForRam: true }, context)).toBe(true)
  expect(matches(anOffer({ ramGb: null }), { minRamGb: 64, asksForRam: true }, context)).toBe(false)
  expect(matches(anOffer({ ramGb: 32, ramOnRequest: true }), { minRamGb: 64, asksForRam: true }, context)).toBe(false)
})

test('every filter has a case here', () => {
  expect(cases.map(([name]) => name).sort()).toEqual(filterRules.map((rule) => rule.name).sort())
})

describe.each(cases)('%s', (name, filter, passing, failing, silent) => {
  const rule = filterRules.find((one) => one.name === name)

  test('is inclusive, and unknown never satisfies it', () => {
    expect(matches(passing, filter, context)).toBe(true)
    expect(matches(failing, filter, context)).toBe(false)
    expect(rule?.passes(failing, filter, context)).toBe(false)
    if (silent) {
      expect(rule?.passes(silent, filter, context)).toBe('unknown')
      expect(matches(silent, filter, context)).toBe(false)
    }
  })
})

test('an empty filter, empty lists and false state nothing', () => {
  for (const filter of [
    {},
    { providers: [], models: [], regions: [], categories: [] },
    { available: false, verified: false },
  ]) {
    expect(matches(anOffer({ available: false, verified: false }), filter, context)).toBe(true)
  }
})

test('S003-10 filters are combined with AND', () => {
  const filter: OfferFilter = { models: ['A100 SXM 80GB', 'RTX 4090'], categories: ['consumer'] }
  expect(matches(anOffer({ gpu: { model: 'A100 SXM 80GB' } }), filter, context)).toBe(false)
  expect(matches(anOffer(), filter, context)).toBe(true)
})

test('max_price bounds the price of this request, disk included', () => {
  const offer = anOffer({ pricePerHour: usd('0.35'), disk: { pricePerGbHour: usd('0.001') } })
  expect(matches(offer, { maxPrice: usd('0.36') }, context)).toBe(true)
  expect(matches(offer, { maxPrice: usd('0.36') }, { ...context, need: { diskGb: 11 } })).toBe(false)
})
