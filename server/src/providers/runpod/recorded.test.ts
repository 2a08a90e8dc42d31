import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createGpuCatalogue } from '../../core/gpus/catalogue.ts'
import { nanos, nanosFromUsd } from '../../core/money.ts'
import { offerFromGraphql, readGraphqlGpuType } from './graphql-mapping.ts'
import { GraphqlGpuTypes } from './graphql-wire.ts'
import { seenAt } from './testing.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..')
const folder = join(resolve(root, process.env.REFERENCE_DIR ?? '../shared'), 'data/runpod/raw')
const present = existsSync(folder)
const files = present ? readdirSync(folder).filter((name) => /^gputypes-.*\.json$/.test(name)) : []
if (!present) console.warn(`skipped: no recordings in ${folder}; set REFERENCE_DIR to the folder that holds data/`)

const gpus = createGpuCatalogue()

/** Some recordings are the whole answer, most only its list. */
function rowsOf(name: string): unknown[] {
  const recording = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  return GraphqlGpuTypes.parse(Array.isArray(recording) ? { gpuTypes: recording } : recording.data).gpuTypes
}

function read(name: string, cloud: 'SECURE' | 'COMMUNITY', count = 1) {
  const skipped: Record<string, number> = {}
  const rows = rowsOf(name).flatMap((raw) => {
    const result = readGraphqlGpuType(raw)
    if ('row' in result) return [result.row]
    skipped[result.skipped] = (skipped[result.skipped] ?? 0) + 1
    return []
  })
  const offers = rows.flatMap((row) => offerFromGraphql(row, { cloud, count }, { gpus, seenAt }) ?? [])
  return { rows, offers, skipped }
}

const full = files.filter((name) => name.startsWith('gputypes-full-') && !name.includes('T142116'))
const short = files.filter((name) => name.startsWith('gputypes-2026-'))

describe.skipIf(!present)('recorded gpuTypes of 2025-06 .. 2026-08', () => {
  test('there are 9', () => {
    expect([files.length, full.length, short.length]).toEqual([9, 4, 3])
  })

  test.each(full)('%s: every type but the nameless one reads, and sells only where a cloud is served', (name) => {
    const rows = rowsOf(name) as { id: string; secureCloud: boolean; securePrice: number; communityCloud: boolean }[]
    const secure = read(name, 'SECURE')
    const community = read(name, 'COMMUNITY')
    expect(secure.skipped).toEqual({ no_memory: 1 })
    expect(secure.rows).toHaveLength(38)
    const real = rows.filter(({ id }) => id !== 'unknown')
    expect(secure.offers).toHaveLength(real.filter((row) => row.secureCloud).length)
    expect(community.offers).toHaveLength(real.filter((row) => row.communityCloud).length)
    for (const offer of [...secure.offers, ...community.offers]) expect(offer.pricePerHour).toBeGreaterThan(0n)
    // 0.5 is what a cloud costs that is not there.
    expect(community.offers.map(({ gpu }) => gpu.spelling)).not.toContain('AMD Instinct MI300X OAM')
  })

  test.each(full)('%s: no machine is larger than the largest', (name) => {
    for (const { details } of read(name, 'SECURE', 8).offers) expect(details.max_gpu_count).toBeGreaterThanOrEqual(8)
  })

  test('most types are known to the catalogue', () => {
    const offers = full.flatMap((name) => [...read(name, 'SECURE').offers, ...read(name, 'COMMUNITY').offers])
    const strangers = new Set(offers.filter(({ gpu }) => !gpu.known).map(({ gpu }) => gpu.spelling))
    expect([...strangers]).toEqual([])
  })

  test('2026-07-18: the lowest price is that of all eight GPUs, ours too', () => {
    const { offers, skipped } = read('gputypes-lowestprice-2026-07-18.json', 'COMMUNITY', 8)
    expect(skipped).toEqual({ no_memory: 1 })
    const inStock = offers.filter(({ available }) => available)
    expect(inStock.map(({ gpu }) => gpu.spelling)).toEqual([
      'NVIDIA A100-SXM4-80GB',
      'NVIDIA GeForce RTX 5090',
      'NVIDIA H100 80GB HBM3',
      'NVIDIA H200',
      'NVIDIA RTX PRO 6000 Blackwell Server Edition',
    ])
    for (const offer of inStock) {
      expect(offer.pricePerHour).toBe(nanosFromUsd(offer.details.uninterruptable_price as number))
      expect(offer.pricePerHour).toBe(nanos(nanosFromUsd(offer.details.price_per_gpu as number) * 8n))
    }
  })

  test('lists of names and prices alone sell nothing: a placeholder looks like a price', () => {
    for (const name of short) {
      const { rows, skipped } = read(name, 'SECURE')
      expect(rows).toEqual([])
      expect(skipped).toEqual({ unreadable_memoryInGb: rowsOf(name).length })
    }
    expect(read('gputypes-full-2025-06-15T142116.json', 'SECURE').skipped).toEqual({ unreadable_id: 39 })
  })
})
