/** When to look again, and when to say something again. */

import { minuteMs, secondMs } from '../time.ts'
import type { Launch } from './instance.ts'
import type { Order, Situation } from './situation.ts'

/** Orders are repeated with a growing gap: 5 s, 10 s, 20 s … at most 5 min. */
export function orderGapMs(orders: number): number {
  return Math.min(5 * secondMs * 2 ** Math.max(0, orders - 1), 5 * minuteMs)
}

/** After how many orders this much time has passed since the first. */
export function ordersWithin(ms: number): number {
  let orders = 0
  for (let sinceFirstMs = 0; sinceFirstMs < ms; sinceFirstMs += orderGapMs(orders)) orders += 1
  return orders
}

/** The order, when it is time to give it again. */
export function repeated(launch: Launch, { now }: Pick<Situation, 'now'>, order: Order | null): Order | null {
  if (launch.orderedAt === null) return order
  const sinceMs = now - launch.orderedAt
  // A clock that was turned back must not silence us.
  return sinceMs < 0 || sinceMs >= orderGapMs(launch.orders) ? order : null
}

/**
 * Never faster than asked for, never slower than the provider's own pace. When nothing presses, all instances come due at the
 * same moments, so that one look at the fleet answers for all of them.
 */
export function nextLook({ now, limits }: Pick<Situation, 'now' | 'limits'>, soonMs?: number): number {
  if (soonMs !== undefined) return Math.min(soonMs, limits.lookEveryMs)
  return limits.lookEveryMs - (now % limits.lookEveryMs)
}
