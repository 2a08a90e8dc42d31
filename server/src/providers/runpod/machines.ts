import type { Endpoint, Machine, MeterReading, Phase, SshAccess } from '../../core/instances/machine.ts'
import { nanosFromUsd } from '../../core/money.ts'
import { type Instant, minuteMs, secondMs } from '../../core/time.ts'
import { runningDiskRate, stoppedDiskRate } from './disks.ts'
import { regionFromRunpod } from './regions.ts'
import type { RunpodPod } from './wire.ts'

/** What a look knows beside the pod itself. */
export interface PodReading {
  at: Instant
  /** Whether it is known to have been stopped since it was made; see `meterStart`. */
  wasStopped: boolean
}

export function machineFromRunpod(pod: RunpodPod, reading: PodReading): Machine {
  const phase = phaseFromRunpod(pod)
  // A stopped pod may still show its old ports (runpodctl#315).
  const live = pod.status === 'RUNNING' ? (pod.runtime ?? null) : null
  return {
    externalId: pod.id,
    label: pod.name || null,
    phase,
    providerStatus: isDark(pod) ? 'RUNNING (nothing reported)' : pod.status,
    message: null,
    market: 'on_demand',
    gpu: pod.gpu ? { spelling: pod.gpu.id, count: pod.gpu.count } : null,
    region: pod.dataCenterId ? (regionFromRunpod(pod.dataCenterId) ?? pod.dataCenterId) : null,
    pricePerHour: gpuMeters.get(pod.status) === 'on' ? nanosFromUsd(pod.cost) : null,
    ssh: live && sshFrom(pod),
    endpoints: live ? endpointsFrom(pod) : [],
    createdAt: Date.parse(pod.createdAt),
    reclaimAt: null,
    gpuUtilisation: meanOf((live?.gpus ?? []).map((gpu) => gpu.util)),
    meters: metersFrom(pod, reading),
  }
}

const phases: ReadonlyMap<string, Phase> = new Map<string, Phase>([
  ['PROVISIONING', 'pending'],
  ['STARTING', 'starting'],
  ['RUNNING', 'running'],
  ['EXITED', 'stopped'],
  ['ERROR', 'failed'],
  ['TERMINATED', 'ended'],
])

/**
 * `RUNNING` is said as soon as the pod is made, while the image still loads: it runs once there is a runtime and each tcp port
 * has its outside port. A pod whose host went away looks the same. Words we have not met are `unclear`.
 */
export function phaseFromRunpod(pod: RunpodPod): Phase {
  if (pod.status === 'RUNNING' && (isDark(pod) || !hasItsPorts(pod))) return 'starting'
  return phases.get(pod.status) ?? 'unclear'
}

function isDark({ status, runtime }: RunpodPod): boolean {
  return status === 'RUNNING' && (runtime == null || Object.values(runtime).every((value) => value == null))
}

function hasItsPorts(pod: RunpodPod): boolean {
  return declaredPorts(pod).every(({ port, protocol }) => protocol !== 'tcp' || outsideOf(pod, port) !== undefined)
}

type MeterState = MeterReading['state']

/**
 * From the moment it is rented, before the container runs, until it is stopped. What ERROR bills is not told.
 *
 * @source providers/runpod.md 5.1, 5.2
 */
const gpuMeters: ReadonlyMap<string, MeterState> = new Map<string, MeterState>([
  ['PROVISIONING', 'on'],
  ['STARTING', 'on'],
  ['RUNNING', 'on'],
  ['EXITED', 'off'],
  ['ERROR', 'unclear'],
  ['TERMINATED', 'off'],
])

