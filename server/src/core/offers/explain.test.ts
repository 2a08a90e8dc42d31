import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from './an-offer.ts'
import { explain } from './explain.ts'
import type { MatchContext } from './match.ts'

const context: MatchContext = { now: 0, need: { diskGb: 10 }, modelNamed: () => undefined }
const usd = nanosFromUsd
const three = ['0.31', '0.4', '0.5'].map((price, at) => anOffer({ externalId: `${at}`, pricePerHour: usd(price) }))
const other = anOffer({ externalId: 'other', gpu: { model: 'RTX 3090' }, pricePerHour: usd('0.1') })

describe('names what emptied the result', () => {
  test('one filter, with the nearest that there is', () => {
    const found = explain([...three, other], { models: ['RTX 4090'], maxPrice: usd('0.3') }, context)
    expect(found).toMatchObject({ total: 4, left: 0, emptiedBy: ['max_price'] })
    expect(found.sentence).toBe('max_price removed 3 of 3 RTX 4090 offers; the cheapest costs 0.31')
    expect(found.filters).toEqual([
      { name: 'gpu_model', removes: 1, unknown: 0, keeps: 3, leftWithout: 1 },
      { name: 'max_price', removes: 3, unknown: 0, keeps: 0, leftWithout: 3 },
    ])
  })

  test('a bound set to what is said lets the offer in', () => {
    const offer = anOffer({ pricePerHour: usd('0.3012') })
    expect(explain([offer], { maxPrice: usd('0.3') }, context).sentence).toContain('the cheapest costs 0.31')
  })

  test('several filters that nothing wanted passes', () => {
    const found = explain([...three, other], { models: ['RTX 4090'], maxPrice: usd('0.3'), minVramGb: 48 }, context)
    expect(found.emptiedBy).toEqual(['min_vram_gb', 'max_price'])
    expect(found.sentence).toBe(
      'min_vram_gb removed 3 of 3 RTX 4090 offers; the most is 24 GB per GPU; so did max_price',
    )
  })

  test('filters that only together leave nothing', () => {
    const cheap = anOffer({ externalId: 'a', pricePerHour: usd('0.1'), ramGb: 8, reliability: 0.5 })
    const good = anOffer({ externalId: 'b', pricePerHour: usd('9'), ramGb: 8 })
    const big = anOffer({ externalId: 'c', pricePerHour: usd('9'), ramGb: 64, reliability: 0.5 })
    const found = explain([cheap, good, big], { maxPrice: usd('1'), minRamGb: 32, minReliability: 0.9 }, context)
    expect(found.emptiedBy).toEqual(['min_ram_gb', 'min_reliability', 'max_price'])
    expect(found.sentence).toContain('at once')
  })

  test('what the marketplace does not say, apart from what fails', () => {
    const silent = anOffer({ externalId: 's', reliability: null })
    const bad = anOffer({ externalId: 'b', reliability: 0.5 })
    const found = explain([silent, bad], { minReliability: 0.9 }, context)
    expect(found.filters).toEqual([{ name: 'min_reliability', removes: 1, unknown: 1, keeps: 0, leftWithout: 2 }])
    expect(found.sentence).toBe(
      'min_reliability removed 2 of 2 offers; of 1 the marketplace does not say; the best has 0.5',
    )
  })

  test('a model that is not on sale', () => {
    const found = explain([other], { models: ['RTX 4090'], maxPrice: usd('0.01') }, context)
    expect(found.emptiedBy).toEqual(['gpu_model'])
    expect(found.sentence).toBe('none of the 1 offers on sale is RTX 4090')
  })
})

test('says so when something is left, or nothing was there', () => {
  expect(explain(three, { maxPrice: usd('0.4') }, context)).toMatchObject({
    left: 2,
    emptiedBy: [],
    sentence: '2 of 3 offers match',
  })
  expect(explain([], { maxPrice: usd('0.4') }, context).sentence).toBe('nothing is on sale')
})
