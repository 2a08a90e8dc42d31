import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../money.ts'
import type { ProviderName } from '../providers.ts'
import { anOffer } from './an-offer.ts'
import type { MatchContext } from './match.ts'
import type { Offer } from './offer.ts'
import { createOfferIndex } from './offer-index.ts'

const context: MatchContext = { now: 0, need: { diskGb: 10 }, modelNamed: () => undefined }
const usd = nanosFromUsd
const snapshot = (offers: Offer[], scope = 'all', account = 'main', provider: ProviderName = 'vast') => ({
  provider,
  account,
  scope,
  offers,
})

describe('keeps what is on sale', () => {
  test('a snapshot replaces the one before of the same scope, and no other', () => {
    const index = createOfferIndex()
    index.replace(snapshot([anOffer({ externalId: '1' }), anOffer({ externalId: '2' })], 'RTX 4090'))
    index.replace(snapshot([anOffer({ externalId: '3' })], 'RTX 3090'))
    index.replace(snapshot([anOffer({ externalId: '2' })], 'RTX 4090'))

    expect(
      index
        .all()
        .map((offer) => offer.externalId)
        .sort(),
    ).toEqual(['2', '3'])
    expect(index.get('vast_1')).toBeUndefined()
    expect(index.get('vast_3')?.externalId).toBe('3')
  })

  test('what two scopes or accounts show counts once, by the latest look, until neither shows it', () => {
    const index = createOfferIndex()
    const old = anOffer({ seenAt: 1, pricePerHour: usd('0.5') })
    const fresh = anOffer({ seenAt: 2, pricePerHour: usd('0.4') })
    index.replace(snapshot([fresh], 'all', 'main'))
    index.replace(snapshot([old], 'all', 'second'))

    expect(index.all()).toEqual([fresh])
    index.replace(snapshot([], 'all', 'main'))
    expect(index.all()).toEqual([old])
    index.replace(snapshot([], 'all', 'second'))
    expect(index.all()).toEqual([])
    expect(index.counts()).toEqual({ offers: 0, available: 0, byProvider: {}, byModel: {} })
  })

  test('the same machine on both markets is two offers', () => {
    const index = createOfferIndex()
    index.replace(snapshot([anOffer(), anOffer({ market: 'spot' })]))
    expect(index.counts().offers).toBe(2)
    expect(index.get('vast_1:spot')?.market).toBe('spot')
  })

  test('takes out one offer, an account, a provider', () => {
    const index = createOfferIndex()
    index.replace(snapshot([anOffer({ externalId: '1' }), anOffer({ externalId: '2' })]))
    index.replace(snapshot([anOffer({ externalId: '9' })], 'all', 'second'))
    index.replace(snapshot([anOffer({ externalId: 'r', provider: 'runpod' })], 'all', 'main', 'runpod'))

    index.remove('vast_2')
    expect(index.get('vast_2')).toBeUndefined()
    index.removeProvider('vast', 'second')
    expect(index.counts()).toMatchObject({ offers: 2, byProvider: { vast: 1, runpod: 1 }, byModel: { 'RTX 4090': 2 } })
    index.removeProvider('vast')
    expect(index.all().map((offer) => offer.provider)).toEqual(['runpod'])
  })

  test('a model that changes moves the offer', () => {
    const index = createOfferIndex()
    index.replace(snapshot([anOffer()]))
    index.replace(snapshot([anOffer({ gpu: { model: 'RTX 3090' } })]))
    expect(index.search({ filter: { models: ['RTX 4090'] } }, context)).toEqual([])
    expect(index.search({ filter: { models: ['RTX 3090'] } }, context)).toHaveLength(1)
  })
})

test('a catalogue that changes moves the offers that are called something else, and no other', () => {
  const index = createOfferIndex()
  const offers = [
    anOffer({ externalId: '1', gpu: { model: 'Mystery 9000', spelling: 'Mystery 9000', known: false } }),
    anOffer({ externalId: '2' }),
  ]
  index.replace({ provider: 'vast', account: 'main', scope: 'all', offers })
  index.rename(({ gpu }) => (gpu.known ? gpu : { model: 'RTX 9000', known: true }))
  expect(index.get('vast_1')?.gpu).toMatchObject({ model: 'RTX 9000', known: true, spelling: 'Mystery 9000' })
  expect(index.get('vast_2')).toBe(offers[1])
  expect(index.counts().byModel).toEqual({ 'RTX 9000': 1, 'RTX 4090': 1 })
  expect(index.search({ filter: { models: ['RTX 9000'] } }, context)).toHaveLength(1)
})

