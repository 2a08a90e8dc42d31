import { type Nanos, nanos } from '../money.ts'
import { hourMs, type Instant } from '../time.ts'
import type { PriceLevels } from './price-levels.ts'
import type { Span } from './span.ts'

/** How far prices have moved from an earlier hour to the last one. */
export interface PriceChange {
  /** The earlier hour. */
  since: Instant
  min: Moved
  median: Moved
}

export interface Moved {
  by: Nanos
  /** Percent of the earlier price, to two decimals; null when that was nothing. */
  percent: number | null
}

/** An hour that is missing is stood in for by one so near to it. */
const toleranceMs = 2 * hourMs

/**
 * From the last hour with a price to the one that lies `backMs` before it.
 *
 * @param hours of one series, ascending
 * @returns     null when there is no price of about that time
 */
export function changeOver(hours: readonly Span[], backMs: number): PriceChange | null {
  const priced = hours.flatMap(({ at, prices }) => (prices === null ? [] : [{ at, prices }]))
  const last = priced.at(-1)
  if (last === undefined) return null
  const wanted = last.at - backMs
  const distance = ({ at }: { at: Instant }) => Math.abs(at - wanted)
  const near = priced.filter((one) => one !== last && distance(one) <= toleranceMs)
  const then = near.sort((one, other) => distance(one) - distance(other))[0]
  if (then === undefined) return null
  const moved = (read: (levels: PriceLevels) => Nanos) => movedFrom(read(then.prices), read(last.prices))
  return { since: then.at, min: moved((levels) => levels.min), median: moved((levels) => levels.median) }
}

function movedFrom(before: Nanos, now: Nanos): Moved {
  const by = nanos(now - before)
  return { by, percent: before === 0n ? null : Math.round((Number(by) / Number(before)) * 10_000) / 100 }
}
