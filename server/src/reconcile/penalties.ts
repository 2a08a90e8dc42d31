import { type Offer, offerId } from '../core/offers/offer.ts'
import { providerPenalty } from '../core/offers/wish-plan.ts'
import { type Clock, type Instant, minuteMs, secondMs } from '../core/time.ts'
import { OutboundError } from '../outbound/outbound.ts'
import type { ProviderError } from '../providers/provider.ts'

export interface PenaltyDeps {
  /** Places, offers and providers to avoid, and until when. */
  penalties: Map<string, Instant>
  clock: Pick<Clock, 'now'>
}

export const penaltyMs = { offer: 5 * minuteMs, place: 30 * minuteMs, provider: minuteMs, account: 10 * minuteMs }

/** Our HTTP client lets nobody wait longer for its limits: a longer pause is one that the marketplace asked for. */
const longestOwnQueueMs = 90 * secondMs

export function penaliseOffer(offer: Offer, deps: PenaltyDeps): void {
  avoid(offerId(offer), penaltyMs.offer, deps)
}

/** Machines that did not come up make us avoid the place for a while. */
export function penalisePlace(offer: Offer, deps: PenaltyDeps): void {
  avoid(offer.placeKey, penaltyMs.place, deps)
}

/** What a marketplace's refusal makes us avoid: the offer, the marketplace for a moment, or the account for longer. */
export function penalise(offer: Offer, error: ProviderError, deps: PenaltyDeps): void {
  if (isOwnQueue(error)) return
  switch (error.kind) {
    case 'no_capacity':
    case 'rejected':
      penaliseOffer(offer, deps)
      return
    case 'unavailable':
    case 'rate_limited':
      avoid(providerPenalty(offer.provider), penaltyMs.provider, deps)
      return
    case 'unauthorized':
    case 'no_money':
      avoid(providerPenalty(offer.provider), penaltyMs.account, deps)
      return
    case 'outcome_unknown':
    case 'unexpected_reply':
    case 'not_now':
      return
  }
}

/** Nothing was sent: many of us wait for the same rate limit. That says nothing about the marketplace. */
export function isOwnQueue(error: ProviderError): boolean {
  const { cause } = error
  if (!(cause instanceof OutboundError) || cause.trouble !== 'rate_limited') return false
  return (cause.retryAfterMs ?? 0) <= longestOwnQueueMs
}

function avoid(key: string, forMs: number, { penalties, clock }: PenaltyDeps): void {
  const now = clock.now()
  for (const [other, until] of penalties) if (until <= now) penalties.delete(other)
  penalties.set(key, now + forMs)
}
