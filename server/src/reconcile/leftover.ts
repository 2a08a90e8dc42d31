import { decideLeftover } from '../core/instances/decide-leftover.ts'
import type { LaunchClaim } from '../store/launches.ts'
import { carryOut } from './carry-out.ts'
import { alarmEvent, isNewsOutOfReach, leftoverGone, sound } from './events.ts'
import { meter } from './meter.ts'
import { endDeadlineOf, limitsOf, type PassDeps } from './pass.ts'
import { accountOf, sight } from './sight.ts'

export type LeftoverDeps = Pick<
  PassDeps,
  'instances' | 'launches' | 'charges' | 'providers' | 'fleet' | 'keyMarkOf' | 'countAlarm' | 'clock' | 'log'
>

/** One look at a launch that was given up: its machine is asked to end until the marketplace confirms that it has. */
export async function leftover(claim: LaunchClaim, deps: LeftoverDeps): Promise<void> {
  const { launch } = claim
  const provider = accountOf(launch, deps)
  const seen = await sight(launch, provider, deps)
  await meter(launch, seen, provider, { charges: deps.charges, stopAsked: true })

  const now = deps.clock.now()
  const decided = decideLeftover(launch, { sighting: seen.sighting, now, limits: limitsOf(provider) })
  const decision = seen.outOfReach === undefined ? decided : { ...decided, order: null }
  const alarm = alarmEvent(launch, seen, decision.order, { at: now, endDeadlineMs: endDeadlineOf(provider) })
  const gone = decision.settle ? [leftoverGone(launch, now)] : []
  await deps.launches.recordFacts(
    launch,
    {
      ...seen.facts,
      ...(decision.settle && { settledAt: now }),
      ...(isNewsOutOfReach(launch, seen, now) && { alarmedAt: now }),
      ...(decision.order !== null && { orderedAt: now, orders: launch.orders + 1 }),
    },
    alarm === undefined ? gone : [alarm],
  )
  if (alarm !== undefined) sound(alarm, launch, deps)
  if (decision.order !== null && provider !== undefined) await carryOut(decision.order, launch, provider, deps)
  await deps.launches.releaseLeftover(claim, decision.settle ? null : decision.dueAt)
  if (decision.settle) await deps.instances.wake([launch.instanceId], now)
}
