/** Everything this marketplace remembers, as plain JSON, and the world it lives in. */

import type { Meter } from '../kit/bill.ts'
import type { SimClock } from '../kit/clock.ts'
import type { Random } from '../kit/random.ts'

/** The words of v1, in order of a life. `gone` is ours: the id has disappeared. */
export type Status =
  | 'toCreate'
  | 'creating'
  | 'pulling'
  | 'running'
  | 'toStart'
  | 'starting'
  | 'toStop'
  | 'stopping'
  | 'exited'
  | 'toRestart'
  | 'restarting'
  | 'toReset'
  | 'resetting'
  | 'migrating'
  | 'freezing'
  | 'toRemove'
  | 'removing'
  | 'removed'
  | 'gone'

export type BillingMode = 'onDemand' | 'monthly' | 'spot'

export interface StatusError {
  state: string
  message: string
}

/** A change that is due. Its moment is always a whole second. */
export interface Step {
  at: number
  to: Status
  error?: StatusError
}

export interface KeyValue {
  key: string
  value: string
}

export interface Port {
  port: number
  type: 'tcp' | 'http'
}

/** What the customer asked for, whichever API it came through. */
export interface Wish {
  via: 'v1' | 'v2'
  name: string
  kind: 'gpu' | 'cpu'
  productId: string
  gpuNum: number
  rootfsGb: number
  imageUrl: string
  imageAuthId: string
  entrypoint: string
  command: string
  envs: KeyValue[]
  ports: Port[]
  tools: { name: string; port: number; type: 'tcp' | 'http' }[]
  volumes: { id: string; mountPath: string }[]
  networkId: string
  billingMode: BillingMode
  months: number
  minCudaVersion: string
  autoMigrate: { enabled: boolean; includeSystemDisk: boolean }
}

export interface Machine extends Wish {
  id: string
  foreign: boolean
  productName: string
  clusterId: string
  cpuNum: number
  memoryGb: number
  gpuIds: number[]
  nodeMaxRootfsGb: number
  networkIp: string
  /** 1/100000 USD per hour: per GPU, or for the whole machine when it has none. */
  unitPrice: number
  /** Unix seconds, 0 = never, as the API shows them. */
  createdAt: number
  lastStartedAt: number
  lastStoppedAt: number
  /** Unix seconds, -1 = pay as you go. */
  endTime: number
  status: Status
  statusError: StatusError
  spotStatus: '' | 'running' | 'notified' | 'reclaiming' | 'terminated'
  /** Unix seconds of the planned reclaim, 0 = none planned. */
  spotReclaimTime: number
  /** Milliseconds: when the one-hour notice is given. */
  noticeAt: number | null
  plan: Step[]
  /** Seconds of finished stretches. */
  usedSeconds: number
  ssh: { port: number; password: string }
  tcpPort: number
  sshReadyAt: number
  appReadyAt: number
  /** Milliseconds: when the disk of a stopped machine is thrown away. */
  releaseDataAt: number | null
  /** A fixed GPU utilisation in percent. */
  utilisation?: number | null
  /** Milliseconds: from when on lists show it. */
  listedFrom: number
}

export interface Job {
  id: string
  type: 'saveImage' | 'instanceMigrate' | 'autoInstanceMigrate'
  instanceId: string
  state: 'pending' | 'pulling' | 'running' | 'fail' | 'success' | 'break'
  error: string
  errorMessage: string
  /** Unix seconds. */
  createdAt: number
  endsAt: number | null
  endsAs: 'success' | 'fail'
}

export interface Template {
  id: string
  name: string
  readme: string
  type: string
  channel: string
  image: string
  imageAuth: string
  startCommand: string
  rootfsSize: number
  volumes: { type: string; size: number; mountPath: string }[]
  ports: { type: string; ports: number[] }[]
  envs: KeyValue[]
  tools: { name: string; describe: string; port: number; type: string }[]
  createdAt: number
  mine: boolean
}

export interface Storage {
  id: string
  name: string
  sizeGb: number
  clusterId: string
}

