import type { Instance } from '../core/instances/instance.ts'
import type { MarketKeeper } from '../core/offers/market-view.ts'
import { interestFromWish } from '../core/offers/wish-plan.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import type { NewEvent } from '../store/events.ts'
import type { Claim, Decided } from '../store/instances.ts'
import {
  avoidedProviders,
  type CandidateDeps,
  candidatesFor,
  isShort,
  mostAttempts,
  sinceLastUp,
  whyNothing,
} from './candidates.ts'
import { offersSkipped, statusEvent } from './events.ts'
import { type LaunchDeps, launch } from './launch.ts'
import { type QuoteDeps, quote } from './quote.ts'

export type RentDeps = CandidateDeps & QuoteDeps & LaunchDeps & { market: Pick<MarketKeeper, 'freshen'> }

/** How long a wish waits for marketplaces that do not answer before it fails. */
const patienceMs = 10 * minuteMs

/** One try to rent a machine for an instance: choose, check again, write the intent down, launch. */
export async function rent(claim: Claim, instance: Instance, deps: RentDeps): Promise<void> {
  const { clock, instances, market } = deps
  const earlier = sinceLastUp(await deps.launches.ofInstance(instance.id))
  const warnings = await market.freshen(interestFromWish(instance.wish), { maxAgeMs: minuteMs, waitMs: 15 * secondMs })

  const skipped: string[] = []
  let waiting = warnings.some((warning) => warning.kind !== 'sampled') || avoidedProviders(instance, deps).some(isShort)
  if (earlier.length < mostAttempts) {
    for (const candidate of candidatesFor(instance, earlier, deps)) {
      const quoted = await quote(candidate, instance, deps)
      if (quoted.kind === 'good') {
        return launch(claim, instance, quoted.planned, quoted.provider, skippedEvents(instance, skipped, deps), deps)
      }
      skipped.push(quoted.why)
      waiting ||= quoted.transient
    }
  }

  const now = clock.now()
  if (waiting && now - instance.statusSince < patienceMs && earlier.length < mostAttempts) {
    await instances.release(claim, now + 10 * secondMs)
    return
  }
  const message = whyNothing(instance, earlier, skipped, deps)
  const failed: Decided = {
    status: 'failed',
    because: 'no_offer_left',
    message,
    statusSince: now,
    endedAt: now,
    dueAt: null,
  }
  await instances.recordDecision(claim, failed, [
    ...skippedEvents(instance, skipped, deps),
    statusEvent(instance, 'failed', 'no_offer_left', message, now),
  ])
}

function skippedEvents(instance: Instance, skipped: readonly string[], { clock }: RentDeps): NewEvent[] {
  return skipped.length === 0 ? [] : [offersSkipped(instance, skipped, clock.now())]
}
