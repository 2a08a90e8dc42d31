import type { GpuIdentity } from '../gpus/gpu.ts'
import type { ProviderName } from '../providers.ts'
import type { OfferSnapshot } from './market-view.ts'
import { type FilterRule, type MatchContext, type OfferFilter, statedRules } from './match.ts'
import { type Offer, offerId } from './offer.ts'
import { cheapestFirst, compareOffers, type OfferSort, type PricedOffer, priced } from './rank.ts'
import { createTopList } from './top-list.ts'

export interface OfferQuestion {
  filter: OfferFilter
  /** Default: cheapest first. */
  sort?: OfferSort
  /** Default: all. */
  limit?: number
  /** Count to the end, however many there are. */
  countAll?: boolean
}

/** Everything on sale, in memory. One offer counts once, however many searches and accounts show it. */
export interface OfferIndex {
  /** A snapshot replaces what an earlier one of the same provider, account and scope brought. */
  replace(snapshot: OfferSnapshot): void
  /** Takes one offer out, for example because somebody was quicker. The next snapshot may bring it back. */
  remove(id: string): void
  /** Takes out all that a provider, or one account of it, has shown. */
  removeProvider(provider: ProviderName, account?: string): void
  /** The catalogue has changed: what each offer's GPU is called may be different now. */
  rename(identify: (offer: Offer) => GpuIdentity): void
  all(): Offer[]
  /** By `offerId`: `vast_30114277:spot`. */
  get(id: string): Offer | undefined
  search(question: OfferQuestion, context: MatchContext): PricedOffer[]
  /** The same, with how many match beyond the limit too. In a huge market the count stops, and is the least there are. */
  searchAndCount(question: OfferQuestion, context: MatchContext): CountedOffers
  counts(): OfferCounts
}

export interface CountedOffers {
  offers: PricedOffer[]
  matching: number
  /** false: there may be more. */
  isExact: boolean
}

export interface OfferCounts {
  offers: number
  available: number
  byProvider: Partial<Record<ProviderName, number>>
  byModel: Record<string, number>
}

interface Bucket {
  offers: Map<string, Offer>
  /** By price per hour, ascending; null when it has to be made again. */
  byPrice: Offer[] | null
}

/** Offers that are looked at only to be counted: less than a millisecond's worth. */
const mostCounted = 2_000

/**
 * Offers are grouped by model and kept by price. A search stops in each group where the price of the GPUs alone is above
 * the bound, or above what a search for the cheapest has found: the comparable price is never below that.
 */
