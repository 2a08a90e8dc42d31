import { type Interruptions, isBanned, noInterruptions, weighedPrice } from '../spot/places.ts'
import type { Instant } from '../time.ts'
import { type MatchContext, matches, type OfferFilter } from './match.ts'
import { type Offer, offerId } from './offer.ts'
import { largestDiskGb } from './price.ts'
import { cheapestFirst, type PricedOffer, rankOffers } from './rank.ts'

/** An offer to try, with its comparable price for this request. */
export type PlannedOffer = PricedOffer

export interface LaunchWish {
  filter: OfferFilter
  /** How many offers to try at most. Default 10. */
  limit?: number
}

export interface PlanContext extends MatchContext {
  /** By place key or offer id: launches failed there, so it is avoided until then. */
  penalties: ReadonlyMap<string, Instant>
  /** Places that took machines back lately. */
  interruptions?: Interruptions
}

const mostTried = 10

/**
 * The offers to try one after the other, cheapest comparable price first; where machines were taken back lately, the
 * price counts as higher than it is. A place appears once per market: where one launch failed, the next would most likely
 * fail as well.
 */
export function planLaunch(offers: Iterable<Offer>, wish: LaunchWish, context: PlanContext): PlannedOffer[] {
  const { interruptions = noInterruptions, now } = context
  const possible = [...offers].filter(
    (offer) =>
      offer.available &&
      !isPenalised(offer, context) &&
      !isBanned(offer, interruptions, now) &&
      canHold(offer, context.need.diskGb) &&
      matches(offer, wish.filter, context),
  )
  const places = new Set<string>()
  const plan: PlannedOffer[] = []
  for (const planned of weighed(rankOffers(possible, cheapestFirst, context), interruptions, now)) {
    if (plan.length >= (wish.limit ?? mostTried)) break
    const place = `${planned.offer.provider}|${planned.offer.market}|${planned.offer.placeKey}`
    if (places.has(place)) continue
    places.add(place)
    plan.push(planned)
  }
  return plan
}

/** Ranked by price already: offers of the same weight stay in their order. */
function weighed(ranked: PlannedOffer[], interruptions: Interruptions, now: Instant): PlannedOffer[] {
  if (interruptions.size === 0) return ranked
  return ranked
    .map((planned) => ({ planned, price: weighedPrice(planned.price.total, planned.offer, interruptions, now) }))
    .sort((one, other) => (one.price < other.price ? -1 : one.price > other.price ? 1 : 0))
    .map(({ planned }) => planned)
}

/** The end of a penalty is exclusive. */
function isPenalised(offer: Offer, { penalties, now }: PlanContext): boolean {
  return [offer.placeKey, offerId(offer)].some((key) => (penalties.get(key) ?? Number.NEGATIVE_INFINITY) > now)
}

/** Where the marketplace does not say how much disk there is, trying is how to find out. */
function canHold(offer: Offer, diskGb: number): boolean {
  const most = largestDiskGb(offer.disk)
  return most === null || Math.max(most, offer.disk.includedGb) >= diskGb
}
