import { costOver, type Nanos, nanos } from '../money.ts'
import type { Instant } from '../time.ts'
import type { Charge } from './charge.ts'

/** From a moment until just before another. */
export interface Range {
  from: Instant
  until: Instant
}

export interface Amounts {
  atMost: Nanos
  atLeast: Nanos
}

/**
 * What a charge costs within a range of time: a begun step counts where it begins. Ranges that follow upon each other add up to
 * the whole charge, to the nano-dollar: each is the difference of what it has cost by its ends.
 */
export function amountIn(charge: Charge, { from, until }: Range, now: Instant): Amounts {
  const { ratePerHour, stepMs, startedAfter, startedBefore, lastOnAt, endedAfter, endedBefore, certain } = charge
  const steps = (ms: number) => Math.max(0, Math.ceil(ms / stepMs))
  const cost = (count: number) => costOver(ratePerHour, count * stepMs, stepMs)
  const latest = endedBefore ?? Math.max(now, lastOnAt)
  const most = (at: Instant) => steps(Math.min(at, latest) - startedAfter)
  const atMost = nanos(cost(most(until)) - cost(most(from)))

  // The steps that are sure are some of those that may be: they begin where it surely ran, on the same grid.
  const sure = certain ? steps((endedAfter ?? lastOnAt) - startedBefore) : 0
  const skipped = Math.max(0, Math.floor((startedBefore - startedAfter) / stepMs))
  const least = (at: Instant) => Math.min(sure, Math.max(0, most(at) - skipped))
  const surely = nanos(cost(least(until)) - cost(least(from)))
  // Each is rounded by itself: the least must not come out a nano-dollar above the most.
  return { atMost, atLeast: surely < atMost ? surely : atMost }
}

/** How long it may have run within a range. */
export function timeIn(charge: Charge, { from, until }: Range, now: Instant): number {
  const latest = charge.endedBefore ?? Math.max(now, charge.lastOnAt)
  return Math.max(0, Math.min(until, latest) - Math.max(from, charge.startedAfter))
}

/**
 * The part of an amount that falls into a range, where nothing but its stretch is known: spread evenly, and one without a
 * length at its moment. The parts add up to the whole.
 */
export function shareIn(line: Range & { amount: Nanos }, { from, until }: Range): Nanos {
  const length = BigInt(line.until - line.from)
  if (length <= 0n) return line.from >= from && line.from < until ? line.amount : nanos(0n)
  const by = (at: Instant) => (line.amount * BigInt(Math.min(line.until, Math.max(line.from, at)) - line.from)) / length
  return nanos(by(until) - by(from))
}
