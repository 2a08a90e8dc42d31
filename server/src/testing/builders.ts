import type { Who } from '../app/who.ts'
import type { Charge } from '../core/charges/charge.ts'
import { instanceIdFrom, launchLabel } from '../core/ids.ts'
import {
  defaultProject,
  type Instance,
  type InstanceSecrets,
  type Launch,
  noPolicies,
  uneventful,
  type Wish,
} from '../core/instances/instance.ts'
import type { Machine, MeterReading } from '../core/instances/machine.ts'
import { nanosFromUsd } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import type { Operation } from '../core/operations/operation.ts'
import type { Instant } from '../core/time.ts'
import type { NewEvent } from '../store/events.ts'
import type { Decided, NewInstance } from '../store/instances.ts'

/** For tests: ordinary things, of which a test names only what matters. */

export const testStart: Instant = Date.UTC(2026, 9, 1, 12)
export const installation = 'testfleet'
/** Somebody who may see and change everything. */
export const someone: Who = { actor: 'someone', project: null }

export function anInstanceId(number = 1): Instance['id'] {
  return instanceIdFrom(Uint8Array.from({ length: 16 }, (_, index) => (number >> (8 * (15 - index))) & 0xff))
}

export function aWish(change: Partial<Wish> = {}): Wish {
  return {
    offer: null,
    provider: null,
    models: [],
    minVramGb: null,
    gpuCount: 1,
    market: 'any',
    maxPricePerHour: null,
    regions: [],
    minRamGb: null,
    minReliability: null,
    verifiedOnly: false,
    minCuda: null,
    diskGb: 10,
    traffic: { uploadGbPerHour: 0, downloadGbPerHour: 0 },
    image: 'vllm/vllm-openai:latest',
    ports: [],
    sshPublicKey: null,
    health: null,
    onInterruption: 'relaunch',
    policies: noPolicies,
    environmentNames: [],
    expected: null,
    ...change,
  }
}

export function aLaunch(change: Partial<Launch> = {}): Launch {
  const { instanceId = anInstanceId(), attempt = 1, offer = anOffer() } = change
  return {
    instanceId,
    attempt,
    label: launchLabel(installation, instanceId, attempt),
    provider: offer.provider,
    account: 'main',
    keyMark: 'test-key',
    offer,
    comparablePrice: offer.pricePerHour,
    externalId: 'm-1',
    intendedAt: testStart,
    answeredAt: testStart,
    rentedAt: testStart,
    upAt: null,
    startOrderedAt: null,
    abandonedAt: null,
    abandonedBecause: null,
    settledAt: null,
    pricePerHour: null,
    ssh: null,
    endpoints: [],
    providerStatus: null,
    providerMessage: null,
    lastSeenAt: null,
    missedLooks: 0,
    missedAt: null,
    metersOffAt: {},
    orderedAt: null,
    orders: 0,
    alarmedAt: null,
    ...uneventful,
    ...change,
  }
}

/** Without a launch unless one is given. */
export function anInstance(change: Partial<Instance> = {}): Instance {
  return {
    id: anInstanceId(),
    project: defaultProject,
    label: null,
    wish: aWish(),
    wanted: 'up',
    status: 'requested',
    because: 'asked',
    message: null,
    statusSince: testStart,
    createdAt: testStart,
    endedAt: null,
    attempt: change.launch?.attempt ?? 0,
    launch: null,
    ...change,
  }
}

export const noSecrets: InstanceSecrets = { environment: {}, registryAuth: null, onstartScript: null }

export function anEvent(change: Partial<NewEvent> = {}): NewEvent {
  return {
    at: testStart,
    instanceId: anInstanceId(),
    kind: 'status',
    status: 'requested',
    because: 'asked',
    message: 'the caller asked for it',
    ...change,
  }
}

/** A wish as it is first written down. */
export function anEntry(change: Partial<NewInstance> = {}): NewInstance {
  const instance = change.instance ?? anInstance()
  return {
    instance,
    secrets: noSecrets,
    idempotency: null,
    event: anEvent({ instanceId: instance.id }),
    dueAt: testStart,
    ...change,
  }
}

export function aDecided(change: Partial<Decided> = {}): Decided {
  return {
    status: 'launching',
    because: 'plan_made',
    message: null,
    statusSince: testStart,
    endedAt: null,
    dueAt: testStart,
    ...change,
  }
}

export function aMachine(change: Partial<Machine> = {}): Machine {
  const { phase = 'running' } = change
  return {
    externalId: 'm-1',
    label: launchLabel(installation, anInstanceId(), 1),
    phase,
    providerStatus: phase,
    message: null,
    market: 'on_demand',
    gpu: { spelling: 'RTX 4090', count: 1 },
    region: 'us-west',
    pricePerHour: null,
    ssh: null,
    endpoints: [],
    createdAt: null,
    reclaimAt: null,
    gpuUtilisation: null,
    meters: [],
    ...change,
  }
}

export function aReading(change: Partial<MeterReading> = {}): MeterReading {
  return {
    kind: 'gpu',
    ratePerHour: nanosFromUsd('0.36'),
    state: 'on',
    since: null,
    until: null,
    stepMs: 1,
    ...change,
  }
}

export function aCharge(change: Partial<Charge> = {}): Charge {
  return {
    instanceId: anInstanceId(),
    attempt: 1,
    kind: 'gpu',
    sequence: 1,
    ratePerHour: nanosFromUsd('0.36'),
    stepMs: 1,
    startedAfter: testStart,
    startedBefore: testStart,
    lastOnAt: testStart,
    certain: true,
    endedAfter: null,
    endedBefore: null,
    ...change,
  }
}

export function anOperation(change: Partial<Operation> = {}): Operation {
  return {
    at: testStart,
    provider: 'vast',
    account: 'main',
    operation: 'look',
    method: 'GET',
    path: '/api/v1/instances/',
    parts: ['api', 'v1', 'instances'],
    label: null,
    durationMs: 120,
    status: 200,
    outcome: '2xx',
    error: null,
    attempt: 1,
    ...change,
  }
}
