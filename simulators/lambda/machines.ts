/**
 * The instance's state machine. Each instance carries the list of what will happen to it and when; nothing depends on
 * how often anybody looks.
 *
 *   booting → active ⇄ unhealthy        booting → unhealthy → active
 *   booting | active | unhealthy → terminating → terminated → 404
 *   booting | active | unhealthy → preempted → 404
 */

import type { SimClock } from '../kit/clock.ts'
import { seededRandom, seedFrom } from '../kit/random.ts'
import type { TypeFacts } from './catalogue.ts'
import { withChance } from './chance.ts'
import {
  blipMs,
  bootMs,
  hours,
  rememberedMs,
  restartDownMs,
  restartMs,
  seconds,
  sshMs,
  terminatingMs,
} from './durations.ts'
import type { LambdaState, Machine, MachineStep, StartFailure } from './state.ts'

export interface LaunchWish {
  name: string | null
  type: TypeFacts
  region: string
  centsPerHour: number
  sshKeyNames: string[]
  fileSystems: Machine['fileSystems']
  tags: Machine['tags']
  rulesetIds: string[]
  hostname: string | null
  userData: string | null
  imageId: string
}

const nanosPerCent = 10_000_000n

/** Puts a new instance into the account, with its whole start planned. */
export function addMachine(state: LambdaState, wish: LaunchWish, clock: SimClock, fault?: StartFailure): Machine {
  const now = clock.now()
  const { type, ...wanted } = wish
  const id = withChance(state, (random) => random.hex(32))
  const random = seededRandom(seedFrom(state.seed, id))
  const machine: Machine = {
    id,
    ...wanted,
    type: type.name,
    status: 'booting',
    createdAt: now,
    listedAt: now + state.listLagMs,
    // From 198.18.0.0/15, which is set aside for tests and reaches nobody.
    ip: `198.${random.int(18, 19)}.${random.int(0, 255)}.${random.int(1, 254)}`,
    privateIp: `10.19.${random.int(0, 255)}.${random.int(1, 254)}`,
    jupyterId: random.hex(32),
    jupyterToken: random.hex(32),
    ipKnown: false,
    firstHealthyAt: null,
    restarting: false,
    gpuSeen: true,
    sshReadyAt: null,
    chance: 0,
    due: [],
  }
  const failure = fault ?? drawnFailure(state, random.next())
  if (failure === 'no_gpu') machine.gpuSeen = false
  const drawnMs = bootMs(type, random)
  const up = now + (state.pace.loadingMs ?? drawnMs / clock.speed)
  const early = random.chance(state.settings.earlyIpShare)
  const earlyMs = seconds(random.int(20, 60)) / clock.speed
  const blip = random.chance(state.settings.bootBlipShare)
  const blipLength = blipMs(random)
  machine.chance = random.state()

  if (failure === 'unhealthy') plan(machine, 'unhealthy', up)
  else if (failure === 'terminated') plan(machine, 'terminated', up)
  else if (failure !== 'stuck') {
    if (early) plan(machine, 'ip', Math.max(now, up - earlyMs))
    if (blip && fault === undefined && state.pace.loadingMs === undefined) {
      plan(machine, 'unhealthy', up)
      plan(machine, 'active', up + blipLength / clock.speed)
    } else plan(machine, 'active', up)
  }
  state.machines.push(machine)
  return machine
}

function drawnFailure(state: LambdaState, chance: number): StartFailure | undefined {
  const { bootTerminatedShare, bootUnhealthyShare, bootStuckShare, noGpuShare } = state.settings
  const shares: [StartFailure, number][] = [
    ['terminated', bootTerminatedShare],
    ['unhealthy', bootUnhealthyShare],
    ['stuck', bootStuckShare],
    ['no_gpu', noGpuShare],
  ]
  let limit = 0
  for (const [failure, share] of shares) {
    limit += share
    if (chance < limit) return failure
  }
  return undefined
}

function plan(machine: Machine, to: MachineStep, at: number): void {
  machine.due.push({ at: Math.ceil(at), to })
  machine.due.sort((one, other) => one.at - other.at)
}

/** Takes the first planned change, at the moment it was due. */
export function takeNext(state: LambdaState, machine: Machine, speed: number): void {
  const next = machine.due.shift()
  if (next) take(state, machine, next.to, next.at, speed)
}

