import { createGpuCatalogue } from '../../server/src/core/gpus/catalogue.ts'
import { type Case, cases } from '../../server/src/providers/contract/cases.ts'
import { apiKey, aRig } from '../../server/src/providers/contract/rig.ts'
import { normalisedPricing } from '../../server/src/providers/normalised-pricing.ts'
import { providerInfo, rateLimitInfo } from '../../server/src/providers/provider-info.ts'
import { translateGpuType, translateRegion } from '../../server/src/providers/translate.ts'
import { type Check, kept } from './check.ts'
import { everything, minute, rigOf, sentLines, trouble } from './contract-004-kit.ts'
import { expectSame, expectThat } from './lab.ts'

const gpus = createGpuCatalogue()

/** S004-01 to S004-10, and what all clients do alike. */
export const checks: readonly Check[] = [
  kept(['S004-01', 'S004-02', 'S004-03', 'S004-10', 'S004-89'], async () => {
    for (const marketplace of cases) await lives(marketplace)
    return `launched, starting, running, ended and billed no more, by one suite: ${cases.map(({ name }) => name).join(', ')}`
  }),
  kept('S004-04', async () => {
    const counts: string[] = []
    for (const marketplace of cases) {
      const rig = aRig(marketplace)
      const all = await rig.done(rig.provider.searchOffers(everything))
      const some = await rig.done(rig.provider.searchOffers({ ...everything, models: [marketplace.model] }))
      const [mine, others] = [all.offers.filter(isModel), all.offers.filter((one) => !isModel(one))]
      expectThat(mine.length > 0 && others.length > 0, `${marketplace.name} shows no other models`)
      expectThat(some.offers.length > 0 && some.offers.every(isModel), `${marketplace.name} does not filter by model`)
      counts.push(`${marketplace.name} ${some.offers.length} of ${all.offers.length}`)

      function isModel(offer: (typeof all.offers)[number]): boolean {
        return offer.gpu.model === marketplace.model
      }
    }
    return `rows of the model asked for: ${counts.join(', ')}`
  }),
  kept('S004-05', async () => {
    const prices: string[] = []
    for (const marketplace of cases) {
      const rig = aRig(marketplace)
      const { onDemand, ...rest } = await rig.done(
        normalisedPricing(rig.provider, { gpuType: marketplace.model, region: null }, gpus),
      )
      expectThat(onDemand && onDemand.pricePerHour > 0, `${marketplace.name} has no price`)
      const off = Math.abs(onDemand.pricePerHour - 3600 * onDemand.pricePerSecond)
      expectThat(off < 1e-12, `${marketplace.name}: ${onDemand.pricePerHour} is not 3600 times the second`)
      const { offers } = await rig.done(rig.provider.searchOffers({ ...everything, models: [marketplace.model] }))
      const cheapest = Math.min(...offers.filter(isOutright).map((one) => Number(one.pricePerHour) / one.gpu.count))
      expectThat(Math.abs(onDemand.pricePerHour - cheapest / 1e9) < 1e-8, `${marketplace.name} is not the cheapest`)
      prices.push(`${marketplace.name} ${onDemand.pricePerHour} $/h ${rest.billingModel}`)
    }
    const rig = rigOf('lambda')
    const nowhere = normalisedPricing(rig.provider, { gpuType: 'A10', region: 'africa' }, gpus)
    expectSame((await trouble(rig, nowhere)).kind, 'no_capacity', 'a region without the GPU')
    return prices.join(', ')
  }),
  kept('S004-06', async () => {
    const infos = cases.map((one) => providerInfo(aRig(one).provider, gpus))
    for (const info of infos) {
      expectThat(info.supportedRegions.length > 0 && info.supportedGpuTypes.length > 1, `${info.name} lists too little`)
      expectThat(info.apiVersion !== '', `${info.name} has no version`)
    }
    expectSame(
      infos.map(({ name, supportsSpotInstances, billingGranularity }) => [
        name,
        supportsSpotInstances,
        billingGranularity,
      ]),
      [
        ['vast.ai', true, 'per-second'],
        ['runpod', false, 'per-second'],
        ['runpod', false, 'per-second'],
        ['lambda-labs', false, 'per-minute'],
        ['paperspace', false, 'per-second'],
        ['novita', true, 'per-second'],
      ],
      'what the providers say of themselves',
    )
    return infos.map((info) => `${info.name} ${info.apiVersion}: ${info.supportedGpuTypes.length} GPU types`).join(', ')
  }),
  kept('S004-07', async () => {
    const seen = cases.map((one) => {
      const limits = rateLimitInfo(aRig(one).provider)
      for (const limit of limits) {
        const { requestsPerMinute: perMinute, requestsPerSecond: perSecond } = limit
        expectThat(
          Math.abs(perMinute - 60 * perSecond) < 1e-9 && perSecond > 0,
          `${one.name} ${limit.scope}: ${perMinute}`,
        )
        expectThat(limit.burstCapacity >= 1 && limit.resetWindowSeconds > 0, `${one.name} ${limit.scope} is empty`)
        expectThat(/20\d\d/.test(limit.source) || limit.source.includes('our choice'), `no source: ${limit.source}`)
      }
      return `${one.name} ${limits.map(({ scope, requestsPerMinute }) => `${scope} ${Math.round(requestsPerMinute)}`)[0]}/min`
    })
    return `with burst, window, source: ${seen.join(', ')}`
  }),
  kept('S004-08', async () => {
    const table = [
      ['vast', 'RTX4090', 'RTX 4090'],
      ['vast', 'RTX3090', 'RTX 3090'],
      ['runpod', 'RTX4090', 'NVIDIA GeForce RTX 4090'],
      ['runpod', 'V100', 'Tesla V100-SXM2-32GB'],
      ['lambda', 'H100', 'gpu_1x_h100_sxm5'],
      ['paperspace', 'A100', 'A100-80G'],
    ] as const
    for (const [name, standard, theirs] of table) {
      expectSame(translateGpuType(rigOf(name).provider, standard), theirs, `${standard} at ${name}`)
    }
    for (const { name } of cases) expectThrows(() => translateGpuType(rigOf(name).provider, 'Moon 9000'), name)
    return `${table.map(([name, standard, theirs]) => `${standard} → ${theirs} (${name})`).join(', ')}; unknown: error`
  }),
  kept('S004-09', async () => {
    const table = [
      ['runpod', 'us-east', 'US-GA-1'],
      ['runpod', 'us-west', 'US-CA-2'],
      ['lambda', 'eu-central', 'europe-central-1'],
      ['lambda', 'asia-pacific', 'asia-northeast-1'],
      ['paperspace', 'us-east', 'ny2'],
    ] as const
    for (const [name, standard, theirs] of table) {
      expectSame(translateRegion(rigOf(name).provider, standard), theirs, `${standard} at ${name}`)
    }
    expectThat(translateRegion(rigOf('vast').provider, 'us-east').endsWith(', US'), 'us-east at vast')
    for (const { name } of cases) expectThrows(() => translateRegion(rigOf(name).provider, 'moon'), name)
    return `${table.map(([name, standard, theirs]) => `${standard} → ${theirs} (${name})`).join(', ')}; unknown: error`
  }),
  kept(['S004-16', 'S004-27', 'S004-34'], async () => {
    for (const marketplace of cases) {
      const rig = aRig(marketplace)
      const { externalId } = await rig.launch()
      await rig.done(rig.provider.terminate(externalId))
      for (const { method, url, headers, body } of rig.sent) {
        expectSame(headers.authorization, `Bearer ${apiKey}`, `${method} ${url}: authorization`)
        expectThat(!url.includes(apiKey), 'the key is in the address')
        if (body !== undefined) expectSame(headers['content-type'], 'application/json', `${method} ${url}: type`)
      }
      const bodies = rig.sent.filter(({ body }) => body !== undefined)
      expectThat(bodies.length > 0, `${marketplace.name} was sent no body`)
    }
    return 'every request of all clients: Authorization: Bearer <key>; with a body: application/json; no key in a URL'
  }),
  kept('S004-48', async () => {
    const texts: string[] = []
    for (const marketplace of cases) {
      const rig = aRig(marketplace)
      rig.fault({ kind: 'status', status: 500, body: '{}', path: marketplace.search.path })
      const { kind, message } = await trouble(rig, rig.provider.searchOffers(everything))
      expectThat(kind === 'unavailable' && message.includes('500'), `${marketplace.name}: ${kind}: ${message}`)
      texts.push(message)
    }
    return `all six: "${texts[0]}"`
  }),
  kept('S004-49', async () => {
    const kinds: string[] = []
    for (const marketplace of cases) {
      for (const fault of [{ kind: 'html', status: 200 }, { kind: 'garbage' }] as const) {
        const rig = aRig(marketplace)
        rig.fault({ ...fault, path: marketplace.search.path })
        kinds.push((await trouble(rig, rig.provider.searchOffers(everything))).kind)
      }
    }
    expectSame([...new Set(kinds)], ['unexpected_reply'], 'a page, and half a body')
    return `a page with 200 and half a body are unexpected_reply at all six clients (${kinds.length} tries), never an empty market`
  }),
  kept('S004-50', async () => {
    for (const marketplace of cases) {
      const rig = aRig(marketplace)
      const busy = { kind: 'status', status: 429, body: '{}', path: marketplace.list.path } as const
      rig.fault({ ...busy, headers: { 'retry-after': '7' }, times: 1 })
      const before = rig.clock.now()
      await rig.done(rig.provider.look())
      expectThat(rig.clock.now() - before >= 7_000, `${marketplace.name} did not wait`)
      rig.fault({ ...busy, headers: { 'retry-after': '3600' } })
      const failure = await rig.failure(rig.provider.look())
      expectSame(failure, { kind: 'rate_limited', retryAfterMs: 3_600_000 }, marketplace.name)
    }
    return 'all six: one 429 with Retry-After 7 is waited out and passes; one of an hour is rate_limited with 3600 s'
  }),
  kept('S004-51', async () => {
    const rig = rigOf('runpod')
    const rounds = 200
    const waits: [number, number][] = []
    for (let round = 0; round < rounds; round += 1) {
      rig.simulator.requests.length = 0
      rig.fault({ kind: 'status', status: 503, body: '{}', path: '/v2/pods', times: 2 })
      await rig.done(rig.provider.look())
      expectSame(
        rig.simulator.requests.map(({ status }) => status),
        [503, 503, 200],
        'the tries',
      )
      const [one = 0, two = 0, three = 0] = rig.simulator.requests.map(({ at }) => at)
      waits.push([two - one, three - two])
      await rig.pass(minute)
    }
    // Each is drawn anew, so that clients that failed together do not come back together: what grows is the mean.
    const [first = 0, second = 0] = [0, 1].map((index) => mean(waits.map((pair) => pair[index as 0 | 1])))
    expectThat(second > 1.1 * first, `the waits are ${first} and ${second} ms in the mean of ${rounds}`)
    expectThat(new Set(waits.map(([wait]) => wait)).size > rounds / 8, 'the waits have no jitter')
    return `503, 503, 200: waits of ${first} and then ${second} ms in the mean of ${rounds} rounds, each drawn anew`
  }),
  kept('S004-52', async () => {
    for (const marketplace of cases) {
      const [one, same] = await Promise.all(
        [7, 7].map(async (seed) => {
          const rig = aRig(marketplace, { seed })
          const { offers } = await rig.done(rig.provider.searchOffers(everything))
          expectThat(sentLines(rig).length > 0, 'nobody was asked')
          return JSON.stringify(offers.map((offer) => [offer.externalId, offer.market, String(offer.pricePerHour)]))
        }),
      )
      expectSame(one, same, `${marketplace.name} with one seed`)
      expectThat((one?.length ?? 0) > 200, `${marketplace.name} offers nothing`)
    }
    return 'simulators in the same process, no network: one seed answers the same offers each time, at all six clients'
  }),
]

