/**
 * The life of a pod. Status RUNNING comes at once and says nothing about the container: that is up when `runtime` is there
 * (seen live in 2026; a switch shows PROVISIONING and STARTING first, as the OpenAPI file describes).
 *
 * create → RUNNING, runtime null → runtime · stop → EXITED · start → RUNNING on the same host, or refused when its GPU
 * is taken · delete → TERMINATED for some seconds → 404 · host failure → RUNNING, runtime null again, no other sign
 */

import { gpuTypeOf, matches } from './market.ts'
import { brokeAt, setPodMeters } from './money.ts'
import { ceilSecond, type Due, floorSecond, type LogLine, type Pod, type PodPort, type World } from './state.ts'

/** Brings everything up to the clock's now, each transition at the moment it was due. */
export function step(world: World): void {
  const { state, clock } = world
  const now = clock.now()
  for (;;) {
    const next = nextDue(world, now)
    const until = next ? next.due.at : now
    const broke = state.broke ? null : brokeAt(state, until)
    if (broke !== null) {
      runOutOfMoney(world, broke)
      continue
    }
    state.solventUntil = Math.max(state.solventUntil, until)
    if (!next) return
    next.pod.due = next.pod.due.filter((due) => due !== next.due)
    happen(world, next.pod, next.due)
  }
}

function nextDue(world: World, now: number): { pod: Pod; due: Due } | null {
  let first: { pod: Pod; due: Due } | null = null
  for (const pod of world.state.pods) {
    for (const due of pod.due) {
      if (due.at <= now && (!first || due.at < first.due.at)) first = { pod, due }
    }
  }
  return first
}

function happen(world: World, pod: Pod, due: Due): void {
  switch (due.what) {
    case 'assigned':
      pod.status = 'STARTING'
      return
    case 'started':
      pod.status = 'RUNNING'
      return
    case 'ready':
      becomeReady(world, pod, due.at)
      return
    case 'stuck':
      log(pod, due.at, 'system', 'still pulling')
      return
    case 'error':
      log(pod, due.at, 'system', 'error creating container: OCI runtime create failed')
      rest(world, pod, 'ERROR', due.at)
      return
    case 'exited':
      log(pod, due.at, 'container', 'exec: no such file or directory')
      rest(world, pod, 'EXITED', due.at)
      return
    case 'stopped':
      log(pod, due.at, 'system', 'stop container')
      rest(world, pod, 'EXITED', due.at)
      return
    case 'forgotten':
      pod.forgotten = true
      pod.logs = []
      return
    case 'stop_after':
      if (pod.status === 'RUNNING') rest(world, pod, 'EXITED', due.at)
      return
    case 'terminate_after':
      terminate(world, pod, due.at)
      return
  }
}

/** The container's start is planned when the pod is made, started or restarted. */
export function planStart(world: World, pod: Pod, why: 'create' | 'start' | 'restart'): void {
  const { state, clock, random } = world
  const now = clock.now()
  const paced = why === 'create' ? state.pace.loadingMs : state.pace.startingMs
  // Image pulls take seconds to ten minutes and more (client time-outs are 10 to 20 min). The median is a guess.
  const drawn = why === 'create' ? clamp(random.logNormal(75_000, 0.7), 12_000, 900_000) : random.int(6_000, 25_000)
  const readyAt = paced === undefined ? clock.after(drawn) : now + paced
  pod.failure = why === 'restart' ? null : drawFailure(world, pod, why)
  pod.due = pod.due.filter((due) => due.what === 'stop_after' || due.what === 'terminate_after')

  if (state.switches.provisioning && why === 'create') {
    pod.status = 'PROVISIONING'
    if (pod.failure !== 'stuck') {
      pod.due.push({ at: now + Math.ceil((readyAt - now) * 0.2), what: 'assigned' })
      pod.due.push({ at: now + Math.ceil((readyAt - now) * 0.9), what: 'started' })
    }
  } else {
    pod.status = 'RUNNING'
  }
  log(pod, now, 'system', `create container ${pod.container.image}`)
  if (pod.failure === 'stuck') pod.due.push({ at: readyAt, what: 'stuck' })
  else if (pod.failure === 'error') pod.due.push({ at: readyAt, what: 'error' })
  else if (pod.failure === 'exited') pod.due.push({ at: readyAt, what: 'exited' })
  else pod.due.push({ at: readyAt, what: 'ready' })
}

function drawFailure(world: World, pod: Pod, why: 'create' | 'start'): Pod['failure'] {
  const { state, random } = world
  if (pod.foreign) return null
  const order = state.startFailures.find((one) =>
    matches(one.matching, [
      pod.gpuId ?? '',
      gpuTypeOf(pod.gpuId ?? '')?.name ?? '',
      pod.cloud,
      pod.dataCenterId,
      pod.name,
    ]),
  )
  if (order) {
    order.left -= 1
    state.startFailures = state.startFailures.filter((one) => one.left > 0)
    return order.how
  }
  if (why === 'start' || !random.chance(state.switches.startFailureRate)) return null
  return random.pick(['stuck', 'stuck', 'exited', 'error'] as const)
}

