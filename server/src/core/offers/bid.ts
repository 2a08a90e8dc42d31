import { dividedBy, type Nanos, nanos } from '../money.ts'
import type { Offer } from './offer.ts'

/** How far above the price that wins now we bid, so that the next bidder does not take the machine at once. */
const headroomPercent = 110n

/**
 * What to bid per hour for the GPUs of a spot offer: the winning price with some headroom, never above what the caller
 * pays at most, nor above the on-demand price of the same machine, and never below the winning price.
 *
 * @param cap      the most that the GPUs may cost: the caller's cap less disk and traffic; null: none
 * @param onDemand the on-demand price of the same offer; null: not known
 */
export function bidFor(
  offer: Pick<Offer, 'pricePerHour'>,
  { cap, onDemand }: { cap: Nanos | null; onDemand: Nanos | null },
): Nanos {
  const floor = offer.pricePerHour
  const generous = dividedBy(nanos(floor * headroomPercent), 100n)
  const bounds = [generous, ...(cap === null ? [] : [cap]), ...(onDemand === null ? [] : [onDemand])]
  const bid = bounds.reduce((least, bound) => (bound < least ? bound : least))
  return bid < floor ? floor : bid
}
