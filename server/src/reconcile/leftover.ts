import { decideLeftover } from '../core/instances/decide.ts'
import type { LaunchClaim } from '../store/launches.ts'
import { carryOut } from './carry-out.ts'
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
    decision.settle
      ? [
          {
            at: now,
            instanceId: launch.instanceId,
            kind: 'leftover_gone',
            status: null,
            because: 'machine_gone',
            message: `nothing is left of attempt ${launch.attempt} at ${launch.provider}`,
            data: { attempt: launch.attempt, machine: launch.externalId },
          },
        ]
      : [],
  )
  if (decision.order !== null && provider !== undefined) await carryOut(decision.order, launch, provider, deps)
  await deps.launches.releaseLeftover(claim, decision.settle ? null : decision.dueAt)
  if (decision.settle) await deps.instances.wake([launch.instanceId], now)
}
