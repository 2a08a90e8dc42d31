/**
 * Search over 100,000 offers: six predicates, no two queries alike, the top 20. In process and over HTTP.
 *
 * The offers are the recorded Vast snapshots of REFERENCE_DIR (default ../shared), repeated with noise; without them, the
 * simulated market, repeated with noise.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Agent, request } from 'undici'
import { turnableClock } from '../../simulators/kit/clock.ts'
import { seededRandom } from '../../simulators/kit/random.ts'
import { createVast } from '../../simulators/vast/vast.ts'
import { type OfferSearchInput, searchOffers } from '../src/app/search-offers.ts'
import { createGpuCatalogue } from '../src/core/gpus/catalogue.ts'
import { nanos } from '../src/core/money.ts'
import type { Offer } from '../src/core/offers/offer.ts'
import { createOfferIndex } from '../src/core/offers/offer-index.ts'
import { providerNames } from '../src/core/providers.ts'
import { createHttpServer, type HttpDeps } from '../src/http/server.ts'
import { silentLog } from '../src/observability/collecting-log.ts'
import { systemClock } from '../src/observability/system-clock.ts'
import { offersFromVast, readVastOffer } from '../src/providers/vast/offers.ts'

const offerCount = 100_000
const warmUp = 500
const inProcess = 5_000
const overHttp = 2_000
const models = ['RTX 4090', 'RTX 5090', 'RTX 3090', 'H100', 'A100', 'H200', 'L40S', 'RTX A6000', 'RTX 5080', 'B200']
const regions = ['US-East', 'US-West', 'Europe', 'Asia', 'canada', 'us-central']

export async function run(): Promise<void> {
  const gpus = createGpuCatalogue()
  const clock = systemClock()
  const { rows, source } = baseRows()
  const base = offersFrom(rows, gpus, clock.now())
  const index = createOfferIndex()
  index.replace({ provider: 'vast', account: 'main', scope: 'bench', offers: repeated(base, clock.now()) })
  const deps = {
    index,
    gpus,
    clock,
    penalties: new Map(),
    isEnabled: () => true,
    market: { freshen: async () => [], state: () => [] },
  }

  const queries = differentQueries(warmUp + inProcess)
  const own = await timed(queries, async (query) => void (await searchOffers(query, deps)))
  const http = await overTheWire(deps as unknown as HttpDeps)

  console.log(
    `offers      ${index.all().length.toLocaleString('en')} from ${base.length.toLocaleString('en')} (${source})`,
  )
  console.log(`machine     ${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`)
  console.log(`in process  ${report(own)}  (${inProcess} queries)`)
  console.log(`over HTTP   ${report(http)}  (${overHttp} queries, one after the other, same process)`)
  console.log(`resident    ${Math.round(process.memoryUsage.rss() / 1_048_576)} MiB`)
}

async function overTheWire(deps: HttpDeps): Promise<number[]> {
  const app = await createHttpServer(
    {
      version: 'bench',
      marketLabel: undefined,
      access: { adminKey: undefined, keyless: 'loopback' },
      cors: false,
      rateLimit: { enabled: false, perMinute: 0 },
      docs: false,
      metrics: false,
      webDir: undefined,
      log: silentLog(),
    },
    deps,
  )
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const dispatcher = new Agent({ connections: 1 })
  const times = await timed(differentQueries(warmUp + overHttp), async (query) => {
    const { statusCode, body } = await request(`${address}/api/v1/offers/search?${queryString(query)}`, { dispatcher })
    const answer = (await body.json()) as { data: unknown[] }
    if (statusCode !== 200) throw new Error(`${statusCode}: ${JSON.stringify(answer)}`)
  })
  await dispatcher.close()
  await app.close()
  return times
}

async function timed(
  queries: readonly OfferSearchInput[],
  ask: (query: OfferSearchInput) => Promise<void>,
): Promise<number[]> {
  const times: number[] = []
  for (const [at, query] of queries.entries()) {
    const begun = performance.now()
    await ask(query)
    if (at >= warmUp) times.push(performance.now() - begun)
  }
  return times.sort((one, other) => one - other)
}

function report(times: readonly number[]): string {
  const at = (share: number) => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(3)
  return `p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  max ${at(1)} ms`
}

/** Model, cap, VRAM, region, reliability, download speed: six predicates, drawn so that no two queries are equal. */
function differentQueries(count: number): OfferSearchInput[] {
  const random = seededRandom(count)
  const seen = new Set<string>()
  const queries: OfferSearchInput[] = []
  while (queries.length < count) {
    const query: OfferSearchInput = {
      providers: [],
      gpuModels: [random.pick(models)],
      categories: [],
      markets: [],
      available: true,
      verified: false,
      regions: [random.pick(regions)],
      minVramGb: random.int(8, 24),
      minReliability: random.int(800, 990) / 1000,
      minDownloadMbps: random.int(50, 800),
      maxPrice: nanos(BigInt(random.int(200, 6_000)) * 1_000_000n),
      diskGb: random.int(10, 200),
      uploadGbPerHour: 0,
      downloadGbPerHour: 0,
      limit: 20,
    }
    const key = queryString(query)
    if (seen.has(key)) continue
    seen.add(key)
    queries.push(query)
  }
  return queries
}

