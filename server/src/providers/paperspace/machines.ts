import type { Endpoint, Machine, MeterReading } from '../../core/instances/machine.ts'
import { type Nanos, nanosFromUsd, noMoney } from '../../core/money.ts'
import { type Instant, secondMs } from '../../core/time.ts'
import { sshUser } from './boot-script.ts'
import { type DiskTier, diskRatePerHour, diskTierFor, machineTypeNamed } from './catalogue.ts'
import {
  deletedAt,
  type History,
  isDeleted,
  isStartUnderWay,
  lastPowerStretch,
  messageFromHistory,
  phaseFromPaperspace,
} from './history.ts'
import type { PortSpec } from './ports.ts'
import { regionFromPaperspace } from './regions.ts'
import type { PaperspaceMachine } from './wire.ts'

/**
 * @param history null: its events could not be read
 * @param ports   what was published on it, as far as we know
 */
export function machineFromPaperspace(
  wire: PaperspaceMachine,
  history: History | null,
  ports: readonly PortSpec[],
): Machine {
  const phase = phaseFromPaperspace(wire, history)
  // A dynamic address goes with every stop; one that is still shown leads nowhere.
  const host = phase === 'running' ? wire.publicIp : null
  return {
    externalId: wire.id,
    label: wire.name || null,
    phase,
    providerStatus: wire.state,
    message: messageFromHistory(history),
    market: 'on_demand',
    gpu: gpuFrom(wire),
    region: wire.region === null ? null : (regionFromPaperspace(wire.region) ?? wire.region),
    pricePerHour: rateFrom(wire),
    ssh: host ? { host, port: 22, user: sshUser } : null,
    endpoints: host ? ports.map((port) => endpointFrom(port, host)) : [],
    createdAt: wire.dtCreated,
    reclaimAt: null,
    gpuUtilisation: null,
    meters: metersFrom(wire, history),
  }
}

/**
 * A machine that no longer answers, made of its events: they know when it was deleted. null where they do not, so that
 * its end lies between two looks.
 */
export function deletedMachineFrom(
  externalId: string,
  { label, wasOff }: { label: string | null; wasOff: boolean },
  history: History,
): Machine | null {
  const until = deletedAt(history)
  if (until === null) return null
  const power = lastPowerStretch(null, history)
  // A launch can end in `off` without an event that says when: then the deletion is not the end of the GPU's meter.
  const powerEnd = wasOff && power.since === null && power.until === until ? null : power.until
  const off = (kind: MeterReading['kind'], end: Instant | null): MeterReading => ({
    kind,
    // The rate is gone with the machine; the ledger knows it from earlier looks.
    ratePerHour: noMoney,
    state: 'off',
    since: null,
    until: end,
    stepMs: secondMs,
  })
  return {
    externalId,
    label,
    phase: 'ended',
    providerStatus: 'deleted',
    message: null,
    market: 'on_demand',
    gpu: null,
    region: null,
    pricePerHour: null,
    ssh: null,
    endpoints: [],
    createdAt: null,
    reclaimAt: null,
    gpuUtilisation: null,
    meters: [off('gpu', powerEnd), off('disk', until)],
  }
}

function gpuFrom({ machineType, accelerators }: PaperspaceMachine): Machine['gpu'] {
  const counted = accelerators?.reduce((total, { count }) => total + (count ?? 0), 0) ?? 0
  const count = counted > 0 ? counted : (machineTypeNamed(machineType)?.gpuCount ?? 0)
  return count > 0 ? { spelling: machineType, count } : null
}

function endpointFrom({ containerPort, protocol }: PortSpec, host: string): Endpoint {
  return { containerPort, protocol, host, port: containerPort, url: null }
}

/** States in which compute is billed: all but `off`. A word that we have not met proves neither. */
const billedStates: ReadonlySet<string> = new Set([
  'provisioning',
  'starting',
  'serviceready',
  'ready',
  'stopping',
  'restarting',
  'upgrading',
])

function metersFrom(wire: PaperspaceMachine, history: History | null): MeterReading[] {
  const gpuRate = rateFrom(wire)
  const tier = diskOf(wire)
  return [
    gpuRate && { kind: 'gpu' as const, ratePerHour: gpuRate, ...gpuMeter(wire, history), stepMs: secondMs },
    tier && {
      kind: 'disk' as const,
      ratePerHour: diskRatePerHour(tier),
      ...diskMeter(wire, history),
      stepMs: secondMs,
    },
  ].filter((meter) => meter !== null)
}

type Meter = Pick<MeterReading, 'state' | 'since' | 'until' | 'earlier'>

function gpuMeter(wire: PaperspaceMachine, history: History | null): Meter {
  const { state, dtCreated } = wire
  const power = history && lastPowerStretch(dtCreated, history)
  const earlier = power === null || power.earlier.length === 0 ? {} : { earlier: power.earlier }
  if (endOf(wire, history).ended) {
    const until = power && !power.on ? power.until : endOf(wire, history).at
    return { state: 'off', since: power?.since ?? null, until, ...earlier }
  }
  if (billedStates.has(state)) return { state: 'on', since: power?.on ? power.since : null, until: null, ...earlier }
  // Off for a reason that is not known yet: the events will tell the moment, so nothing is concluded before.
  if (state !== 'off' || history === null || isStartUnderWay(history)) return unclear
  // Switched off from within: no event says when.
  if (power === null || power.on) return { state: 'off', since: null, until: null, ...earlier }
  return { state: 'off', since: power.since, until: power.until, ...earlier }
}

/** From the creation to the deletion, whatever the machine does. */
function diskMeter(wire: PaperspaceMachine, history: History | null): Meter {
  const end = endOf(wire, history)
  return { state: end.ended ? 'off' : 'on', since: wire.dtCreated, until: end.at }
}

const unclear: Meter = { state: 'unclear', since: null, until: null }

function endOf({ dtDeleted }: PaperspaceMachine, history: History | null): { ended: boolean; at: Instant | null } {
  return { ended: dtDeleted != null || isDeleted(history), at: deletedAt(history) ?? dtDeleted ?? null }
}

/** A rate of nothing for a machine with GPUs is taken for one that is not told yet. */
function rateFrom({ usageRate }: PaperspaceMachine): Nanos | null {
  const rate = usageRate === null ? noMoney : nanosFromUsd(usageRate)
  return rate > 0n ? rate : null
}

const bytesPerGib = 2 ** 30

/**
 * The disk that was rented: the smallest size that holds `storageTotal`. 50 GB are shown as 50 GiB in bytes; whether
 * always in bytes is not established, so that a small number is taken for GB. null: a size without a price of ours.
 */
function diskOf({ storageTotal }: PaperspaceMachine): DiskTier | null {
  if (storageTotal === null || storageTotal <= 0) return null
  return diskTierFor(storageTotal < bytesPerGib ? storageTotal : storageTotal / bytesPerGib) ?? null
}
