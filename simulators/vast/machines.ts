/**
 * What happens to a rented machine: the container comes up, fails, stops, is outbid, waits, goes offline, ends.
 *
 * Loading times are drawn around the documented one to five minutes (big images ten to twenty); the share of machines
 * that never come up is our guess of a few percent.
 */

import { nanosFromUsd } from '../kit/bill.ts'
import { seedFrom } from '../kit/random.ts'
import type { Listing } from './listings.ts'
import {
  brokeAt,
  credit,
  done,
  type FailureKind,
  hardwareOf,
  liveMachines,
  type Machine,
  startMeter,
  stopMeter,
  type World,
} from './state.ts'

/** Lets everything happen that is due, in the order of its time. */
export function catchUp(world: World): void {
  const now = world.clock.now()
  const { market } = world.state
  // After a long sleep the market skips what nobody saw; machines still change at their own times.
  const stepMs = 600_000 / world.clock.speed
  if (now - market.nextAt > 20_000 * stepMs) market.nextAt = Math.ceil(now - 20_000 * stepMs)
  for (;;) {
    const due = nextDue(world)
    if (due.at > now) break
    world.state.at = Math.max(world.state.at, due.at)
    world.market.moveTo(world.state.at)
    due.act()
  }
  world.state.at = Math.max(world.state.at, now)
  world.market.moveTo(world.state.at)
}

interface Due {
  at: number
  act(): void
}

function nextDue(world: World): Due {
  const { state } = world
  let due: Due = { at: state.market.nextAt, act: () => marketStep(world) }
  const sooner = (at: number | null | undefined, act: () => void) => {
    if (typeof at === 'number' && at < due.at) due = { at, act }
  }
  let running = false
  for (const machine of liveMachines(world)) {
    if (machine.intended === 'running') running = true
    if (machine.offline) {
      sooner(machine.offline.until, () => comeBackOnline(world, machine))
      continue
    }
    if (machine.plan) sooner(machine.plan.at, () => turn(world, machine))
    if (machine.stopped === 'ended')
      sooner(done(world, machine.endsAt, 48 * 3_600_000), () => destroy(world, machine, state.at))
    else if (machine.plan?.to !== 'gone') sooner(machine.endsAt, () => end(world, machine))
    if (machine.waits)
      sooner(machine.waitsUntil > state.at ? machine.waitsUntil : null, () => startIfPossible(world, machine))
  }
  if (running) sooner(brokeAt(world), () => stopForCredit(world))
  return due
}

function marketStep(world: World): void {
  const at = world.state.market.nextAt
  world.market.step(at)
  lookAtBids(world)
  if (!world.state.settings.mishaps) return
  for (const machine of liveMachines(world)) {
    if (machine.actual !== 'running' || machine.offline || machine.foreign) continue
    // Half of what the reliability says, as a chance per hour; outages last around a quarter of an hour.
    const risk = (1 - hardwareOf(world, machine).reliability) / 2 / 6
    if (luck(world, `offline ${machine.id} ${world.state.market.step}`) >= risk) continue
    const minutes = 3 + 40 * luck(world, `outage ${machine.id} ${world.state.market.step}`)
    goOffline(world, machine, done(world, at, minutes * 60_000))
  }
}

/** Chance that depends on nothing but its name. */
function luck(world: World, name: string): number {
  return (Math.imul(seedFrom(world.seed, name), 0x9e3779b1) >>> 0) / 4294967296
}

/** Whoever is outbid pauses, whoever wins again goes on, and queued starts happen. */
export function lookAtBids(world: World): void {
  for (const machine of liveMachines(world)) {
    if (machine.offline) continue
    if (machine.isBid && machine.holdsGpus && machine.plan?.to !== 'halted' && !bidWins(world, machine))
      outbid(world, machine)
    else if (machine.waits) startIfPossible(world, machine)
  }
}

