/**
 * What follows from a look at one instance. Pure: the same instance, sighting and moment give the same decision, and
 * the caller writes it down before acting on it.
 */

import type { Nanos } from '../money.ts'
import { verdictOf } from '../policies/verdict.ts'
import { minuteMs, secondMs } from '../time.ts'
import { interruptedStep } from './decide-interrupted.ts'
import type { Instance, Launch } from './instance.ts'
import type { Machine } from './machine.ts'
import { nextLook, repeated } from './pace.ts'
import type { Decision, Order, Situation } from './situation.ts'
import { type Because, isByPolicy, type Status } from './status.ts'

export function decide(instance: Instance, situation: Situation): Decision {
  const verdict = situation.policies === undefined ? null : verdictOf(instance, situation.policies, situation)
  if (verdict !== null && verdict.status !== instance.status) {
    return { ...become(instance, situation, verdict.status, verdict.because, 0), message: verdict.message }
  }
  switch (instance.status) {
    case 'requested':
      if (instance.wanted !== 'ended') return rent(instance, situation)
      return instance.attempt === 0 ? ended(instance, 'cancelled', situation) : terminate(instance, situation)
    case 'launching':
      return decideLaunching(instance, situation)
    case 'starting':
      return decideStarting(instance, situation)
    case 'running':
    case 'ready':
      return decideUp(instance, situation)
    case 'interrupted':
      return decideInterrupted(instance, situation)
    case 'stopping':
      return decideStopping(instance, situation)
    case 'stopped':
      return decideStopped(instance, situation)
    case 'terminating':
      return decideTerminating(instance, situation)
    case 'terminated':
    case 'failed':
      return stay(instance, situation)
  }
}

function decideLaunching(instance: Instance, situation: Situation): Decision {
  const { launch } = instance
  if (instance.wanted === 'ended') return terminate(instance, situation)
  // The refusal was written down, and the process died before the status followed.
  if (launch === null) return become(instance, situation, 'requested', 'never_happened', 0)
  const { sighting, now, limits } = situation
  switch (sighting.kind) {
    case 'seen':
      return become(instance, situation, 'starting', 'machine_adopted')
    case 'absent':
      return nextOffer(instance, situation, 'never_happened', { settle: true })
    case 'unknown':
      // A machine may exist. Past the deadline the user gets another one, and this one is ended when it shows.
      return now - launch.intendedAt > limits.startDeadlineMs
        ? nextOffer(instance, situation, 'start_deadline')
        : stay(instance, situation, 2 * secondMs)
  }
}

function decideStarting(instance: Instance, situation: Situation): Decision {
  const launch = theLaunch(instance)
  if (instance.wanted === 'ended') return terminate(instance, situation)
  const { sighting, now, limits } = situation
  // Stopped before it ever came up, and started again: it has a disk that is not to be given up.
  const again = launch.upAt !== null || launch.startOrderedAt !== null
  const late = now - (launch.startOrderedAt ?? launch.rentedAt ?? launch.intendedAt) > limits.startDeadlineMs

  if (sighting.kind === 'unknown') {
    // The marketplace says nothing, past the deadline: the user gets a machine elsewhere, and this one is ended when it shows.
    return late && !again ? nextOffer(instance, situation, 'start_deadline') : stay(instance, situation)
  }
  if (sighting.kind === 'absent') return lost(instance, situation, again)

  const { machine } = sighting
  if (instance.because === 'restarting') return decideRestarting(instance, situation, machine)
  if (!again && isAboveCap(instance, launch, machine)) return nextOffer(instance, situation, 'price_rose')
  switch (machine.phase) {
    case 'running':
      return up(instance, situation)
    case 'interrupted':
      return again ? interrupted(instance, situation) : nextOffer(instance, situation, 'interrupted')
    case 'failed':
    case 'ending':
    case 'ended':
      return again ? lost(instance, situation, true) : nextOffer(instance, situation, 'start_failed', { machine })
    case 'stopped':
      // An outbid machine looks like one that was stopped on request; nobody here asked for it.
      if (!again && launch.offer.market === 'spot') return nextOffer(instance, situation, 'interrupted')
      if (!again) return nextOffer(instance, situation, 'start_failed', { machine })
      // Started again from its disk: keep asking until the deadline, then leave it stopped and cancel what is queued.
      return late
        ? { ...become(instance, situation, 'stopping', 'cannot_start'), order: stopOrder(launch) }
        : { ...stay(instance, situation), order: repeated(launch, situation, startOrder(launch)) }
    case 'pending':
    case 'starting':
    case 'stopping':
    case 'unclear':
      if (!late) return stay(instance, situation)
      return again
        ? { ...become(instance, situation, 'stopping', 'cannot_start'), order: stopOrder(launch) }
        : nextOffer(instance, situation, 'start_deadline', { machine })
  }
}

