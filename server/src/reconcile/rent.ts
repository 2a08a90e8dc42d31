import type { Instance, Launch } from '../core/instances/instance.ts'
import type { MarketKeeper } from '../core/offers/market-view.ts'
import type { Market } from '../core/offers/offer.ts'
import { interestFromWish } from '../core/offers/wish-plan.ts'
import type { ProviderName } from '../core/providers.ts'
import { onDemandFrom, wishNow, withoutMachineSince } from '../core/spot/fallback.ts'
import { hasLostItsMachine, keepsTryingForMs, nextTryAt } from '../core/spot/next-try.ts'
import { interruptionsBy, rememberedForMs } from '../core/spot/places.ts'
import { type Clock, type Instant, isoFrom, minuteMs, secondMs } from '../core/time.ts'
import type { NewEvent } from '../store/events.ts'
import type { Claim, Decided } from '../store/instances.ts'
import { type BidDeps, termsOf } from './bids.ts'
import {
  avoidedProviders,
  type CandidateDeps,
  candidatesFor,
  isNeverHealthy,
  isNeverLasting,
  isShort,
  mostAttempts,
  sinceLastUp,
  whyNothing,
} from './candidates.ts'
import { fellBackEvent, offerName, offersSkipped, statusEvent } from './events.ts'
import { type LaunchDeps, launch } from './launch.ts'
import { type QuoteDeps, quote } from './quote.ts'
import type { RentQueue } from './rent-queue.ts'
import type { Reviver } from './restored.ts'
import type { KeptWarning } from './tasks/keep-market.ts'

export type RentDeps = CandidateDeps &
  QuoteDeps &
  BidDeps &
  LaunchDeps & {
    market: { freshen(...asked: Parameters<MarketKeeper['freshen']>): Promise<KeptWarning[]> }
    queue: RentQueue
    /** What a wish from a backup may do; without it, all that any other may. */
    revived?: Reviver
    /** Counts machines that take the place of one that was up. */
    countRelaunch?: (provider: ProviderName, market: Market) => void
    clock: Clock
  }

/** How long a wish waits for marketplaces that do not answer before it fails. */
const patienceMs = 10 * minuteMs
/** How long a wish waits for its turn at the cheapest marketplace before it takes a dearer one. */
const turnPatienceMs = minuteMs
/** How often a spot machine is looked for that is not to be had now. */
const spotPatienceMs = 20 * secondMs
/** Where it is tried for hours, what was tried before that is tried again. */
const triesCountForMs = 30 * minuteMs
/** A launch that our own rate limit turned away is not repeated sooner. */
const afterRefusalMs = 10 * secondMs