export function listingOf(world: World, machine: Machine): Listing {
  return world.market.listings[machine.listing] as Listing
}

export function bidWins(world: World, machine: Machine): boolean {
  return BigInt(world.market.minBid(listingOf(world, machine), machine.gpus)) <= nanosFromUsd(machine.dphBase)
}

/** Starts a machine that waits for its GPUs or for its bid to win. */
export function startIfPossible(world: World, machine: Machine): boolean {
  if (world.state.at < machine.waitsUntil || credit(world, world.state.at) <= 0n) return false
  const listing = listingOf(world, machine)
  if (machine.isBid) {
    if (!bidWins(world, machine) || !world.market.displace(listing, machine.gpus)) return false
  } else if (world.market.free(listing) < machine.gpus) return false
  world.market.hold(listing, machine.gpus)
  const first = machine.runningSince === null
  machine.holdsGpus = true
  machine.waits = null
  machine.stopped = null
  machine.intended = 'running'
  machine.current = 'running'
  machine.next = 'running'
  bringUp(world, machine, first ? 'create' : 'start')
  return true
}

/** The container begins to come up now. */
export function bringUp(world: World, machine: Machine, how: 'create' | 'start' | 'recycle'): void {
  const { at, orders } = world.state
  const { random } = world
  machine.ports = null
  const fixed = how === 'create' ? orders.pace.loadingMs : orders.pace.startingMs
  const drawn =
    how === 'start'
      ? random.int(8_000, 35_000)
      : Math.min(1_200_000, Math.max(20_000, Math.round(random.logNormal(100_000, 0.6))))
  const silent = how === 'create' ? random.int(2_000, 8_000) : 0
  const showsCreated = how === 'create' && random.chance(0.25)
  const upAt = fixed === undefined ? done(world, at, drawn + silent) : at + fixed
  const heardAt = fixed === undefined ? done(world, at, silent) : at + Math.min(Math.floor(fixed / 5), 5_000)
  machine.loading = { from: heardAt, until: upAt }
  machine.message = null
  if (how === 'create') {
    machine.actual = null
    machine.plan = { at: heardAt, to: showsCreated ? 'created' : 'loading' }
  } else {
    machine.actual = how === 'recycle' ? 'rebooting' : 'loading'
    machine.plan = { at: upAt, to: machine.failure ? 'failed' : 'running' }
  }
  if (machine.failure === 'silent') machine.plan = null
}

function turn(world: World, machine: Machine): void {
  const at = world.state.at
  const to = machine.plan?.to
  machine.plan = null
  switch (to) {
    case 'created': {
      machine.actual = 'created'
      const until = machine.loading?.until ?? at
      machine.plan = { at: Math.min(until, done(world, at, 1_500)), to: 'loading' }
      return
    }
    case 'loading':
      machine.actual = 'loading'
      machine.plan = { at: machine.loading?.until ?? at, to: machine.failure ? 'failed' : 'running' }
      return
    case 'running':
      machine.actual = 'running'
      machine.message = `success, running ${machine.image.replace(':', '_')}/${machine.runtype === 'args' ? 'args' : machine.runtype.includes('jupyter') ? 'jupyter' : 'ssh'}`
      machine.loading = null
      machine.ports ??= portsOf(world, machine)
      machine.runningSince = at
      startMeter(world, machine, 'gpu', at)
      return
    case 'failed':
      fail(world, machine)
      return
    case 'halted':
      halt(world, machine, 'by us')
      return
    case 'gone':
      destroy(world, machine, at)
      return
    default:
  }
}

