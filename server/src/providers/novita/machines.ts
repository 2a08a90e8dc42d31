import type { Endpoint, Machine, MeterReading, Phase, SshAccess } from '../../core/instances/machine.ts'
import { type Nanos, nanos } from '../../core/money.ts'
import type { Market } from '../../core/offers/offer.ts'
import { type Instant, minuteMs, secondMs } from '../../core/time.ts'
import { rateVariable } from './launch-body.ts'
import { diskRate } from './offers.ts'
import { codeFrom, regionFromNovita } from './regions.ts'
import type { NovitaInstance, NovitaPortMapping } from './wire.ts'

export interface MachineContext {
  now: Instant
  /** GPU price per hour for the whole machine, where the machine does not carry it itself. */
  rateOf?: (wire: NovitaInstance) => Nanos | null
  /** How `lastStartedAt` is read; see `contradictsPullingStart`. */
  startedAtMeans?: 'pulling' | 'running'
}

export function machineFromNovita(wire: NovitaInstance, context: MachineContext): Machine {
  const phase = phaseFromNovita(wire, context.now)
  const up = phase === 'running'
  const place = wire.clusterName || wire.clusterId
  const rate = gpuRateFrom(wire, context)
  return {
    externalId: wire.id,
    label: wire.name || null,
    phase,
    providerStatus: statusText(wire),
    message: wire.statusError.message.trim() || null,
    market: marketFrom(wire),
    gpu: wire.productName && wire.gpuNum ? { spelling: wire.productName, count: wire.gpuNum } : null,
    region: place === '' ? null : (regionFromNovita(place) ?? regionFromNovita(wire.clusterId) ?? codeFrom(place)),
    pricePerHour: rate,
    ssh: up ? sshFrom(wire) : null,
    endpoints: up ? wire.portMappings.flatMap((mapping) => endpointFrom(mapping) ?? []) : [],
    createdAt: instantFrom(wire.createdAt),
    // Once it has been taken nothing is announced any more.
    reclaimAt: phase === 'interrupted' || phase === 'ended' ? null : instantFrom(wire.spotReclaimTime),
    gpuUtilisation: null,
    meters: metersFrom(wire, rate, context),
  }
}

/** @source novita.md 3. `migrating` and `freezing` lead somewhere we cannot tell; so does any word we have not met. */
const phases: ReadonlyMap<string, Phase> = new Map<string, Phase>([
  ['pending', 'pending'],
  ['toCreate', 'pending'],
  ['creating', 'starting'],
  ['pulling', 'starting'],
  ['running', 'running'],
  ['toStart', 'starting'],
  ['starting', 'starting'],
  ['toStop', 'stopping'],
  ['stopping', 'stopping'],
  ['exited', 'stopped'],
  ['toRestart', 'starting'],
  ['restarting', 'starting'],
  ['toReset', 'starting'],
  ['resetting', 'starting'],
  ['migrating', 'unclear'],
  ['freezing', 'unclear'],
  ['toRemove', 'ending'],
  ['removing', 'ending'],
  ['removed', 'ended'],
])

/** On the way to its first run. */
const beingMade: ReadonlySet<string> = new Set(['pending', 'toCreate', 'creating', 'pulling'])

/** How long an error beside a status that should pass counts as passing. Novita.md 7.5 says "N minutes"; 3 is our choice. */
const patienceWithErrorsMs = 3 * minuteMs

/**
 * There is no status for a failure: an error stands beside a status that does not move on, or beside `exited`, which also
 * means a stop that somebody wanted, and a spot machine that was taken.
 */
export function phaseFromNovita(
  wire: Pick<
    NovitaInstance,
    'status' | 'spotStatus' | 'spotReclaimTime' | 'statusError' | 'createdAt' | 'lastStartedAt'
  >,
  now: Instant,
): Phase {
  const phase = phases.get(wire.status) ?? 'unclear'
  const complains = wire.statusError.message.trim() !== ''
  if (wire.status === 'exited') {
    if (wasTaken(wire)) return 'interrupted'
    return complains ? 'failed' : 'stopped'
  }
  // Taken before it came up: there is nothing to wait for, and no fault of the image.
  if (beingMade.has(wire.status) && saysTaken(wire)) return 'interrupted'
  if (beingMade.has(wire.status) && complains) {
    const begun = Math.max(instantFrom(wire.createdAt) ?? 0, instantFrom(wire.lastStartedAt) ?? 0)
    if (now - begun > patienceWithErrorsMs) return 'failed'
  }
  return phase
}