/** One try to rent a machine for an instance: choose, check again, write the intent down, launch. */
export async function rent(claim: Claim, asked: Instance, rentDeps: RentDeps): Promise<void> {
  const { clock, instances, market, queue } = rentDeps
  const begunAt = clock.now()
  const all = await rentDeps.launches.ofInstance(asked.id)
  const revived = await rentDeps.revived?.(asked, all)
  if (revived === 'wait_for_the_sweep') return waitForTheSweep(claim, asked, rentDeps)
  if (revived === 'gone') return notAnew(claim, asked, rentDeps)
  const since = withoutMachineSince(asked, all)
  const onDemandAt = onDemandFrom(asked.wish, since)
  const fellBack = onDemandAt !== null && begunAt >= onDemandAt
  const instance = { ...asked, wish: wishNow(asked.wish, since, begunAt) }
  const interruptions = interruptionsBy(await rentDeps.launches.interruptions(begunAt - rememberedForMs))
  const deps: RentDeps = { ...rentDeps, interruptions }
  const isInVain = isNeverHealthy(all) || isNeverLasting(all)
  const keepsTrying = hasLostItsMachine(all) && !isInVain
  // From then on there is more to choose from: it is not short of tries. Nor is what failed long ago held against an offer.
  const countsFrom = Math.max(fellBack ? onDemandAt : 0, keepsTrying ? begunAt - triesCountForMs : 0)
  const earlier = sinceLastUp(all).filter(({ intendedAt }) => intendedAt >= countsFrom)
  const mayTry = earlier.length < mostAttempts && !isInVain
  const last = earlier.at(-1)
  if (last !== undefined && last.abandonedBecause !== 'provider_unavailable') queue.heard(instance.id)
  const warnings = await market.freshen(interestFromWish(instance.wish), { maxAgeMs: minuteMs, waitMs: 15 * secondMs })

  let silent = warnings.some(isWorthWaitingFor) || avoidedProviders(instance, deps).some(isShort)
  let busy = false
  const skipped: string[] = []
  const left = new Set<ProviderName>()
  if (last !== undefined && wasTurnedAwayJustNow(last, clock.now())) {
    left.add(last.provider)
    busy = !avoidedProviders(instance, deps).some(({ provider }) => provider.name === last.provider)
  }

  for (const candidate of mayTry ? candidatesFor(instance, earlier, deps) : []) {
    const { offer } = candidate
    const provider = deps.providers.find(offer.provider)
    if (provider === undefined || left.has(offer.provider)) continue
    const turn = queue.take(provider, offer, instance.id)
    if (turn === undefined) {
      busy = true
      // What is cheaper is worth waiting for, as long as it is only a queue of our own.
      if (clock.now() - instance.statusSince < turnPatienceMs) break
      left.add(offer.provider)
      continue
    }
    let outcome: Parameters<typeof turn.end>[0] = 'not_rented'
    try {
      const quoted = await quote(candidate, instance, provider, deps)
      if (quoted.kind === 'good') {
        const { planned } = quoted
        const terms = await termsOf(planned, instance.wish, provider, deps)
        if (terms === null) {
          skipped.push(`${offerName(offer)}: no bid wins within the cap and the machine’s on-demand price`)
          continue
        }
        outcome = 'rented'
        if (all.some(({ upAt }) => upAt !== null)) deps.countRelaunch?.(offer.provider, offer.market)
        const events = skippedEvents(instance, skipped, deps)
        if (fellBack && planned.offer.market === 'on_demand') events.push(fellBackEvent(asked, since, clock.now()))
        return await launch(claim, instance, { ...planned, terms }, provider, events, deps)
      }
      skipped.push(quoted.why)
      if (quoted.waitFor === null) continue
      // Its other offers would be asked for in vain.
      left.add(offer.provider)
      if (quoted.waitFor === 'our_turn') busy = true
      else silent = true
    } finally {
      turn.end(outcome)
    }
  }

  const now = clock.now()
  if (onDemandAt !== null && !fellBack && !isInVain) {
    queue.heard(instance.id)
    return instances.release(claim, Math.min(onDemandAt, now + spotPatienceMs))
  }
  if (mayTry) {
    if (isOnlyBanned(instance, earlier, deps)) {
      queue.heard(instance.id)
      return instances.release(claim, now + spotPatienceMs)
    }
    if (busy || isOnlyHeld(instance, earlier, deps)) {
      queue.heard(instance.id)
      return instances.release(claim, now + untilNextTurnMs(now - instance.statusSince))
    }
    if (silent && queue.silentForMs(instance.id) < patienceMs) return instances.release(claim, now + 10 * secondMs)
  }
  queue.heard(instance.id)
  const message = whyNothing(instance, all, skipped, deps)
  const again = keepsTrying ? nextTryAt(since, now) : null
  if (again !== null) return tryAgain(claim, asked, { why: message, since, at: again }, rentDeps)
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

/** Its machine was lost, and nothing fits now. People are told once, and see why as long as it lasts. */
async function tryAgain(
  claim: Claim,
  { id, because: before, statusSince }: Instance,
  { why, since, at: dueAt }: { why: string; since: Instant; at: Instant },
  { clock, instances }: RentDeps,
): Promise<void> {
  const because = 'nothing_on_sale'
  const until = isoFrom(since + keepsTryingForMs)
  const message = `${why}; its machine was lost, so another one is looked for until ${until}`
  const warning: NewEvent = { at: clock.now(), instanceId: id, kind: 'warning', status: null, because, message }
  const waiting: Decided = { status: 'requested', because, message, statusSince, endedAt: null, dueAt }
  const isWritten = await instances.recordDecision(claim, waiting, before === because ? [] : [warning])
  if (isWritten) await instances.release(claim, dueAt)
}

/** It came back with a backup: a machine of it may still be found. */
async function waitForTheSweep(claim: Claim, instance: Instance, { clock, instances }: RentDeps): Promise<void> {
  const { status, because, statusSince } = instance
  const dueAt = clock.now() + afterRefusalMs
  const message =
    'it came back with a backup: nothing is rented for it until every account was looked at; GET /api/v1/reconciliation says which was not'
  if (instance.message !== message) {
    await instances.recordDecision(claim, { status, because, message, statusSince, endedAt: null, dueAt }, [])
  }
  await instances.release(claim, dueAt)
}

/** It came back with a backup, and no machine of it is left. */
async function notAnew(claim: Claim, instance: Instance, { clock, instances }: RentDeps): Promise<void> {
  const now = clock.now()
  const failed: Decided = {
    status: 'failed',
    because: 'restored',
    message: null,
    statusSince: now,
    endedAt: now,
    dueAt: null,
  }
  await instances.recordDecision(claim, failed, [statusEvent(instance, 'failed', 'restored', null, now)])
}

/** A marketplace that refuses our key does not come back by itself. */
function isWorthWaitingFor({ kind, isRefusal }: KeptWarning): boolean {
  return (kind === 'slow' || kind === 'down') && !isRefusal
}

function wasTurnedAwayJustNow({ abandonedBecause, abandonedAt }: Launch, now: Instant): boolean {
  return abandonedBecause === 'provider_unavailable' && abandonedAt !== null && now - abandonedAt < afterRefusalMs
}

/** Whether an offer fits that another wish has in hand: it may be given back. */
function isOnlyHeld(instance: Instance, earlier: readonly Launch[], deps: RentDeps): boolean {
  if (deps.queue.heldFromOthers(instance.id).size === 0) return false
  const nobody = { heldFromOthers: () => new Map() }
  const possible = candidatesFor(instance, earlier, { ...deps, queue: nobody }).length
  return possible > 0 && candidatesFor(instance, earlier, deps).length === 0
}

/** Whether an offer fits at a place that took a machine back some minutes ago: it is tried again soon. */
function isOnlyBanned(instance: Instance, earlier: readonly Launch[], deps: RentDeps): boolean {
  const { interruptions: _, ...unafraid } = deps
  return candidatesFor(instance, earlier, deps).length === 0 && candidatesFor(instance, earlier, unafraid).length > 0
}

/** Those who have waited long are many: they ask less often. */
function untilNextTurnMs(waitedMs: number): number {
  return Math.min(Math.max(waitedMs / 10, 2 * secondMs), 20 * secondMs)
}

function skippedEvents(instance: Instance, skipped: readonly string[], { clock }: RentDeps): NewEvent[] {
  return skipped.length === 0 ? [] : [offersSkipped(instance, skipped, clock.now())]
}
