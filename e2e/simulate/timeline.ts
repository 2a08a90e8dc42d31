import type { Instant } from '../../server/src/core/time.ts'

/**
 * The one true time of a simulated world. Whatever is going to happen stands in it, and it moves from one moment to the
 * next; what falls on the same moment happens in the order in which it was asked for.
 */
export interface Timeline {
  now(): Instant
  /** Has something happen later. @returns how to call it off */
  at(moment: Instant, happen: () => void): () => void
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Lets the next thing happen, and all that follows from it without time passing. @returns false when nothing is left */
  step(until: Instant): Promise<boolean>
  /** Time passes and nobody wakes: a computer that sleeps. What was due meanwhile happens at the new moment. */
  skip(ms: number): void
}

interface Entry {
  at: Instant
  order: number
  happen: (() => void) | null
}

export function createTimeline(start: Instant): Timeline {
  let now = start
  let order = 0
  const heap: Entry[] = []

  function at(moment: Instant, happen: () => void): () => void {
    const entry: Entry = { at: Math.max(now, moment), order: order++, happen }
    push(heap, entry)
    return () => {
      entry.happen = null
    }
  }

  return {
    now: () => now,
    at,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const callOff = at(now + Math.max(0, ms), () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        })
        const abort = () => {
          callOff()
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', abort, { once: true })
      })
    },
    async step(until) {
      for (;;) {
        const [next] = heap
        if (next === undefined || next.at > until) {
          now = Math.max(now, until)
          return false
        }
        pop(heap)
        if (next.happen === null) continue
        now = Math.max(now, next.at)
        next.happen()
        await settled()
        return true
      }
    },
    skip(ms) {
      now += ms
    },
  }
}

/** Not one that a simulation has replaced. */
const turn = setImmediate

/** Lets everything run that can run without time passing: promises, and what is handed over in a later turn. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await new Promise<void>((resolve) => turn(resolve))
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

function push(heap: Entry[], entry: Entry): void {
  let place = heap.length
  heap.push(entry)
  while (place > 0) {
    const above = (place - 1) >> 1
    const parent = heap[above] as Entry
    if (!isBefore(entry, parent)) break
    heap[place] = parent
    place = above
  }
  heap[place] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop() as Entry
  if (heap.length === 0) return
  let place = 0
  for (;;) {
    let below = 2 * place + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && isBefore(heap[below + 1] as Entry, heap[below] as Entry)) below += 1
    if (!isBefore(heap[below] as Entry, last)) break
    heap[place] = heap[below] as Entry
    place = below
  }
  heap[place] = last
}