function becomeReady(world: World, pod: Pod, at: number): void {
  pod.runtime = { since: at, ports: drawPorts(world, pod) }
  pod.startedAt = at
  log(pod, at, 'system', 'start container')
  log(pod, at, 'container', 'Container is up.')
}

/** Public numbers change on every start. An http entry carries a private address and an unusable public number. */
function drawPorts(world: World, pod: Pod): PodPort[] {
  const { random } = world
  const ip = `203.0.113.${random.int(2, 250)}`
  return pod.container.ports.map((declared): PodPort => {
    const [number = '', type = ''] = declared.split('/')
    const wanted = Number(number)
    if (type === 'http') {
      return {
        private: wanted,
        public: random.int(60_000, 60_999),
        type: 'http',
        ip: `100.65.${random.int(0, 255)}.${random.int(2, 250)}`,
      }
    }
    const drawn = random.int(10_000, 59_999)
    if (pod.failure === 'no_port') return { private: wanted, public: null, type: 'tcp', ip }
    // A number of 70000 and more asks for one port number that is the same inside and outside.
    return { private: wanted >= 70_000 ? drawn : wanted, public: drawn, type: 'tcp', ip }
  })
}

/** The pod gives its GPU back and keeps only its volume: EXITED, or ERROR. */
export function rest(world: World, pod: Pod, status: 'EXITED' | 'ERROR', at: number): void {
  pod.status = status
  pod.lastPorts = pod.runtime?.ports ?? pod.lastPorts
  pod.runtime = null
  pod.due = pod.due.filter((due) => due.what === 'terminate_after')
  pod.statusChangedAt = at
  // How often somebody else takes the GPU is a guess.
  pod.gpuTaken = pod.gpuId !== null && world.random.chance(0.05)
  setPodMeters(world, pod, pod.hostLost && !world.state.switches.hostLossBills ? 'none' : 'stopped', ceilSecond(at))
}

export function terminate(world: World, pod: Pod, at: number): void {
  if (pod.status === 'TERMINATED') return
  const { state, clock, random } = world
  pod.lastStatus = pod.status
  pod.status = 'TERMINATED'
  pod.runtime = null
  pod.statusChangedAt = at
  setPodMeters(world, pod, 'none', ceilSecond(at))
  const lingerMs = state.pace.terminatingMs ?? random.int(500, 4000) / clock.speed
  pod.due = [{ at: Math.ceil(at + lingerMs), what: 'forgotten' }]
}

export function stop(world: World, pod: Pod): void {
  const now = world.clock.now()
  const stoppingMs = world.state.pace.stoppingMs ?? 0
  if (stoppingMs === 0) happen(world, pod, { at: now, what: 'stopped' })
  else if (!pod.due.some((due) => due.what === 'stopped')) pod.due.push({ at: now + stoppingMs, what: 'stopped' })
}

export function restart(world: World, pod: Pod): void {
  pod.runtime = null
  if (!pod.hostLost) planStart(world, pod, 'restart')
}

export function startAgain(world: World, pod: Pod): void {
  setPodMeters(world, pod, 'running', ceilSecond(world.clock.now()))
  pod.statusChangedAt = world.clock.now()
  planStart(world, pod, 'start')
}

/** The host is gone: no event, no new status, only the telemetry stops. Nothing is billed meanwhile. */
export function loseHost(world: World, pod: Pod): void {
  pod.hostLost = true
  pod.runtime = null
  pod.due = pod.due.filter((due) => due.what === 'stop_after' || due.what === 'terminate_after')
  if (!world.state.switches.hostLossBills) setPodMeters(world, pod, 'none', ceilSecond(world.clock.now()))
}

export function regainHost(world: World, pod: Pod): void {
  pod.hostLost = false
  if (pod.status !== 'EXITED' && pod.status !== 'ERROR') startAgain(world, pod)
  else setPodMeters(world, pod, 'stopped', ceilSecond(world.clock.now()))
}

export function beginBilling(world: World, pod: Pod): void {
  setPodMeters(world, pod, 'running', floorSecond(pod.createdAt))
}

/** At balance 0 all pods stop, and those without a network volume are terminated with their data. */
function runOutOfMoney(world: World, at: number): void {
  world.state.broke = true
  world.state.solventUntil = at
  for (const pod of world.state.pods) {
    if (pod.status === 'TERMINATED') continue
    if (!pod.mounts.network?.length) terminate(world, pod, at)
    else if (pod.status !== 'EXITED' && pod.status !== 'ERROR') rest(world, pod, 'EXITED', at)
  }
}

const keptLogLines = 200

export function log(pod: Pod, at: number, source: LogLine['source'], line: string): void {
  const seq = (pod.logs.at(-1)?.seq ?? 0) + 1
  pod.logs.push({ at, seq, source, line })
  if (pod.logs.length > keptLogLines) pod.logs.shift()
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
