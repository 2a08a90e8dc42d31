import { expect, test } from 'vitest'
import { createBell } from '../core/bell.ts'
import { createGpuCatalogue } from '../core/gpus/catalogue.ts'
import { noPolicies } from '../core/instances/instance.ts'
import { nanosFromUsd } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import type { MarketWarning } from '../core/offers/market-view.ts'
import { createOfferIndex } from '../core/offers/offer-index.ts'
import type { ProviderName } from '../core/providers.ts'
import { anInstanceId, noSecrets, someone } from '../testing/builders.ts'
import { testStores } from '../testing/database.ts'
import { fakeProvider } from '../testing/fake-provider.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { type LaunchInput, launchInstance, planInstance } from './launch-instance.ts'

const wanted: LaunchInput = {
  provider: null,
  offerId: null,
  gpuModels: ['RTX 4090'],
  minVramGb: null,
  gpuCount: 1,
  market: 'on_demand',
  maxPricePerHour: null,
  regions: [],
  minRamGb: null,
  minReliability: null,
  verifiedOnly: false,
  minCuda: null,
  diskGb: 10,
  traffic: { uploadGbPerHour: 0, downloadGbPerHour: 0 },
  image: 'ubuntu',
  ports: [],
  sshPublicKey: null,
  label: null,
  health: null,
  onInterruption: 'relaunch',
  policies: noPolicies,
  project: null,
  secrets: noSecrets,
}

async function world({ warnings = [], off = [] }: { warnings?: MarketWarning[]; off?: ProviderName[] } = {}) {
  const clock = virtualClock()
  const index = createOfferIndex()
  const accounts = [fakeProvider({ clock, name: 'vast' }), fakeProvider({ clock, name: 'runpod' })]
  let made = 0
  return {
    index,
    market: { freshen: async () => warnings, state: () => [] },
    gpus: createGpuCatalogue(),
    launches: { interruptions: async () => [] },
    publicUrl: undefined,
    budgets: { refusal: async () => null },
    penalties: new Map<string, number>(),
    isEnabled: (name: ProviderName) => !off.includes(name),
    clock,
    instances: (await testStores()).instances,
    providers: { all: () => accounts, find: (name: ProviderName) => accounts.find((one) => one.name === name) },
    newInstanceId: () => {
      made += 1
      return anInstanceId(made)
    },
    bell: createBell(),
    sells(provider: ProviderName, count: number, usd: string) {
      const offers = Array.from({ length: count }, (_, at) =>
        anOffer({ provider, externalId: `${at}`, placeKey: `${provider} ${at}`, pricePerHour: nanosFromUsd(usd) }),
      )
      index.replace({ provider, account: 'main', scope: 'all', offers })
    },
  }
}

const down = (provider: ProviderName): MarketWarning => ({ provider, kind: 'down', message: `${provider} is down` })

test('the ten that are tried are ten that can be rented, not ten of a provider that is switched off', async () => {
  const deps = await world({ off: ['vast'] })
  deps.sells('vast', 20, '0.10')
  deps.sells('runpod', 1, '0.90')
  const { offers } = await planInstance(wanted, deps)
  expect(offers.map(({ offer }) => offer.provider)).toEqual(['runpod'])
})

test('a provider without a key any more is not planned with, whatever it showed before', async () => {
  const deps = await world()
  deps.sells('lambda', 20, '0.10')
  deps.sells('vast', 1, '0.90')
  expect((await planInstance(wanted, deps)).offers.map(({ offer }) => offer.provider)).toEqual(['vast'])
})

test('silence is not absence: a chosen offer of a provider that is down is not called gone', async () => {
  const chosen = { ...wanted, gpuModels: [], provider: 'vast' as const, offerId: '1' }
  await expect(launchInstance(chosen, null, someone, await world({ warnings: [down('vast')] }))).rejects.toMatchObject({
    code: 'provider_unavailable',
    message: 'vast is down',
  })
  await expect(
    launchInstance(chosen, null, someone, await world({ warnings: [down('runpod')] })),
  ).rejects.toMatchObject({
    code: 'offer_gone',
  })
})

test('one provider down and one that sells nothing that fits: nothing fits, and who could not be asked is named', async () => {
  const deps = await world({ warnings: [down('runpod')] })
  deps.sells('vast', 1, '0.90')
  const capped = { ...wanted, maxPricePerHour: nanosFromUsd('0.1') }
  await expect(launchInstance(capped, null, someone, deps)).rejects.toMatchObject({
    code: 'no_offer',
    message: expect.stringMatching(/the cheapest costs 0\.90.*runpod is down/),
  })
})

test('what it showed before it went down still counts', async () => {
  const deps = await world({ warnings: [down('vast'), down('runpod')] })
  deps.sells('vast', 1, '0.90')
  const { instance, warnings } = await launchInstance(wanted, null, someone, deps)
  expect(instance.wish.expected?.offer.provider).toBe('vast')
  expect(warnings).toHaveLength(2)
})
