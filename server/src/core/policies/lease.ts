/** The maximum lifetime: from the moment that its first machine was up, whatever became of that machine. */

import type { Instance } from '../instances/instance.ts'
import { hourMs, type Instant, minuteMs } from '../time.ts'
import type { Activity } from './activity.ts'

export interface LeaseState {
  endsAt: Instant
  warnsAt: Instant
  warned: boolean
}

/** A tenth of the time, at least two minutes and at most an hour. */
function leaseLeadMs(lifetimeMs: number): number {
  return Math.min(hourMs, Math.max(2 * minuteMs, Math.round(lifetimeMs / 10)))
}

/** Null where there is no lease, and before it was ever up. */
export function leaseOf({ wish }: Pick<Instance, 'wish'>, activity: Activity): LeaseState | null {
  const { maxLifetimeMs } = wish.policies
  if (maxLifetimeMs === null || activity.firstUpAt === null) return null
  const endsAt = activity.firstUpAt + maxLifetimeMs
  const warnsAt = endsAt - leaseLeadMs(maxLifetimeMs)
  // An extension makes another end, of which people are told again.
  return { endsAt, warnsAt, warned: activity.leaseWarnedAt !== null && activity.leaseWarnedAt >= warnsAt }
}
