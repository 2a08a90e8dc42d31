import type { Nanos } from '../money.ts'

/** Nano-dollars per hour for one GPU. */
export interface PriceLevels {
  min: Nanos
  median: Nanos
  p90: Nanos
}

/**
 * The lowest of these prices that at least so many percent of them do not exceed; always one of them, never a price in
 * between that nobody asked for.
 *
 * @param sorted ascending
 * @returns      undefined of none
 */
export function rankedPrice(sorted: readonly Nanos[], percent: number): Nanos | undefined {
  return sorted[Math.max(1, Math.ceil((sorted.length * percent) / 100)) - 1]
}

/**
 * The levels of a longer time: the lowest price of all, and of the medians and the 90 % levels the middle one. Each look
 * (and, for a day, each hour) counts the same, so that one look with a flood of offers does not decide alone.
 */
export function levelsOver(levels: readonly PriceLevels[]): PriceLevels | null {
  const middle = (read: (one: PriceLevels) => Nanos, percent: number) => rankedPrice(sorted(levels.map(read)), percent)
  const min = middle((one) => one.min, 0)
  const median = middle((one) => one.median, 50)
  const p90 = middle((one) => one.p90, 50)
  return min === undefined || median === undefined || p90 === undefined ? null : { min, median, p90 }
}

function sorted(prices: Nanos[]): Nanos[] {
  return prices.sort((a, b) => Number(a - b))
}
