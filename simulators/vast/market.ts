/**
 * The market in motion: others rent and leave, hosts list again under new ids, prices and bids drift. It moves in
 * steps of ten minutes of market time; what happens at a step depends on the seed, the machine and the step alone,
 * never on what was asked in between.
 *
 * @source  Hourly recordings 2026-07-02 to 2026-08-09 (208 pairs of snapshots 0.7 to 1.5 h apart): of the machines on
 *          offer 25 to 30 % are gone an hour later, of the offers that stay 23 to 27 % have a new id (single hours 20
 *          to 37 %), 4 to 8 % a new price and 5 to 9 % a new lowest bid. The dearest fifth stays longer (20 % gone
 *          against 29 %). A moved price is 0.78 to 1.26 times the old one in nine cases of ten.
 */

import { seedFrom } from '../kit/random.ts'
import type { Listing } from './listings.ts'
import type { LiveOffer } from './wire.ts'

export const marketStepMs = 600_000

/** Plain JSON; arrays are indexed by listing. */
export interface MarketState {
  openedAt: number
  /** Steps taken. */
  step: number
  /** When the next step is due, in milliseconds since 1970. */
  nextAt: number
  nextId: number
  /** GPUs that other customers use. */
  taken: number[]
  /** GPUs that this account uses. */
  ours: Record<string, number>
  /** 1 while the host has withdrawn the machine. */
  withdrawn: number[]
  /** One id for each size on offer, ascending by size. */
  ids: number[][]
  listedAt: number[]
  drift: number[]
  bidDrift: number[]
  /** Factors set by controls. */
  factor: Record<string, number>
  hiddenFactor: Record<string, number>
  /** Lowest winning bid per GPU in nano-dollars, where somebody outbid us on purpose, and until which step. */
  rivals: Record<string, { perGpu: number; untilStep: number }>
  still: boolean
}

export interface Market {
  readonly state: MarketState
  readonly listings: readonly Listing[]
  /** Everything on sale. */
  offers(gpuNames?: readonly string[]): LiveOffer[]
  offer(id: number): { listing: Listing; size: number; offer: LiveOffer } | undefined
  free(listing: Listing): number
  /** Nano-dollars per hour. */
  price(listing: Listing, size: number): number
  minBid(listing: Listing, size: number): number
  /** Takes GPUs out of the market for this account; the machine's other offers get new ids. */
  hold(listing: Listing, gpus: number): void
  /** Gives them back: to the market, or to the customer who was first. */
  release(listing: Listing, gpus: number, to?: 'market' | 'others'): void
  /** Has others rent what is free. */
  takeFree(listing: Listing): void
  /** Makes room for a bid that wins, unless this account itself uses the GPUs. */
  displace(listing: Listing, gpus: number): boolean
  /** Dollars per hour that the rental really costs; differs from the list only by a control. */
  rentalPrice(listing: Listing, size: number): number
  changePrice(matches: (listing: Listing, ids: readonly number[]) => boolean, factor: number, listed: boolean): void
  setRival(listing: Listing, perGpu: number, steps: number): void
  clearRival(listing: Listing): void
  /** Time passes without a step. */
  moveTo(at: number): void
  /** One step, due at `state.nextAt`. */
  step(at: number): void
  newId(): number
}

