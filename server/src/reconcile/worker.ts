import type { Bell } from '../core/bell.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import type { Claim } from '../store/instances.ts'
import type { LaunchClaim } from '../store/launches.ts'
import { leftover } from './leftover.ts'
import { type PassDeps, pass } from './pass.ts'

export interface Worker {
  /** Looks at everything that is due, once. @returns how many passes it made */
  runDue(): Promise<number>
  /** Goes on by itself until it is stopped. */
  start(): void
  /** Waits for the passes under way. */
  stop(): Promise<void>
}

/** Longer than the longest pass, so that nobody else acts meanwhile. */
const claimMs = 6 * minuteMs
const tickMs = 500
const retryAfterFaultMs = 30 * secondMs

export interface WorkerDeps extends PassDeps {
  /** Rung when something was asked for. */
  bell: Bell
  /** Rung when something may have changed. */
  changed: Bell
}

/**
 * Claims what is due and looks at it, several at a time, so that one slow marketplace does not hold up the others. A
 * wake-up is only a hint: what is due stands in the store.
 */
export function createWorker(deps: WorkerDeps, { concurrency = 64 } = {}): Worker {
  const underWay = new Set<Promise<void>>()
  let running = false
  let loop: Promise<void> = Promise.resolve()
  let wake = new AbortController()

  const track = (work: Promise<void>) => {
    underWay.add(work)
    void work.finally(() => {
      underWay.delete(work)
      deps.changed.ring()
    })
    return work
  }

  async function claimAndRun(): Promise<Promise<void>[]> {
    const free = concurrency - underWay.size
    if (free <= 0) return []
    const now = deps.clock.now()
    const claims = await deps.instances.claimDue(now, { limit: free, forMs: claimMs })
    const leftovers = await deps.launches.claimLeftovers(now, {
      limit: Math.max(1, free - claims.length),
      forMs: claimMs,
    })
    return [...claims.map((claim) => track(guarded(claim))), ...leftovers.map((claim) => track(guardedLeftover(claim)))]
  }

  async function guarded(claim: Claim): Promise<void> {
    try {
      await pass(claim, deps)
    } catch (error) {
      deps.log.error('pass failed', { instanceId: claim.id, error })
      await released(deps.instances.release(claim, deps.clock.now() + retryAfterFaultMs))
    }
  }

  async function guardedLeftover(claim: LaunchClaim): Promise<void> {
    try {
      await leftover(claim, deps)
    } catch (error) {
      deps.log.error('leftover failed', { label: claim.launch.label, error })
      await released(deps.launches.releaseLeftover(claim, deps.clock.now() + retryAfterFaultMs))
    }
  }

  /** A claim that cannot be given back runs out by itself. */
  async function released(release: Promise<void>): Promise<void> {
    await release.catch((error: unknown) => deps.log.error('claim could not be given back', { error }))
  }

  async function run(): Promise<void> {
    while (running) {
      try {
        await claimAndRun()
      } catch (error) {
        deps.log.error('work could not be claimed', { error })
      }
      await deps.clock.sleep(tickMs, wake.signal).catch(() => {})
      if (wake.signal.aborted) wake = new AbortController()
    }
  }

  return {
    async runDue() {
      const passes = await claimAndRun()
      await Promise.all(passes)
      return passes.length
    },
    start() {
      if (running) return
      running = true
      const silence = deps.bell.listen(() => wake.abort())
      loop = run().finally(silence)
    },
    async stop() {
      running = false
      wake.abort()
      await loop
      await Promise.all(underWay)
    },
  }
}
