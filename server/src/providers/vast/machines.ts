import type { Endpoint, Machine, MeterReading, Phase, SshAccess } from '../../core/instances/machine.ts'
import { dividedBy, type Nanos, nanos, nanosFromUsd, noMoney, timesQuantity } from '../../core/money.ts'
import { secondMs } from '../../core/time.ts'
import { placeFromVast, regionFromVast } from './regions.ts'
import type { VastInstance } from './wire.ts'

export function machineFromVast(wire: VastInstance): Machine {
  const phase = phaseFromVast(wire)
  const up = wire.actual_status === 'running'
  const place = placeFromVast(wire.geolocation ?? '')
  return {
    externalId: wire.id,
    label: wire.label || null,
    phase,
    providerStatus: statusText(wire),
    message: wire.status_msg?.trim() || null,
    market: wire.is_bid === true ? 'spot' : 'on_demand',
    gpu: wire.gpu_name && wire.num_gpus ? { spelling: wire.gpu_name, count: wire.num_gpus } : null,
    region: place === '' ? null : (regionFromVast(place) ?? place),
    pricePerHour: gpuRateFrom(wire),
    lowestBid: wire.is_bid === true && wire.min_bid != null ? nanosFromUsd(wire.min_bid) : null,
    ssh: up ? sshFrom(wire) : null,
    endpoints: up ? endpointsFrom(wire) : [],
    createdAt: startFrom(wire),
    reclaimAt: null,
    // The unit is not documented; the examples only make sense as a percentage.
    gpuUtilisation: up && wire.gpu_util != null ? Math.min(Math.max(wire.gpu_util, 0), 100) : null,
    meters: metersFrom(wire),
  }
}

/** What a host says of a container that is up, or on its way, while the platform wants it to run. */
const phases: ReadonlyMap<string | null, Phase> = new Map<string | null, Phase>([
  [null, 'pending'],
  ['created', 'starting'],
  ['loading', 'starting'],
  ['running', 'running'],
  ['rebooting', 'starting'],
  // Wants to run and waits for its GPU.
  ['scheduling', 'pending'],
])

const halted: ReadonlySet<string | null> = new Set(['stopped', 'exited'])
const beingMade: ReadonlySet<string | null> = new Set(['created', 'loading'])
const stillMoving: ReadonlySet<string | null> = new Set(['created', 'loading', 'rebooting', 'running'])

/**
 * Four status fields make one phase. `actual_status` is what the host last reported, `intended_status` what is wanted,
 * `cur_state` and `next_state` are the contract's hold on the GPUs.
 *
 * `unknown`, `offline`, `frozen` and any word we have not met are `unclear`: look again, decide nothing.
 */
export function phaseFromVast(
  wire: Pick<
    VastInstance,
    'actual_status' | 'intended_status' | 'cur_state' | 'next_state' | 'status_msg' | 'is_bid' | 'dph_base' | 'min_bid'
  >,
): Phase {
  const { actual_status: actual, intended_status: intended } = wire
  // Released by a destroy; only a null or a 404 says that it is gone.
  if (wire.cur_state === 'unloaded') return 'ending'

  if (intended === 'stopped') {
    // Outbid before it ever came up: what the host last reported is from before, and nothing of ours is on it to be stopped.
    if (beingMade.has(actual) && isHaltedContract(wire) && wasOutbid(wire)) return 'interrupted'
    if (stillMoving.has(actual)) return 'stopping'
    if (halted.has(actual) || actual === null || actual === 'scheduling')
      return wasOutbid(wire) ? 'interrupted' : 'stopped'
    return 'unclear'
  }
  if (intended !== 'running') return 'unclear'

  if (wire.is_bid === true) {
    // It still holds its GPUs, so it was not outbid: the container ended by itself, and says why.
    if (halted.has(actual) && wire.cur_state === 'running' && startFailed(wire.status_msg)) return 'failed'
    // A paused bid may keep its wish to run while it waits for its turn (dstack#4037 and other reports).
    if (halted.has(actual) || actual === 'scheduling') return 'interrupted'
    if (isHaltedContract(wire) && (actual === null || beingMade.has(actual))) return 'interrupted'
  }
  if (halted.has(actual)) return waitsForItsGpu(wire) ? 'pending' : 'failed'
  if (actual !== 'running' && startFailed(wire.status_msg)) return 'failed'
  return phases.get(actual) ?? 'unclear'
}

/**
 * An outbid looks exactly like a stop that was asked for, save for the prices: a bid below the lowest that wins was outbid.
 * Whoever knows that nobody asked for the stop should read a stopped spot machine as interrupted, whatever this says.
 */
function wasOutbid({ is_bid, dph_base, min_bid }: Pick<VastInstance, 'is_bid' | 'dph_base' | 'min_bid'>): boolean {
  if (is_bid !== true) return false
  if (dph_base == null || min_bid == null) return true
  return nanosFromUsd(dph_base) < nanosFromUsd(min_bid)
}

/** The contract holds no GPUs, and is not about to. */
function isHaltedContract(wire: Pick<VastInstance, 'cur_state' | 'next_state'>): boolean {
  return wire.cur_state === 'stopped' && wire.next_state === 'stopped'
}

/** A start was accepted while somebody else has the GPU: it will run, and bill, when that one leaves. */
function waitsForItsGpu(wire: Pick<VastInstance, 'cur_state' | 'next_state'>): boolean {
  return wire.cur_state === 'stopped' && wire.next_state === 'running'
}