export function openMarket(
  listings: readonly Listing[],
  options: { seed: number; now: number; stepMs: number; recorded: boolean; restored?: MarketState },
): Market {
  const state = options.restored ?? opened(listings, options)
  const hashes = listings.map((listing) => seedFrom(options.seed, `churn ${listing.machineId} ${listing.index}`))
  const byName = Map.groupBy(listings, (listing) => listing.gpuName)
  const byId = new Map<number, [Listing, number]>()
  const cached: (LiveOffer[] | undefined)[] = []
  for (const listing of listings) index(listing)

  /** Recorded machines were all on sale when they were recorded, so most of them stay on sale. */
  const returnPerStep = options.recorded ? 0.35 : 0.062

  function newId(): number {
    const id = state.nextId
    state.nextId += 2 // the odd one after it is the machine's volume offer
    return id
  }

  function free(listing: Listing): number {
    const { index: at } = listing
    if (state.withdrawn[at]) return 0
    return Math.max(0, listing.totalGpus - (state.taken[at] ?? 0) - (state.ours[at] ?? 0))
  }

  function sizesOnSale(listing: Listing): number[] {
    const left = free(listing)
    return listing.sizes.filter((size) => size <= left)
  }

  function index(listing: Listing): void {
    cached[listing.index] = undefined
    const sizes = sizesOnSale(listing)
    for (const [nth, id] of (state.ids[listing.index] ?? []).entries()) byId.set(id, [listing, sizes[nth] ?? 0])
  }

  function relist(listing: Listing, at: number): void {
    for (const id of state.ids[listing.index] ?? []) byId.delete(id)
    state.ids[listing.index] = sizesOnSale(listing).map(newId)
    state.listedAt[listing.index] = at
    index(listing)
  }

  function price(listing: Listing, size: number): number {
    const factor = (state.drift[listing.index] ?? 1) * (state.factor[listing.index] ?? 1)
    return factor === 1 ? listing.price(size) : scaled(listing.price(size), size, factor)
  }

  function minBid(listing: Listing, size: number): number {
    const rival = state.rivals[listing.index]
    if (rival) return rival.perGpu * size
    const factor = (state.bidDrift[listing.index] ?? 1) * (state.factor[listing.index] ?? 1)
    return factor === 1 ? listing.minBid(size) : Math.max(1_000_000, scaled(listing.minBid(size), size, factor))
  }

  function offersOf(listing: Listing): LiveOffer[] {
    const known = cached[listing.index]
    if (known) return known
    const ids = state.ids[listing.index] ?? []
    const offers = sizesOnSale(listing).map(
      (size, nth): LiveOffer => ({
        id: ids[nth] ?? 0,
        facts: listing.facts(size),
        dphBase: asRecorded(listing, size, price(listing, size), 'dphBase'),
        minBid: asRecorded(listing, size, minBid(listing, size), 'minBid'),
        listedAt: listing.showsStart ? (state.listedAt[listing.index] ?? state.openedAt) : null,
        endsAt: 0,
      }),
    )
    cached[listing.index] = offers
    return offers
  }

  function currentOffers(listing: Listing, at: number): LiveOffer[] {
    const offers = offersOf(listing)
    for (const offer of offers) offer.endsAt = endsAt(listing, at)
    return offers
  }

  /** A host extends a listing when its time is over. */
  function endsAt(listing: Listing, at: number): number {
    const periods = Math.floor(Math.max(0, at - state.openedAt) / listing.rentableMs) + 1
    return state.openedAt + periods * listing.rentableMs
  }

  let movedTo = options.now

  return {
    state,
    listings,
    newId,
    free,
    price,
    minBid,
    offers(gpuNames) {
      const among = gpuNames ? gpuNames.flatMap((name) => byName.get(name) ?? []) : listings
      const found: LiveOffer[] = []
      for (const listing of among) {
        if (state.withdrawn[listing.index] || (state.ids[listing.index]?.length ?? 0) === 0) continue
        found.push(...currentOffers(listing, movedTo))
      }
      return found
    },
    offer(id) {
      const [listing, size] = byId.get(id) ?? []
      if (!listing || !size) return undefined
      const offer = currentOffers(listing, movedTo).find((each) => each.id === id)
      return offer && { listing, size, offer }
    },
    hold(listing, gpus) {
      state.ours[listing.index] = (state.ours[listing.index] ?? 0) + gpus
      relist(listing, movedTo)
    },
    release(listing, gpus, to = 'market') {
      const left = (state.ours[listing.index] ?? 0) - gpus
      if (left > 0) state.ours[listing.index] = left
      else delete state.ours[listing.index]
      if (to === 'others') state.taken[listing.index] = (state.taken[listing.index] ?? 0) + gpus
      relist(listing, movedTo)
    },
    takeFree(listing) {
      state.taken[listing.index] = (state.taken[listing.index] ?? 0) + free(listing)
      relist(listing, movedTo)
    },
    displace(listing, gpus) {
      if (listing.totalGpus - (state.ours[listing.index] ?? 0) < gpus) return false
      state.withdrawn[listing.index] = 0
      const missing = gpus - free(listing)
      if (missing > 0) state.taken[listing.index] = Math.max(0, (state.taken[listing.index] ?? 0) - missing)
      return true
    },
    rentalPrice: (listing, size) => {
      const hidden = state.hiddenFactor[listing.index] ?? 1
      const nanos = price(listing, size)
      return asRecorded(listing, size, hidden === 1 ? nanos : scaled(nanos, size, hidden), 'dphBase')
    },
    changePrice(matches, factor, listed) {
      const factors = listed ? state.factor : state.hiddenFactor
      for (const listing of listings) {
        if (!matches(listing, state.ids[listing.index] ?? [])) continue
        factors[listing.index] = (factors[listing.index] ?? 1) * factor
        cached[listing.index] = undefined
      }
    },
    setRival(listing, perGpu, steps) {
      state.rivals[listing.index] = { perGpu, untilStep: state.step + steps }
      cached[listing.index] = undefined
    },
    clearRival(listing) {
      delete state.rivals[listing.index]
      cached[listing.index] = undefined
    },
    moveTo(at) {
      movedTo = at
    },
    step(at) {
      movedTo = at
      state.step += 1
      state.nextAt = Math.ceil(at + options.stepMs)
      endRivals()
      if (!state.still) churnAll(at)
    },
  }

  function endRivals(): void {
    for (const [key, rival] of Object.entries(state.rivals)) {
      if (state.step < rival.untilStep) continue
      delete state.rivals[key]
      cached[Number(key)] = undefined
    }
  }

  function churnAll(at: number): void {
    for (let nth = 0; nth < listings.length; nth += 1) {
      const draw = mixed((hashes[nth] ?? 0) ^ Math.imul(state.step, 0x9e3779b1))
      // Most machines do nothing in most steps; one draw finds that out.
      const listing = listings[nth] as Listing
      const onSale = (state.ids[nth]?.length ?? 0) > 0
      if (onSale) churn(listing, draw, at)
      else if (draw < returnPerStep) comeBack(listing, mixed((hashes[nth] ?? 0) + state.step), at)
    }
  }

  function churn(listing: Listing, draw: number, at: number): void {
    const nth = listing.index
    const leaves = 0.064 * popularity(listing)
    const second = mixed((hashes[nth] ?? 0) + Math.imul(state.step, 40_503))
    if (draw < leaves) {
      if (second < 0.12) state.withdrawn[nth] = 1
      else if (second < 0.8 || listing.sizes.length === 1) state.taken[nth] = listing.totalGpus - (state.ours[nth] ?? 0)
      else state.taken[nth] = (state.taken[nth] ?? 0) + (listing.sizes[0] ?? 1)
      relist(listing, at)
    } else if (draw < leaves + 0.036) {
      // Somebody leaves part of the machine, or the host lists it again.
      if (second < 0.4) state.taken[nth] = Math.max(0, (state.taken[nth] ?? 0) - (listing.sizes[0] ?? 1))
      relist(listing, at)
    } else if (draw < leaves + 0.045) {
      // The bid follows the price; otherwise far more than one offer in eight would come to ask more than its price.
      const old = state.drift[nth] ?? 1
      const next = drifted(old, second)
      state.drift[nth] = next
      state.bidDrift[nth] = rounded(((state.bidDrift[nth] ?? 1) * next) / old)
      cached[nth] = undefined
    } else if (draw < leaves + 0.051) {
      const third = mixed((hashes[nth] ?? 0) ^ Math.imul(state.step, 0x85ebca6b))
      const factor = second < 0.85 ? 0.7 + 0.3 * third : 1 + 0.25 * third
      state.bidDrift[nth] = rounded((state.drift[nth] ?? 1) * factor)
      cached[nth] = undefined
    }
  }

  function comeBack(listing: Listing, second: number, at: number): void {
    const nth = listing.index
    state.withdrawn[nth] = 0
    const most = listing.totalGpus - (state.ours[nth] ?? 0)
    // Half of the time everything is given back at once.
    state.taken[nth] = second < 0.5 ? 0 : Math.min(most, Math.floor(second * 2 * listing.totalGpus) % listing.totalGpus)
    relist(listing, at)
  }
}

