/** A market of recorded offers in place of the generated one. */

import type { Listing } from './listings.ts'
import type { OfferFacts } from './wire.ts'

/** The offers in a recorded search answer `{offers: [...]}`, in a snapshot `{offers_by_gpu: {...}}`, or in a flat list. */
export function recordedOffersFrom(json: unknown): unknown[] {
  if (Array.isArray(json)) return json
  if (typeof json !== 'object' || json === null) return []
  const { offers, offers_by_gpu: byGpu } = json as { offers?: unknown; offers_by_gpu?: unknown }
  if (Array.isArray(offers)) return offers
  if (typeof byGpu !== 'object' || byGpu === null) return []
  return Object.values(byGpu).flatMap((rows) => (Array.isArray(rows) ? rows : []))
}

interface Row extends OfferFacts {
  id: number
  dph_base: number
  min_bid: number
  duration: number
  start_date: number | null
}

/** Offers of one machine are slices of the same GPUs; a second offer of the same size stands for GPUs of its own. */
export function recordedListings(offers: readonly unknown[]): Listing[] {
  const groups = new Map<string, Row[]>()
  for (const offer of offers) {
    if (!isRow(offer)) continue
    let copy = 0
    let key = ''
    do {
      key = `${offer.machine_id} ${offer.gpu_name} ${copy}`
      copy += 1
    } while (groups.get(key)?.some((row) => row.num_gpus === offer.num_gpus))
    const group = groups.get(key)
    if (group) group.push(offer)
    else groups.set(key, [offer])
  }
  const listings = [...groups.values()].map(recordedListing)
  rank(listings)
  return listings
}

function recordedListing(group: Row[], index: number): Listing {
  const rows = group.toSorted((one, other) => one.num_gpus - other.num_gpus)
  const bySize = new Map(rows.map((row) => [row.num_gpus, row]))
  const first = rows[0] as Row
  const last = rows[rows.length - 1] as Row
  const row = (size: number) => bySize.get(size) ?? last
  return {
    index,
    machineId: first.machine_id,
    gpuName: first.gpu_name,
    totalGpus: last.num_gpus,
    sizes: rows.map((each) => each.num_gpus),
    rank: 0.5,
    broken: false,
    rentableMs: Math.max(60_000, Math.round(Math.min(first.duration, 315_360_000) * 1_000)),
    showsStart: first.start_date !== null,
    takenAtFirst: 0,
    price: (size) => Math.round(row(size).dph_base * 1e9),
    minBid: (size) => Math.round(row(size).min_bid * 1e9),
    facts: row,
    recorded: new Map(
      rows.map((each) => [each.num_gpus, { id: each.id, dphBase: each.dph_base, minBid: each.min_bid }]),
    ),
  }
}

function rank(listings: Listing[]): void {
  const byName = Map.groupBy(listings, (listing) => listing.gpuName)
  for (const group of byName.values()) {
    const perGpu = (listing: Listing) => listing.price(listing.totalGpus) / listing.totalGpus
    const sorted = group.toSorted((one, other) => perGpu(one) - perGpu(other))
    for (const [place, listing] of sorted.entries()) listing.rank = (place + 0.5) / sorted.length
  }
}

function isRow(offer: unknown): offer is Row {
  if (typeof offer !== 'object' || offer === null) return false
  const row = offer as Partial<Row>
  return (
    typeof row.id === 'number' &&
    typeof row.machine_id === 'number' &&
    typeof row.gpu_name === 'string' &&
    typeof row.num_gpus === 'number' &&
    row.num_gpus > 0 &&
    typeof row.dph_base === 'number' &&
    typeof row.min_bid === 'number' &&
    typeof row.duration === 'number' &&
    typeof row.reliability === 'number' &&
    typeof row.storage_cost === 'number'
  )
}
