import { describe, expect, test } from 'vitest'
import { offerKey } from '../../core/offers/offer.ts'
import { secondMs } from '../../core/time.ts'
import { cases } from './cases.ts'
import { aRig } from './rig.ts'

describe.each(cases)('$name', (marketplace) => {
  test('its description and limits are complete and sane', () => {
    const { provider } = aRig(marketplace)
    const { name, displayName, website, apiVersion, abilities, billing, regions, features } = provider.describe()
    expect(name).toBe(marketplace.provider)
    expect(provider).toMatchObject({ name: marketplace.provider, account: 'main' })
    for (const text of [displayName, website, apiVersion]) expect(text).not.toBe('')
    expect(website).toMatch(/^https:\/\//)
    expect(regions.length).toBeGreaterThan(0)
    expect(features.length).toBeGreaterThan(0)

    for (const ms of [
      abilities.listLagMs,
      abilities.startDeadlineMs,
      abilities.endDeadlineMs,
      abilities.lookEveryMs,
      abilities.refreshEveryMs,
    ]) {
      expect(ms).toBeGreaterThanOrEqual(secondMs)
    }
    expect(abilities.startDeadlineMs).toBeGreaterThan(abilities.listLagMs)
    expect(abilities.looksForAbsence).toBeGreaterThanOrEqual(1)
    expect(abilities.maxLabelLength, 'our labels have up to 60 characters').toBeGreaterThanOrEqual(60)
    expect(abilities.hasBids ? abilities.hasSpot : true, 'bids are for spot').toBe(true)
    expect(abilities.canStart, 'what stops can start').toBe(abilities.canStop)
    expect(billing.stopped === 'cannot_stop', 'billing while stopped').toBe(!abilities.canStop)
    expect(billing.stepMs).toBeGreaterThan(0)

    const limits = provider.limits()
    expect(new Set(limits.map(({ scope }) => scope)).size).toBe(limits.length)
    for (const { calls, windowMs, burst, source } of limits) {
      expect(calls).toBeGreaterThan(0)
      expect(windowMs).toBeGreaterThan(0)
      expect(burst).toBeGreaterThanOrEqual(1)
      expect(source).not.toBe('')
    }
  })

  test('offers are priced, unique, recognised and fit for a wish of 50 GB', async () => {
    const rig = aRig(marketplace)
    const { abilities } = rig.provider.describe()
    const before = rig.clock.now()
    const markets = abilities.hasSpot ? (['on_demand', 'spot'] as const) : (['on_demand'] as const)
    const { offers, skipped } = await rig.done(rig.provider.searchOffers({ models: [], markets, diskGb: 50 }))

    expect(offers.length).toBeGreaterThan(3)
    expect(new Set(offers.map(offerKey)).size).toBe(offers.length)
    for (const offer of offers) {
      expect(offer.provider).toBe(marketplace.provider)
      expect(markets).toContain(offer.market)
      expect(offer.pricePerHour, offer.externalId).toBeGreaterThan(0n)
      expect(offer.gpu.count).toBeGreaterThanOrEqual(1)
      expect(offer.gpu.memoryGb).toBeGreaterThan(0)
      expect(offer.externalId).not.toBe('')
      expect(JSON.parse(JSON.stringify(offer.externalId))).toBe(offer.externalId)
      expect(JSON.parse(JSON.stringify(offer.details)), 'details are plain JSON').toEqual(offer.details)
      expect(offer.placeKey).not.toBe('')
      expect(offer.region).not.toBe('')
      expect(offer.seenAt).toBeGreaterThanOrEqual(before)
      expect(offer.seenAt).toBeLessThanOrEqual(rig.clock.now())
      expect(offer.disk.minGb).toBeGreaterThanOrEqual(0)
      expect(offer.disk.pricePerGbHour).toBeGreaterThanOrEqual(0n)
      expect(offer.disk.stoppedPricePerGbHour === null).toBe(!abilities.canStop)
      expect([...offer.disk.sizesGb]).toEqual([...offer.disk.sizesGb].sort((one, other) => one - other))
      const most = offer.disk.maxGb ?? Number.POSITIVE_INFINITY
      expect(Math.max(most, offer.disk.includedGb), 'a wish of 50 GB can be judged').toBeGreaterThan(0)
      expect(most).toBeGreaterThanOrEqual(offer.disk.minGb)
    }
    expect(offers.filter(({ gpu }) => gpu.known).length / offers.length, 'recognised').toBeGreaterThan(0.8)
    if (abilities.hasSpot) expect(offers.some(({ market }) => market === 'spot')).toBe(true)
    for (const times of Object.values(skipped)) expect(times).toBeGreaterThan(0)
  })

  test('a search for a model shows nothing else, and one for a market nothing of another', async () => {
    const rig = aRig(marketplace)
    const { offers } = await rig.done(
      rig.provider.searchOffers({ models: [marketplace.model], markets: ['on_demand'], diskGb: 50 }),
    )
    expect(offers.length).toBeGreaterThan(0)
    for (const { gpu, market } of offers) {
      expect(gpu.model).toBe(marketplace.model)
      expect(market).toBe('on_demand')
    }
    const spot = await rig.done(
      rig.provider.searchOffers({ models: [marketplace.model], markets: ['spot'], diskGb: 50 }),
    )
    expect(spot.offers.every(({ market }) => market === 'spot')).toBe(true)
    expect(spot.offers.length > 0).toBe(rig.provider.describe().abilities.hasSpot)
    const none = await rig.done(
      rig.provider.searchOffers({ models: ['No Such GPU 9000'], markets: ['on_demand'], diskGb: 50 }),
    )
    expect(none.offers).toEqual([])
  })

  test('the quote of a fresh offer repeats its price and handle', async () => {
    const rig = aRig(marketplace)
    const { abilities } = rig.provider.describe()
    for (const market of abilities.hasSpot ? (['on_demand', 'spot'] as const) : (['on_demand'] as const)) {
      const offer = await rig.anOffer(market)
      const now = await rig.done(rig.provider.quote(offer, { diskGb: 50 }))
      expect(offerKey(now)).toBe(offerKey(offer))
      expect(now.pricePerHour).toBe(offer.pricePerHour)
      expect(now.disk).toEqual(offer.disk)
      expect(now.gpu).toEqual(offer.gpu)
      expect(now.placeKey).toBe(offer.placeKey)
      expect(now.available).toBe(true)
    }
  })

  test('the quote tells a price that moved meanwhile', async () => {
    const rig = aRig(marketplace)
    const offer = await rig.anOffer()
    rig.order('change-price', { factor: 1.5 })
    const now = await rig.done(rig.provider.quote(offer, { diskGb: 50 }))
    // Paperspace's catalogue is ours: its rate is known from the machine, and the offer says so.
    if (now.rateKnownAfterLaunch && now.pricePerHour === offer.pricePerHour) {
      expect(marketplace.name).toBe('paperspace')
      return
    }
    expect(now.pricePerHour).toBeGreaterThan(offer.pricePerHour)
  })

  test('the quote of an offer that is gone is no_capacity', async () => {
    const rig = aRig(marketplace)
    const offer = await rig.anOffer()
    const gone = await marketplace.take(rig, offer)
    expect(await rig.failure(rig.provider.quote(gone, { diskGb: 50 }))).toEqual({ kind: 'no_capacity' })
  })

  test('a disk that does not fit is told before anything is rented', async () => {
    const rig = aRig(marketplace)
    const offer = await rig.anOffer()
    // RunPod names no upper bound: it answers with a lack of capacity.
    if (offer.disk.maxGb === null && offer.disk.sizesGb.length === 0) return
    const failure = await rig.failure(rig.launch({ offer, diskGb: 500_000 }))
    expect(['rejected', 'no_capacity']).toContain(failure.kind)
    expect(rig.ours()).toEqual([])
  })

  test('spellings of models and regions go both ways, and unknown ones are a RangeError', async () => {
    const rig = aRig(marketplace)
    const { provider } = rig
    // Some names of regions are only known once the marketplace has shown them.
    const { offers } = await rig.done(provider.searchOffers({ models: [], markets: ['on_demand'], diskGb: 50 }))
    const known = offers.filter(({ gpu }) => gpu.known)
    for (const { gpu } of known) expect(provider.gpuSpellings(gpu.model).length, gpu.model).toBeGreaterThan(0)
    expect(() => provider.gpuSpellings('No Such GPU 9000')).toThrow(RangeError)

    for (const region of provider.describe().regions) {
      const spellings = provider.regionSpellings(region)
      expect(spellings.length, region).toBeGreaterThan(0)
      for (const spelling of spellings) expect(provider.regionFrom(spelling), spelling).toBe(region)
    }
    expect(() => provider.regionSpellings('atlantis')).toThrow(RangeError)
    expect(() => provider.regionFrom('Atlantis-1')).toThrow(RangeError)
    expect(offers.some(({ region }) => region === 'any' || provider.describe().regions.includes(region))).toBe(true)
  })
})