/** How much likelier than the average listing it is to be rented: bargains go within the hour. */
function popularity(listing: Listing): number {
  if (listing.rank < 0.04) return 3
  if (listing.rank < 0.6) return 1.05
  if (listing.rank < 0.8) return 0.95
  return listing.rank < 1 ? 0.65 : 0.05
}

/** A new price 0.78 to 1.26 times the old one, pulled back towards what the machine is worth. */
function drifted(old: number, draw: number): number {
  const next = old ** 0.8 * Math.exp((draw - 0.5) * 0.46)
  return rounded(Math.min(2, Math.max(0.5, next)))
}

function rounded(factor: number): number {
  return Math.round(factor * 1e4) / 1e4
}

/** Recorded prices keep all their digits (0.39999999999999997) until something moves them. */
function asRecorded(listing: Listing, size: number, nanos: number, which: 'dphBase' | 'minBid'): number {
  const usd = listing.recorded?.get(size)?.[which]
  return usd !== undefined && Math.round(usd * 1e9) === nanos ? usd : nanos / 1e9
}

/** Scaled per GPU, so that two GPUs cost exactly twice as much as one. */
function scaled(nanos: number, size: number, factor: number): number {
  return nanos % size === 0 ? Math.round((nanos / size) * factor) * size : Math.round(nanos * factor)
}

/** [0, 1) */
function mixed(hash: number): number {
  let value = hash >>> 0
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return ((value ^ (value >>> 16)) >>> 0) / 4294967296
}

function opened(
  listings: readonly Listing[],
  options: { now: number; stepMs: number; recorded: boolean },
): MarketState {
  let nextId = 30_000_000
  for (const listing of listings) {
    for (const { id } of listing.recorded?.values() ?? []) nextId = Math.max(nextId, id + 1_000 - (id % 2))
  }
  const taken = listings.map((listing) => listing.takenAtFirst)
  const ids = listings.map((listing) => {
    const left = listing.totalGpus - listing.takenAtFirst
    return listing.sizes
      .filter((size) => size <= left)
      .map((size) => {
        const recordedId = listing.recorded?.get(size)?.id
        if (recordedId !== undefined) return recordedId
        nextId += 2
        return nextId - 2
      })
  })
  return {
    openedAt: options.now,
    step: 0,
    nextAt: Math.ceil(options.now + options.stepMs),
    nextId,
    taken,
    ours: {},
    withdrawn: listings.map(() => 0),
    ids,
    listedAt: listings.map((listing) => options.now - 1_000 * (60 + ((listing.index * 7_919) % 90_000))),
    drift: listings.map(() => 1),
    bidDrift: listings.map(() => 1),
    factor: {},
    hiddenFactor: {},
    rivals: {},
    still: false,
  }
}