/** `reclaimed` is contract 002's word for `terminated`; nobody has seen it. */
function saysTaken({ spotStatus }: Pick<NovitaInstance, 'spotStatus'>): boolean {
  return spotStatus === 'terminated' || spotStatus === 'reclaimed'
}

function wasTaken(wire: Pick<NovitaInstance, 'spotStatus' | 'spotReclaimTime'>): boolean {
  return saysTaken(wire) || instantFrom(wire.spotReclaimTime) !== null
}

function statusText(wire: NovitaInstance): string {
  return [wire.status, wire.spotStatus === '' || wire.spotStatus === wire.status ? '' : `spot ${wire.spotStatus}`]
    .filter((word) => word !== '')
    .join(', ')
}

/** The mode may be empty; then only a spot machine has a spot status. */
export function marketFrom({ billingMode, spotStatus }: Pick<NovitaInstance, 'billingMode' | 'spotStatus'>): Market {
  return billingMode === 'spot' || (billingMode === '' && spotStatus !== '') ? 'spot' : 'on_demand'
}

/** What was agreed, as `launch` left it on the machine: v1 shows no price there. A prepaid machine has no hourly one. */
function gpuRateFrom(wire: NovitaInstance, { rateOf }: MachineContext): Nanos | null {
  if (wire.billingMode === 'monthly') return null
  return agreedRateFrom(wire) ?? rateOf?.(wire) ?? null
}

export function agreedRateFrom({ envs }: Pick<NovitaInstance, 'envs'>): Nanos | null {
  const left = envs.find(({ key }) => key === rateVariable)?.value ?? ''
  return /^\d{1,15}$/.test(left) ? nanos(BigInt(left)) : null
}

type MeterState = MeterReading['state']

/**
 * @source novita.md 3: "Metered per second from `pulling` until stopped/deleted", so a stop that is under way still bills.
 * Guesses: a restart or an upgrade bills on; whether `starting` bills is not said, nor what arrears and migrations do.
 */
const meterStates: ReadonlyMap<string, { gpu: MeterState; disk: MeterState }> = new Map([
  ['pending', { gpu: 'off', disk: 'off' }],
  ['toCreate', { gpu: 'off', disk: 'off' }],
  ['creating', { gpu: 'off', disk: 'off' }],
  ['pulling', { gpu: 'on', disk: 'on' }],
  ['running', { gpu: 'on', disk: 'on' }],
  ['toStart', { gpu: 'unclear', disk: 'on' }],
  ['starting', { gpu: 'unclear', disk: 'on' }],
  ['toStop', { gpu: 'on', disk: 'on' }],
  ['stopping', { gpu: 'on', disk: 'on' }],
  ['exited', { gpu: 'off', disk: 'on' }],
  ['toRestart', { gpu: 'on', disk: 'on' }],
  ['restarting', { gpu: 'on', disk: 'on' }],
  ['toReset', { gpu: 'on', disk: 'on' }],
  ['resetting', { gpu: 'on', disk: 'on' }],
  ['migrating', { gpu: 'unclear', disk: 'unclear' }],
  ['freezing', { gpu: 'unclear', disk: 'unclear' }],
  ['removed', { gpu: 'off', disk: 'off' }],
])

function metersFrom(wire: NovitaInstance, gpuRate: Nanos | null, context: MachineContext): MeterReading[] {
  const meters: MeterReading[] = []
  const { started, stopped } = lastRun(wire)
  // While it pulls again, the time of an earlier run says nothing.
  const known = started !== null && context.startedAtMeans !== 'running' ? started : null

  if (gpuRate !== null && wire.gpuNum) {
    const state = gpuState(wire)
    const since = state === 'unclear' ? null : state === 'on' && stopped !== null ? null : known
    const until = state === 'off' ? stopped : null
    meters.push({ kind: 'gpu', ratePerHour: gpuRate, state, since, until, stepMs: secondMs })
  }

  const rate = diskRate(wire.rootfsSize)
  if (rate > 0n) {
    const state = diskState(wire)
    // Only a machine that was never stopped still shows when its first run, and with it the disk's meter, began.
    const firstRun = state === 'on' && instantFrom(wire.lastStoppedAt) === null
    meters.push({
      kind: 'disk',
      ratePerHour: rate,
      state,
      since: firstRun ? known : null,
      until: null,
      stepMs: secondMs,
    })
  }
  return meters
}

