import { expect, test } from 'vitest'
import { aWish } from '../../testing/builders.ts'
import { createGpuCatalogue } from '../gpus/catalogue.ts'
import type { Wish } from '../instances/instance.ts'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from './an-offer.ts'
import type { Offer } from './offer.ts'
import { interestFromWish, planForWish, providerPenalty } from './wish-plan.ts'

const now = 1_000
const plan = (offers: Offer[], wish: Partial<Wish>, penalties: [string, number][] = []) =>
  planForWish(offers, aWish(wish), { now, modelNamed: createGpuCatalogue().find, penalties: new Map(penalties) }).map(
    ({ offer }) => `${offer.externalId}:${offer.market}`,
  )

const one = anOffer({ externalId: 'one', placeKey: 'a' })
const spot = anOffer({ externalId: 'one', placeKey: 'a', market: 'spot', pricePerHour: nanosFromUsd('0.20') })
const two = anOffer({ externalId: 'two', placeKey: 'b', gpu: { count: 2 }, pricePerHour: nanosFromUsd('0.10') })
const runpod = anOffer({ externalId: 'pod', provider: 'runpod', placeKey: 'c', pricePerHour: nanosFromUsd('0.70') })

test('the cheapest that fits comes first, and nobody pays for GPUs that were not asked for', () => {
  expect(plan([one, two, runpod, spot], {})).toEqual(['one:spot', 'one:on_demand', 'pod:on_demand'])
  expect(plan([one, two, runpod, spot], { market: 'on_demand', maxPricePerHour: nanosFromUsd('0.36') })).toEqual([
    'one:on_demand',
  ])
  expect(plan([one, two], { gpuCount: 2 })).toEqual(['two:on_demand'])
  expect(plan([one, runpod], { provider: 'runpod' })).toEqual(['pod:on_demand'])
})

test('a chosen offer is the only one tried, whatever is cheaper or failed there before', () => {
  const chosen = { offer: { provider: 'vast', key: 'one' } } as const
  expect(plan([spot, two, one], chosen, [['a', now + 1]])).toEqual(['one:on_demand'])
  expect(plan([spot, two, one], { offer: { provider: 'vast', key: 'one:spot' } })).toEqual(['one:spot'])
  expect(plan([spot, two], chosen)).toEqual([])
})

test('a marketplace that failed as a whole is avoided until then', () => {
  const penalties: [string, number][] = [[providerPenalty('vast'), now + 1]]
  expect(plan([one, runpod], {}, penalties)).toEqual(['pod:on_demand'])
  expect(plan([one, runpod], {}, [[providerPenalty('vast'), now]])).toEqual(['one:on_demand', 'pod:on_demand'])
})

test('only the marketplaces that can fulfil the wish are asked', () => {
  expect(interestFromWish(aWish({ provider: 'lambda' })).providers).toEqual(['lambda'])
  expect(interestFromWish(aWish({ offer: { provider: 'vast', key: 'one' } })).providers).toEqual(['vast'])
  expect(interestFromWish(aWish({ market: 'any' })).markets).toEqual(['on_demand', 'spot'])
})
