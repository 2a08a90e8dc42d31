import { decide } from '../core/instances/decide.ts'
import type { Instance, Launch } from '../core/instances/instance.ts'
import type { Decision, Limits, Situation } from '../core/instances/situation.ts'
import { type Because, finalStatuses, isByPolicy } from '../core/instances/status.ts'
import type { Market } from '../core/offers/offer.ts'
import type { PolicyFacts } from '../core/policies/verdict.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Bidding } from '../core/spot/raise-bid.ts'
import { type Clock, type Instant, minuteMs, secondMs } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { Provider, Providers } from '../providers/provider.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { NewEvent } from '../store/events.ts'
import type { Claim, Decided, InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'
import { biddingFor } from './bids.ts'
import { carryOut } from './carry-out.ts'
import { heldForCheckpoint } from './checkpoint.ts'
import type { CheckpointRunner } from './checkpoint-runner.ts'
import { unheardDeadMan } from './dead-man.ts'
import {
  alarmEvent,
  attemptEnded,
  bidRaisedEvent,
  isNewsOutOfReach,
  sound,
  statusEvent,
  withDisk,
  withLostDisk,
} from './events.ts'
import type { Fleet } from './fleet.ts'
import { meter } from './meter.ts'
import { penalisePlace } from './penalties.ts'
import { noteUp, type PolicyDeps, policyFacts, tellAhead } from './policies.ts'
import type { Probe } from './probe.ts'
import { type RentDeps, rent } from './rent.ts'
import { accountOf, type Sight, sight } from './sight.ts'

export interface PassDeps extends RentDeps, PolicyDeps {
  instances: InstanceStore
  launches: LaunchStore
  charges: ChargeStore
  providers: Providers
  fleet: Fleet
  /** Counts an alarm, beside its event and its line in the log. */
  countAlarm?: (provider: ProviderName) => void
  /** Counts what our own policies stop. */
  countStop?: (because: Because) => void
  /** Counts what marketplaces take back. */
  countInterruption?: (provider: ProviderName, market: Market) => void
  /** Without it no work is saved before a machine stops. */
  checkpoints?: CheckpointRunner
  probe: Probe
  clock: Clock
  log: Log
}

/**
 * One look at one instance: look, decide, write the decision down, and only then act. Whoever lost the claim meanwhile
 * writes nothing and does nothing.
 */
export async function pass(claim: Claim, deps: PassDeps): Promise<void> {
  const instance = await deps.instances.get(claim.id)
  if (instance === undefined || finalStatuses.has(instance.status)) return deps.instances.release(claim, null)

  const launch = instance.launch
  const provider = launch === null ? undefined : accountOf(launch, deps)
  const seen: Sight =
    launch === null
      ? { sighting: { kind: 'unknown', why: 'no machine yet' }, at: null, begunAt: null, facts: {} }
      : await sight(launch, provider, deps)
  if (launch !== null) {
    await meter(launch, seen, provider, { charges: deps.charges, stopAsked: instance.wanted !== 'up' })
  }

  const now = deps.clock.now()
  const healthNow = await health(instance, seen, deps.probe)
  // After the probe, which takes its time: what is reported meanwhile counts.
  const policies = await policyFacts(instance, seen, now, deps)
  const situation: Situation = {
    sighting: seen.sighting,
    health: healthNow,
    leftovers: instance.status === 'terminating' ? await deps.launches.countLeftovers(instance.id) : 0,
    bidding: await biddingOf(instance, seen, provider, policies, { ...deps, now }),
    now,
    limits: limitsOf(provider),
    policies,
  }
  const decided = decide(instance, situation)
  if (decided.order?.kind === 'rent') return rent(claim, instance, deps)
  // An order that reaches nobody is not given, and does not count as given.
  const reachable = seen.outOfReach === undefined ? decided : { ...decided, order: null }
  const held =
    launch === null ? null : heldForCheckpoint(instance, launch, reachable, seen, checkpointChance(now, provider, deps))
  const decision = held === null ? reachable : { ...reachable, order: held.order, dueAt: held.dueAt }
  const alarm =
    launch === null
      ? undefined
      : alarmEvent(launch, seen, decision.order, { at: now, endDeadlineMs: endDeadlineOf(provider) })
  const unheard = launch === null ? null : unheardDeadMan(launch, seen, now)

  const decidedNow = decidedFrom(instance, decision, seen, situation, { ...held?.facts, ...unheard?.facts })
  const written = await deps.instances.recordDecision(claim, decidedNow, [
    ...eventsOf(instance, decision, situation, provider),
    ...(held?.events ?? []),
    ...(unheard === null ? [] : [unheard.event]),
    ...(alarm === undefined ? [] : [alarm]),
  ])
  if (!written) return
  await policiesHeard(instance, decision, situation, deps)
  if (launch !== null && alarm !== undefined) sound(alarm, launch, deps)
  if (decision.status !== instance.status) {
    const { status, because } = decision
    deps.log.info('instance decided', { instanceId: instance.id, from: instance.status, status, because })
  }
  if (launch !== null && isTaken(instance, decision)) deps.countInterruption?.(launch.provider, launch.offer.market)
  if (launch !== null && held?.start === true && provider !== undefined) {
    beginCheckpoint(instance, { ...launch, ...decidedNow.launch }, provider, deps)
  }
  if (launch !== null && decision.abandon !== null && placeIsToBlame.has(decision.abandon))
    penalisePlace(launch.offer, deps)
  if (decision.order !== null && launch !== null && provider !== undefined) {
    await carryOut(decision.order, launch, provider, deps)
  }
  await deps.instances.release(claim, finalStatuses.has(decision.status) ? null : decision.dueAt)
}

/** What is told of policies, and what is remembered for them. */
async function policiesHeard(instance: Instance, { status, because }: Decision, situation: Situation, deps: PassDeps) {
  const { policies, now } = situation
  if (policies === undefined) return
  if (status !== instance.status) {
    if (status === 'running' || status === 'ready') await noteUp(instance, status, policies, now, deps)
    if (isByPolicy(because) && (status === 'stopping' || status === 'terminating')) deps.countStop?.(because)
  }
  if (status !== 'stopping' && status !== 'terminating') await tellAhead(instance, policies, situation, deps)
}

/** What is known of the bids, while there is a machine to get back and a budget that pays for it. */
async function biddingOf(
  instance: Instance,
  { sighting }: Sight,
  provider: Provider | undefined,
  { budgets }: PolicyFacts,
  deps: PassDeps & { now: Instant },
): Promise<Bidding | null> {
  const { launch, status } = instance
  if (budgets.some(({ budget, spending }) => spending.spent >= budget.limit)) return null
  if (launch === null || provider === undefined || status !== 'interrupted' || sighting.kind !== 'seen') return null
  return biddingFor(instance, launch, sighting.machine, provider, deps)
}

function checkpointChance(now: Instant, provider: Provider | undefined, { checkpoints }: PassDeps) {
  const diskSurvives = provider?.describe().abilities.diskSurvives.interruption ?? false
  return { now, canRun: checkpoints !== undefined && provider !== undefined, diskSurvives }
}

function beginCheckpoint({ wish }: Instance, launch: Launch, provider: Provider, { checkpoints }: PassDeps): void {
  const policy = wish.policies.checkpoint
  if (policy !== null) checkpoints?.start(launch, launch.ssh, policy, provider.describe().abilities.runs)
}

/** The marketplace took the machine, just now. */
function isTaken(instance: Instance, decision: Decision): boolean {
  if (instance.status === 'interrupted') return false
  return decision.status === 'interrupted' || decision.abandon === 'interrupted'
}

/** Interruptions are remembered with the launch; see `core/spot/places.ts`. */
const placeIsToBlame: ReadonlySet<Because> = new Set([
  'start_failed',
  'start_deadline',
  'health_deadline',
  'machine_lost',
])

async function health(instance: Instance, { sighting }: Sight, probe: Probe): Promise<Situation['health']> {
  const check = instance.wish.health
  if (check === null || sighting.kind !== 'seen' || sighting.machine.phase !== 'running') return null
  return probe(sighting.machine, check)
}

/** What holds where we have no provider to ask: wait, conclude nothing. */
const cautious: Limits = {
  canStop: false,
  startDeadlineMs: 30 * minuteMs,
  lookEveryMs: 30 * secondMs,
  listLagMs: minuteMs,
}

export function limitsOf(provider: Provider | undefined): Limits {
  return provider === undefined ? cautious : provider.describe().abilities
}

/** Where we have no provider to ask, nothing is ordered. */
export function endDeadlineOf(provider: Provider | undefined): number {
  return provider?.describe().abilities.endDeadlineMs ?? 0
}

function decidedFrom(
  instance: Instance,
  decision: Decision,
  seen: Sight,
  { now, bidding }: Situation,
  more: Partial<Launch>,
): Decided {
  const moved = decision.status !== instance.status
  const final = finalStatuses.has(decision.status)
  return {
    status: decision.status,
    because: decision.because,
    message: decision.message,
    statusSince: moved ? now : instance.statusSince,
    endedAt: final ? now : null,
    dueAt: final ? null : decision.dueAt,
    ...wantedAfter(decision),
    ...(instance.launch !== null && {
      launch: {
        ...launchChange(instance.launch, decision, seen, now, moved),
        ...(isTaken(instance, decision) && { interruptedAt: now }),
        ...(decision.order?.kind === 'bid' && { bidPerHour: decision.order.perHour }),
        // While it is rented to somebody it may not be listed: a later raise goes by what was heard last.
        ...(bidding?.onDemand != null && { onDemandPrice: bidding.onDemand }),
        ...more,
      },
    }),
  }
}

/** What became of it without the user is what holds from now on. */
function wantedAfter({ status, because }: Decision): Pick<Decided, 'wanted'> {
  if (because === 'started_outside') return { wanted: 'up' }
  if (because === 'stopped_outside' || because === 'cannot_start') return { wanted: 'stopped' }
  if (status === 'stopping' && isByPolicy(because)) return { wanted: 'stopped' }
  return status === 'terminating' ? { wanted: 'ended' } : {}
}

function launchChange(launch: Launch, decision: Decision, seen: Sight, now: Instant, moved: boolean): Partial<Launch> {
  const { facts, sighting } = seen
  const up = decision.status === 'running' || decision.status === 'ready'
  return {
    ...facts,
    ...(sighting.kind === 'seen' && launch.rentedAt === null && { rentedAt: now }),
    ...(up && launch.upAt === null && { upAt: now }),
    ...(decision.abandon !== null && { abandonedAt: now, abandonedBecause: decision.abandon }),
    ...(decision.settle && { settledAt: now }),
    ...(isNewsOutOfReach(launch, seen, now) && { alarmedAt: now }),
    ...(moved && { orderedAt: null, orders: 0 }),
    ...(decision.order !== null && { orderedAt: now, orders: (moved ? 0 : launch.orders) + 1 }),
  }
}

function eventsOf(
  instance: Instance,
  decision: Decision,
  { now, bidding, sighting }: Situation,
  provider: Provider | undefined,
): NewEvent[] {
  const { launch } = instance
  const { status, because, message, abandon, order } = decision
  const events: NewEvent[] = []
  if (abandon !== null && launch !== null) {
    const event = attemptEnded(launch, abandon, message, now)
    events.push(launch.upAt !== null && sighting.kind !== 'absent' ? withLostDisk(event) : event)
  }
  if (status !== instance.status) {
    const event = statusEvent(instance, status, because, message, now)
    events.push(status === 'interrupted' ? withDisk(event, provider) : event)
  }
  if (launch !== null && bidding != null && order?.kind === 'bid' && order.perHour > (launch.bidPerHour ?? 0n)) {
    events.push(bidRaisedEvent(launch, order.perHour, bidding, now))
  }
  return events
}
