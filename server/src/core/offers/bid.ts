import { dividedBy, type Nanos, nanos } from '../money.ts'
import type { Offer } from './offer.ts'

export interface BidBounds {
  /** What is bid, in percent of the lowest bid that wins: headroom, so that the next bidder does not take the machine at once. */
  percent: number
  /** The most that the GPUs may cost: the caller's cap less disk and traffic; null: none. */
  cap: Nanos | null
  /** The on-demand price of the same machine; null: not known. */
  onDemand: Nanos | null
}

/**
 * What to bid per hour for the GPUs of a spot offer: the lowest bid that wins with some headroom, never above what the
 * caller pays at most, nor above the on-demand price of the same machine.
 *
 * @param offer  its price is the lowest bid that wins now
 * @returns      null when no bid within the bounds wins: then it is not rented
 */
export function bidFor(
  { pricePerHour: floor }: Pick<Offer, 'pricePerHour'>,
  { percent, cap, onDemand }: BidBounds,
): Nanos | null {
  const generous = dividedBy(nanos(floor * BigInt(Math.max(100, Math.round(percent)))), 100n)
  const bounds = [generous, ...(cap === null ? [] : [cap]), ...(onDemand === null ? [] : [onDemand])]
  const bid = bounds.reduce((least, bound) => (bound < least ? bound : least))
  return bid < floor || bid <= 0n ? null : bid
}