function gpuState(wire: NovitaInstance): MeterState {
  if (!isBeingRemoved(wire)) return meterStates.get(wire.status)?.gpu ?? 'unclear'
  const { started, stopped } = lastRun(wire)
  // Removed from `exited` it does not bill; before its first run, by either reading of the times, we cannot tell.
  return started === null ? 'unclear' : stopped === null ? 'on' : 'off'
}

function diskState(wire: NovitaInstance): MeterState {
  // A disk that never began to bill does not begin while it is deleted.
  if (isBeingRemoved(wire)) return lastRun(wire).started === null ? 'unclear' : 'on'
  // It may have fallen from `creating`, before anything was billed.
  if (wire.status === 'exited' && lastRun(wire).started === null) return 'unclear'
  return meterStates.get(wire.status)?.disk ?? 'unclear'
}

function isBeingRemoved({ status }: NovitaInstance): boolean {
  return status === 'toRemove' || status === 'removing'
}

/** The last run by Novita's own times; a stop that is older than the start belongs to the run before. */
function lastRun(wire: Pick<NovitaInstance, 'lastStartedAt' | 'lastStoppedAt'>) {
  const started = instantFrom(wire.lastStartedAt)
  const stopped = instantFrom(wire.lastStoppedAt)
  return { started, stopped: started !== null && stopped !== null && stopped >= started ? stopped : null }
}

/**
 * Novita's document supports two readings of `lastStartedAt`: the start of `pulling`, where billing begins, or of `running`.
 * We take the first: the table of states names the fields in which `pulling` differs from `running`, and this is none of
 * them. A machine that pulls without a fresh start time shows that it is the other, and then the moment is not told.
 */
export function contradictsPullingStart(
  wire: Pick<NovitaInstance, 'status' | 'lastStartedAt' | 'lastStoppedAt'>,
): boolean {
  if (wire.status !== 'pulling') return false
  const { started, stopped } = lastRun(wire)
  return started === null || stopped !== null
}

/**
 * A published port 22 comes first: it is the image's own server, which can know the user's key. Else the platform's SSH
 * component, which wants a password that we do not carry. Without `-p`, or with port 22, it is not allocated yet.
 */
export function sshFrom(wire: NovitaInstance): SshAccess | null {
  const published = wire.portMappings.find(({ port, type }) => port === 22 && type !== 'http')
  const endpoint = published && endpointFrom(published)
  if (endpoint && endpoint.protocol === 'tcp') return { host: endpoint.host, port: endpoint.port, user: 'root' }

  const command = wire.connectComponentSSH?.sshCommand || wire.connectComponentSSH?.command || wire.sshCommand
  const port = Number(/(?:^|\s)-p\s*(\d{1,5})(?:\s|$)/.exec(command)?.[1] ?? 22)
  const [, user, host] = /(?:^|\s)([\w.-]+)@([\w.:[\]-]+)(?:\s|$)/.exec(command) ?? []
  if (user === undefined || host === undefined || port === 22 || port > 65_535) return null
  return { host, port, user }
}

/** With or without a scheme; empty until it is allocated. */
function endpointFrom({ port, endpoint, type }: NovitaPortMapping): Endpoint | null {
  const text = endpoint.trim()
  if (text === '' || port === null) return null
  const http = type === 'http' || /^https?:/i.test(text)
  const url = parsed(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${http ? 'https' : 'tcp'}://${text}`)
  if (url === null || url.hostname === '') return null
  const outside = Number(url.port || (url.protocol === 'https:' ? 443 : url.protocol === 'http:' ? 80 : 0))
  if (outside === 0) return null
  return {
    containerPort: port,
    protocol: http ? 'http' : 'tcp',
    host: url.hostname,
    port: outside,
    url: http ? url.href.replace(/\/$/, '') : null,
  }
}

function parsed(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

/** Unix seconds; 0 and -1 mean never. */
function instantFrom(seconds: number | null): Instant | null {
  return seconds !== null && seconds > 0 ? seconds * 1000 : null
}
