import type { GpuCatalogue } from '../gpus/gpu.ts'
import { launchLabel } from '../ids.ts'
import {
  defaultProject,
  type Instance,
  type InstanceId,
  type Launch,
  noPolicies,
  type ProjectName,
  uneventful,
  type Wish,
} from '../instances/instance.ts'
import type { Machine } from '../instances/machine.ts'
import type { Status } from '../instances/status.ts'
import { type Nanos, noMoney, sum } from '../money.ts'
import type { Offer } from '../offers/offer.ts'
import type { ProviderName } from '../providers.ts'
import type { Instant } from '../time.ts'

export interface Adoption {
  machine: Machine
  provider: ProviderName
  account: string
  keyMark: string
  installation: string
  instanceId: InstanceId
  attempt: number
  /** `ended`: it is made known only to be ended, with its costs in the ledger. */
  wanted: 'up' | 'ended'
  label?: string | null
  project?: ProjectName
}

export interface AdoptionContext {
  now: Instant
  gpus: Pick<GpuCatalogue, 'recognise' | 'find'>
}

/** No machine tells which image it runs. */
export const unknownImage = 'unknown'

/** An instance and its launch, made up from what a machine shows of itself. */
export function adoptedFrom(adoption: Adoption, context: AdoptionContext): Instance & { launch: Launch } {
  const { machine, instanceId, attempt, label = null, project = defaultProject } = adoption
  const launch = adoptedLaunch(adoption, context)
  const status = adoption.wanted === 'ended' ? 'terminating' : statusOf(machine)
  return {
    id: instanceId,
    project,
    label,
    wish: wishFrom(machine, launch.offer),
    wanted: status === 'terminating' ? 'ended' : status === 'stopped' ? 'stopped' : 'up',
    status,
    because: 'adopted',
    message: 'its image, its disk’s size and its environment are not known here',
    statusSince: context.now,
    createdAt: launch.intendedAt,
    endedAt: null,
    attempt,
    launch,
  }
}

/** Its ledger begins when the machine came to be. */
export function adoptedLaunch(adoption: Adoption, { now, gpus }: AdoptionContext): Launch {
  const { machine, provider, account, keyMark, installation, instanceId, attempt } = adoption
  const offer = offerFrom(machine, provider, { now, gpus })
  const begunAt = machine.createdAt !== null && machine.createdAt < now ? machine.createdAt : now
  return {
    instanceId,
    attempt,
    label: launchLabel(installation, instanceId, attempt),
    provider,
    account,
    keyMark,
    offer,
    comparablePrice: sum([offer.pricePerHour, meterRate(machine, 'disk')]),
    externalId: machine.externalId,
    intendedAt: begunAt,
    answeredAt: begunAt,
    rentedAt: begunAt,
    // It may hold work, so it counts as one that was up: it is never given up for being slow.
    upAt: now,
    startOrderedAt: now,
    abandonedAt: null,
    abandonedBecause: null,
    settledAt: null,
    pricePerHour: machine.pricePerHour !== null && machine.pricePerHour > noMoney ? machine.pricePerHour : null,
    ssh: machine.ssh,
    endpoints: machine.endpoints,
    providerStatus: machine.providerStatus,
    providerMessage: null,
    lastSeenAt: now,
    missedLooks: 0,
    missedAt: null,
    metersOffAt: {},
    orderedAt: null,
    orders: 0,
    alarmedAt: null,
    ...uneventful,
  }
}

function statusOf({ phase }: Machine): Status {
  switch (phase) {
    case 'running':
    case 'unclear':
      return 'running'
    case 'pending':
    case 'starting':
      return 'starting'
    case 'interrupted':
      return 'interrupted'
    // Its disk may hold work: its user decides.
    case 'stopping':
    case 'stopped':
    case 'failed':
      return 'stopped'
    case 'ending':
    case 'ended':
      return 'terminating'
  }
}

function wishFrom({ market }: Machine, { gpu }: Offer): Wish {
  return {
    adopted: true,
    offer: null,
    provider: null,
    models: [gpu.model],
    minVramGb: null,
    gpuCount: gpu.count,
    market,
    maxPricePerHour: null,
    regions: [],
    minRamGb: null,
    minReliability: null,
    verifiedOnly: false,
    minCuda: null,
    diskGb: 0,
    traffic: { uploadGbPerHour: 0, downloadGbPerHour: 0 },
    image: unknownImage,
    ports: [],
    sshPublicKey: null,
    health: null,
    // It may come back with its disk; another one cannot be rented in its place.
    onInterruption: 'wait',
    policies: noPolicies,
    environmentNames: [],
    expected: null,
  }
}

function offerFrom(machine: Machine, provider: ProviderName, { now, gpus }: AdoptionContext): Offer {
  const { externalId, market, region } = machine
  const spelling = machine.gpu?.spelling ?? 'unknown'
  const { model, known } = gpus.recognise(spelling, { provider })
  return {
    provider,
    externalId: `machine ${externalId}`,
    market,
    gpu: { model, known, spelling, count: machine.gpu?.count ?? 1, memoryGb: gpus.find(model)?.memoryGb ?? 0 },
    cpuCores: null,
    ramGb: null,
    disk: {
      includedGb: 0,
      maxGb: null,
      minGb: 0,
      pricePerGbHour: noMoney,
      stoppedPricePerGbHour: null,
      sizesGb: [],
    },
    pricePerHour: machine.pricePerHour ?? meterRate(machine, 'gpu'),
    traffic: null,
    region: region ?? 'unknown',
    location: region ?? 'unknown',
    reliability: null,
    verified: null,
    cudaMax: null,
    network: null,
    endsAt: null,
    available: false,
    maxPorts: null,
    placeKey: `${provider}:machine ${externalId}`,
    rateKnownAfterLaunch: true,
    seenAt: now,
    details: { adopted: true },
  }
}

function meterRate({ meters }: Machine, kind: 'gpu' | 'disk'): Nanos {
  return meters.find((one) => one.kind === kind)?.ratePerHour ?? noMoney
}
