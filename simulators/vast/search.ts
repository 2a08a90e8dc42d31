/**
 * The search language of `/api/v0/bundles/`: `{field: {op: value}}` plus a few bare keys.
 *
 * @source  docs.vast.ai/api-reference/search/search-offers (read 2026-08 and 2026-11); 64 rows at most and the ignored
 *          `id` filter were seen in production in 2026-09 and 2026-10.
 */

import { type ApiError, refused } from './errors.ts'
import type { Market } from './market.ts'
import {
  defaultStorageGb,
  gpuPerHour,
  type LiveOffer,
  reliabilityFactor,
  type SearchTerms,
  scoreOf,
  totalPerHour,
} from './wire.ts'

export interface SearchAnswer {
  offers: LiveOffer[]
  terms: SearchTerms
  truncated: boolean
}

export const mostRows = 64

type Read = (offer: LiveOffer, terms: SearchTerms, now: number) => unknown
type Test = (offer: LiveOffer) => boolean

/** Answers a query, or says why not. `leaks` rows break the filters, as seen in production. */
export function search(market: Market, query: unknown, at: { now: number; leaks: number }): SearchAnswer | ApiError {
  if (typeof query !== 'object' || query === null || Array.isArray(query)) {
    return refused(400, { error: 'invalid_request', msg: 'Invalid query: must be dict of conditions' })
  }
  const asked = query as Record<string, unknown>
  if (typeof asked.target_reliability === 'object' && asked.target_reliability !== null) {
    return refused(400, { error: 'bad_request', msg: 'target_reliability must be a number' })
  }
  const terms = termsFrom(asked)
  const tests: Test[] = []
  const conditions: Record<string, unknown> = { verified: { eq: true }, rentable: { eq: true }, ...asked }
  if (asked.allocated_storage !== undefined) tests.push((offer) => offer.facts.disk_space >= terms.storageGb)
  for (const [name, condition] of Object.entries(conditions)) {
    if (bareKeys.has(name) || name === 'rented') continue // the server drops `rented`
    const field = aliases[name] ?? name
    const read = fields[field]
    if (!read) {
      return refused(400, {
        error: 'invalid_request',
        msg: `Error in query parameters: ${name} is not a valid search key`,
      })
    }
    const tested = conditionTest(field, condition, (offer) => read(offer, terms, at.now))
    if (typeof tested !== 'function') return tested
    tests.push(tested)
  }
  const among = market.offers(namesIn(conditions.gpu_name))
  const found = among.filter((offer) => tests.every((test) => test(offer)))
  const order = orderFrom(asked.order)
  if ('status' in order) return order
  const rows = sorted(found, order.columns, terms, at.now)
  const limit = typeof asked.limit === 'number' && asked.limit > 0 ? Math.floor(asked.limit) : mostRows
  const shown = rows.slice(0, Math.min(limit, mostRows))
  const leaked = at.leaks > 0 ? market.offers().slice(0, at.leaks) : []
  return {
    offers: [...leaked, ...shown],
    terms,
    truncated: rows.length > mostRows && limit > mostRows,
  }
}

function termsFrom(asked: Record<string, unknown>): SearchTerms {
  const storage = asked.allocated_storage
  const type = asked.type
  return {
    type: type === 'bid' || type === 'interruptible' ? 'bid' : type === 'reserved' ? 'reserved' : 'on-demand',
    storageGb: typeof storage === 'number' && storage > 0 ? storage : defaultStorageGb,
  }
}

const bareKeys = new Set([
  'type',
  'limit',
  'order',
  'allocated_storage',
  'target_reliability',
  'disable_bundling',
  'extra_ids',
  'template_id',
  'show_incompatible',
  'sort_option',
  'gpu_option',
  'q',
  'select_cols',
  'api_key',
])

const aliases: Record<string, string> = {
  reliability2: 'reliability',
  dphtotal: 'dph_total',
  gpu_totalram: 'gpu_total_ram',
  cuda_vers: 'cuda_max_good',
  ubuntu_version: 'os_version',
}

/** The value of a field name that is read straight from the machine. */
const plain = [
  'bw_nvlink',
  'compute_cap',
  'cpu_arch',
  'cpu_cores',
  'cpu_cores_effective',
  'cpu_ghz',
  'cpu_ram',
  'cuda_max_good',
  'direct_port_count',
  'disk_bw',
  'disk_space',
  'dlperf',
  'gpu_arch',
  'gpu_display_active',
  'gpu_frac',
  'gpu_max_power',
  'gpu_max_temp',
  'gpu_mem_bw',
  'gpu_name',
  'gpu_ram',
  'gpu_total_ram',
  'has_avx',
  'host_id',
  'inet_down',
  'inet_down_cost',
  'inet_up',
  'inet_up_cost',
  'machine_id',
  'mobo_name',
  'num_gpus',
  'os_version',
  'pci_gen',
  'pcie_bw',
  'reliability',
  'static_ip',
  'storage_cost',
  'total_flops',
  'verification',
  'vms_enabled',
  'bundle_id',
  'hosting_type',
  'vericode',
  'geolocode',
  'cluster_id',
  'cpu_name',
  'disk_name',
  'gpu_lanes',
] as const

