/**
 * The state machine: what each call begins, and what happens when its time has come.
 *
 *   provisioning → ready | off      off → starting → serviceready → ready      ready → stopping → off
 *   ready → restarting → ready      any → upgrading → ready | off              any → deactivated
 *
 * A machine has no failed state: what goes wrong is told by the event, and the machine is `off` or sticks.
 */

import { freeStatic, giveDynamicIp, takeDynamicIp } from './addresses.ts'
import { close, openCompute, openStorage } from './billing.ts'
import { ApiError, codeOfStatus, notFound } from './errors.ts'
import { cancelEvent, eventOf, openEvent } from './events.ts'
import { capacityText, fateOfStart } from './fate.ts'
import { machineTypeFrom, priceNow, typeOfMachine } from './market.ts'
import {
  type EventName,
  type EventRecord,
  later,
  type MachineRecord,
  type MachineState,
  newId,
  nextSeq,
  type Step,
  take,
  type World,
} from './state.ts'

export type NewMachine = Pick<
  MachineRecord,
  'name' | 'machineType' | 'os' | 'agentType' | 'diskGb' | 'region' | 'networkId' | 'settings'
>

/** A machine and its meters, with nothing under way yet. */
export function addMachine(world: World, wanted: NewMachine): MachineRecord {
  const now = world.clock.now()
  const machine: MachineRecord = {
    ...wanted,
    id: newId(world, 'ps', 10),
    seq: nextSeq(world),
    state: 'provisioning',
    privateIp: null,
    publicIp: null,
    publicIpType: 'none',
    usageRate: priceNow(world, machineTypeFrom(wanted.machineType), wanted.region),
    createdAt: now,
    modifiedAt: now,
    deletedAt: null,
    goneAt: null,
    listedAt: now + world.state.orders.listLagMs,
    ipVisibleAt: now,
    steps: [],
    eventId: null,
    deactivating: false,
    readyAt: null,
    autoShutdownAt: null,
  }
  world.state.machines.push(machine)
  openCompute(world, machine, now)
  openStorage(world, machine, now)
  return machine
}

export function provision(world: World, machine: MachineRecord, startOnCreate: boolean): EventRecord {
  const now = world.clock.now()
  const event = begin(world, machine, 'create', now)
  if (startOnCreate) powerOn(world, machine, event, now)
  else finish(machine, event, lasts(world, now, 'loading', machine), 'off')
  return event
}

export function start(world: World, machine: MachineRecord): EventRecord {
  settledOr(world, machine, ['off'])
  const now = world.clock.now()
  const event = begin(world, machine, 'start', now)
  giveDynamicIp(world, machine)
  enter(world, machine, 'starting', now)
  powerOn(world, machine, event, now)
  return event
}

export function stop(world: World, machine: MachineRecord): EventRecord {
  settledOr(world, machine, ['ready'])
  return powerOff(world, machine, 'stop', world.clock.now())
}

export function restart(world: World, machine: MachineRecord): EventRecord {
  settledOr(world, machine, ['ready'])
  const now = world.clock.now()
  const event = begin(world, machine, 'restart', now)
  enter(world, machine, 'restarting', now)
  finish(machine, event, lasts(world, lasts(world, now, 'stopping', machine), 'starting', machine), 'ready')
  return event
}

/** New hardware or a bigger disk: down and up again, or only down when it was off. */
export function upgrade(world: World, machine: MachineRecord, change: NonNullable<Step['change']>): EventRecord {
  settledOr(world, machine, ['ready', 'off'])
  const now = world.clock.now()
  const back = machine.state === 'ready' ? 'ready' : 'off'
  const event = begin(world, machine, 'vm-upgrade', now)
  enter(world, machine, 'upgrading', now)
  finish(machine, event, lasts(world, lasts(world, now, 'stopping', machine), 'starting', machine), back, change)
  return event
}

