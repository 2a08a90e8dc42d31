/** When an instance whose machine was lost tries again to get another one, while nothing on sale fits. */

import type { Launch } from '../instances/instance.ts'
import type { Because } from '../instances/status.ts'
import { dayMs, type Instant, minuteMs, secondMs } from '../time.ts'

/** Work and addresses belong to the instance: it is not failed for a shortage that passes within hours. */
export const keepsTryingForMs = dayMs
const leastGapMs = 20 * secondMs
const mostGapMs = 30 * minuteMs

const lostBecause: ReadonlySet<Because> = new Set(['interrupted', 'no_spot_in_time', 'machine_lost'])

/** It had a machine that was up, and lost it without anybody here having asked for that. */
export function hasLostItsMachine(launches: readonly Pick<Launch, 'upAt' | 'abandonedBecause'>[]): boolean {
  const last = launches.findLast(({ upAt }) => upAt !== null)
  return last !== undefined && last.abandonedBecause !== null && lostBecause.has(last.abandonedBecause)
}

/**
 * With growing gaps: a quarter of the time that it has waited.
 *
 * @param since  since when it has no machine
 * @returns      null: it has waited long enough
 */
export function nextTryAt(since: Instant, now: Instant): Instant | null {
  // A clock that was set back is no reason to give up, nor to wait for it.
  const waitedMs = Math.max(0, now - since)
  const leftMs = keepsTryingForMs - waitedMs
  if (leftMs <= 0) return null
  return now + Math.min(Math.max(waitedMs / 4, leastGapMs), mostGapMs, leftMs)
}
