import { createGpuCatalogue } from '../../server/src/core/gpus/catalogue.ts'
import { normalisedPricing } from '../../server/src/providers/normalised-pricing.ts'
import { type Check, kept } from './check.ts'
import { everything, minute, rigOf } from './contract-004-kit.ts'
import { expectSame, expectThat, type Lab, type LabWorld } from './lab.ts'

const wish = { gpu_model: 'RTX 4090', market: 'spot', disk_gb: 20, image: 'ubuntu:24.04' }

/** S004-53 to S004-60: machines that can be taken back. */
export const checks: readonly Check[] = [
  kept('S004-53', async () => {
    const seen: string[] = []
    for (const name of ['vast', 'novita']) {
      const rig = rigOf(name)
      const { offers } = await rig.done(rig.provider.searchOffers(everything))
      const spot = offers.filter((one) => one.market === 'spot')
      const outright = new Map(offers.filter((one) => one.market === 'on_demand').map((one) => [one.externalId, one]))
      const pairs = spot.filter((one) => outright.has(one.externalId))
      expectThat(spot.length > 0 && pairs.length > 0, `${name} has no spot offers`)
      for (const one of pairs) {
        const other = outright.get(one.externalId)
        expectThat(one.pricePerHour > 0n && other && one.pricePerHour < other.pricePerHour, `${name} ${one.externalId}`)
      }
      seen.push(`${name}: ${spot.length} spot offers, ${pairs.length} beside a dearer outright one`)
    }
    return seen.join('; ')
  }),
  kept('S004-54', async (lab) => {
    const world = await marketOf(lab)
    const ask = async (market: string) =>
      (await world.call('GET', `/api/v1/offers/search?gpu_model=RTX%204090&limit=200&market=${market}`)).body.data.map(
        (one: { market: string }) => one.market,
      )
    const [spot, outright, any] = [await ask('spot'), await ask('on_demand'), await ask('any')]
    expectSame([[...new Set(spot)], [...new Set(outright)]], [['spot'], ['on_demand']], 'the markets')
    expectSame([...new Set(any)].sort(), ['on_demand', 'spot'], 'both')
    return `spot only ${spot.length}, on-demand only ${outright.length}, any ${any.length} with both kinds`
  }),
  kept('S004-55', async (lab) => {
    const world = await marketOf(lab)
    const offers = (
      await world.call('GET', '/api/v1/offers/search?gpu_model=RTX%204090&limit=200&market=any&disk_gb=20')
    ).body.data as { market: string; provider_id: string; price_per_hour: number; gpu_count: number }[]
    const single = offers.filter((one) => one.gpu_count === 1)
    const cheapest = single.filter((one) => one.market === 'spot')[0]
    const { id } = (await world.call('POST', '/api/v1/instances', wish)).body.data
    const instance = await world.untilStatus(id, 'ready', 30 * minute)
    const [launch] = (await world.call('GET', `/api/v1/instances/${id}/launches`)).body.data
    expectSame([launch.market, launch.offer_id], ['spot', cheapest?.provider_id], 'what was rented')
    expectThat(
      single.some((one) => one.market === 'on_demand'),
      'there was nothing else to choose',
    )
    return `of ${single.length} offers on both markets ${launch.offer_id} was rented at ${instance.provider}: the cheapest on spot`
  }),
  kept('S004-56', async (lab) => {
    const world = await marketOf(lab)
    const cap = { ...wish, max_price_per_hour_usd: '0.01' }
    const refused = await world.call('POST', '/api/v1/instances', cap)
    expectThat(refused.status >= 400, `it was answered ${refused.status}`)
    expectThat(/0\.01|price/i.test(refused.body.error), refused.body.error)
    await world.pass(2 * minute)
    const made = Object.values(world.simulators).flatMap((one) => one.marketplace.machines())
    expectSame(made, [], 'what was rented')
    const allowed = await world.call('POST', '/api/v1/instances', { ...wish, max_price_per_hour_usd: '2' })
    expectSame(allowed.status, 201, 'with a higher cap')
    return `cap 0.01: ${refused.status} "${String(refused.body.error).slice(0, 110)}", nothing rented; cap 2: 201`
  }),
  kept('S004-57', async () => {
    const rig = rigOf('vast')
    const pricing = await rig.done(
      normalisedPricing(rig.provider, { gpuType: 'RTX4090', region: null }, createGpuCatalogue()),
    )
    const { offers } = await rig.done(rig.provider.searchOffers({ ...everything, models: ['RTX 4090'] }))
    for (const [market, told] of [
      ['on_demand', pricing.onDemand],
      ['spot', pricing.spot],
    ] as const) {
      const prices = offers
        .filter((one) => one.market === market && one.available)
        .map((one) => Number(one.pricePerHour) / 1e9 / one.gpu.count)
      expectThat(told && Math.abs(told.pricePerHour - Math.min(...prices)) < 1e-8, `${market}: ${told?.pricePerHour}`)
    }
    const { onDemand, spot } = pricing
    expectThat(onDemand && spot && spot.pricePerHour < onDemand.pricePerHour, 'one is taken for the other')
    return `RTX 4090 at Vast: outright from ${onDemand.pricePerHour}, spot from ${spot.pricePerHour}, each the least of its own market`
  }),
  kept('S004-58', async (lab) => {
    const world = await marketOf(lab)
    for (const market of ['spot', 'on_demand']) {
      const { id } = (await world.call('POST', '/api/v1/instances', { ...wish, market })).body.data
      await world.untilStatus(id, 'ready', 30 * minute)
    }
    const text: string = (await world.call('GET', '/metrics')).body
    const lines = ['spot', 'on_demand'].map((market) =>
      text
        .split('\n')
        .find((line) => line.startsWith('gpufleet_open_launches{') && line.includes(`market="${market}"`)),
    )
    for (const line of lines) expectThat(line?.endsWith(' 1'), `the metric says ${line}`)
    return lines.join(' · ')
  }),
  kept(['S004-59', 'S004-60'], async (lab) => {
    const world = await marketOf(lab, ['vast'])
    const { id } = (await world.call('POST', '/api/v1/instances', wish)).body.data
    const before = await world.untilStatus(id, 'ready', 30 * minute)
    world.order('vast', 'special/outbid', { machine: before.provider_id, factor: 40 })
    const taken = await world.until(async () => {
      const events = (await world.call('GET', `/api/v1/instances/${id}/events?limit=1000`)).body.data
      return events.find((event: { kind: string; status: string }) => event.status === 'interrupted')
    }, 5 * minute)
    await world.until(async () => (await world.instance(id)).attempt === 2, 10 * minute)
    const after = await world.untilStatus(id, 'ready', 30 * minute)
    const launches = (await world.call('GET', `/api/v1/instances/${id}/launches`)).body.data
    expectSame(
      launches.map((one: { market: string }) => one.market),
      ['spot', 'spot'],
      'the markets of its machines',
    )
    expectThat(after.provider_id !== before.provider_id, 'it is the same machine')
    await world.pass(2 * minute)
    const billing = world.simulators.vast.marketplace.machines().filter((one) => one.billing)
    expectSame(billing.length, 1, 'machines that bill')
    return `outbid: event "${String(taken.message).slice(0, 70)}", then a new spot machine under the same id, one of them billed`
  }),
]

/** A calm market with offers in it. */
async function marketOf(lab: Lab, providers: readonly ('vast' | 'novita')[] = ['vast', 'novita']): Promise<LabWorld> {
  const world = await lab.world({ providers })
  world.order('vast', 'special/calm')
  world.order('novita', 'special/chances', { calm: true })
  await world.until(async () => {
    const { body } = await world.call('GET', '/api/v1/offers/search?gpu_model=RTX%204090&limit=200')
    return body.data.length > 1 && body.warnings.length === 0
  }, 3 * minute)
  return world
}
