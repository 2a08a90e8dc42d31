/** Whether anybody uses it, and when it stops because nobody does. */

import type { Instance } from '../instances/instance.ts'
import { type Instant, minuteMs } from '../time.ts'
import type { Activity } from './activity.ts'
import { spanText, timeText } from './words.ts'

/** A report of work under way holds for so long; whoever still works reports again. */
export const inFlightHoldsMs = 10 * minuteMs
/** A look at which nobody could tell counts for so long: by then there was another one. */
const unclearHoldsMs = 2 * minuteMs

export type IdleBlock =
  | 'in_flight' // work is under way
  | 'snoozed'
  | 'utilisation_unknown' // the only sign is the GPU, and the marketplace does not tell
  | 'cannot_stop' // the marketplace cannot stop a machine, and its end was not allowed

export interface IdleState {
  /** The last sign of use. */
  since: Instant
  forMs: number
  /** The warning comes at this moment at the latest; it has come when `warned`. */
  warnsAt: Instant
  warned: boolean
  /** Null while something forbids it. */
  stopsAt: Instant | null
  blockedBy: IdleBlock | null
}

/** The warning comes so long before the stop: a tenth of the time, at least two minutes. */
function idleLeadMs(timeoutMs: number): number {
  return Math.max(2 * minuteMs, Math.round(timeoutMs / 10))
}

/**
 * Null where there is no idle policy, and while it is not up. A stop always comes after its warning, by the whole lead: also
 * after hours in which we slept and could not warn.
 */
export function idleOf(
  instance: Instance,
  activity: Activity,
  { now, canStop }: { now: Instant; canStop: boolean },
): IdleState | null {
  const policy = instance.wish.policies.idle
  if (policy === null || (instance.status !== 'running' && instance.status !== 'ready')) return null

  const since = Math.min(now, lastUse(instance, activity, now))
  const leadMs = idleLeadMs(policy.timeoutMs)
  const deadline = Math.max(since + policy.timeoutMs, activity.snoozedUntil ?? 0)
  const warned = activity.idleWarnedAt !== null && activity.idleWarnedAt >= since
  const warnedAt = warned && activity.idleWarnedAt !== null ? activity.idleWarnedAt : now
  const blockedBy = blockOf(activity, now, policy.action === 'stop' && !canStop)
  return {
    since,
    forMs: now - since,
    warnsAt: deadline - leadMs,
    warned,
    stopsAt: blockedBy === null || blockedBy === 'snoozed' ? Math.max(deadline, warnedAt + leadMs) : null,
    blockedBy,
  }
}

/** Becoming ready, a start and every sign of use. Work under way is use until its report runs out. */
function lastUse({ launch, wish }: Instance, activity: Activity, now: Instant): Instant {
  const upSince = Math.max(launch?.upAt ?? now, launch?.startOrderedAt ?? 0)
  const { readyAt, activeAt, inFlightUntil } = activity
  // Still loading is not idle; what is not ready by the end of its time is.
  const readySince = readyAt !== null && readyAt >= upSince ? readyAt : upSince + (wish.health?.timeoutMs ?? 0)
  return Math.max(readySince, activeAt ?? 0, inFlightUntil ?? 0)
}

function blockOf(activity: Activity, now: Instant, cannotStop: boolean): IdleBlock | null {
  if (activity.inFlight > 0 && activity.inFlightUntil !== null && activity.inFlightUntil > now) return 'in_flight'
  if (activity.activeKind === 'unclear' && activity.activeAt !== null && now - activity.activeAt < unclearHoldsMs) {
    return 'utilisation_unknown'
  }
  if (cannotStop) return 'cannot_stop'
  return activity.snoozedUntil !== null && activity.snoozedUntil > now ? 'snoozed' : null
}

/** `idle for 12 min, stops in 18` */
export function idleText(
  { forMs, stopsAt, blockedBy }: IdleState,
  { now, action, snoozedUntil }: { now: Instant; action: 'stop' | 'terminate'; snoozedUntil: Instant | null },
): string {
  if (blockedBy === 'in_flight') return 'in use: work is under way'
  if (blockedBy === 'utilisation_unknown')
    return 'the marketplace does not tell whether its GPU works; not stopped for that'
  const idle = forMs < minuteMs ? 'in use' : `idle for ${spanText(forMs)}`
  if (blockedBy === 'cannot_stop') return `${idle}; this marketplace cannot stop a machine: only warns`
  if (blockedBy === 'snoozed' && snoozedUntil !== null) return `${idle}, snoozed until ${timeText(snoozedUntil)}`
  const verb = action === 'stop' ? 'stops' : 'ends'
  const left = stopsAt === null ? 0 : Math.max(0, stopsAt - now)
  return left === 0
    ? `${idle}, ${verb} now`
    : `${idle}, ${verb} in ${Math.ceil(left / minuteMs)}${forMs < minuteMs ? ' min' : ''}`
}
