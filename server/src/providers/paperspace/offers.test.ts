import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import { comparablePrice } from '../../core/offers/price.ts'
import { diskPricePerGbHour, diskRatePerHour, diskTiers, machineTypeNamed, machineTypes } from './catalogue.ts'
import { externalIdFrom, offerFromPaperspace, placeFrom } from './offers.ts'
import { regionCodeFrom, regionFromPaperspace } from './regions.ts'
import { labelsIn, readTemplates, templatesFor } from './templates.ts'
import { fitsOf, now, recognise, templates, typeNamed } from './testing.ts'

const facts = { available: true, fits: fitsOf('A4000'), diskGb: 40, seenAt: now, gpus: { recognise } }

describe('an offer', () => {
  test('is a type of the catalogue in one region, and its handle brings both back', () => {
    const offer = offerFromPaperspace({ type: typeNamed('A4000'), region: 'ams1' }, facts)

    expect(offer).toMatchObject({
      externalId: 'A4000|ams1',
      market: 'on_demand',
      gpu: { model: 'RTX A4000', known: true, spelling: 'A4000', count: 1, memoryGb: 16 },
      pricePerHour: nanosFromUsd('0.76'),
      region: 'europe-west',
      rateKnownAfterLaunch: true,
      available: true,
    })
    expect(placeFrom(offer.externalId)).toEqual({ type: typeNamed('A4000'), region: 'ams1' })
  })

  test.each(machineTypes.flatMap((type) => type.regions.map((region) => ({ type, region }))))(
    'has a handle that comes back: $type.label in $region',
    (place) => {
      expect(placeFrom(externalIdFrom(place))).toEqual(place)
    },
  )

  test('keeps the model of one GPU where it has several', () => {
    const offer = offerFromPaperspace({ type: typeNamed('A4000x4'), region: 'ny2' }, facts)

    expect(offer.gpu).toMatchObject({ model: 'RTX A4000', spelling: 'A4000x4', count: 4, memoryGb: 16 })
    expect(offer.pricePerHour).toBe(nanosFromUsd('3.04'))
  })

  test('is not made from a handle that is none of ours', () => {
    for (const text of ['A4000', 'A4000|moon', 'B200|ny2', 'A4000|ny2|x', '']) expect(placeFrom(text)).toBeUndefined()
  })
})

describe('disks are sold in sizes', () => {
  test('the whole disk per hour is its month over 720, rounded once', () => {
    expect(diskTiers.slice(0, 3).map(diskRatePerHour)).toEqual([6_944_444n, 9_722_222n, 13_888_889n])
  })

  test('the price of a GB leads back to that of the disk within its rounding', () => {
    for (const tier of diskTiers) {
      const difference = diskPricePerGbHour(tier) * BigInt(tier.sizeGb) - diskRatePerHour(tier)
      expect(Number(difference < 0n ? -difference : difference)).toBeLessThanOrEqual(tier.sizeGb / 2 + 1)
    }
  })

  test('the comparable price counts the size that is rented, at the price of that size', () => {
    const offer = (diskGb: number) =>
      offerFromPaperspace({ type: typeNamed('A4000'), region: 'ny2' }, { ...facts, diskGb })

    // 50 GB and 250 GB; the seam knows a price per GB only, which costs half a nano-dollar per GB at most.
    expect(comparablePrice(offer(40), { diskGb: 40 }).disk).toBe(6_944_450n)
    expect(comparablePrice(offer(101), { diskGb: 101 }).disk).toBe(13_889_000n)
    expect(offer(40).disk).toMatchObject({ sizesGb: [50, 100, 250, 500, 1000, 2000], minGb: 50, maxGb: 2000 })
  })

  test('a size whose price nobody confirms is called a guess', () => {
    const offer = offerFromPaperspace({ type: typeNamed('A4000'), region: 'ny2' }, { ...facts, diskGb: 500 })

    expect(offer.details).toMatchObject({ disk_price_for_gb: 500, disk_price_guessed: true })
  })
})

describe('templates decide what can be rented', () => {
  test('the one with Docker and GPU support comes first, Windows never', () => {
    expect(fitsOf('A4000').map((fit) => fit.templateId)).toEqual(['t6o7s2mj', 't0nspur5'])
    expect(fitsOf('P4000')).toEqual([])
  })

  test('labels match whatever their capitals, by another word as well, and are sent as they are listed', () => {
    expect(fitsOf('A100-80G')[0]?.label).toBe('a100-80g')
    expect(fitsOf('GPU+')[0]?.label).toBe('M4000')
  })

  test('a type that no template takes now cannot be rented', () => {
    expect(fitsOf('H100')).toEqual([])
  })

  test('a row that cannot be read is counted', () => {
    const read = readTemplates([...templates, { id: 7 }, null])

    expect(read.unreadable).toBe(2)
    expect(labelsIn(read.templates)).toContain('B200')
    expect(templatesFor(typeNamed('A4000'), read.templates)).toHaveLength(2)
  })
})

test('regions are understood in both forms, unknown ones are not', () => {
  expect(regionCodeFrom('East Coast (NY2)')).toBe('ny2')
  expect(regionCodeFrom('NY2')).toBe('ny2')
  expect(regionFromPaperspace('Europe (AMS1)')).toBe('europe-west')
  expect(regionFromPaperspace('West Coast (CA1)')).toBe('us-west')
  expect(regionFromPaperspace('Moon (LUN1)')).toBeUndefined()
})

test('machine types are found by the words of the documents', () => {
  expect(machineTypeNamed('a100-80gX8')?.gpuCount).toBe(8)
  expect(machineTypeNamed('M4000')?.label).toBe('GPU+')
  expect(machineTypeNamed('C5')).toBeUndefined()
})