function take(state: LambdaState, machine: Machine, to: MachineStep, at: number, speed: number): void {
  switch (to) {
    case 'ip':
      machine.ipKnown = true
      return
    case 'active':
      machine.status = 'active'
      machine.ipKnown = true
      machine.firstHealthyAt = at
      machine.sshReadyAt = Math.ceil(at + withChance(machine, sshMs) / speed)
      startMeter(state, machine, at)
      planHazards(state, machine, at, speed)
      return
    case 'unhealthy':
      machine.status = 'unhealthy'
      if (!state.settings.unhealthyBilled) stopMeter(state, machine, at)
      return
    case 'recovered':
      machine.status = 'active'
      machine.restarting = false
      startMeter(state, machine, at)
      return
    case 'terminated':
      machine.status = 'terminated'
      stopMeter(state, machine, at)
      plan(machine, 'gone', at + rememberedMs / speed)
      return
    case 'preempted':
      machine.status = 'preempted'
      machine.due = []
      machine.restarting = false
      if (!state.settings.preemptedBilled) {
        stopMeter(state, machine, at)
        plan(machine, 'gone', at + rememberedMs / speed)
      }
      return
    case 'gone':
      machine.status = 'gone'
  }
}

/** Nothing is planned while the means are 0, which they are unless ordered otherwise. */
function planHazards(state: LambdaState, machine: Machine, at: number, speed: number): void {
  const { blipMeanHours, preemptionMeanHours } = state.settings
  if (blipMeanHours > 0) {
    const from = at + withChance(machine, (random) => -Math.log(1 - random.next()) * hours(blipMeanHours)) / speed
    plan(machine, 'unhealthy', from)
    plan(machine, 'recovered', from + withChance(machine, blipMs) / speed)
  }
  if (preemptionMeanHours > 0) {
    const after = withChance(machine, (random) => -Math.log(1 - random.next()) * hours(preemptionMeanHours))
    plan(machine, 'preempted', at + after / speed)
  }
}

export const lives = (machine: Machine): boolean =>
  machine.status === 'booting' || machine.status === 'active' || machine.status === 'unhealthy'

/** The meter ends with this call, not with the end of the machine. A second call changes nothing. */
export function terminate(state: LambdaState, machine: Machine, clock: SimClock): void {
  if (!lives(machine) && machine.status !== 'preempted') return
  const now = clock.now()
  stopMeter(state, machine, now)
  machine.status = 'terminating'
  machine.restarting = false
  machine.due = []
  plan(machine, 'terminated', now + (state.pace.terminatingMs ?? withChance(machine, terminatingMs) / clock.speed))
}

export const canRestart = (machine: Machine): boolean =>
  (machine.status === 'active' || machine.status === 'unhealthy') && !machine.restarting

export function restart(state: LambdaState, machine: Machine, clock: SimClock): void {
  const now = clock.now()
  const drawnMs = withChance(machine, restartMs) / clock.speed
  const downMs = withChance(machine, restartDownMs) / clock.speed
  const lasts = Math.ceil(state.pace.startingMs ?? drawnMs)
  machine.restarting = true
  machine.due = machine.due.filter((planned) => planned.to === 'preempted')
  plan(machine, 'unhealthy', now + Math.min(downMs, lasts))
  plan(machine, 'recovered', now + lasts)
  // A restarted instance that never passed its checks is up for the first time now.
  if (machine.firstHealthyAt === null) {
    machine.due = machine.due.map((planned) => (planned.to === 'recovered' ? { ...planned, to: 'active' } : planned))
  }
  machine.sshReadyAt = now + lasts
}

export function preempt(state: LambdaState, machine: Machine, clock: SimClock): void {
  take(state, machine, 'preempted', clock.now(), clock.speed)
}

/** Unhealthy from now; healthy again after `forMs` of the clock, or never. */
export function fallIll(state: LambdaState, machine: Machine, clock: SimClock, forMs: number | null): void {
  const now = clock.now()
  take(state, machine, 'unhealthy', now, clock.speed)
  machine.due = machine.due.filter((planned) => planned.to === 'preempted')
  if (forMs !== null) plan(machine, machine.firstHealthyAt === null ? 'active' : 'recovered', now + forMs)
}

/** Somebody else's instance in the same account: up and billed from now on. */
export function wakeNow(state: LambdaState, machine: Machine, clock: SimClock): void {
  machine.due = []
  take(state, machine, 'active', clock.now(), clock.speed)
}

function startMeter(state: LambdaState, machine: Machine, at: number): void {
  if (runningMeter(state, machine)) return
  state.meters.push({
    machineId: machine.id,
    label: machine.name,
    kind: 'gpu',
    startedAt: at,
    endedAt: null,
    ratePerHour: (BigInt(machine.centsPerHour) * nanosPerCent).toString(),
    stepMs: 60_000,
  })
}

function stopMeter(state: LambdaState, machine: Machine, at: number): void {
  const meter = runningMeter(state, machine)
  if (meter) meter.endedAt = at
}

export const runningMeter = (state: LambdaState, machine: Machine) =>
  state.meters.find((meter) => meter.machineId === machine.id && meter.endedAt === null)