export interface Network {
  id: string
  name: string
  clusterId: string
  segment: string
  createdAt: number
}

export interface RegistryAuth {
  id: string
  name: string
  username: string
  password: string
}

/** An amount that falls due at one moment: a prepaid term. */
export interface OneOff {
  machineId: string
  label: string | null
  at: number
  /** Nano-dollars. */
  amount: string
  months: number
  tradeType: 'monthly_new_buy' | 'monthly_re_buy'
}

interface SoldOutOrder {
  left: number
  matching: string
  how: SoldOutHow
}

export const soldOutHows = [
  'insufficient',
  'later',
  'start',
  'migrate',
  'cluster_status',
  'node_status',
  'gpu_spec_used',
  'quota',
] as const
export type SoldOutHow = (typeof soldOutHows)[number]

export const failStartHows = ['stuck', 'stuck_creating', 'bad_image', 'image_auth', 'no_resource'] as const
export type FailStartHow = (typeof failStartHows)[number]

/** Where the documents leave a choice, or where a test wants quiet. Changed by `special` controls. */
export interface Settings {
  goneAs: '404' | '400' | 'removed'
  refusesKeyWith: '401' | '403' | '400'
  lastStartedAtMeans: 'pulling' | 'running'
  stoppedDiskFreeGb: number
  v2StoppedWord: 'exited' | 'stopped'
  sharedIds: boolean
  emptyBodies: boolean
  numbersAs: 'string' | 'number'
  totalAs: 'number' | 'string'
  regionNames: 'place' | 'code'
  pageCap: number | null
  spotNoticeMs: number | null
  spotReclaimingMs: number | null
  sshDelayMs: number | null
  appDelayMs: number | null
  billPrecision: number
  quotaInstances: number | null
  quotaGpus: number | null
  quotaAs: '400' | '429'
  rateBurst: number
  ratePerSecond: number
  retryAfterSeconds: number | null
  failedMigrations: { left: number; how: 'stuck' | 'refuse' }
  chances: Chances
}

export interface Chances {
  /** A launch that never comes up. */
  failStart: number
  /** Somebody was quicker, although the list showed stock. */
  takenOnDemand: number
  takenSpot: number
  takenOnStart: number
  /** Mean hours from the end of the guaranteed hour to the notice; 0 = never. */
  spotMeanHours: number
}

export interface State {
  version: 1
  random: number
  serial: number
  /** Milliseconds added to the clock's market time, so that a restart does not turn the market back. */
  marketOffsetMs: number
  marketMs: number
  userId: string
  machines: Machine[]
  jobs: Job[]
  templates: Template[]
  storages: Storage[]
  networks: Network[]
  registryAuths: RegistryAuth[]
  meters: Meter[]
  oneOffs: OneOff[]
  /** Money: what the account had when it was last set, and what had been settled then. Nano-dollars. */
  balance: { setTo: string; settledThen: string }
  /** Milliseconds: the full hour up to which charges have been taken from the balance. */
  settledUntil: number
  priceChanges: { factor: number; matching: string; listed: boolean }[]
  soldOut: SoldOutOrder[]
  failing: { left: number; matching: string; how: FailStartHow }[]
  listLagMs: number
  pace: { loadingMs?: number; stoppingMs?: number; startingMs?: number; terminatingMs?: number }
  settings: Settings
  buckets: Record<string, { tokens: number; at: number }>
}

export interface World {
  clock: SimClock
  seed: number
  apiKey: string
  random: Random
  state: State
}

export const secondMs = 1_000
export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** The platform's control loop ticks on whole seconds, so that its timestamps are the very moments of its changes. */
export function wholeSecondFrom(ms: number): number {
  return Math.ceil(ms / secondMs) * secondMs
}

/** When something is done that takes `ms` at speed 1 and begins at `at`. */
export function later(world: World, at: number, ms: number): number {
  return wholeSecondFrom(at + ms / world.clock.speed)
}

export function unixSeconds(ms: number): number {
  return Math.floor(ms / secondMs)
}
