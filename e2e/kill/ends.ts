/** When a process is killed: while it starts, at any moment of its work, or at the very moment one of its orders reaches a marketplace. */

import type { Random } from '../../simulators/kit/random.ts'

export type End =
  | { kind: 'starting'; afterMs: number }
  | { kind: 'working'; afterMs: number }
  /** At the n-th order of its life: before it is carried out, or after, or some moments later. */
  | { kind: 'ordering'; nth: number; when: 'before' | 'after'; laterMs: number }

const kinds = ['starting', 'working', 'working', 'ordering', 'ordering', 'ordering', 'ordering', 'ordering'] as const
/** Now and then one lives long enough to read the market and see whole stories. */
const longLives = 0.1

/** @param longestMs no other process lives longer, whether or not it orders anything */
export function drawEnd(random: Random, longestMs: number): End {
  if (random.chance(longLives)) return { kind: 'working', afterMs: random.int(longestMs, 2 * longestMs) }
  const kind = random.pick(kinds)
  switch (kind) {
    case 'starting':
      return { kind, afterMs: random.int(0, 1_500) }
    case 'working':
      return { kind, afterMs: random.int(0, longestMs) }
    case 'ordering':
      return {
        kind,
        nth: random.int(1, 3),
        when: random.pick(['before', 'after']),
        laterMs: random.chance(0.6) ? 0 : random.int(1, 60),
      }
  }
}

export interface Orders {
  /** A marketplace tells it of every request that changes something. */
  arrived(when: 'before' | 'after'): void
  /** Calls back once, inside the arrival. */
  at(nth: number, when: 'before' | 'after', then: () => void): void
  forget(): void
}

export function countedOrders(): Orders {
  let seen = { before: 0, after: 0 }
  let waiting: { nth: number; when: 'before' | 'after'; then: () => void } | null = null
  return {
    arrived(when) {
      seen[when] += 1
      if (waiting === null || waiting.when !== when || seen[when] < waiting.nth) return
      const { then } = waiting
      waiting = null
      then()
    },
    at(nth, when, then) {
      seen = { before: 0, after: 0 }
      waiting = { nth, when, then }
    },
    forget() {
      waiting = null
    },
  }
}
