import { decideLeftover } from '../core/instances/decide.ts'
import type { Launch } from '../core/instances/instance.ts'
import type { Instant } from '../core/time.ts'
import type { NewEvent } from '../store/events.ts'
import type { LaunchClaim } from '../store/launches.ts'
import { carryOut } from './carry-out.ts'
import { alarmEvent, leftoverGone } from './events.ts'
import { meter } from './meter.ts'
import { limitsOf, type PassDeps } from './pass.ts'
import { sight } from './sight.ts'

export type LeftoverDeps = Pick<
  PassDeps,
  'instances' | 'launches' | 'charges' | 'providers' | 'fleet' | 'clock' | 'log'
>

/** One look at a launch that was given up: its machine is asked to end until the marketplace confirms that it has. */
export async function leftover(claim: LaunchClaim, deps: LeftoverDeps): Promise<void> {
  const { launch } = claim
  const provider = deps.providers.find(launch.provider, launch.account)
  const seen = await sight(launch, provider, deps)
  await meter(launch, seen, deps.charges)

  const now = deps.clock.now()
  const decision = decideLeftover(launch, { sighting: seen.sighting, now, limits: limitsOf(provider) })
  await deps.launches.recordFacts(
    launch,
    {
      ...seen.facts,
      ...(decision.settle && { settledAt: now }),
      ...(decision.order !== null && { orderedAt: now, orders: launch.orders + 1 }),
    },
    eventsOf(launch, decision, now),
  )
  if (decision.order !== null && provider !== undefined) await carryOut(decision.order, launch, provider, deps)
  await deps.launches.releaseLeftover(claim, decision.settle ? null : decision.dueAt)
  if (decision.settle) await deps.instances.wake([launch.instanceId], now)
}

function eventsOf(launch: Launch, { settle, order }: ReturnType<typeof decideLeftover>, at: Instant): NewEvent[] {
  const alarm = alarmEvent(launch, order, at)
  if (alarm !== undefined) return [alarm]
  return settle ? [leftoverGone(launch, at)] : []
}
