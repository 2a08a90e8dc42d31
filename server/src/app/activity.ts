import type { Instance } from '../core/instances/instance.ts'
import { finalStatuses } from '../core/instances/status.ts'
import { inFlightHoldsMs } from '../core/policies/idle.ts'
import type { Clock } from '../core/time.ts'
import type { ActivityStore } from '../store/activity.ts'
import type { InstanceStore } from '../store/instances.ts'
import { AppError } from './errors.ts'
import { getInstance } from './instances.ts'
import type { Who } from './who.ts'

export interface ActivityDeps {
  instances: Pick<InstanceStore, 'get' | 'byMachine'>
  activity: ActivityStore
  clock: Clock
}

export interface Report {
  /** How many pieces of work are under way; null: nothing is said of that. */
  inFlight: number | null
  /** What it was used for, in a word. */
  kind: string | null
}

/** Somebody uses it now. */
export async function reportActivity(
  id: string,
  { inFlight, kind }: Report,
  who: Who,
  deps: ActivityDeps,
): Promise<Instance> {
  const instance = await getInstance(id, who, deps)
  if (finalStatuses.has(instance.status)) {
    throw new AppError('not_allowed_now', `instance ${instance.id} has ended`, { fix: 'launch a new one' })
  }
  const now = deps.clock.now()
  await deps.activity.note(instance.id, {
    activeAt: now,
    activeKind: kind ?? 'reported',
    reportedAt: now,
    ...(inFlight !== null && { inFlight, inFlightUntil: inFlight > 0 ? now + inFlightHoldsMs : null }),
  })
  return instance
}