function isOutright(offer: { market: string; available: boolean }): boolean {
  return offer.market === 'on_demand' && offer.available
}

/** From the offer to the end of the bill. */
async function lives(marketplace: Case): Promise<void> {
  const rig = aRig(marketplace)
  const { externalId } = await rig.launch()
  const { abilities } = rig.provider.describe()
  const first = await rig.until(async () => {
    const sighting = await rig.done(rig.provider.lookAt(externalId))
    return sighting.kind === 'seen' && sighting.machine
  }, abilities.listLagMs)
  expectThat(['pending', 'starting', 'running'].includes(first.phase), `${marketplace.name} begins ${first.phase}`)
  await rig.until(async () => (await rig.seen(externalId)).phase === 'running', abilities.startDeadlineMs)
  expectThat(
    rig.ours().some(({ id, billing }) => id === externalId && billing),
    `${marketplace.name}: nothing bills`,
  )
  await rig.done(rig.provider.terminate(externalId))
  await rig.until(async () => {
    const sighting = await rig.done(rig.provider.lookAt(externalId))
    return sighting.kind === 'absent' || (sighting.kind === 'seen' && sighting.machine.phase === 'ended')
  }, abilities.endDeadlineMs)
  expectSame(
    rig.ours().filter(({ billing }) => billing),
    [],
    `what bills at ${marketplace.name}`,
  )
}

function mean(numbers: number[]): number {
  return Math.round(numbers.reduce((sum, one) => sum + one, 0) / numbers.length)
}

function expectThrows(work: () => unknown, what: string): void {
  try {
    work()
  } catch (error) {
    expectThat(error instanceof RangeError, `${what}: ${error}`)
    return
  }
  throw new Error(`${what} has a word for what does not exist`)
}