/** It was up: work may be on it, so it is not given up for another one however long it takes. It is shown as what it is. */
function decideRestarting(instance: Instance, situation: Situation, { phase }: Machine): Decision {
  switch (phase) {
    case 'pending':
    case 'starting':
    case 'stopping':
    case 'unclear':
      return stay(instance, situation)
    case 'running':
    case 'interrupted':
    case 'stopped':
    case 'failed':
    case 'ending':
    case 'ended':
      return decideUp(instance, situation)
  }
}

function decideUp(instance: Instance, situation: Situation): Decision {
  if (instance.wanted === 'ended') return terminate(instance, situation)
  const { sighting } = situation
  if (sighting.kind === 'unknown') return stay(instance, situation)
  if (sighting.kind === 'absent') return lost(instance, situation, true)
  const launch = theLaunch(instance)
  const { machine } = sighting
  // Some marketplaces show the rate only once the machine is up. What was accepted once is not given up for its price.
  const isFirstRate = !isShown(launch.pricePerHour) && launch.startOrderedAt === null
  if (isFirstRate && isAboveCap(instance, launch, machine)) return nextOffer(instance, situation, 'price_rose')
  switch (machine.phase) {
    case 'running':
      return up(instance, situation)
    case 'interrupted':
      return interrupted(instance, situation)
    case 'stopped':
      // An outbid machine looks like one that was stopped on request; nobody here asked for it.
      return launch.offer.market === 'spot'
        ? interrupted(instance, situation)
        : become(instance, situation, 'stopped', 'stopped_outside')
    case 'failed':
    case 'ended':
    case 'ending':
      return lost(instance, situation, true)
    case 'starting':
    case 'pending':
      // After a restart, from which not every machine comes back.
      return instance.status === 'ready'
        ? become(instance, situation, 'starting', 'restarting')
        : stay(instance, situation)
    case 'stopping':
    case 'unclear':
      return stay(instance, situation)
  }
}

/** The machine is up: ready once it can be reached, and its health check has passed where there is one. */
function up(instance: Instance, situation: Situation): Decision {
  const { health, now } = situation
  const launch = theLaunch(instance)
  const check = instance.wish.health
  if (check === null) {
    if (instance.status === 'ready') return stay(instance, situation)
    return isReachable(instance, situation)
      ? become(instance, situation, 'ready', 'no_health_check')
      : become(instance, situation, 'running', 'machine_up', 2 * secondMs)
  }
  if (health === 'passing') {
    return become(instance, situation, 'ready', instance.status === 'ready' ? instance.because : 'health_passed')
  }
  if (instance.status === 'ready') {
    // Between two probes nothing is known; only a failed probe takes readiness away.
    return health === 'failing' ? become(instance, situation, 'running', 'machine_up') : stay(instance, situation)
  }
  // Only a machine that never was ready is given up for another: on one that was, work may be lost.
  const firstTime = instance.status === 'running' && launch.upAt !== null && instance.statusSince <= launch.upAt
  if (firstTime && now - instance.statusSince > check.timeoutMs) {
    return nextOffer(instance, situation, 'health_deadline')
  }
  return become(instance, situation, 'running', 'machine_up', 2 * secondMs)
}

