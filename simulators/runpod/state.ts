/** Everything this marketplace remembers, as plain JSON, and the world it lives in. */

import type { Meter } from '../kit/bill.ts'
import type { SimClock } from '../kit/clock.ts'
import { type Random, seededRandom, seedFrom } from '../kit/random.ts'
import type { SimulatorOptions } from '../kit/simulator.ts'
import type { Cloud } from './market.ts'
import type { Quota } from './rate-limit.ts'

export type PodStatus = 'PROVISIONING' | 'STARTING' | 'RUNNING' | 'EXITED' | 'ERROR' | 'TERMINATED'
export type StartFailure = 'stuck' | 'error' | 'exited' | 'no_port'

export interface Mounts {
  persistent?: { size: number; path: string }
  network?: Array<{ volumeId: string; path: string }>
}

export interface Container {
  image: string
  args: string
  /** null: never given, then the pod does not show the keys. */
  entrypoint: string[] | null
  cmd: string[] | null
  disk: number
  ports: string[]
  env: Record<string, string>
  registry: string | null
}

/** Something that will happen to a pod at a fixed moment. */
export interface Due {
  at: number
  what:
    | 'assigned'
    | 'started'
    | 'ready'
    | 'stuck'
    | 'error'
    | 'exited'
    | 'stopped'
    | 'forgotten'
    | 'stop_after'
    | 'terminate_after'
}

export interface PodPort {
  private: number
  public: number | null
  type: 'tcp' | 'http'
  ip: string
}

export interface Pod {
  id: string
  /** Order of creation; lists are newest first. */
  number: number
  name: string
  status: PodStatus
  container: Container
  mounts: Mounts
  gpuId: string | null
  gpuCount: number
  cpuId: string | null
  vcpuCount: number
  memory: number
  cloud: Cloud
  dataCenterId: string
  cudaVersion: string | null
  /** Nano-dollars per hour for the whole pod's computing. */
  rate: string
  locked: boolean
  globalIp: string | null
  globalWanted: boolean
  createdAt: number
  startedAt: number | null
  /** null while the container is not up. */
  runtime: { since: number; ports: PodPort[] } | null
  /** The ports before the last stop, for the switch that keeps showing them. */
  lastPorts: PodPort[]
  /** What the pod was before it was deleted. */
  lastStatus: PodStatus
  sshToken: string
  machineId: string
  clusterId: string | null
  clusterRank: number
  foreign: boolean
  hostLost: boolean
  /** Somebody else got the GPU while the pod was stopped. */
  gpuTaken: boolean
  failure: StartFailure | null
  listedFrom: number
  /** The public address that a control set for tcp ports. */
  address: { ip: string; ports: Record<string, number> } | null
  /** A fixed GPU utilisation in percent. */
  utilisation?: number | null
  due: Due[]
  statusChangedAt: number
  /** Deleted, and no longer shown anywhere. */
  forgotten: boolean
  logs: LogLine[]
}

export interface LogLine {
  at: number
  seq: number
  source: 'container' | 'system'
  line: string
}

export interface Template {
  id: string
  number: number
  name: string
  container: Container
  persistent: { size: number; path: string } | null
  serverless: boolean
  public: boolean
  category: 'CPU' | 'NVIDIA' | 'AMD'
  startSsh: boolean
  startJupyter: boolean
  allowedCudaVersions: string[]
}

export interface NetworkVolume {
  id: string
  name: string
  size: number
  dataCenter: string
  type: 'STANDARD' | 'HIGH_PERFORMANCE'
}

export interface Secret {
  id: string
  name: string
  description: string | null
  createdAt: number
  valueLastUpdatedAt: number | null
}

export interface Switches {
  /** Show PROVISIONING and STARTING instead of RUNNING at once. */
  provisioning: boolean
  /** `runtime: {}` instead of null while the container is not up. */
  emptyRuntime: boolean
  /** `cost: 0` on stopped pods, as the OpenAPI file says and live captures do not. */
  exitedCostZero: boolean
  /** Stopped pods keep showing their last ports. */
  staleRuntime: boolean
  communityHasDataCenters: boolean
  graphql: 'on' | 'gone'
  graphqlPerMinute: number | null
  v2: 'on' | 'older'
  pageCap: number | null
  lockedStatus: number
  /** What a deleted pod looks like until it is forgotten. */
  deletedFace: 'TERMINATED' | 'stale'
  hostLossBills: boolean
  billingLagMs: number
  billingGrid: boolean
  rateLimitExempt: boolean
  quota: Quota
  /** Texts `METHOD /path` that the key may not use. */
  forbidden: string[]
  forbiddenPools: string[]
  getLagMs: number
  startFailureRate: number
  capacityFailureRate: number
}