/** @source providers/vast.md 3.2: the texts real clients test for. Hosts write them, hence the loose match. */
const failureTexts = [
  'oci runtime create failed',
  'error response from daemon',
  'docker_build() error',
  'manifest unknown',
  'failed to resolve reference',
  'pull access denied',
  'unauthorized:',
  'no space left on device',
  'port is already allocated',
]

function startFailed(message: string | null | undefined): boolean {
  const text = message?.toLowerCase() ?? ''
  return failureTexts.some((failure) => text.includes(failure))
}

/** `exited` alone hides whether a stop was wanted, so people see both words where they differ. */
function statusText(wire: VastInstance): string {
  const actual = wire.actual_status ?? 'created (nothing reported)'
  return wire.intended_status === null || wire.intended_status === wire.actual_status
    ? actual
    : `${actual}, intended ${wire.intended_status}`
}

type MeterState = MeterReading['state']

/** @source providers/vast.md 3.1. Whether `rebooting` bills is not established, nor when `unknown` stopped billing. */
const gpuMeters: ReadonlyMap<string | null, MeterState> = new Map<string | null, MeterState>([
  [null, 'off'],
  ['created', 'off'],
  ['loading', 'off'],
  ['running', 'on'],
  ['rebooting', 'unclear'],
  ['stopped', 'off'],
  ['exited', 'off'],
  ['frozen', 'on'],
  ['scheduling', 'off'],
  ['offline', 'off'],
])

/**
 * The GPU bills while the container runs, by the second; when it began to run is told by no field. The disk bills from
 * creation until it is destroyed, except while the host is offline. `since` of the disk is the start of the contract: a
 * ledger that has seen the machine offline must not charge that gap again.
 */
function metersFrom(wire: VastInstance): MeterReading[] {
  const gpuRate = gpuRateFrom(wire)
  const diskRate = diskRateFrom(wire)
  const gpu: MeterReading | null = gpuRate && {
    kind: 'gpu',
    ratePerHour: gpuRate,
    state: wire.cur_state === 'unloaded' ? 'off' : (gpuMeters.get(wire.actual_status) ?? 'unclear'),
    since: null,
    until: null,
    stepMs: secondMs,
  }
  const disk: MeterReading | null = diskRate && {
    kind: 'disk',
    ratePerHour: diskRate,
    state: diskState(wire),
    since: diskState(wire) === 'on' ? startFrom(wire) : null,
    until: null,
    stepMs: secondMs,
  }
  return [gpu, disk].filter((meter) => meter !== null)
}

function diskState(wire: VastInstance): MeterState {
  if (wire.cur_state === 'unloaded') return 'unclear'
  return wire.actual_status === 'offline' ? 'off' : 'on'
}

/** `dph_base` is the price without disk: the offer's rate, or our bid. */
function gpuRateFrom(wire: VastInstance): Nanos | null {
  if (wire.dph_base != null) return nanosFromUsd(wire.dph_base)
  if (wire.dph_total == null) return null
  const withoutDisk = nanosFromUsd(wire.dph_total) - (diskRateFrom(wire) ?? noMoney)
  return nanos(withoutDisk > 0n ? withoutDisk : 0n)
}

function diskRateFrom(wire: VastInstance): Nanos | null {
  if (wire.storage_total_cost != null) return nanosFromUsd(wire.storage_total_cost)
  if (wire.storage_cost == null || wire.disk_space == null) return null
  return dividedBy(timesQuantity(nanosFromUsd(wire.storage_cost), wire.disk_space), 720n)
}

function startFrom(wire: VastInstance): number | null {
  return wire.start_date == null ? null : Math.round(wire.start_date * 1000)
}

/** Direct where port 22 is published, else through Vast's proxy. `args` containers have no SSH at all. */
function sshFrom(wire: VastInstance): SshAccess | null {
  if (!offersSsh(wire)) return null
  const host = wire.public_ipaddr?.trim()
  const direct = hostPortOf(wire.ports?.['22/tcp'])
  if (host && direct) return { host, port: direct, user: 'root' }
  const proxy = wire.ssh_host?.trim()
  if (!proxy || !wire.ssh_port) return null
  // Jupyter run types keep the first port for Jupyter itself.
  return { host: proxy, port: wire.ssh_port + (wire.image_runtype?.includes('jupyter') ? 1 : 0), user: 'root' }
}

function offersSsh(wire: VastInstance): boolean {
  return wire.image_runtype?.trim() !== 'args'
}

/** Port 22 is left to `ssh`, except where the image itself listens on it. */
function endpointsFrom(wire: VastInstance): Endpoint[] {
  const host = wire.public_ipaddr?.trim()
  if (!host) return []
  return Object.entries(wire.ports ?? {}).flatMap(([name, bindings]) => {
    const [, port, protocol] = /^(\d+)\/(tcp|udp)$/.exec(name) ?? []
    const outside = hostPortOf(bindings)
    if (!port || !outside || (name === '22/tcp' && offersSsh(wire))) return []
    return [
      { containerPort: Number(port), protocol: protocol === 'udp' ? 'udp' : 'tcp', host, port: outside, url: null },
    ]
  })
}

type Bindings = NonNullable<VastInstance['ports']>[string] | undefined

/** `HostPort` is a text. The same port is bound once for each address family. */
function hostPortOf(bindings: Bindings): number | undefined {
  return bindings?.map(({ HostPort }) => Number(HostPort ?? 0)).find((port) => Number.isInteger(port) && port > 0)
}
