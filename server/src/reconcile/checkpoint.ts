import type { Instance, Launch } from '../core/instances/instance.ts'
import type { Decision, Order } from '../core/instances/situation.ts'
import { checkpointStep } from '../core/spot/checkpoint.ts'
import { type Instant, minuteMs, secondMs } from '../core/time.ts'
import type { NewEvent } from '../store/events.ts'
import { checkpointEvent, reclaimEvent } from './events.ts'
import type { Sight } from './sight.ts'

export interface Held {
  /** What is left of the order: nothing while the work is being saved. */
  order: Order | null
  dueAt: Instant
  facts: Partial<Launch>
  events: NewEvent[]
  /** The command is to run now, after this was written down. */
  start: boolean
}

/** Announcements closer together than this are the same one. */
const sameNoticeMs = 10 * minuteMs

/**
 * Work is saved before the machine is taken, where that is announced, and before we stop or end it: the order waits for
 * the user's command, within its limit. What is written down is enough to go on after a crash.
 */
export function heldForCheckpoint(
  instance: Instance,
  launch: Launch,
  decision: Decision,
  { sighting }: Sight,
  { now, canRun, diskSurvives }: { now: Instant; canRun: boolean; diskSurvives: boolean },
): Held {
  const held: Held = { order: decision.order, dueAt: decision.dueAt, facts: {}, events: [], start: false }
  const machine = sighting.kind === 'seen' ? sighting.machine : null
  const policy = instance.wish.policies.checkpoint

  const reclaimAt = machine?.reclaimAt ?? null
  let noticedAt = launch.reclaimNoticedAt
  if (reclaimAt !== null && isNews(launch, reclaimAt)) {
    noticedAt = now
    held.facts = { reclaimAt, reclaimNoticedAt: now }
    held.events.push(reclaimEvent(launch, reclaimAt, diskSurvives, now))
  }

  // Whoever ended it did not want to wait.
  if (instance.wanted === 'ended' && launch.checkpointResult === 'skipped') return held
  const moved = decision.status !== instance.status
  const isEnd = decision.order?.kind === 'stop' || decision.order?.kind === 'terminate'
  const isTold = !moved && launch.orders > 0
  const since = isEnd && !isTold ? (moved ? now : instance.statusSince) : reclaimAt === null ? null : noticedAt
  if (since === null || (isEnd && isTold)) return held

  // Where nobody could look, the machine may be up all the same.
  const mayBeUp = machine === null ? sighting.kind === 'unknown' : machine.phase === 'running'
  const able = canRun && launch.upAt !== null && launch.abandonedAt === null && mayBeUp
  switch (checkpointStep(policy, launch, { since, now, canRun: able })) {
    case 'not_needed':
      return held
    case 'start':
      held.facts = { ...held.facts, checkpointStartedAt: now, checkpointEndedAt: null, checkpointResult: null }
      return { ...waiting(held, isEnd, now), start: true }
    case 'wait':
      return waiting(held, isEnd, now)
    case 'over':
      if (launch.checkpointEndedAt !== null) return held
      held.facts = { ...held.facts, checkpointEndedAt: now, checkpointResult: 'timed_out' }
      held.events.push(checkpointEvent(launch, 'timed_out', 'nobody heard of its end in time', now))
      return held
  }
}

function waiting(held: Held, isEnd: boolean, now: Instant): Held {
  return isEnd ? { ...held, order: null, dueAt: Math.min(held.dueAt, now + 2 * secondMs) } : held
}

function isNews(launch: Launch, reclaimAt: Instant): boolean {
  return launch.reclaimAt === null || Math.abs(launch.reclaimAt - reclaimAt) > sameNoticeMs
}
