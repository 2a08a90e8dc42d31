import { launchLabel } from '../core/ids.ts'
import { type Instance, type InstanceSecrets, type Launch, uneventful } from '../core/instances/instance.ts'
import type { Because } from '../core/instances/status.ts'
import { nanos } from '../core/money.ts'
import { offerId } from '../core/offers/offer.ts'
import type { OfferIndex } from '../core/offers/offer-index.ts'
import type { PlannedOffer } from '../core/offers/plan.ts'
import type { ProviderName } from '../core/providers.ts'
import { type Clock, type Instant, minuteMs, secondMs } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import { type Launched, type LaunchOrder, type Provider, ProviderError } from '../providers/provider.ts'
import { BudgetRefused } from '../store/budgets.ts'
import type { NewEvent } from '../store/events.ts'
import type { Claim, InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'
import type { Terms } from './bids.ts'
import { type DeadManSetup, deadManFor, noDeadManEvent, withDeadMan } from './dead-man.ts'
import { attemptEnded, attemptEvent, reopenedEvent, sound, statusEvent } from './events.ts'
import { masked } from './masking.ts'
import { type PenaltyDeps, penalise } from './penalties.ts'
import { type KeyMarks, launchDeadlineMs } from './sight.ts'

export interface LaunchDeps extends PenaltyDeps {
  instances: InstanceStore
  launches: LaunchStore
  index: Pick<OfferIndex, 'get' | 'remove'>
  installation: string
  keyMarkOf: KeyMarks
  /** Without it no machine has a dead-man switch. */
  deadMan?: DeadManSetup
  /** Our own key, for machines on which we run something; undefined: we never do. */
  ownSshKey?: () => string
  clock: Clock
  log: Log
  countAlarm?: (provider: ProviderName) => void
}

/** Writes the intent down and only then calls the marketplace; then writes down what it answered. */
export async function launch(
  claim: Claim,
  instance: Instance,
  planned: PlannedOffer & { terms: Terms },
  provider: Provider,
  earlier: readonly NewEvent[],
  deps: LaunchDeps,
): Promise<void> {
  // Secrets that do not open end the pass here, where nothing has been promised yet.
  const secrets = await deps.instances.secretsOf(instance.id)
  const deadMan = deadManFor(instance, provider, secrets, deps.deadMan)
  const intent = {
    ...intentOf(instance, planned, provider, deps),
    deadManMs: deadMan?.possible ? instance.wish.policies.deadManMs : null,
  }
  const order = orderOf(instance, intent, secrets, deps)
  const more =
    deadMan === null || deadMan.possible
      ? earlier
      : [...earlier, noDeadManEvent(instance, provider.name, deadMan.why, intent.intendedAt)]
  const mayGoOn = await deps.instances
    .recordIntent(
      claim,
      intent,
      {
        status: 'launching',
        because: 'plan_made',
        message: null,
        statusSince: intent.intendedAt,
        endedAt: null,
        dueAt: intent.intendedAt + secondMs,
      },
      [...more, attemptEvent(intent), statusEvent(instance, 'launching', 'plan_made', null, intent.intendedAt)],
      { minimumMs: provider.describe().billing.minimumMs },
    )
    .catch((error: unknown) => {
      if (error instanceof BudgetRefused) return error
      throw error
    })
  if (mayGoOn instanceof BudgetRefused) return notPaidFor(claim, instance, mayGoOn, deps)
  if (!mayGoOn) return

  const outcome = await tryLaunch(provider, order, intent, deps)
  if (outcome.kind === 'launched') return rented(claim, instance, intent, outcome.launched, deps)

  const error = withoutSecrets(outcome.error, secrets)
  const { attempt } = intent
  deps.log.info('launch not accepted', {
    instanceId: instance.id,
    attempt,
    provider: provider.name,
    kind: error.kind,
    error: error.message,
  })
  penalise(intent.offer, error, deps)
  const { failure } = error
  if (failure.kind === 'outcome_unknown') return unsettled(claim, instance, intent, error, failure.externalId, deps)
  if (failure.kind === 'unexpected_reply') return unsettled(claim, instance, intent, error, undefined, deps)
  return refused(claim, instance, intent, error, deps)
}

/** A launch waits for the funds of those that were given up and are being ended, but not for ever. */
const fundsComeFreeMs = 10 * secondMs
const fundsPatienceMs = 10 * minuteMs

/** Nothing was rented: a budget does not pay for it, or not yet. */
async function notPaidFor(claim: Claim, instance: Instance, { refusal, message }: BudgetRefused, deps: LaunchDeps) {
  const now = deps.clock.now()
  const mayWait = refusal.isForNow && now - instance.statusSince < fundsPatienceMs
  if (mayWait) return deps.instances.release(claim, now + fundsComeFreeMs)
  await deps.instances.recordDecision(
    claim,
    { status: 'failed', because: 'budget_spent', message, statusSince: now, endedAt: now, dueAt: null },
    [statusEvent(instance, 'failed', 'budget_spent', message, now)],
  )
}

function intentOf(
  instance: Instance,
  { offer, price, terms }: PlannedOffer & { terms: Terms },
  provider: Provider,
  deps: LaunchDeps,
): Launch {
  const { bidPerHour } = terms
  const attempt = instance.attempt + 1
  return {
    ...blankLaunch,
    ...terms,
    instanceId: instance.id,
    attempt,
    label: launchLabel(deps.installation, instance.id, attempt),
    provider: provider.name,
    account: provider.account,
    keyMark: deps.keyMarkOf(provider),
    offer,
    // A bid is what is paid, also where a lower one would win.
    comparablePrice: bidPerHour === null ? price.total : nanos(price.total - price.gpu + bidPerHour),
    intendedAt: deps.clock.now(),
  }
}

function orderOf(
  { wish }: Instance,
  intent: Launch,
  { environment, registryAuth, onstartScript, startCommand }: InstanceSecrets,
  { deadMan, ownSshKey }: LaunchDeps,
): LaunchOrder {
  const { label, offer, bidPerHour } = intent
  return {
    label,
    offer,
    image: wish.image,
    registryAuth,
    environment,
    ports: wish.ports,
    sshPublicKey: wish.sshPublicKey,
    // The checkpoint signs in with it, beside the user.
    furtherSshKeys: wish.policies.checkpoint === null || ownSshKey === undefined ? [] : [ownSshKey()],
    onstartScript: withDeadMan(intent, onstartScript, deadMan),
    ...(startCommand !== undefined && { startCommand }),
    diskGb: wish.diskGb,
    ...(wish.minRamGb !== null && { minRamGb: wish.minRamGb }),
    bidPerHour,
  }
}

async function rented(claim: Claim, instance: Instance, intent: Launch, launched: Launched, deps: LaunchDeps) {
  const { externalId, pricePerHour } = launched
  const answeredAt = deps.clock.now()
  const facts = {
    answeredAt,
    rentedAt: answeredAt,
    externalId,
    ...(pricePerHour !== null && pricePerHour > 0n && { pricePerHour }),
  }
  await answered(intent, facts, deps)
  await move(claim, instance, 'starting', 'machine_rented', null, secondMs, deps)
}

/** A machine may exist: its label, or the id that came with the failure, will tell. */
async function unsettled(
  claim: Claim,
  instance: Instance,
  intent: Launch,
  error: ProviderError,
  externalId: string | undefined,
  deps: LaunchDeps,
) {
  const answeredAt = deps.clock.now()
  const known = externalId === undefined ? {} : { rentedAt: answeredAt, externalId }
  await answered(intent, { answeredAt, ...known }, deps)
  await move(claim, instance, 'launching', 'outcome_unknown', error.message, secondMs, deps)
}

/** Also when nobody was waiting for it any more: the user ended the instance, or the launch was written off. */
async function answered(
  intent: Launch,
  answer: Partial<Launch> & { answeredAt: Instant },
  deps: LaunchDeps,
): Promise<void> {
  const alarm = reopenedEvent(intent, answer.externalId ?? null, answer.answeredAt)
  if (await deps.launches.recordAnswer(intent, answer, alarm)) sound(alarm, intent, deps)
}

/** Surely nothing was rented. */
async function refused(claim: Claim, instance: Instance, intent: Launch, error: ProviderError, deps: LaunchDeps) {
  const because = becauseOf(error)
  const answeredAt = deps.clock.now()
  if (because === 'no_capacity') deps.index.remove(offerId(intent.offer))
  await deps.launches.recordFacts(
    intent,
    { answeredAt, abandonedAt: answeredAt, abandonedBecause: because, settledAt: answeredAt },
    [attemptEnded(intent, because, error.message, answeredAt)],
  )
  await move(claim, instance, 'requested', because, error.message, 0, deps)
}

type LaunchOutcome = { kind: 'launched'; launched: Launched } | { kind: 'error'; error: ProviderError }

function withoutSecrets(error: ProviderError, secrets: InstanceSecrets): ProviderError {
  const message = masked(error.message, secrets)
  if (message === error.message) return error
  return new ProviderError(error.provider, error.failure, message, { cause: error.cause })
}

/** One deadline for the call and all that a provider does before it: from then on, nothing more is sent. */
async function tryLaunch(
  provider: Provider,
  order: LaunchOrder,
  intent: Launch,
  deps: LaunchDeps,
): Promise<LaunchOutcome> {
  const deadline = new AbortController()
  const over = new AbortController()
  const leftMs = intent.intendedAt + launchDeadlineMs - deps.clock.now()
  deps.clock.sleep(Math.max(0, leftMs), over.signal).then(
    () => deadline.abort(new Error('the launch took too long')),
    () => {},
  )
  try {
    return { kind: 'launched', launched: await provider.launch(order, deadline.signal) }
  } catch (error) {
    if (error instanceof ProviderError) return { kind: 'error', error }
    // A mistake of ours, of which nobody knows how far the call had come.
    await answered(intent, { answeredAt: deps.clock.now() }, deps)
    throw error
  } finally {
    over.abort()
  }
}

async function move(
  claim: Claim,
  instance: Instance,
  status: Instance['status'],
  because: Because,
  message: string | null,
  soonMs: number,
  { instances, clock }: LaunchDeps,
): Promise<void> {
  const now = clock.now()
  const dueAt = now + soonMs
  const event = statusEvent({ ...instance, status: 'launching' }, status, because, message, now)
  await instances.recordDecision(claim, { status, because, message, statusSince: now, endedAt: null, dueAt }, [event])
  await instances.release(claim, dueAt)
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
  missedAt: null,
  metersOffAt: {},
  orderedAt: null,
  orders: 0,
  alarmedAt: null,
  ...uneventful,
} as const
