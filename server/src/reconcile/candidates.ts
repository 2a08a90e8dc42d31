import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import type { Instance, Launch } from '../core/instances/instance.ts'
import { explain } from '../core/offers/explain.ts'
import { offerId } from '../core/offers/offer.ts'
import type { OfferIndex } from '../core/offers/offer-index.ts'
import type { PlannedOffer } from '../core/offers/plan.ts'
import { filterFromWish, needFromWish, planForWish, providerPenalty } from '../core/offers/wish-plan.ts'
import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import { type Interruptions, noInterruptions } from '../core/spot/places.ts'
import { minuteMs } from '../core/time.ts'
import type { Provider, Providers } from '../providers/provider.ts'
import { type PenaltyDeps, penaltyMs } from './penalties.ts'
import type { RentQueue } from './rent-queue.ts'

export interface CandidateDeps extends PenaltyDeps {
  providers: Providers
  isEnabled: (provider: ProviderName) => boolean
  index: Pick<OfferIndex, 'all'>
  gpus: Pick<GpuCatalogue, 'find'>
  queue: Pick<RentQueue, 'heldFromOthers'>
  /** Places that took machines back lately. */
  interruptions?: Interruptions
}

/** More attempts than this do not make an instance come up; they make it late. */
export const mostAttempts = 12
/** When the check fails on so many machines in a row, it is not the machines. */
const mostUnhealthy = 3

/** When so many machines in a row are lost so soon after they came up, another one would only cost as much again. */
const mostShortLived = 3
const shortLifeMs = 10 * minuteMs

/** The attempts to get the machine that is missing now; what came up before has served. */
export function sinceLastUp(launches: readonly Launch[]): readonly Launch[] {
  return launches.slice(launches.findLastIndex(({ upAt }) => upAt !== null) + 1)
}

/** The offers to try next, in order: what failed for this instance before, or is in other hands, is left out. */
export function candidatesFor(instance: Instance, earlier: readonly Launch[], deps: CandidateDeps): PlannedOffer[] {
  const { wish } = instance
  const penalties = new Map([...deps.penalties, ...deps.queue.heldFromOthers(instance.id)])
  const { interruptions = noInterruptions } = deps
  const context = { now: deps.clock.now(), modelNamed: deps.gpus.find, penalties, interruptions }
  const avoided = new Set(avoidedProviders(instance, deps).map(({ provider }) => provider.name))
  const failed = earlier.filter((one) => !isOfferWithoutBlame(one, instance))
  const failedAt = new Set(failed.map((one) => offerId(one.offer)))
  const refusals = new Map<ProviderName, number>()
  for (const { provider, abandonedBecause } of earlier) {
    if (abandonedBecause === 'launch_rejected') refusals.set(provider, (refusals.get(provider) ?? 0) + 1)
  }
  return planForWish(deps.index.all(), wish, context).filter(
    ({ offer }) =>
      deps.isEnabled(offer.provider) &&
      deps.providers.find(offer.provider) !== undefined &&
      !avoided.has(offer.provider) &&
      // The same request is refused again: after two refusals another marketplace has to do.
      (refusals.get(offer.provider) ?? 0) < 2 &&
      !failedAt.has(offerId(offer)),
  )
}

function isOfferWithoutBlame({ abandonedBecause }: Launch, { wish }: Instance): boolean {
  if (abandonedBecause === 'provider_unavailable') return true
  // An offer that the caller chose, or one product in one place, has no substitute: when its launch never happened, or
  // somebody bid more, it is tried again.
  const hasNoSubstitute = wish.offer !== null || wish.exactly !== undefined
  return (abandonedBecause === 'never_happened' || abandonedBecause === 'interrupted') && hasNoSubstitute
}

interface Avoided {
  provider: Provider
  leftMs: number
}

/** Marketplaces of this wish that just failed as a whole: down, at their limits, or refusing our key. */
export function avoidedProviders({ wish }: Instance, { providers, penalties, clock }: CandidateDeps): Avoided[] {
  const wanted = wish.offer?.provider ?? wish.provider
  const now = clock.now()
  return providers
    .all()
    .filter(({ name }) => wanted === null || wanted === name)
    .map((provider) => ({ provider, leftMs: (penalties.get(providerPenalty(provider.name)) ?? now) - now }))
    .filter(({ leftMs }) => leftMs > 0)
}

/** Worth waiting for; a refused key is not. */
export function isShort({ leftMs }: Avoided): boolean {
  return leftMs <= penaltyMs.provider
}

/** Why there is nothing to rent, for a person. */
export function whyNothing(
  instance: Instance,
  all: readonly Launch[],
  skipped: readonly string[],
  deps: CandidateDeps,
): string {
  const earlier = sinceLastUp(all)
  if (isNeverHealthy(all)) {
    const { port = 0, path = '/' } = instance.wish.health ?? {}
    return `${mostUnhealthy} machines in a row came up and none passed the health check (port ${port}, path ${path}): check the image, the port and the path`
  }
  if (isNeverLasting(all)) {
    return `${mostShortLived} machines in a row came up and failed or vanished within minutes: check the image and what it runs; it is to go on running`
  }
  if (earlier.length >= mostAttempts) return `${earlier.length} machines were tried; see the events`
  if (skipped.length > 0) return skipped.slice(0, 5).join('; ')
  const avoided = avoidedProviders(instance, deps).map(({ provider }) => publicProviderNames[provider.name])
  if (avoided.length > 0) return `${avoided.join(', ')} did not answer or refused us lately; see the events`
  if (instance.wish.offer !== null) return 'the chosen offer is gone or was tried'
  const context = { now: deps.clock.now(), need: needFromWish(instance.wish), modelNamed: deps.gpus.find }
  const { left, sentence } = explain(deps.index.all(), filterFromWish(instance.wish), context)
  return left > 0 ? `all ${left} fitting offers were tried or are avoided after failures` : sentence
}

/** Machines that came up, one after the other, and never passed the health check: the image, the port or the path is wrong. */
export function isNeverHealthy(launches: readonly Launch[]): boolean {
  const last = launches.slice(-mostUnhealthy)
  return last.length === mostUnhealthy && last.every(({ abandonedBecause }) => abandonedBecause === 'health_deadline')
}

/** Machines that came up and were gone again at once, and no marketplace took them: what they run ends by itself. */
export function isNeverLasting(launches: readonly Launch[]): boolean {
  const last = launches.filter(({ upAt }) => upAt !== null).slice(-mostShortLived)
  return last.length === mostShortLived && last.every(isShortLived)
}

function isShortLived({ upAt, abandonedAt, abandonedBecause }: Launch): boolean {
  return (
    abandonedBecause === 'machine_lost' && abandonedAt !== null && upAt !== null && abandonedAt - upAt < shortLifeMs
  )
}
