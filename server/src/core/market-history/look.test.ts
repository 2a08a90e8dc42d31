import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from '../offers/an-offer.ts'
import { looksAt, type SeenPart, type SeriesKey } from './look.ts'

const at = Date.UTC(2026, 9, 1, 12)
const card = { model: 'RTX 4090', spelling: 'RTX 4090', memoryGb: 24, known: true }
const whole: SeenPart = {
  provider: 'vast',
  models: [],
  markets: ['on_demand', 'spot'],
  sampled: false,
  bounded: false,
  seenAt: at,
}
const series: SeriesKey = { provider: 'vast', model: 'RTX 4090', market: 'on_demand' }
const look = (offers: Parameters<typeof looksAt>[0], known: SeriesKey[] = [], parts = [whole]) =>
  looksAt(offers, { at, known, parts })

describe('prices', () => {
  test('are per GPU, with a disk of ten gigabytes, of what can be rented', () => {
    const offers = [
      anOffer({ externalId: '1', placeKey: '1', gpu: { ...card, count: 1 }, pricePerHour: nanosFromUsd('0.5') }),
      anOffer({ externalId: '2', placeKey: '2', gpu: { ...card, count: 4 }, pricePerHour: nanosFromUsd('1.2') }),
      anOffer({ externalId: '3', placeKey: '3', gpu: { ...card, count: 1 }, pricePerHour: nanosFromUsd('9') }),
      anOffer({ externalId: '4', available: false, pricePerHour: nanosFromUsd('0.01') }),
    ]
    expect(look(offers)).toEqual([
      {
        ...series,
        at,
        sampled: false,
        offers: 3,
        gpus: 6,
        prices: { min: nanosFromUsd('0.3'), median: nanosFromUsd('0.5'), p90: nanosFromUsd('9') },
      },
    ])
  })

  test('are kept apart by market, model and provider', () => {
    const offers = [
      anOffer({ externalId: '1' }),
      anOffer({ externalId: '1', market: 'spot' }),
      anOffer({ externalId: '2', provider: 'runpod' }),
      anOffer({ externalId: '3', gpu: { ...card, model: 'A40', count: 1 } }),
    ]
    expect(look(offers)).toHaveLength(4)
  })
})

test('a machine that is on sale in several sizes has the GPUs of its largest', () => {
  const sizes = [1, 2, 4].map((count) =>
    anOffer({ externalId: String(count), placeKey: 'one machine', gpu: { ...card, count } }),
  )
  expect(look(sizes)).toMatchObject([{ offers: 3, gpus: 4 }])
})

describe('what is missing', () => {
  test('is sold out where the marketplace was asked for it', () => {
    expect(look([], [series])).toEqual([{ ...series, at, sampled: false, offers: 0, gpus: 0, prices: null }])
    expect(look([], [series], [{ ...whole, sampled: true, models: ['RTX 4090'] }])).toHaveLength(1)
  })

  test.each([
    ['nobody looked', []],
    ['only the cheapest of everything was shown', [{ ...whole, sampled: true }]],
    ['only large machines were asked for', [{ ...whole, bounded: true }]],
    ['another market was asked for', [{ ...whole, markets: ['spot' as const] }]],
    ['another marketplace was asked', [{ ...whole, provider: 'runpod' as const }]],
    ['another model was asked for', [{ ...whole, models: ['A40'] }]],
  ])('says nothing where %s', (_why, parts) => {
    expect(look([], [series], parts)).toEqual([])
  })
})

test('what was seen of a sample alone is marked', () => {
  const offers = [anOffer({ externalId: '1' })]
  expect(look(offers, [], [{ ...whole, sampled: true }])).toMatchObject([{ sampled: true }])
  expect(
    look(
      offers,
      [],
      [
        { ...whole, sampled: true },
        { ...whole, models: ['RTX 4090'] },
      ],
    ),
  ).toMatchObject([{ sampled: false }])
})
