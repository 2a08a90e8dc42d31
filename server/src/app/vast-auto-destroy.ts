import type { InstanceId } from '../core/instances/instance.ts'
import { type Clock, dayMs, type Instant, minuteMs } from '../core/time.ts'
import type { EventStore } from '../store/events.ts'
import type { VastInstanceStore } from '../store/vast-instances.ts'
import { type ActionDeps, terminateInstance } from './instances.ts'

/** @source contract 000: an instance with `auto_destroy` is ended a minute after it was set up. */
export const autoDestroyAfterMs = minuteMs
const refusalsKeptMs = 90 * dayMs

export interface AutoDestroyDeps extends ActionDeps {
  vast: Pick<VastInstanceStore, 'toEnd'>
  events: Pick<EventStore, 'record'>
}

/** Ends what was launched with `auto_destroy` and was ready long enough ago. */
export async function endAutoDestroyed(deps: AutoDestroyDeps): Promise<void> {
  const now = deps.clock.now()
  const ids = await deps.vast.toEnd(now - autoDestroyAfterMs)
  // One that cannot be ended now does not keep the others.
  const ends = await Promise.allSettled(ids.map((id) => endOne(id, now, deps)))
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} could not be ended`)
}

async function endOne(id: InstanceId, at: Instant, deps: AutoDestroyDeps): Promise<void> {
  await deps.events.record([
    {
      at,
      actor: 'auto_destroy',
      instanceId: id,
      kind: 'order',
      status: null,
      because: null,
      message: 'it is ended: it was launched with auto_destroy, and has been set up for a minute',
      data: { action: 'auto_destroy' },
    },
  ])
  await terminateInstance(id, { actor: 'auto_destroy', project: null }, deps)
}

/** Forgets refused requests after a while. */
export async function forgetRefusals({ vast, clock }: { vast: Pick<VastInstanceStore, 'prune'>; clock: Clock }) {
  await vast.prune(clock.now() - refusalsKeptMs)
}