/** Some marketplaces tell addresses a little after a machine is up; some never tell one for a port that is not theirs to map. */
const addressPatienceMs = 2 * minuteMs

function isReachable({ wish, status, statusSince }: Instance, { sighting, now }: Situation): boolean {
  if (status === 'running' && now - statusSince >= addressPatienceMs) return true
  if (sighting.kind !== 'seen') return false
  const { ssh, endpoints } = sighting.machine
  const hasSsh = wish.sshPublicKey === null || ssh !== null
  return hasSsh && wish.ports.every((port) => endpoints.some((one) => one.containerPort === port.containerPort))
}

function decideInterrupted(instance: Instance, situation: Situation): Decision {
  if (instance.wanted === 'ended') return terminate(instance, situation)
  const step = interruptedStep(instance, theLaunch(instance), situation)
  switch (step.kind) {
    case 'up':
      return up(instance, situation)
    case 'end':
      return { ...terminate({ ...instance, wanted: 'ended' }, situation), because: 'interrupted' }
    case 'next':
      return nextOffer(instance, situation, step.because, { settle: step.settle })
    case 'stay':
      return { ...stay(instance, situation, step.soonMs), order: step.order ?? null }
  }
}

function decideStopping(instance: Instance, situation: Situation): Decision {
  const launch = theLaunch(instance)
  if (instance.wanted === 'ended') return terminate(instance, situation)
  const { sighting } = situation
  if (sighting.kind === 'unknown') return stay(instance, situation)
  if (sighting.kind === 'absent') return failed(instance, situation, 'machine_lost')
  switch (sighting.machine.phase) {
    case 'stopped':
      return become(
        instance,
        situation,
        'stopped',
        instance.because === 'cannot_start' || isByPolicy(instance.because) ? instance.because : 'machine_stopped',
      )
    case 'interrupted':
      // Taken by the marketplace while we stopped it. Unless it was told to stop, it goes on when its bid wins again.
      return launch.orders === 0
        ? { ...stay(instance, situation, 3 * secondMs), order: stopOrder(launch) }
        : become(instance, situation, 'stopped', 'machine_stopped')
    case 'failed':
    case 'ended':
    case 'ending':
      return failed(instance, situation, 'machine_lost')
    case 'running':
    case 'starting':
    case 'pending':
    case 'stopping':
    case 'unclear':
      return { ...stay(instance, situation, 3 * secondMs), order: repeated(launch, situation, stopOrder(launch)) }
  }
}

function decideStopped(instance: Instance, situation: Situation): Decision {
  if (instance.wanted === 'ended') return terminate(instance, situation)
  const { sighting } = situation
  if (sighting.kind === 'unknown') return stay(instance, situation)
  if (sighting.kind === 'absent') return failed(instance, situation, 'machine_lost')
  if (sighting.machine.phase === 'ended') return failed(instance, situation, 'machine_lost')
  if (sighting.machine.phase !== 'running') return stay(instance, situation)
  const launch = theLaunch(instance)
  // A spot machine goes on by itself when its bid wins again. Its user said stop.
  if (launch.offer.market === 'spot' || sighting.machine.market === 'spot') {
    return { ...become(instance, situation, 'stopping', 'asked'), order: stopOrder(launch) }
  }
  // Somebody else started it: it bills, so it is shown as what it is.
  return become(instance, situation, 'running', 'started_outside')
}

function decideTerminating(instance: Instance, situation: Situation): Decision {
  const { launch, because } = instance
  const { sighting, leftovers } = situation
  // Only the provider can say that the meter has stopped, so we ask until it does; for every machine this instance had.
  const gone = sighting.kind === 'absent' || (sighting.kind === 'seen' && sighting.machine.phase === 'ended')
  if (launch === null || launch.settledAt !== null || gone) {
    const settled = { settle: launch !== null && launch.settledAt === null }
    if (leftovers > 0) return { ...stay(instance, situation, 2 * secondMs), ...settled }
    return { ...ended(instance, because, situation), ...settled }
  }
  const externalId = sighting.kind === 'seen' ? sighting.machine.externalId : launch.externalId
  const order: Order | null = externalId === null ? null : { kind: 'terminate', externalId }
  return { ...stay(instance, situation, 2 * secondMs), order: order && repeated(launch, situation, order) }
}

