import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import { launchLabel } from '../core/ids.ts'
import type { Instance, Launch } from '../core/instances/instance.ts'
import { type Because, reasons } from '../core/instances/status.ts'
import { nanos, usdText } from '../core/money.ts'
import { bidFor } from '../core/offers/bid.ts'
import { explain } from '../core/offers/explain.ts'
import type { MarketKeeper } from '../core/offers/market-view.ts'
import { type MatchContext, matches } from '../core/offers/match.ts'
import { type Offer, offerId, offerKey } from '../core/offers/offer.ts'
import type { OfferIndex } from '../core/offers/offer-index.ts'
import type { PlannedOffer } from '../core/offers/plan.ts'
import { comparablePrice } from '../core/offers/price.ts'
import {
  filterFromWish,
  interestFromWish,
  needFromWish,
  planForWish,
  providerPenalty,
} from '../core/offers/wish-plan.ts'
import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import { type Clock, type Instant, minuteMs, secondMs } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import { type Launched, type Provider, ProviderError } from '../providers/provider.ts'
import type { NewEvent } from '../store/events.ts'
import type { Claim, Decided, InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'
import type { Providers } from './fleet.ts'

export interface RentDeps {
  instances: InstanceStore
  launches: LaunchStore
  providers: Providers
  isEnabled: (provider: ProviderName) => boolean
  index: Pick<OfferIndex, 'all' | 'get' | 'remove'>
  market: Pick<MarketKeeper, 'freshen'>
  /** Places, offers and providers to avoid, and until when. */
  penalties: Map<string, Instant>
  gpus: Pick<GpuCatalogue, 'find'>
  installation: string
  clock: Clock
  log: Log
}

/** More attempts than this do not make an instance come up; they make it late. */
const mostAttempts = 12
/** How long a wish waits for marketplaces that do not answer before it fails. */
const patienceMs = 10 * minuteMs
const penaltyMs = { no_capacity: 5 * minuteMs, place: 30 * minuteMs, provider: minuteMs, account: 10 * minuteMs }

/** One try to rent a machine for an instance: choose, check again, write the intent down, launch. */
export async function rent(claim: Claim, instance: Instance, deps: RentDeps): Promise<void> {
  const { clock, instances, market } = deps
  const earlier = await deps.launches.ofInstance(instance.id)
  const warnings = await market.freshen(interestFromWish(instance.wish), { maxAgeMs: minuteMs, waitMs: 15 * secondMs })

  const skipped: string[] = []
  let waiting = warnings.some((warning) => warning.kind !== 'sampled')
  if (earlier.length < mostAttempts) {
    for (const candidate of candidatesFor(instance, earlier, deps)) {
      const quoted = await quote(candidate, instance, deps)
      if (quoted.kind === 'good') return launch(claim, instance, quoted.planned, quoted.provider, deps)
      skipped.push(quoted.why)
      waiting ||= quoted.transient
    }
  }

  const now = clock.now()
  if (waiting && now - instance.createdAt < patienceMs && earlier.length < mostAttempts) {
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
  await instances.recordDecision(claim, failed, [statusEvent(instance, 'failed', 'no_offer_left', message, now)])
}

function candidatesFor(instance: Instance, earlier: readonly Launch[], deps: RentDeps): PlannedOffer[] {
  const { wish } = instance
  const context = { now: deps.clock.now(), modelNamed: deps.gpus.find, penalties: deps.penalties }
  const failedAt = new Set(earlier.map((one) => offerId(one.offer)))
  const refusals = new Map<ProviderName, number>()
  for (const { provider, abandonedBecause } of earlier) {
    if (abandonedBecause === 'launch_rejected') refusals.set(provider, (refusals.get(provider) ?? 0) + 1)
  }
  return planForWish(deps.index.all(), wish, context).filter(
    ({ offer }) =>
      deps.isEnabled(offer.provider) &&
      deps.providers.find(offer.provider) !== undefined &&
      // The same request is refused again: after two refusals another marketplace has to do.
      (refusals.get(offer.provider) ?? 0) < 2 &&
      !failedAt.has(offerId(offer)),
  )
}

type Quoted =
  | { kind: 'good'; planned: PlannedOffer; provider: Provider }
  | { kind: 'skip'; why: string; transient: boolean }

/** The offer as it stands now, against the request and its cap: lists are old by minutes, and money is at stake. */
async function quote({ offer }: PlannedOffer, instance: Instance, deps: RentDeps): Promise<Quoted> {
  const provider = deps.providers.find(offer.provider)
  const name = nameOf(offer)
  if (provider === undefined) return { kind: 'skip', why: `${name}: no key`, transient: false }
  const { wish } = instance
  const now = deps.clock.now()
  try {
    const fresh = await provider.quote(offer, { diskGb: wish.diskGb })
    const price = comparablePrice(fresh, needFromWish(wish))
    const context: MatchContext = { now, need: needFromWish(wish), modelNamed: deps.gpus.find }
    if (wish.maxPricePerHour !== null && price.total > wish.maxPricePerHour) {
      deps.penalties.set(offerId(offer), now + penaltyMs.no_capacity)
      return {
        kind: 'skip',
        why: `${name}: ${reasons.price_rose} (now $${usdText(price.total, 4)}/h)`,
        transient: false,
      }
    }
    if (!matches(fresh, filterFromWish(wish), context)) {
      return { kind: 'skip', why: `${name}: it no longer fits the request`, transient: false }
    }
    return { kind: 'good', planned: { offer: fresh, price }, provider }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    penalise(offer, error, deps)
    if (error.kind === 'no_capacity') deps.index.remove(offerId(offer))
    return { kind: 'skip', why: `${name}: ${error.message}`, transient: isTransient(error) }
  }
}

async function launch(
  claim: Claim,
  instance: Instance,
  { offer, price }: PlannedOffer,
  provider: Provider,
  deps: RentDeps,
): Promise<void> {
  const { instances, launches, clock } = deps
  const { wish } = instance
  const now = clock.now()
  const attempt = instance.attempt + 1
  const intent: Launch = {
    ...blankLaunch,
    instanceId: instance.id,
    attempt,
    label: launchLabel(deps.installation, instance.id, attempt),
    provider: provider.name,
    account: provider.account,
    offer,
    comparablePrice: price.total,
    intendedAt: now,
  }
  const mayGoOn = await instances.recordIntent(
    claim,
    intent,
    {
      status: 'launching',
      because: 'plan_made',
      message: null,
      statusSince: now,
      endedAt: null,
      dueAt: now + secondMs,
    },
    [attemptEvent(intent), statusEvent(instance, 'launching', 'plan_made', null, now)],
  )
  if (!mayGoOn) return

  const secrets = await instances.secretsOf(instance.id)
  const outcome = await tryLaunch(provider, {
    label: intent.label,
    offer,
    image: wish.image,
    registryAuth: secrets.registryAuth,
    environment: secrets.environment,
    ports: wish.ports,
    sshPublicKey: wish.sshPublicKey,
    onstartScript: secrets.onstartScript,
    diskGb: wish.diskGb,
    bidPerHour: bidOf(offer, price, instance, provider, deps),
  })
  const answeredAt = clock.now()
  if (outcome.kind === 'launched') {
    const { externalId, pricePerHour } = outcome.launched
    const facts: Partial<Launch> = {
      answeredAt,
      rentedAt: answeredAt,
      externalId,
      ...(pricePerHour !== null && { pricePerHour }),
    }
    await launches.recordFacts(intent, facts)
    await move(claim, instance, 'starting', 'machine_rented', null, secondMs, deps)
    return
  }
  const { error } = outcome
  deps.log.info('launch not accepted', {
    instanceId: instance.id,
    attempt,
    provider: provider.name,
    kind: error.kind,
    error: error.message,
  })
  penalise(offer, error, deps)
  const mayExist = error.failure.kind === 'outcome_unknown' || error.failure.kind === 'unexpected_reply'
  if (mayExist) {
    const externalId = error.failure.kind === 'outcome_unknown' ? error.failure.externalId : undefined
    await launches.recordFacts(intent, {
      answeredAt,
      ...(externalId !== undefined && { externalId, rentedAt: answeredAt }),
    })
    await move(claim, instance, 'launching', 'outcome_unknown', error.message, secondMs, deps)
    return
  }
  const because = becauseOf(error)
  if (because === 'no_capacity') deps.index.remove(offerId(offer))
  await launches.recordFacts(
    intent,
    { answeredAt, abandonedAt: answeredAt, abandonedBecause: because, settledAt: answeredAt },
    [
      {
        at: answeredAt,
        instanceId: instance.id,
        kind: 'attempt_ended',
        status: null,
        because,
        message: `${reasons[because]}: ${error.message}`,
        data: { attempt, provider: publicProviderNames[provider.name] },
      },
    ],
  )
  await move(claim, instance, 'requested', because, error.message, 0, deps)
}

type LaunchOutcome = { kind: 'launched'; launched: Launched } | { kind: 'error'; error: ProviderError }

async function tryLaunch(provider: Provider, order: Parameters<Provider['launch']>[0]): Promise<LaunchOutcome> {
  try {
    return { kind: 'launched', launched: await provider.launch(order) }
  } catch (error) {
    if (error instanceof ProviderError) return { kind: 'error', error }
    throw error
  }
}

async function move(
  claim: Claim,
  instance: Instance,
  status: Instance['status'],
  because: Because,
  message: string | null,
  soonMs: number,
  { instances, clock }: RentDeps,
): Promise<void> {
  const now = clock.now()
  const dueAt = now + soonMs
  const event = statusEvent({ ...instance, status: 'launching' }, status, because, message, now)
  await instances.recordDecision(claim, { status, because, message, statusSince: now, endedAt: null, dueAt }, [event])
  await instances.release(claim, dueAt)
}

function bidOf(
  offer: Offer,
  price: PlannedOffer['price'],
  { wish }: Instance,
  provider: Provider,
  { index }: RentDeps,
) {
  if (offer.market !== 'spot' || !provider.describe().abilities.hasBids) return null
  const extras = price.total - price.gpu
  const cap = wish.maxPricePerHour === null ? null : nanos(wish.maxPricePerHour - extras)
  const outright = index.get(offerId({ ...offer, market: 'on_demand' }))
  return bidFor(offer, { cap, onDemand: outright?.pricePerHour ?? null })
}

function penalise(offer: Offer, error: ProviderError, { penalties, clock }: RentDeps): void {
  const now = clock.now()
  switch (error.kind) {
    case 'no_capacity':
    case 'rejected':
      penalties.set(offerId(offer), now + penaltyMs.no_capacity)
      return
    case 'unavailable':
    case 'rate_limited':
      penalties.set(providerPenalty(offer.provider), now + penaltyMs.provider)
      return
    case 'unauthorized':
    case 'no_money':
      penalties.set(providerPenalty(offer.provider), now + penaltyMs.account)
      return
    case 'outcome_unknown':
    case 'unexpected_reply':
    case 'not_now':
      return
  }
}

/** Machines that did not come up make us avoid the place for a while. */
export function penalisePlace(offer: Offer, { penalties, clock }: Pick<RentDeps, 'penalties' | 'clock'>): void {
  penalties.set(offer.placeKey, clock.now() + penaltyMs.place)
}

function isTransient(error: ProviderError): boolean {
  return error.kind === 'unavailable' || error.kind === 'rate_limited' || error.kind === 'outcome_unknown'
}

function becauseOf(error: ProviderError): Because {
  switch (error.kind) {
    case 'no_capacity':
      return 'no_capacity'
    case 'rejected':
    case 'not_now':
      return 'launch_rejected'
    case 'unavailable':
    case 'rate_limited':
    case 'unauthorized':
    case 'no_money':
      return 'provider_unavailable'
    case 'outcome_unknown':
    case 'unexpected_reply':
      return 'outcome_unknown'
  }
}

function whyNothing(
  instance: Instance,
  earlier: readonly Launch[],
  skipped: readonly string[],
  deps: RentDeps,
): string {
  if (earlier.length >= mostAttempts) return `${earlier.length} machines were tried; see the events`
  if (skipped.length > 0) return skipped.slice(0, 5).join('; ')
  if (instance.wish.offer !== null) return 'the chosen offer is gone or was tried'
  const context = { now: deps.clock.now(), need: needFromWish(instance.wish), modelNamed: deps.gpus.find }
  const { left, sentence } = explain(deps.index.all(), filterFromWish(instance.wish), context)
  return left > 0 ? `all ${left} fitting offers were tried or are avoided after failures` : sentence
}

function nameOf(offer: Offer): string {
  return `${publicProviderNames[offer.provider]} ${offer.gpu.count}x ${offer.gpu.model} (${offerKey(offer)})`
}

function attemptEvent({
  instanceId,
  attempt,
  offer,
  provider,
  comparablePrice: price,
  intendedAt,
  label,
}: Launch): NewEvent {
  return {
    at: intendedAt,
    instanceId,
    kind: 'attempt',
    status: null,
    because: 'plan_made',
    message: `attempt ${attempt}: ${offer.gpu.count}x ${offer.gpu.model} at ${publicProviderNames[provider]}, ${offer.region}, $${usdText(price, 4)}/h (${offer.market})`,
    data: {
      attempt,
      provider: publicProviderNames[provider],
      offer_id: offerKey(offer),
      gpu_model: offer.gpu.model,
      gpu_count: offer.gpu.count,
      region: offer.region,
      market: offer.market,
      price_per_hour_usd: usdText(price, 9),
      label,
    },
  }
}

function statusEvent(
  instance: Instance,
  status: Instance['status'],
  because: Because,
  message: string | null,
  at: Instant,
): NewEvent {
  return {
    at,
    instanceId: instance.id,
    kind: 'status',
    status,
    because,
    message: message === null ? reasons[because] : `${reasons[because]}: ${message}`,
    data: { from: instance.status },
  }
}

const blankLaunch = {
  externalId: null,
  answeredAt: null,
  rentedAt: null,
  upAt: null,
  startOrderedAt: null,
  abandonedAt: null,
  abandonedBecause: null,
  settledAt: null,
  pricePerHour: null,
  ssh: null,
  endpoints: [],
  providerStatus: null,
  providerMessage: null,
  lastSeenAt: null,
  missedLooks: 0,
  missedSince: null,
  orderedAt: null,
  orders: 0,
} as const
