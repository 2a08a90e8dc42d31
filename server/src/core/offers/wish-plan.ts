import type { Wish } from '../instances/instance.ts'
import type { Interruptions } from '../spot/places.ts'
import type { Instant } from '../time.ts'
import type { MarketInterest } from './market-view.ts'
import { isRefused, type MatchContext, matches, type OfferFilter } from './match.ts'
import { type Market, type Offer, offerKey } from './offer.ts'
import { type PlannedOffer, planLaunch } from './plan.ts'
import type { PriceNeed } from './price.ts'
import { priced } from './rank.ts'

export function marketsOf({ market }: Pick<Wish, 'market'>): readonly Market[] {
  return market === 'any' ? ['on_demand', 'spot'] : [market]
}

/** What an offer must be to fulfil the wish. The caller's own choice of an offer is bound by the price cap as well. */
export function filterFromWish(wish: Wish): OfferFilter {
  return {
    available: true,
    ...(wish.provider !== null && { providers: [wish.provider] }),
    models: wish.models,
    ...(wish.exactly !== undefined && { exactly: wish.exactly }),
    markets: marketsOf(wish),
    minGpuCount: wish.gpuCount,
    // More GPUs than asked for would be paid for and not used; a chosen offer is what the caller saw.
    ...(wish.offer === null && { maxGpuCount: wish.gpuCount }),
    ...(wish.minVramGb !== null && { minVramGb: wish.minVramGb }),
    ...(wish.minRamGb !== null && { minRamGb: wish.minRamGb, asksForRam: true as const }),
    ...(wish.minReliability !== null && { minReliability: wish.minReliability }),
    ...(wish.minCuda !== null && { minCuda: wish.minCuda }),
    ...(wish.maxPricePerHour !== null && { maxPrice: wish.maxPricePerHour }),
    minStorageGb: wish.diskGb,
    verified: wish.verifiedOnly,
    regions: wish.regions,
    minPorts: wish.ports.length,
  }
}

export function needFromWish(wish: Pick<Wish, 'diskGb' | 'traffic'>): PriceNeed {
  return { diskGb: wish.diskGb, ...wish.traffic }
}

export function interestFromWish(wish: Wish): MarketInterest {
  return {
    providers: wish.offer !== null ? [wish.offer.provider] : wish.provider !== null ? [wish.provider] : [],
    models: wish.models,
    markets: marketsOf(wish),
    gpuCount: wish.gpuCount,
    minVramGb: wish.minVramGb,
    diskGb: wish.diskGb,
  }
}

export interface WishContext extends Omit<MatchContext, 'need'> {
  penalties: ReadonlyMap<string, Instant>
  interruptions?: Interruptions
}

/** The offers to try for a wish, in order; for a chosen offer that one or, when it does not fit or is gone, none. */
export function planForWish(offers: Iterable<Offer>, wish: Wish, context: WishContext): PlannedOffer[] {
  const filter = filterFromWish(wish)
  const need = needFromWish(wish)
  const chosen = wish.offer
  if (chosen === null) {
    const open = [...offers].filter((offer) => !isPenalised(providerPenalty(offer.provider), context))
    return planLaunch(open, { filter }, { ...context, need })
  }
  const offer = [...offers].find((one) => one.provider === chosen.provider && offerKey(one) === chosen.key)
  // A chosen offer is tried whatever failed there before: the caller has decided.
  return offer === undefined ? [] : [priced(offer, { need })]
}

/**
 * Whether an offer fulfils the wish. An unknown value never satisfies a stated bound; but an offer that the caller chose
 * was seen with what is not known about it, and is refused only for what is.
 */
export function fulfils(offer: Offer, wish: Wish, context: Omit<MatchContext, 'need'>): boolean {
  const filter = filterFromWish(wish)
  const complete = { ...context, need: needFromWish(wish) }
  return wish.offer === null ? matches(offer, filter, complete) : !isRefused(offer, filter, complete)
}

/** The key under which a whole provider is avoided for a while: it is down, or refuses our key. */
export function providerPenalty(provider: Offer['provider']): string {
  return `provider:${provider}`
}

function isPenalised(key: string, { penalties, now }: WishContext): boolean {
  return (penalties.get(key) ?? Number.NEGATIVE_INFINITY) > now
}
