import { expect, test } from 'vitest'
import { createGpuCatalogue } from '../core/gpus/catalogue.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import { createOfferIndex } from '../core/offers/offer-index.ts'
import type { ProviderName } from '../core/providers.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { modelLookup } from './market.ts'
import { type OfferSearchInput, searchOffers } from './search-offers.ts'

const anything: OfferSearchInput = {
  providers: [],
  gpuModels: [],
  categories: [],
  markets: [],
  available: true,
  verified: false,
  regions: [],
  diskGb: 10,
  uploadGbPerHour: 0,
  downloadGbPerHour: 0,
  limit: 5,
}

function world({ off = [] }: { off?: ProviderName[] } = {}) {
  const index = createOfferIndex()
  for (const provider of ['vast', 'runpod'] as const) {
    index.replace({ provider, account: 'main', scope: 'all', offers: [anOffer({ provider, placeKey: provider })] })
  }
  return {
    index,
    market: { freshen: async () => [], state: () => [] },
    gpus: createGpuCatalogue(),
    penalties: new Map(),
    isEnabled: (name: ProviderName) => !off.includes(name),
    clock: virtualClock(),
  }
}

test('an offer whose disk is too small for the request is not shown', async () => {
  const deps = world()
  const small = anOffer({ externalId: 'small', disk: { maxGb: 9 } })
  const unlimited = anOffer({ externalId: 'unlimited', disk: { maxGb: null } })
  deps.index.replace({ provider: 'vast', account: 'main', scope: 'all', offers: [small, unlimited] })
  const { offers } = await searchOffers({ ...anything, providers: ['vast'] }, deps)
  expect(offers.map(({ offer }) => offer.externalId)).toEqual(['unlimited'])
})

test('with every provider switched off there is nothing, and no filter is to blame', async () => {
  const deps = world({ off: ['vast', 'runpod', 'lambda', 'paperspace', 'novita'] })
  const result = await searchOffers(anything, deps)
  expect(result).toMatchObject({ offers: [], matching: 0, explanation: { total: 0, emptiedBy: [] } })
})

test('asked for one that is on and one that is off, shows the one and says so about the other', async () => {
  const result = await searchOffers({ ...anything, providers: ['vast', 'runpod'] }, world({ off: ['runpod'] }))
  expect(result.offers.map(({ offer }) => offer.provider)).toEqual(['vast'])
  expect(result.warnings).toMatchObject([{ provider: 'runpod', kind: 'switched_off' }])
})

test('a lookup asks the catalogue once per name, also for names that nobody knows', () => {
  const asked: string[] = []
  const lookup = modelLookup({
    find: (name) => {
      asked.push(name)
      return undefined
    },
  })
  for (let time = 0; time < 3; time += 1) lookup('Mystery 9000')
  expect(asked).toEqual(['Mystery 9000'])
})