const fields: Record<string, Read> = {
  ...Object.fromEntries(plain.map((name): [string, Read] => [name, (offer) => offer.facts[name]])),
  // An equality on the offer's own id finds nothing (seen 2026-10-02); `ask_contract_id` does.
  id: () => null,
  ask_contract_id: (offer) => offer.id,
  datacenter: (offer) => offer.facts.hosting_type === 1,
  // "Show external offers in addition": null counts as not external.
  external: (offer) => offer.facts.external ?? false,
  geolocation: (offer) => offer.facts.geolocation?.slice(-2) ?? null,
  verified: (offer) => offer.facts.verification === 'verified',
  rentable: () => true,
  has_sla: () => false,
  expected_reliability: () => 0,
  driver_version: (offer) => offer.facts.driver_vers,
  driver_vers: (offer) => offer.facts.driver_vers,
  min_bid: (offer) => offer.minBid,
  dph_base: gpuPerHour,
  dph_total: totalPerHour,
  duration: (offer, _terms, now) => (offer.endsAt - now) / 1_000,
  end_date: (offer) => offer.endsAt / 1_000,
  start_date: (offer) => (offer.listedAt === null ? null : offer.listedAt / 1_000),
  dlperf_per_dphtotal: (offer, terms) =>
    offer.facts.dlperf === null ? null : offer.facts.dlperf / totalPerHour(offer, terms),
  flops_per_dphtotal: (offer, terms) => offer.facts.total_flops / totalPerHour(offer, terms),
  score: (offer, terms) => scoreOf(offer, totalPerHour(offer, terms)),
  reliability_mult: (offer) => reliabilityFactor(offer.facts.reliability),
}

/** Only the named models need to be looked at. */
function namesIn(condition: unknown): string[] | undefined {
  if (typeof condition !== 'object' || condition === null) return undefined
  const { eq, in: among } = condition as { eq?: unknown; in?: unknown }
  if (typeof eq === 'string') return [eq]
  return Array.isArray(among) ? [...new Set(among.filter((name) => typeof name === 'string'))] : undefined
}

type Value = string | number | boolean

/** The comparisons that search and lists share. A null compares with nothing. */
export const comparisons: Record<string, (seen: Value, wanted: unknown) => boolean> = {
  eq: (seen, wanted) => same(seen, wanted),
  neq: (seen, wanted) => !same(seen, wanted),
  gt: (seen, wanted) => seen > (wanted as Value),
  gte: (seen, wanted) => seen >= (wanted as Value),
  lt: (seen, wanted) => seen < (wanted as Value),
  lte: (seen, wanted) => seen <= (wanted as Value),
  in: (seen, wanted) => Array.isArray(wanted) && wanted.some((each) => same(seen, each)),
  notin: (seen, wanted) => Array.isArray(wanted) && !wanted.some((each) => same(seen, each)),
}

function same(seen: Value, wanted: unknown): boolean {
  if (seen === wanted) return true
  if (typeof seen === 'number' && typeof wanted === 'string' && wanted !== '') return seen === Number(wanted)
  return typeof seen === 'number' && typeof wanted === 'boolean' && seen === Number(wanted)
}

/** A bare text or list is walked through like a dictionary, hence "0 is not a valid search op". */
export function badOp(condition: unknown): ApiError | undefined {
  if (typeof condition !== 'object' && typeof condition !== 'string') {
    return refused(400, { error: 'invalid_request', msg: 'Invalid query: must be dict of conditions' })
  }
  for (const op of Object.keys(condition ?? {})) {
    if (!comparisons[op]) return refused(400, { error: 'invalid_request', msg: `${op} is not a valid search op` })
  }
  return undefined
}

function conditionTest(field: string, condition: unknown, read: (offer: LiveOffer) => unknown): Test | ApiError {
  const bad = badOp(condition)
  if (bad) return bad
  const checks = Object.entries(condition ?? {}).map(([op, wanted]): Test => {
    const compare = comparisons[op] as (seen: Value, wanted: unknown) => boolean
    const value = field === 'driver_version' && typeof wanted === 'string' ? driverNumber(wanted) : wanted
    return (offer) => {
      const seen = read(offer)
      return seen !== null && seen !== undefined && compare(seen as Value, value)
    }
  })
  return (offer) => checks.every((check) => check(offer))
}

function driverNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major * 1_000_000 + minor * 1_000 + patch
}

type Column = [field: string, down: boolean]

function orderFrom(order: unknown): { columns: Column[] } | ApiError {
  if (!Array.isArray(order) || order.length === 0) return { columns: [['score', true]] }
  const columns: Column[] = []
  for (const entry of order) {
    const [name, direction] = Array.isArray(entry) ? entry : [entry, 'asc']
    const field = aliases[String(name)] ?? String(name)
    if (!fields[field]) {
      return refused(400, {
        error: 'invalid_request',
        msg: `Error in query parameters: ${name} is not a valid search key`,
      })
    }
    columns.push([field, direction === 'desc'])
  }
  return { columns }
}

/** Missing values go last; equals go by id. */
function sorted(offers: LiveOffer[], columns: Column[], terms: SearchTerms, now: number): LiveOffer[] {
  const keyed = offers.map((offer) => ({
    offer,
    keys: columns.map(([field]) => (field === 'id' ? offer.id : fields[field]?.(offer, terms, now)) ?? null),
  }))
  keyed.sort((one, other) => {
    for (const [nth, [, down]] of columns.entries()) {
      const left = one.keys[nth] as Value | null
      const right = other.keys[nth] as Value | null
      if (left === right) continue
      if (left === null) return 1
      if (right === null) return -1
      return left < right === down ? 1 : -1
    }
    return one.offer.id - other.offer.id
  })
  return keyed.map((each) => each.offer)
}