const failureTexts: Partial<Record<FailureKind, (image: string) => string>> = {
  oci: () =>
    'Error: Error response from daemon: failed to create task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running hook #0: nvidia-container-cli: device error: unknown device: unknown',
  manifest: (image) =>
    `Error: Error response from daemon: manifest for ${image} not found: manifest unknown: manifest unknown`,
  denied: (image) =>
    `Error: Error response from daemon: pull access denied for ${image.split(':')[0]}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
  no_space: () => 'Error: docker_build() error: write /var/lib/docker/tmp/layer: no space left on device',
  port: () =>
    'Error: Error response from daemon: driver failed programming external connectivity: Bind for 0.0.0.0:40218 failed: port is already allocated',
}

function fail(world: World, machine: Machine): void {
  switch (machine.failure) {
    case 'stuck':
    case 'silent':
    case null:
      return // stays as it is, for ever
    case 'exited':
      machine.actual = 'exited'
      machine.message = 'Error: container exited with code 1'
      machine.loading = null
      return
    case 'unknown':
      machine.actual = 'unknown'
      return
    case 'offline':
      goOffline(world, machine, null)
      return
    default:
      machine.actual = 'created'
      machine.loading = null
      machine.message = failureTexts[machine.failure]?.(machine.image) ?? null
  }
}

/** The container and the allocation end; disk and its meter stay. */
function halt(world: World, machine: Machine, why: Machine['stopped'], gpusTo: 'market' | 'others' = 'market'): void {
  const at = world.state.at
  stopMeter(world, machine, 'gpu', at)
  if (machine.holdsGpus) world.market.release(listingOf(world, machine), machine.gpus, gpusTo)
  machine.holdsGpus = false
  machine.actual = 'exited'
  machine.intended = 'stopped'
  machine.current = 'stopped'
  machine.next = 'stopped'
  machine.ports = null
  machine.plan = null
  machine.loading = null
  machine.waits = null
  machine.stopped = why
}

/** Losing a bid pauses the machine; it goes on by itself when the bid wins again. */
export function outbid(world: World, machine: Machine): void {
  halt(world, machine, 'outbid', 'others')
  machine.waits = 'bid'
  machine.waitsUntil = 0
  if (world.state.settings.outbidShape === 'waiting') {
    machine.intended = 'running'
    machine.next = 'running'
    machine.actual = 'scheduling'
  }
  if (world.state.settings.outbidShape === 'exited') {
    machine.intended = 'running'
    machine.next = 'running'
  }
}

/** Stopping takes a few seconds, in which the container still runs and bills. */
export function stop(world: World, machine: Machine): void {
  const { at, orders } = world.state
  machine.intended = 'stopped'
  machine.next = 'stopped'
  if (!machine.holdsGpus) {
    machine.waits = null
    machine.stopped = 'by us'
    machine.actual = machine.actual === 'scheduling' ? 'exited' : machine.actual
    return
  }
  if (machine.plan?.to === 'halted') return
  const until =
    orders.pace.stoppingMs === undefined
      ? done(world, at, world.random.int(2_000, 12_000))
      : at + orders.pace.stoppingMs
  machine.plan = { at: until, to: 'halted' }
}

/** 'started', or 'queued' when the GPUs are let to somebody else or the bid is too low. */
export function start(world: World, machine: Machine): 'started' | 'queued' {
  machine.intended = 'running'
  machine.next = 'running'
  if (machine.plan?.to === 'halted') {
    machine.plan = null
    if (machine.actual !== 'running') bringUp(world, machine, 'start')
  }
  if (machine.holdsGpus) return 'started'
  machine.waits = machine.isBid ? 'bid' : 'gpus'
  return startIfPossible(world, machine) ? 'started' : 'queued'
}

export function reboot(world: World, machine: Machine): void {
  const { at, orders } = world.state
  const ms = orders.pace.startingMs
  machine.actual = 'rebooting'
  machine.plan = { at: ms === undefined ? done(world, at, world.random.int(10_000, 40_000)) : at + ms, to: 'running' }
}

/** The same place, ports and meter; only the container is new. */
export function recycle(world: World, machine: Machine): void {
  const { ports } = machine
  bringUp(world, machine, 'recycle')
  machine.ports = ports
}

export function goOffline(world: World, machine: Machine, until: number | null): void {
  machine.offline = { until }
  stopMeter(world, machine, 'gpu', world.state.at)
  stopMeter(world, machine, 'disk', world.state.at)
}

export function comeBackOnline(world: World, machine: Machine): void {
  const at = world.state.at
  machine.offline = null
  if (machine.failure === 'offline') machine.failure = null
  startMeter(world, machine, 'disk', at)
  if (machine.actual === 'running') startMeter(world, machine, 'gpu', at)
  else if (machine.actual === 'rebooting') startMeter(world, machine, 'gpu', at)
  else if (machine.actual === 'loading' && !machine.plan) machine.plan = { at, to: 'running' }
  if (machine.plan && machine.plan.at < at) machine.plan.at = at
}

/** The process ends by itself; the machine stays ours. */
export function exit(world: World, machine: Machine): void {
  machine.actual = 'exited'
  machine.ports = null
  machine.plan = null
  stopMeter(world, machine, 'gpu', world.state.at)
}

/** The host's time is over: stopped, not to be started again, deleted 48 hours later. */
export function end(world: World, machine: Machine): void {
  machine.endsAt = Math.min(machine.endsAt, world.state.at)
  halt(world, machine, 'ended')
}

function stopForCredit(world: World): void {
  world.brokeAt = undefined
  if (credit(world, world.state.at) > 0n) return
  for (const machine of liveMachines(world)) {
    if (machine.intended === 'running') halt(world, machine, 'no credit')
  }
}

/** Asked to go: at once, or after the ordered time, in which it is still seen and its disk still bills. */
export function askToDestroy(world: World, machine: Machine): void {
  const ms = world.state.orders.pace.terminatingMs
  if (!ms) {
    destroy(world, machine, world.state.at)
    return
  }
  if (machine.plan?.to === 'gone') return
  halt(world, machine, 'by us')
  machine.current = 'unloaded'
  machine.offline = null
  machine.plan = { at: world.state.at + ms, to: 'gone' }
}

export function destroy(world: World, machine: Machine, at: number): void {
  stopMeter(world, machine, 'gpu', at)
  stopMeter(world, machine, 'disk', at)
  if (machine.holdsGpus) world.market.release(listingOf(world, machine), machine.gpus)
  machine.holdsGpus = false
  machine.destroyedAt = at
  machine.plan = null
  machine.waits = null
  machine.offline = null
  machine.current = 'unloaded'
  machine.actual = null
  world.state.live = world.state.live.filter((id) => id !== machine.id)
  world.state.priceRises = world.state.priceRises.filter((rise) => rise.machine !== machine.id)
  delete world.state.hardware[machine.id]
  delete world.state.attachedKeys[machine.id]
}

/**
 * External ports by container port, such as "8000/tcp". The host chooses them; only ports from 70000 on are the same
 * inside and outside.
 */
function portsOf(world: World, machine: Machine): Record<string, string> {
  const wanted: string[] = []
  if (machine.runtype.includes('ssh_direc')) wanted.push('22/tcp')
  if (machine.runtype.includes('jupyter_direc')) wanted.push('8080/tcp')
  for (const [key] of machine.env) {
    const port = /^-p\s+(?:\d+:)?(\d+)(?:\/(tcp|udp))?$/.exec(key.trim())
    if (port) wanted.push(`${port[1]}/${port[2] ?? 'tcp'}`)
  }
  const most = Math.max(0, hardwareOf(world, machine).direct_port_count)
  let external = 40_000 + world.random.int(0, 20_000)
  const ports: Record<string, string> = {}
  for (const port of [...new Set(wanted)].slice(0, most)) {
    const identity = Number(port.split('/')[0]) >= 70_000
    ports[identity ? `${external}/${port.split('/')[1]}` : port] = String(external)
    external += 1
  }
  return ports
}