export function createOfferIndex(): OfferIndex {
  const scopes = new Map<string, { snapshot: OfferSnapshot; ids: Set<string> }>()
  /** Per id, what each scope shows. */
  const shown = new Map<string, Map<string, Offer>>()
  const current = new Map<string, Offer>()
  const buckets = new Map<string, Bucket>()

  return {
    replace(snapshot) {
      const scope = JSON.stringify([snapshot.provider, snapshot.account, snapshot.scope])
      const gone = scopes.get(scope)?.ids ?? new Set<string>()
      const ids = new Set<string>()
      for (const offer of snapshot.offers) {
        const id = offerId(offer)
        ids.add(id)
        gone.delete(id)
        show(id, scope, offer)
      }
      for (const id of gone) hide(id, scope)
      if (ids.size > 0) scopes.set(scope, { snapshot: { ...snapshot, offers: [] }, ids })
      else scopes.delete(scope)
    },

    remove(id) {
      for (const scope of [...(shown.get(id)?.keys() ?? [])]) {
        scopes.get(scope)?.ids.delete(id)
        hide(id, scope)
      }
    },

    removeProvider(provider, account) {
      for (const [scope, { snapshot, ids }] of scopes) {
        if (snapshot.provider !== provider || (account !== undefined && snapshot.account !== account)) continue
        for (const id of ids) hide(id, scope)
        scopes.delete(scope)
      }
    },

    rename(identify) {
      for (const [id, showing] of shown) {
        for (const [scope, offer] of showing) {
          const { model, known } = identify(offer)
          if (model === offer.gpu.model && known === offer.gpu.known) continue
          showing.set(scope, { ...offer, gpu: { ...offer.gpu, model, known } })
        }
        settle(id, showing)
      }
    },

    all: () => [...current.values()],
    get: (id) => current.get(id),

    search: (question, context) => search(question, context, 0).offers,
    searchAndCount: (question, context) =>
      search(question, context, question.countAll === true ? Number.POSITIVE_INFINITY : mostCounted),

    counts() {
      const counts: OfferCounts = { offers: current.size, available: 0, byProvider: {}, byModel: {} }
      for (const offer of current.values()) {
        if (offer.available) counts.available += 1
        counts.byProvider[offer.provider] = (counts.byProvider[offer.provider] ?? 0) + 1
        counts.byModel[offer.gpu.model] = (counts.byModel[offer.gpu.model] ?? 0) + 1
      }
      return counts
    },
  }

  /** @param toCount how many offers that are too dear for the list are looked at, to be counted */
  function search(
    { filter, sort = cheapestFirst, limit = current.size }: OfferQuestion,
    context: MatchContext,
    toCount: number,
  ): CountedOffers {
    const rules = statedRules(filter)
    const found = createTopList(Math.max(0, limit), compareOffers(sort, context))
    const stopsEarly = sort.by === 'price' && sort.order === 'asc'
    let matching = 0
    let left = toCount
    let isExact = true
    for (const offers of bucketsFor(filter)) {
      // The offers are in the order of their prices, so that too dear stays too dear.
      let isTooDear = false
      for (const offer of offers) {
        if (filter.maxPrice !== undefined && offer.pricePerHour > filter.maxPrice) break
        const worst = stopsEarly && !isTooDear && found.isFull() ? found.worst() : undefined
        if (worst !== undefined && offer.pricePerHour > worst.price.total) isTooDear = true
        if (isTooDear) {
          if (left <= 0) {
            isExact = false
            break
          }
          left -= 1
        }
        if (!passesAll(offer, filter, rules, context)) continue
        matching += 1
        // Working out a price costs more than all the questions; what only counts needs none.
        if (!isTooDear && limit > 0) found.offer(priced(offer, context))
      }
    }
    return { offers: found.sorted(), matching, isExact }
  }

  function show(id: string, scope: string, offer: Offer): void {
    const showing = shown.get(id) ?? new Map<string, Offer>()
    showing.set(scope, offer)
    shown.set(id, showing)
    settle(id, showing)
  }

  function hide(id: string, scope: string): void {
    const showing = shown.get(id)
    if (!showing?.delete(scope)) return
    if (showing.size === 0) shown.delete(id)
    settle(id, showing)
  }

  /** The latest look at an offer counts. */
  function settle(id: string, showing: Map<string, Offer>): void {
    let latest: Offer | undefined
    for (const offer of showing.values()) if (!latest || offer.seenAt > latest.seenAt) latest = offer
    const known = current.get(id)
    if (known === latest) return
    if (known) takeOut(id, known)
    if (latest) putIn(id, latest)
  }

  function putIn(id: string, offer: Offer): void {
    const bucket = buckets.get(offer.gpu.model) ?? { offers: new Map<string, Offer>(), byPrice: null }
    bucket.offers.set(id, offer)
    bucket.byPrice = null
    buckets.set(offer.gpu.model, bucket)
    current.set(id, offer)
  }

  function takeOut(id: string, offer: Offer): void {
    const bucket = buckets.get(offer.gpu.model)
    bucket?.offers.delete(id)
    if (bucket) bucket.byPrice = null
    if (bucket?.offers.size === 0) buckets.delete(offer.gpu.model)
    current.delete(id)
  }

  /** Cheap groups first: the list fills with low prices, and the dear groups end at their first offer. */
  function bucketsFor({ models = [] }: OfferFilter): Offer[][] {
    const wanted = models.length > 0 ? [...new Set(models)].map((model) => buckets.get(model)) : [...buckets.values()]
    return wanted
      .filter((bucket) => bucket !== undefined)
      .map(sortedByPrice)
      .sort((a, b) => byPrice(a[0], b[0]))
  }
}

function sortedByPrice(bucket: Bucket): Offer[] {
  bucket.byPrice ??= [...bucket.offers.values()].sort(byPrice)
  return bucket.byPrice
}

function byPrice(a: Offer | undefined, b: Offer | undefined): number {
  const [priceA, priceB] = [a?.pricePerHour ?? 0n, b?.pricePerHour ?? 0n]
  return priceA < priceB ? -1 : priceA > priceB ? 1 : 0
}

function passesAll(offer: Offer, filter: OfferFilter, rules: readonly FilterRule[], context: MatchContext): boolean {
  for (const rule of rules) if (rule.passes(offer, filter, context) !== true) return false
  return true
}
