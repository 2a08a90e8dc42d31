import { type Offer, offerId } from '../core/offers/offer.ts'
import { providerPenalty } from '../core/offers/wish-plan.ts'
import { type Clock, type Instant, minuteMs } from '../core/time.ts'
import type { ProviderError } from '../providers/provider.ts'

export interface PenaltyDeps {
  /** Places, offers and providers to avoid, and until when. */
  penalties: Map<string, Instant>
  clock: Pick<Clock, 'now'>
}

export const penaltyMs = { offer: 5 * minuteMs, place: 30 * minuteMs, provider: minuteMs, account: 10 * minuteMs }

export function penaliseOffer(offer: Offer, { penalties, clock }: PenaltyDeps): void {
  penalties.set(offerId(offer), clock.now() + penaltyMs.offer)
}

/** Machines that did not come up make us avoid the place for a while. */
export function penalisePlace(offer: Offer, { penalties, clock }: PenaltyDeps): void {
  penalties.set(offer.placeKey, clock.now() + penaltyMs.place)
}

/** What a marketplace's refusal makes us avoid: the offer, the marketplace for a moment, or the account for longer. */
export function penalise(offer: Offer, error: ProviderError, deps: PenaltyDeps): void {
  const now = deps.clock.now()
  switch (error.kind) {
    case 'no_capacity':
    case 'rejected':
      penaliseOffer(offer, deps)
      return
    case 'unavailable':
    case 'rate_limited':
      deps.penalties.set(providerPenalty(offer.provider), now + penaltyMs.provider)
      return
    case 'unauthorized':
    case 'no_money':
      deps.penalties.set(providerPenalty(offer.provider), now + penaltyMs.account)
      return
    case 'outcome_unknown':
    case 'unexpected_reply':
    case 'not_now':
      return
  }
}
