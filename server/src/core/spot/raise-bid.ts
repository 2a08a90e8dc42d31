import type { Nanos } from '../money.ts'
import { type BidBounds, bidFor } from '../offers/bid.ts'

/** What is known of the bids for one machine. Money is per hour for its GPUs. */
export interface Bidding extends BidBounds {
  /** The lowest bid that wins now; null: not known. */
  floor: Nanos | null
}

export type BidStep =
  /** Nothing that we may bid brings it back. */
  | { kind: 'lost' }
  /** Our bid wins as it stands; the marketplace gives the machine back by itself. */
  | { kind: 'wins' }
  /** `again`: it was decided before, and the machine does not show it yet. */
  | { kind: 'raise'; to: Nanos; again: boolean }

/** A marketplace may show a bid with fewer digits than it was sent with. */
const roundedBy = 1_000n

/**
 * What a higher bid can do for a machine that was taken.
 *
 * Where the on-demand price of the machine is not known, a higher bid may be above it: then the bid stays what the user was shown.
 *
 * @param ours   our bid as it was written down
 * @param shown  our bid as the machine shows it; null: not shown
 */
export function bidStep(bidding: Bidding, ours: Nanos, shown: Nanos | null): BidStep {
  const { floor, onDemand } = bidding
  if (floor === null || floor <= 0n) return { kind: 'lost' }
  if (ours >= floor) {
    // Written down, and the process died before the marketplace was told.
    if (shown !== null && shown > 0n && shown < ours - ours / roundedBy) return { kind: 'raise', to: ours, again: true }
    return { kind: 'wins' }
  }
  if (onDemand === null) return { kind: 'lost' }
  const to = bidFor({ pricePerHour: floor }, bidding)
  return to === null || to <= ours ? { kind: 'lost' } : { kind: 'raise', to, again: false }
}
