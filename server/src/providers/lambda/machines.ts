import type { Endpoint, Machine, MeterReading, Phase } from '../../core/instances/machine.ts'
import { minuteMs } from '../../core/time.ts'
import { rateFromCents } from './offers.ts'
import { regionFromLambda } from './regions.ts'
import { labelFromTags, portsFromTags } from './tags.ts'
import type { LambdaInstance } from './wire.ts'

/** The login of Lambda's images. SSH leads to the virtual machine; the image runs in the container `gpufleet` there. */
const ssh = { port: 22, user: 'ubuntu' } as const

/**
 * @param history.wasActive  whether an earlier look showed it active: Lambda's answers hold no times, and `unhealthy` bills
 *                           only after that
 */
export function machineFromLambda(wire: LambdaInstance, history: { wasActive: boolean }): Machine {
  const host = reachableAt(wire)
  const { name, specs } = wire.instance_type
  return {
    externalId: wire.id,
    // People can change the name and not the tag.
    label: labelFromTags(wire.tags) ?? (wire.name || null),
    phase: phaseFromLambda(wire),
    providerStatus: wire.status,
    message: messages.get(wire.status) ?? null,
    market: 'on_demand',
    gpu: specs.gpus > 0 ? { spelling: name, count: specs.gpus } : null,
    region: regionFromLambda(wire.region.name) ?? wire.region.name,
    pricePerHour: rateFromCents(wire.instance_type.price_cents_per_hour),
    ssh: host === null ? null : { host, ...ssh },
    endpoints: host === null ? [] : endpointsAt(host, wire),
    createdAt: null,
    reclaimAt: null,
    gpuUtilisation: null,
    meters: [meterFrom(wire, history)],
  }
}

const phases: ReadonlyMap<string, Phase> = new Map<string, Phase>([
  ['booting', 'starting'],
  ['active', 'running'],
  // Its checks fail: while it boots, around a restart, or for good.
  ['unhealthy', 'unclear'],
  ['terminating', 'ending'],
  ['terminated', 'ended'],
  // Taken back with its disk. It does not come back, so there is nothing to wait for.
  ['preempted', 'ended'],
])

/** Any word we have not met is `unclear`: look again, decide nothing. `active` without an address cannot be used yet. */
export function phaseFromLambda({ status, ip }: Pick<LambdaInstance, 'status' | 'ip'>): Phase {
  if (status === 'active' && ip == null) return 'starting'
  return phases.get(status) ?? 'unclear'
}

/** An id in one of these states will answer 404 soon. @source providers/lambda.md 2.5, 7.7 */
export function isGone({ status }: Pick<LambdaInstance, 'status'>): boolean {
  return phases.get(status) === 'ended'
}

const messages: ReadonlyMap<string, string> = new Map([
  ['unhealthy', "Lambda's health checks fail on this machine"],
  ['preempted', 'Lambda took the machine back (preempted)'],
])

function reachableAt({ status, ip }: LambdaInstance): string | null {
  return status === 'active' || status === 'unhealthy' ? (ip ?? null) : null
}

/** The same port outside as inside, subject to the account's firewall. Lambda does not know our ports; our tag does. */
function endpointsAt(host: string, { tags }: LambdaInstance): Endpoint[] {
  return portsFromTags(tags).map(({ containerPort, protocol }) => ({
    containerPort,
    protocol,
    host,
    port: containerPort,
    url: null,
  }))
}

/** @source providers/lambda.md 3: billed from `active` to the call that terminates. The bill of `unhealthy` is not established. */
const meterStates: ReadonlyMap<string, MeterReading['state']> = new Map<string, MeterReading['state']>([
  ['booting', 'off'],
  ['active', 'on'],
  ['terminating', 'off'],
  ['terminated', 'off'],
  ['preempted', 'off'],
])

function meterFrom(wire: LambdaInstance, { wasActive }: { wasActive: boolean }): MeterReading {
  // Where we do not know whether it was active, `unclear` leaves a meter that runs running, and starts none.
  const unhealthy = wasActive ? 'on' : 'unclear'
  return {
    kind: 'gpu',
    ratePerHour: rateFromCents(wire.instance_type.price_cents_per_hour),
    state: wire.status === 'unhealthy' ? unhealthy : (meterStates.get(wire.status) ?? 'unclear'),
    since: null,
    until: null,
    stepMs: minuteMs,
  }
}