test('finds the cheapest for the request, although the GPU alone costs more', () => {
  const index = createOfferIndex()
  const dearDisk = anOffer({ externalId: 'a', pricePerHour: usd('0.30'), disk: { pricePerGbHour: usd('0.01') } })
  const allIn = anOffer({ externalId: 'b', pricePerHour: usd('0.35'), gpu: { model: 'RTX 3090' } })
  index.replace(snapshot([dearDisk, allIn]))
  const [best] = index.search({ filter: {}, limit: 1 }, context)
  expect(best?.offer.externalId).toBe('b')
  expect(best?.price.total).toBe(usd('0.35'))
})

test('a limit of nothing finds nothing', () => {
  const index = createOfferIndex()
  index.replace(snapshot([anOffer()]))
  expect(index.search({ filter: {}, limit: 0 }, context)).toEqual([])
})

describe('counts what matches beyond the limit', () => {
  const many = (count: number, model: string, from = 0) =>
    Array.from({ length: count }, (_, at) =>
      anOffer({
        externalId: `${model}-${at}`,
        gpu: { model },
        pricePerHour: usd((from + at) / 1_000),
        ramGb: at % 2 === 0 ? 32 : 64,
      }),
    )

  test('exactly, with the same offers as a search', () => {
    const index = createOfferIndex()
    index.replace(snapshot([...many(100, 'cheap', 1), ...many(100, 'dear', 5_000)]))
    const question = { filter: { minRamGb: 64, maxPrice: usd('5.05') }, limit: 7 }
    const counted = index.searchAndCount(question, context)
    expect(counted).toMatchObject({ matching: 75, isExact: true })
    expect(counted.offers).toEqual(index.search(question, context))
    expect(index.searchAndCount({ filter: {}, limit: 0 }, context)).toEqual({
      offers: [],
      matching: 200,
      isExact: true,
    })
  })

  test('at least, where counting on would take long; a list in another order is counted whole', () => {
    const index = createOfferIndex()
    index.replace(snapshot([...many(15_000, 'cheap', 1), ...many(15_000, 'dear', 50_000)]))
    const { offers, matching, isExact } = index.searchAndCount({ filter: {}, limit: 5 }, context)
    expect(offers.map(({ offer }) => offer.externalId)).toEqual(['cheap-0', 'cheap-1', 'cheap-2', 'cheap-3', 'cheap-4'])
    expect([matching > 2_000 && matching < 30_000, isExact]).toEqual([true, false])
    const sort = { by: 'reliability', order: 'desc' } as const
    expect(index.searchAndCount({ filter: {}, sort, limit: 5 }, context)).toMatchObject({
      matching: 30_000,
      isExact: true,
    })
  })
})

test('searches 100,000 offers with six filters in about a millisecond', () => {
  const index = createOfferIndex()
  const offers = Array.from({ length: 100_000 }, (_, at) =>
    anOffer({
      externalId: String(at),
      market: at % 3 === 0 ? 'spot' : 'on_demand',
      gpu: { model: `model ${(at * 7919) % 130}`, memoryGb: 8 + (at % 40) },
      pricePerHour: usd(((at * 7907) % 10_000) / 1_000),
      ramGb: at % 256,
    }),
  )
  index.replace(snapshot(offers))
  const question = {
    filter: {
      markets: ['spot' as const],
      available: true,
      minVramGb: 20,
      minRamGb: 64,
      regions: ['US'],
      maxPrice: usd('5'),
    },
    limit: 20,
  }
  index.search(question, context)
  const times = Array.from({ length: 21 }, () => {
    const start = performance.now()
    expect(index.search(question, context)).toHaveLength(20)
    return performance.now() - start
  })
  // Measured at 0.3 ms; the bound leaves room for a busy machine.
  expect(Math.min(...times)).toBeLessThan(5)
})