/** `cost` may be stale on a stopped pod, so that the status decides and the cost only names the rate. */
function metersFrom(pod: RunpodPod, reading: PodReading): MeterReading[] {
  const gpuState = gpuMeters.get(pod.status) ?? 'unclear'
  const since = gpuState === 'on' ? meterStart(pod, reading) : null
  const gpu: MeterReading = {
    kind: 'gpu',
    ratePerHour: nanosFromUsd(pod.cost),
    state: gpuState,
    since,
    until: null,
    stepMs: secondMs,
    ...doubtOf(pod),
  }
  return pod.gpu ? [gpu, diskMeterFrom(pod, gpuState, since)] : [diskMeterFrom(pod, gpuState, since)]
}

function diskMeterFrom(pod: RunpodPod, gpuState: MeterState, since: Instant | null): MeterReading {
  const volumeGb = pod.mounts.persistent?.size ?? 0
  const rest = { kind: 'disk', until: null, stepMs: secondMs } as const
  if (pod.status === 'EXITED') {
    return { ...rest, ratePerHour: stoppedDiskRate(volumeGb), state: volumeGb > 0 ? 'on' : 'off', since: null }
  }
  return { ...rest, ratePerHour: runningDiskRate(pod.disk, volumeGb), state: gpuState, since, ...doubtOf(pod) }
}

/**
 * A pod whose host went away keeps its status and is not billed. One that is coming up shows the same and is; whoever knows
 * that it was never up tells them apart.
 *
 * @source providers/runpod.md 5.1, 5.2
 */
function doubtOf(pod: RunpodPod): { doubtful?: true } {
  return isDark(pod) ? { doubtful: true } : {}
}

/** As long as a start may take. */
const youngMs = 20 * minuteMs

/**
 * When the meters went on: at creation, as long as nobody stopped it since. No field tells of a stop in between
 * (`startedAt` may or may not move), and charging from the creation once more would charge twice. So it is claimed for
 * young pods only; the ledger keeps what it was told then.
 */
function meterStart(pod: RunpodPod, { at, wasStopped }: PodReading): Instant | null {
  const createdAt = Date.parse(pod.createdAt)
  return !wasStopped && at - createdAt <= youngMs ? createdAt : null
}

/** Straight to the pod; RunPod's SSH proxy has neither scp nor forwarding and knows the account's keys only. */
function sshFrom(pod: RunpodPod): SshAccess | null {
  const direct = pod.ssh?.direct
  if (direct) return { host: direct.host, port: direct.port, user: direct.username }
  const outside = outsideOf(pod, sshPort)
  return outside ? { ...outside, user: 'root' } : null
}

/** Port 22 is left to `ssh`. Behind the proxy, `runtime` shows an address that nobody outside can use. */
function endpointsFrom(pod: RunpodPod): Endpoint[] {
  return declaredPorts(pod).flatMap(({ port, protocol }): Endpoint[] => {
    if (protocol === 'http') {
      const host = `${pod.id}-${port}.proxy.runpod.net`
      return [{ containerPort: port, protocol, host, port: 443, url: `https://${host}` }]
    }
    const outside = port === sshPort ? undefined : outsideOf(pod, port)
    return outside ? [{ containerPort: port, protocol, ...outside, url: null }] : []
  })
}

const sshPort = 22
/** From here on the number only asks for the same port inside and outside. */
const firstSymmetricalPort = 70_000

function declaredPorts(pod: RunpodPod): { port: number; protocol: 'tcp' | 'http' }[] {
  return pod.ports.flatMap((text) => {
    const [, digits, protocol] = /^(\d+)\/(tcp|http)$/.exec(text) ?? []
    const port = Number(digits)
    if ((protocol !== 'tcp' && protocol !== 'http') || port >= firstSymmetricalPort) return []
    return [{ port, protocol }]
  })
}

function outsideOf(pod: RunpodPod, port: number): { host: string; port: number } | undefined {
  const found = pod.runtime?.ports?.find((entry) => entry.type === 'tcp' && entry.private === port && entry.public)
  return found?.ip && found.public ? { host: found.ip, port: found.public } : undefined
}

function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value != null)
  if (known.length === 0) return null
  return Math.min(100, Math.max(0, known.reduce((total, value) => total + value, 0) / known.length))
}
