import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Bell } from '../core/bell.ts'
import { type Instant, minuteMs, secondMs } from '../core/time.ts'
import type { Claimed, Lane } from '../store/instances.ts'
import type { LaunchClaim } from '../store/launches.ts'
import { type BudgetBook, createBudgetBook } from './budget-book.ts'
import { enforcePolicies } from './enforce-policies.ts'
import { leftover } from './leftover.ts'
import { type PassDeps, pass } from './pass.ts'
import { createRentQueue } from './rent-queue.ts'

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
const batch = 16
/** A clock that goes back by less is only being trimmed. */
const clockSetBackMs = 5 * secondMs
/** Between two rounds: we slept, or the clock was set. */
const clockJumpMs = minuteMs
/** Nobody else is looked at for so long at most, so that one marketplace that hangs holds up no other. */
const policiesFirstMs = 10 * secondMs

export interface WorkerDeps extends Omit<PassDeps, 'queue' | 'book'> {
  /** Shared with who else asks what is spent; made here where it is missing. */
  book?: BudgetBook
  /** Rung when something was asked for. */
  bell: Bell
  /** Rung when something may have changed. */
  changed: Bell
}

export interface WorkerOptions {
  /** Passes at once in each lane. */
  laneWidth?: number
  /** The same for each marketplace's leftovers, which have a share of their own: they always go on. */
  leftoverWidth?: number
}

/**
 * Claims what is due and looks at it, several at a time. Each marketplace has a lane for looks and orders and one for
 * renting, so that one that hangs does not hold up the others, and a queue of launches holds up no end. A wake-up is only a
 * hint: what is due stands in the store.
 */
export function createWorker(deps: WorkerDeps, { laneWidth = 64, leftoverWidth = 8 }: WorkerOptions = {}): Worker {
  const passDeps: PassDeps = {
    ...deps,
    queue: createRentQueue(deps.clock),
    book: deps.book ?? createBudgetBook(deps),
  }
  const underWay = new Set<Promise<void>>()
  const unreturned = new Set<() => Promise<void>>()
  const lanes = createLanes<Lane>(({ provider, renting }) => `${provider}/${renting}`, laneWidth)
  const leftoverLanes = createLanes<LaunchClaim['launch']['provider']>((provider) => provider, leftoverWidth)
  let lastNow: Instant | null = null
  let slept = true
  let running = false
  let loop: Promise<void> = Promise.resolve()
  let wake = new AbortController()

  function track(lane: { leave(): boolean }, work: Promise<void>): Promise<void> {
    underWay.add(work)
    void work.finally(() => {
      underWay.delete(work)
      // Somebody may be waiting for this place: they do not wait for the tick as well.
      if (lane.leave()) wake.abort()
      deps.changed.ring()
    })
    return work
  }

  /** What is claimed is begun at once: a claim that nobody acts on would hold its instance back for minutes. */
  async function claimAndRun(): Promise<Promise<void>[]> {
    await catchUp()
    await returnClaims()
    const passes = slept ? await policiesFirst() : []
    slept = false
    for (let full = true; full; ) {
      const now = deps.clock.now()
      const claims = await deps.instances.claimDue(now, { limit: batch, forMs: claimMs, except: lanes.full() })
      for (const claim of claims) passes.push(track(lanes.enter(claim.lane), guarded(claim)))
      full = claims.length === batch
    }
    for (let full = true; full; ) {
      const now = deps.clock.now()
      const except = leftoverLanes.full()
      const claims = await deps.launches.claimLeftovers(now, { limit: leftoverWidth, forMs: claimMs, except })
      for (const claim of claims) {
        passes.push(track(leftoverLanes.enter(claim.launch.provider), guardedLeftover(claim)))
      }
      full = claims.length === leftoverWidth
    }
    return passes
  }

  /** At the start, and when the clock was set back: what was due by the old clock would wait for it to be reached again. */
  async function catchUp(): Promise<void> {
    const now = deps.clock.now()
    if (lastNow === null || now < lastNow - clockSetBackMs) {
      if (lastNow !== null) deps.log.warn('the clock was set back', { byMs: lastNow - now })
      slept = true
      await deps.instances.catchUp(now, { claimMs })
      deps.penalties.clear()
    }
    if (lastNow !== null && now > lastNow + clockJumpMs) slept = true
    lastNow = now
  }

  /** After a start, a sleep or a jump of the clock: what leases and budgets say is ordered before anything else is begun. */
  async function policiesFirst(): Promise<Promise<void>[]> {
    if ((await enforcePolicies(passDeps)) === 0) return []
    const passes: Promise<void>[] = []
    for (let full = true; full; ) {
      const claims = await deps.instances.claimDue(deps.clock.now(), {
        limit: batch,
        forMs: claimMs,
        onlyAskedFor: true,
      })
      for (const claim of claims) passes.push(track(lanes.enter(claim.lane), guarded(claim)))
      full = claims.length === batch
    }
    const over = new AbortController()
    await Promise.race([Promise.all(passes), deps.clock.sleep(policiesFirstMs, over.signal).catch(() => {})])
    over.abort()
    return passes
  }

  async function guarded(claim: Claimed): Promise<void> {
    try {
      await pass(claim, passDeps)
    } catch (error) {
      deps.log.error('pass failed', { instanceId: claim.id, error })
      await released(() => deps.instances.release(claim, deps.clock.now() + retryAfterFaultMs))
    }
  }

  async function guardedLeftover(claim: LaunchClaim): Promise<void> {
    try {
      await leftover(claim, passDeps)
    } catch (error) {
      deps.log.error('leftover failed', { label: claim.launch.label, error })
      await released(() => deps.launches.releaseLeftover(claim, deps.clock.now() + retryAfterFaultMs))
    }
  }

  /** A claim that cannot be given back now would hold its machine back until it runs out, minutes later: so again later. */
  async function released(release: () => Promise<void>): Promise<void> {
    try {
      await release()
    } catch (error) {
      deps.log.error('claim could not be given back', { error })
      unreturned.add(release)
    }
  }

  async function returnClaims(): Promise<void> {
    for (const release of unreturned) {
      const returned = await release().then(
        () => true,
        () => false,
      )
      // The store does not write yet: the others would not be written either.
      if (!returned) return
      unreturned.delete(release)
    }
  }

  async function run(): Promise<void> {
    while (running) {
      // Requests are to be answered in between, however much is due.
      await nextTurn()
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

/** Counts who is in which lane. A batch may put a lane over its width; then it is full until half of it is free again. */
function createLanes<L>(nameOf: (lane: L) => string, width: number) {
  const lanes = new Map<string, { lane: L; inside: number; isFull: boolean }>()
  return {
    full: (): L[] => [...lanes.values()].filter(({ isFull }) => isFull).map(({ lane }) => lane),
    enter(lane: L) {
      const name = nameOf(lane)
      const known = lanes.get(name) ?? { lane, inside: 0, isFull: false }
      lanes.set(name, known)
      known.inside += 1
      if (known.inside >= width) known.isFull = true
      return {
        /** @returns true when the lane was full and has room again */
        leave(): boolean {
          known.inside -= 1
          const opens = known.isFull && known.inside <= width / 2
          if (opens) known.isFull = false
          return opens
        },
      }
    },
  }
}