function queryString(query: OfferSearchInput): string {
  return new URLSearchParams({
    gpu_model: query.gpuModels[0] ?? '',
    region: query.regions[0] ?? '',
    min_vram_gb: String(query.minVramGb),
    min_reliability: String(query.minReliability),
    min_download_mbps: String(query.minDownloadMbps),
    max_price: (Number(query.maxPrice) / 1e9).toFixed(3),
    disk_gb: String(query.diskGb),
    limit: String(query.limit),
  }).toString()
}

function offersFrom(rows: readonly unknown[], gpus: ReturnType<typeof createGpuCatalogue>, now: number): Offer[] {
  return rows.flatMap((raw) => {
    const read = readVastOffer(raw)
    return 'row' in read ? offersFromVast(read.row, 'ondemand', { gpus, seenAt: now }) : []
  })
}

/** The same offers again with other ids, places and prices a little up or down, spread over the providers. */
function repeated(base: readonly Offer[], now: number): Offer[] {
  const random = seededRandom(7)
  return Array.from({ length: offerCount }, (_, at) => {
    const offer = base[at % base.length] as Offer
    const percent = BigInt(random.int(85, 115))
    return {
      ...offer,
      provider: providerNames[at % providerNames.length] ?? 'vast',
      externalId: `${offer.externalId}-${at}`,
      placeKey: `${offer.placeKey}-${at}`,
      pricePerHour: nanos((offer.pricePerHour * percent) / 100n),
      seenAt: now,
    }
  })
}

function baseRows(): { rows: unknown[]; source: string } {
  const reference = process.env.REFERENCE_DIR ?? join(import.meta.dirname, '../../../shared')
  const folder = join(reference, 'data/vast/raw')
  if (existsSync(folder)) {
    const files = readdirSync(folder).filter((name) => /^offers-.*\.json\.gz$/.test(name))
    const rows = files.flatMap((name) => {
      const { offers_by_gpu } = JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString('utf8')) as {
        offers_by_gpu: Record<string, unknown[]>
      }
      return Object.values(offers_by_gpu).flat()
    })
    return { rows, source: `${files.length} recorded snapshots` }
  }
  const market = createVast({ clock: turnableClock(Date.UTC(2026, 6, 1)), seed: 7 })
  const rows = ['RTX 4090', 'RTX 5090', 'RTX 3090', 'H100 SXM', 'A100 SXM4', 'L40S'].flatMap((name) => {
    const reply = market.handle({
      method: 'POST',
      path: '/api/v0/bundles/',
      query: new URLSearchParams(),
      headers: { authorization: 'Bearer sim-vast' },
      body: JSON.stringify({ gpu_name: { eq: name }, limit: 64 }),
    })
    return (JSON.parse(reply.body) as { offers: unknown[] }).offers ?? []
  })
  return { rows, source: 'the simulated market' }
}