/** Works from any state; what was under way is cancelled. */
export function deactivate(world: World, machine: MachineRecord): EventRecord {
  const now = world.clock.now()
  if (machine.deactivating) return deactivateAgain(world, machine)
  const fails = take(world.state.orders.failDeletes, () => true)
  const back = machine.state === 'ready' ? 'ready' : 'off'
  const event = begin(world, machine, 'deactivate', now)
  machine.deactivating = true
  if (machine.state !== 'off') enter(world, machine, 'stopping', now)
  finish(machine, event, lasts(world, now, 'terminating', machine), fails ? back : 'deleted')
  if (fails?.how === 'stuck') neverEnds(machine, event)
  else if (fails) fail(event, 'The machine could not be deactivated. Please try again later.')
  return event
}

/** The host or the marketplace forces a machine off. There is no spot market here. */
export function forceOff(world: World, machine: MachineRecord): EventRecord {
  const now = world.clock.now()
  const event = begin(world, machine, 'vm-shutdown-force', now)
  enter(world, machine, 'stopping', now)
  const { stoppingMs } = world.state.orders.pace
  const end = stoppingMs === undefined ? later(world, now, world.random.int(2_000, 10_000)) : now + stoppingMs
  finish(machine, event, Math.max(now + 1, end), 'off')
  return event
}

/** Gone at once, as when somebody deletes it in the console or the account is purged. */
export function vanish(world: World, machine: MachineRecord): void {
  const now = world.clock.now()
  const event = begin(world, machine, 'deactivate', now)
  event.startsAt = now
  event.finishesAt = now
  remove(world, machine, now)
  machine.goneAt = now
}

/** A machine that is simply up, made by somebody else. */
export function alreadyUp(world: World, machine: MachineRecord): void {
  const now = world.clock.now()
  const event = begin(world, machine, 'create', now)
  event.startsAt = now
  event.finishesAt = now
  giveDynamicIp(world, machine)
  reach(world, machine, { at: now, to: 'ready' })
}

/** Everything due up to now, in the order in which it is due, each at its own moment. */
export function bringUpToDate(world: World): void {
  const now = world.clock.now()
  for (;;) {
    const due = world.state.machines
      .map((machine) => ({ machine, at: nextMoment(machine) }))
      .filter(({ at }) => at <= now)
      .reduce((first, each) => (first && first.at <= each.at ? first : each), nobody)
    const unpaidAt = shutdownForDebtAt(world)
    if (unpaidAt !== null && unpaidAt <= now && unpaidAt <= (due?.at ?? now)) shutDownForDebt(world, unpaidAt)
    else if (due) moveOn(world, due.machine, due.at)
    else return
  }
}

const nobody = undefined as { machine: MachineRecord; at: number } | undefined

function nextMoment(machine: MachineRecord): number {
  return Math.min(machine.steps[0]?.at ?? Number.POSITIVE_INFINITY, machine.autoShutdownAt ?? Number.POSITIVE_INFINITY)
}

function moveOn(world: World, machine: MachineRecord, at: number): void {
  const step = machine.steps[0]
  if (step && step.at <= at) {
    machine.steps.shift()
    reach(world, machine, step)
    return
  }
  machine.autoShutdownAt = null
  if (machine.state === 'ready' && !machine.deactivating) {
    powerOff(world, machine, machine.settings.autoShutdownForce ? 'vm-shutdown-force' : 'stop', at)
  }
}

function reach(world: World, machine: MachineRecord, step: Step): void {
  const { at, to, change } = step
  if (to === 'deleted') {
    remove(world, machine, at)
    return
  }
  if (change) rebuild(world, machine, change, at)
  if (to !== 'serviceready') {
    machine.eventId = null
    machine.deactivating = false
  }
  enter(world, machine, to, at)
  if (to === 'ready') {
    machine.privateIp ??= `10.64.${world.random.int(0, 255)}.${world.random.int(2, 254)}`
    machine.networkId ??= homeNetwork(world, machine)
    machine.readyAt = at
    scheduleAutoShutdown(machine, at)
  }
  if (to === 'off') takeDynamicIp(machine)
}

