import type { Clock, Instant } from '../core/time.ts'

export interface VirtualClock extends Clock {
  /** Turns the clock, waking whoever sleeps, each at its own moment. */
  advance(ms: number): Promise<void>
  /** Waits for the work; whenever all of it sleeps, the clock jumps to the next one to wake. */
  drive<T>(work: Promise<T>): Promise<T>
}

interface Sleeper {
  at: Instant
  wake: () => void
}

/** A clock that stands still until somebody turns it. Nothing waits for real time. */
export function virtualClock(start: Instant = Date.UTC(2026, 9, 1, 12)): VirtualClock {
  let now = start
  const sleepers = new Set<Sleeper>()

  const earliest = () => [...sleepers].sort((one, other) => one.at - other.at)[0]

  async function wakeUntil(until: Instant): Promise<void> {
    for (let next = earliest(); next !== undefined && next.at <= until; next = earliest()) {
      now = Math.max(now, next.at)
      sleepers.delete(next)
      next.wake()
      await settled()
    }
    now = Math.max(now, until)
  }

  return {
    now: () => now,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper: Sleeper = {
          at: now + Math.max(0, ms),
          wake: () => {
            signal?.removeEventListener('abort', abort)
            resolve()
          },
        }
        const abort = () => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', abort, { once: true })
        sleepers.add(sleeper)
      })
    },
    advance: async (ms) => {
      await settled()
      await wakeUntil(now + ms)
    },
    async drive(work) {
      let done = false
      const finished = () => {
        done = true
      }
      work.then(finished, finished)
      for (;;) {
        await settled()
        if (done) return work
        const next = earliest()
        if (next !== undefined) await wakeUntil(next.at)
      }
    },
  }
}

/** Lets everything run that can run without time passing: promises, and replies handed over in later turns. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
