import { expect, test } from 'vitest'
import { createGpuCatalogue } from '../core/gpus/catalogue.ts'
import { nanosFromUsd } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import type { Offer } from '../core/offers/offer.ts'
import { fakeProvider } from '../testing/fake-provider.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { billingModelOf, normalisedPricing } from './normalised-pricing.ts'

const gpus = createGpuCatalogue()
const priced = (usd: string, change: Partial<Offer> = {}) =>
  anOffer({ pricePerHour: nanosFromUsd(usd), externalId: usd, ...change })

function marketplace(offers: Offer[]) {
  const provider = fakeProvider({ clock: virtualClock() })
  provider.offers = offers
  return provider
}

test('S004-05 S004-57 the cheapest per GPU of each market, per second and per hour', async () => {
  const [some] = [priced('0.72')]
  const provider = marketplace([
    priced('0.72'),
    priced('1.08', { gpu: { ...some.gpu, count: 2 } }),
    priced('0.18', { market: 'spot' }),
    priced('0.01', { available: false }),
    priced('0.02', { region: 'europe-west', location: 'Paris, FR' }),
    priced('0.03', { gpu: { ...some.gpu, model: 'RTX 3090' } }),
  ])
  const { onDemand, spot, currency } = await normalisedPricing(
    provider,
    { gpuType: some.gpu.model, region: some.region },
    gpus,
  )
  expect(onDemand).toMatchObject({ pricePerHour: 0.54, offer: { id: '1.08', gpuCount: 2 } })
  expect(spot).toMatchObject({ pricePerHour: 0.18, offer: { id: '0.18' } })
  expect((onDemand?.pricePerSecond ?? 0) * 3600).toBeCloseTo(0.54, 12)
  expect(currency).toBe('USD')
  const anywhere = await normalisedPricing(provider, { gpuType: some.gpu.model, region: null }, gpus)
  expect(anywhere.onDemand?.pricePerHour).toBe(0.02)
})

test('a GPU that nobody knows, and one that is not on sale there', async () => {
  await expect(normalisedPricing(marketplace([]), { gpuType: 'Moon 9000', region: null }, gpus)).rejects.toThrow(
    RangeError,
  )
  await expect(normalisedPricing(marketplace([]), { gpuType: 'H100', region: 'Asia' }, gpus)).rejects.toMatchObject({
    kind: 'no_capacity',
    message: expect.stringContaining('H100 on sale in Asia'),
  })
})

test.each([
  [1_000, 'per-second'],
  [60_000, 'per-minute'],
  [3_600_000, 'per-hour'],
])('a step of %i ms is billed %s', (stepMs, model) => {
  expect(billingModelOf({ stepMs })).toBe(model)
})