/** Auto-shutdown counts from the moment the machine became ready, in wall time like the meter; both are guesses. */
export function scheduleAutoShutdown(machine: MachineRecord, now: number): void {
  const { autoShutdownEnabled, autoShutdownTimeout } = machine.settings
  machine.autoShutdownAt =
    autoShutdownEnabled && autoShutdownTimeout !== null && machine.readyAt !== null
      ? Math.max(now, Math.ceil(machine.readyAt + autoShutdownTimeout * 3_600_000))
      : null
}

function powerOn(world: World, machine: MachineRecord, event: EventRecord, at: number): void {
  const isCreate = event.name === 'create'
  const fate = fateOfStart(world, typeOfMachine(machine.machineType), machine.region)
  const end = lasts(world, at, isCreate ? 'loading' : 'starting', machine)
  machine.ipVisibleAt = world.state.orders.ipLagMs > 0 ? end + world.state.orders.ipLagMs : at

  if (fate === 'capacity') {
    finish(machine, event, later(world, at, world.random.int(900, 2_500)), 'off')
    fail(event, capacityText)
    return
  }
  const agentSeenAt = Math.floor(at + (end - at) * 0.8)
  if (fate === 'up' || fate === 'stuck') finish(machine, event, end, 'ready')
  else if (fate !== 'stuck-serviceready') finish(machine, event, end, 'off')
  else finish(machine, event, end, 'serviceready')

  if (fate === 'up' && !isCreate) machine.steps.unshift({ at: agentSeenAt, to: 'serviceready' })
  if (fate === 'stuck') neverEnds(machine, event)
  if (fate === 'stuck-serviceready') event.finishesAt = null
  if (fate === 'error') fail(event, 'The machine failed to start. Please try again or contact support.')
  if (fate === 'cancelled') event.outcome = 'cancelled'
}

function powerOff(world: World, machine: MachineRecord, name: EventName, at: number): EventRecord {
  const fails = take(world.state.orders.failStops, () => true)
  const event = begin(world, machine, name, at)
  enter(world, machine, 'stopping', at)
  finish(machine, event, lasts(world, at, 'stopping', machine), fails ? 'ready' : 'off')
  if (fails?.how === 'stuck') neverEnds(machine, event)
  else if (fails) fail(event, 'The machine could not be stopped. Please try again later.')
  return event
}

/** Opens an event in place of what was under way. */
function begin(world: World, machine: MachineRecord, name: EventName, at: number): EventRecord {
  const before = eventOf(world, machine.eventId)
  if (before) cancelEvent(before, at)
  const event = openEvent(world, name, machine.id, at)
  machine.eventId = event.id
  machine.steps = []
  machine.autoShutdownAt = null
  return event
}

function finish(machine: MachineRecord, event: EventRecord, at: number, to: Step['to'], change?: Step['change']): void {
  event.startsAt = Math.min(at, event.createdAt + 500)
  event.finishesAt = at
  machine.steps = [{ at, to, ...(change ? { change } : {}) }]
}

function fail(event: EventRecord, error: string): void {
  event.outcome = 'error'
  event.error = error
}

function neverEnds(machine: MachineRecord, event: EventRecord): void {
  event.finishesAt = null
  machine.steps = []
}

/** The compute meter follows from the state alone: it runs in every one but `off`. */
function enter(world: World, machine: MachineRecord, state: MachineState, at: number): void {
  if (machine.state === 'off' && state !== 'off') openCompute(world, machine, at)
  if (machine.state !== 'off' && state === 'off') close(world, machine.id, 'gpu', at)
  if (state !== 'ready') machine.readyAt = null
  machine.state = state
  machine.modifiedAt = at
}