export interface State {
  seed: number
  random: number
  made: number
  requests: number
  pods: Pod[]
  meters: Meter[]
  /** Indexes into `meters` of those that still run. */
  openMeters: number[]
  /** Nano-dollars of all closed meters. */
  settled: string
  /** Nano-dollars paid in. */
  paidIn: string
  /** Up to here the account is known to have had money. */
  solventUntil: number
  broke: boolean
  templates: Template[]
  volumes: NetworkVolume[]
  /** Ids of volumes of the fast tier, deleted ones too: billing shows them in their own column. */
  fastVolumes: string[]
  registries: Array<{ id: string; name: string }>
  secrets: Secret[]
  sshKeys: string[]
  rate: Record<keyof Quota, { opened: number; used: number }>
  graphqlRate: { opened: number; used: number }
  sellOuts: Array<{ left: number; matching: string | null; how: string }>
  startFailures: Array<{ left: number; matching: string | null; how: StartFailure }>
  priceOrders: Array<{ factor: number; matching: string | null; listed: boolean }>
  stockOrders: Array<{ matching: string | null; free: number }>
  pace: { loadingMs?: number; stoppingMs?: number; startingMs?: number; terminatingMs?: number }
  listLagMs: number | null
  switches: Switches
}

export interface World {
  state: State
  clock: SimClock
  random: Random
  apiKey: string
}

export function worldFrom(options: SimulatorOptions): World {
  const restored = options.restored as State | undefined
  const state = restored ? structuredClone(restored) : freshState(options.seed, options.clock.now())
  return {
    state,
    clock: options.clock,
    random: seededRandom(state.random),
    apiKey: options.apiKey ?? 'sim-runpod',
  }
}

function freshState(seed: number, now: number): State {
  return {
    seed,
    random: seedFrom(seed, 'runpod'),
    made: 0,
    requests: 0,
    pods: [],
    meters: [],
    openMeters: [],
    settled: '0',
    // The starting balance is ours: enough for a long demonstration.
    paidIn: '1000000000000',
    solventUntil: now,
    broke: false,
    templates: [],
    volumes: [],
    fastVolumes: [],
    registries: [],
    secrets: [],
    sshKeys: [],
    rate: { minute: { opened: 0, used: 0 }, hour: { opened: 0, used: 0 }, day: { opened: 0, used: 0 } },
    graphqlRate: { opened: 0, used: 0 },
    sellOuts: [],
    startFailures: [],
    priceOrders: [],
    stockOrders: [],
    pace: {},
    listLagMs: null,
    switches: {
      provisioning: false,
      emptyRuntime: false,
      exitedCostZero: false,
      staleRuntime: false,
      communityHasDataCenters: true,
      graphql: 'on',
      graphqlPerMinute: null,
      v2: 'on',
      pageCap: null,
      lockedStatus: 409,
      deletedFace: 'TERMINATED',
      hostLossBills: false,
      billingLagMs: 300_000,
      billingGrid: false,
      rateLimitExempt: false,
      quota: { minute: 60, hour: 3000, day: 50_000 },
      forbidden: [],
      forbiddenPools: [],
      getLagMs: 0,
      startFailureRate: 0.03,
      capacityFailureRate: 0.02,
    },
  }
}

export function snapshotOf(world: World): State {
  world.state.random = world.random.state()
  return structuredClone(world.state)
}

/** Ids look like `5xpma5eg46tqjq`: lower-case letters and digits. */
export function newId(world: World, length: number): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  world.state.made += 1
  return Array.from({ length }, () => letters[world.random.int(0, letters.length - 1)]).join('')
}

export function isoSecond(at: number): string {
  return `${new Date(Math.floor(at / 1000) * 1000).toISOString().slice(0, 19)}Z`
}

export function floorSecond(at: number): number {
  return Math.floor(at / 1000) * 1000
}

export function ceilSecond(at: number): number {
  return Math.ceil(at / 1000) * 1000
}