function stopOrder(launch: Launch): Order | null {
  return launch.externalId === null ? null : { kind: 'stop', externalId: launch.externalId }
}

function startOrder(launch: Launch): Order {
  if (launch.externalId === null) throw new Error(`launch ${launch.label} is started without a machine`)
  return { kind: 'start', externalId: launch.externalId }
}

/** Rate named only in the answer to the launch or on the created machine, or changed since: above the cap it has to go. */
function isAboveCap(instance: Instance, launch: Launch, machine: Machine): boolean {
  const cap = instance.wish.maxPricePerHour
  const rate = isShown(machine.pricePerHour) ? machine.pricePerHour : launch.pricePerHour
  if (cap === null || !isShown(rate) || machine.market === 'spot') return false
  const extras = launch.comparablePrice - launch.offer.pricePerHour
  return rate + (extras > 0n ? extras : 0n) > (cap as Nanos)
}

/** Nothing is free: some marketplaces say zero until they know. */
function isShown(rate: Nanos | null): rate is Nanos {
  return rate !== null && rate > 0n
}

function rent(instance: Instance, situation: Situation): Decision {
  return { ...stay(instance, situation, secondMs), order: { kind: 'rent' } }
}

function nextOffer(
  instance: Instance,
  situation: Situation,
  because: Because,
  options: { settle?: boolean; machine?: Machine } = {},
): Decision {
  if (instance.wish.adopted) return withoutAnother(instance, situation, because)
  return {
    ...become(instance, situation, 'requested', because, 0),
    message: options.machine?.message ?? null,
    abandon: because,
    settle: options.settle ?? false,
  }
}

/** Nobody told us what to rent in its place. While it is there, its disk may hold work: its user decides. */
function withoutAnother(instance: Instance, situation: Situation, because: Because): Decision {
  const { sighting } = situation
  const isThere = sighting.kind === 'seen' && sighting.machine.phase === 'failed'
  return isThere ? become(instance, situation, 'stopped', 'stopped_outside') : failed(instance, situation, because)
}

/** The machine is gone and nobody asked for it. */
function lost(instance: Instance, situation: Situation, wasUp: boolean): Decision {
  const absent = situation.sighting.kind === 'absent'
  if (!wasUp) return nextOffer(instance, situation, 'start_failed', { settle: absent })
  switch (instance.wish.onInterruption) {
    case 'relaunch':
    case 'wait': // nothing to wait for: it does not come back
      return nextOffer(instance, situation, 'machine_lost', { settle: absent })
    case 'end':
      return failed(instance, situation, 'machine_lost')
  }
}

function interrupted(instance: Instance, situation: Situation): Decision {
  return become(instance, situation, 'interrupted', 'interrupted', 0)
}

function terminate(instance: Instance, situation: Situation): Decision {
  return become(instance, situation, 'terminating', 'asked', 0)
}

function ended(instance: Instance, because: Because, situation: Situation): Decision {
  return become(instance, situation, 'terminated', because)
}

function failed(instance: Instance, situation: Situation, because: Because): Decision {
  return {
    ...become(instance, situation, 'failed', because),
    abandon: because,
    settle: situation.sighting.kind === 'absent',
  }
}

function stay(instance: Instance, situation: Situation, soonMs?: number): Decision {
  return become(instance, situation, instance.status, instance.because, soonMs)
}

function become(instance: Instance, situation: Situation, status: Status, because: Because, soonMs?: number): Decision {
  return {
    status,
    because,
    message: status === instance.status ? instance.message : null,
    abandon: null,
    settle: false,
    order: null,
    dueAt: situation.now + nextLook(situation, soonMs),
  }
}

function theLaunch(instance: Instance): Launch {
  if (instance.launch === null) throw new Error(`instance ${instance.id} is ${instance.status} without a launch`)
  return instance.launch
}