function rebuild(world: World, machine: MachineRecord, change: NonNullable<Step['change']>, at: number): void {
  if (change.machineType !== undefined) {
    const type = machineTypeFrom(change.machineType)
    machine.machineType = type.label
    machine.usageRate = priceNow(world, type, machine.region)
    close(world, machine.id, 'gpu', at)
    openCompute(world, machine, at)
  }
  if (change.diskGb !== undefined) {
    machine.diskGb = change.diskGb
    close(world, machine.id, 'disk', at)
    openStorage(world, machine, at)
  }
}

function remove(world: World, machine: MachineRecord, at: number): void {
  close(world, machine.id, 'gpu', at)
  close(world, machine.id, 'disk', at)
  machine.state = 'off'
  machine.deletedAt = at
  machine.modifiedAt = at
  machine.goneAt = at + world.state.orders.lingerMs
  machine.steps = []
  machine.eventId = null
  machine.autoShutdownAt = null
  machine.deactivating = true
  takeDynamicIp(machine)
  freeStatic(world, machine)
  for (const script of world.state.scripts) {
    script.assignedMachineIds = script.assignedMachineIds.filter((id) => id !== machine.id)
  }
}

function settledOr(world: World, machine: MachineRecord, wanted: readonly MachineState[]): void {
  if (machine.deactivating) throw busy(world, 'deactivating')
  if (!wanted.includes(machine.state)) throw busy(world, machine.state)
}

/** A second deletion of the same machine: not established. */
function deactivateAgain(world: World, machine: MachineRecord): EventRecord {
  const how = world.state.orders.deleteAgain
  const event = eventOf(world, machine.eventId)
  if (how === 'same-event' && event) return event
  if (how === 'not-found') throw notFound()
  throw busy(world, 'deactivating')
}

function busy(world: World, state: string): ApiError {
  return new ApiError(codeOfStatus(world.state.orders.busyStatus), `This machine is currently ${state}.`)
}

function homeNetwork(world: World, machine: MachineRecord): string | null {
  return (
    world.state.networks.find((network) => network.region === machine.region && network.deletedAt === null)?.id ?? null
  )
}

/** Support's article on outstanding balances: after 72 hours all machines are shut down. */
function shutdownForDebtAt(world: World): number | null {
  const { unpaidSince } = world.state.orders
  if (unpaidSince === null) return null
  const at = unpaidSince + 72 * 3_600_000
  return world.state.machines.some((machine) => machine.state === 'ready' && !machine.deactivating) ? at : null
}

function shutDownForDebt(world: World, dueAt: number): void {
  for (const machine of world.state.machines) {
    if (machine.state !== 'ready' || machine.deactivating) continue
    powerOff(world, machine, 'vm-shutdown-force', Math.max(dueAt, machine.readyAt ?? dueAt))
  }
}

/**
 * When something ends that begins at `at`. Medians and spreads are guesses around what is documented: support asks for a
 * ticket after ten minutes of provisioning, a stop takes "about a minute" and can take several, a deleted id answers for
 * up to fifty seconds; eight GPUs take longer.
 */
function lasts(
  world: World,
  at: number,
  what: 'loading' | 'starting' | 'stopping' | 'terminating',
  machine: MachineRecord,
): number {
  const { random, state } = world
  const fixed = state.orders.pace[`${what}Ms`]
  if (fixed !== undefined) return Math.max(at + 1, at + fixed)
  const big = (typeOfMachine(machine.machineType).gpu?.count ?? 0) >= 8 ? 2.5 : 1
  const drawn = {
    loading: () => between(25_000, random.logNormal(90_000, 0.45) * big, 9 * 60_000),
    starting: () => between(15_000, random.logNormal(55_000, 0.4) * big, 8 * 60_000),
    stopping: () => between(15_000, random.logNormal(60_000, 0.55), 8 * 60_000),
    terminating: () => random.int(5_000, 50_000),
  }[what]()
  return later(world, at, drawn)
}

function between(low: number, value: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
