import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { failureFromReply } from './errors.ts'
import { offersFromVast, readVastOffer } from './offers.ts'
import { json, recognise, seenAt } from './testing.ts'
import { VastSearchAnswer } from './wire.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..')
const folder = join(resolve(root, process.env.REFERENCE_DIR ?? '../shared'), 'data/vast/raw')
const present = existsSync(folder)
const files = present ? readdirSync(folder).filter((name) => /^offers-.*\.json\.gz$/.test(name)) : []
if (!present) console.warn(`skipped: no recordings in ${folder}; set REFERENCE_DIR to the folder that holds data/`)

/** What one recording became. */
function readAll(rows: readonly unknown[]) {
  const skipped: Record<string, number> = {}
  const offers = rows.flatMap((raw) => {
    const read = readVastOffer(raw)
    if ('row' in read) return offersFromVast(read.row, 'ondemand', { gpus: { recognise }, seenAt })
    skipped[read.skipped] = (skipped[read.skipped] ?? 0) + 1
    return []
  })
  return { offers, skipped }
}

const rowsOf = (name: string): unknown[] => {
  const recording = JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString('utf8'))
  return Object.values(recording.offers_by_gpu as Record<string, unknown[]>).flat()
}

const fileJson = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))

describe.skipIf(!present)('recordings of 2026-07-02 .. 2026-08-08', () => {
  test('there are 29', () => {
    expect(files).toHaveLength(29)
  })

  test.each(files)('%s: every row but those without CPU cores becomes an offer', (name) => {
    const rows = rowsOf(name) as {
      cpu_cores: number | null
      geolocation: string | null
      min_bid: number
      dph_base: number
    }[]
    const usable = rows.filter((row) => row.cpu_cores)
    const { offers, skipped } = readAll(rows)

    expect(skipped).toEqual(rows.length > usable.length ? { no_cpu_cores: rows.length - usable.length } : {})
    expect(offers.filter((offer) => offer.market === 'on_demand')).toHaveLength(usable.length)
    const bargains = usable.filter((row) => row.min_bid < row.dph_base).length
    // Prices that differ by less than a nano-dollar are the same price to us.
    expect(offers.filter((offer) => offer.market === 'spot').length).toBeLessThanOrEqual(bargains)
    for (const offer of offers) {
      expect(offer.pricePerHour).toBeGreaterThan(0n)
      expect(offer.disk.pricePerGbHour).toBeGreaterThan(0n)
      expect(offer.gpu.memoryGb).toBeGreaterThan(9)
      expect(offer.cpuCores).toBeGreaterThan(0)
      expect(offer.ramGb).toBeGreaterThan(0)
      expect(offer.region).not.toMatch(/^,/)
      expect(offer.placeKey).toMatch(/^machine:\d+$/)
    }
  })

  test('places without a state stay as they are, all but a few others have a region', () => {
    const { offers } = readAll(files.flatMap(rowsOf))
    const outright = offers.filter((offer) => offer.market === 'on_demand')
    const strangers = outright.filter(({ region, location }) => region === location)
    const words = new Set(strangers.map(({ location }) => location.split(', ').at(-1)))
    expect(words).toEqual(new Set(['US', 'RU', 'MX', 'PR', 'unknown']))
    expect(strangers.length / outright.length).toBeLessThan(0.08)
  })
})

describe.skipIf(!present)('other recordings', () => {
  test('the answer of 2026-07-18 reads whole', () => {
    const answer = VastSearchAnswer.parse(fileJson('bundles-response-2026-07-18.json'))
    const { offers, skipped } = readAll(answer.offers)
    expect(skipped).toEqual({})
    expect(offers.filter((offer) => offer.market === 'on_demand')).toHaveLength(48)
    expect(new Set(offers.map((offer) => offer.gpu.memoryGb))).toEqual(new Set([80, 94]))
  })

  test('rented rows of another collector are not available', () => {
    const { offers } = readAll(fileJson('500farm-offers-excerpt-2025-07-26.json').offers)
    for (const offer of offers) expect(offer.available).toBe(false)
  })

  test('the error bodies of 2026-02-24 are understood', () => {
    const kinds = fileJson('error-bodies-2026-02-24.json').map(
      ({ http_status, body }: { http_status: number; body: unknown }) =>
        failureFromReply(json(body, http_status), 'launch'),
    )
    expect(kinds).toEqual([{ kind: 'no_capacity' }, { kind: 'rate_limited', retryAfterMs: 4_500 }])
  })
})
