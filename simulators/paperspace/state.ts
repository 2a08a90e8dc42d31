/** Everything the marketplace remembers, as plain JSON. */

import type { Meter } from '../kit/bill.ts'
import type { SimClock } from '../kit/clock.ts'
import type { Random } from '../kit/random.ts'
import type { Region } from './market.ts'

export interface World {
  state: State
  clock: SimClock
  random: Random
}

export type MachineState =
  | 'off'
  | 'starting'
  | 'stopping'
  | 'restarting'
  | 'serviceready'
  | 'ready'
  | 'upgrading'
  | 'provisioning'

export type EventName =
  | 'create'
  | 'deactivate'
  | 'restart'
  | 'snapshot-create'
  | 'snapshot-delete'
  | 'snapshot-restore'
  | 'start'
  | 'stop'
  | 'template-create'
  | 'vm-shutdown-force'
  | 'vm-upgrade'

export type PublicIpType = 'static' | 'dynamic' | 'none'

/** What the customer sets and the API repeats. */
export interface MachineSettings {
  autoShutdownEnabled: boolean
  autoShutdownTimeout: number | null
  autoShutdownForce: boolean | null
  autoSnapshotEnabled: boolean
  autoSnapshotFrequency: string | null
  autoSnapshotSaveCount: number | null
  restorePointEnabled: boolean
  restorePointFrequency: string | null
  restorePointSnapshotId: string | null
}

/** A change that is due. `change` is applied in the same moment: new hardware, a bigger disk. */
export interface Step {
  at: number
  to: 'serviceready' | 'ready' | 'off' | 'deleted'
  change?: { machineType?: string; diskGb?: number }
}

export interface MachineRecord {
  id: string
  seq: number
  name: string
  state: MachineState
  machineType: string
  os: string
  agentType: string
  diskGb: number
  region: Region
  networkId: string | null
  privateIp: string | null
  publicIp: string | null
  publicIpType: PublicIpType
  settings: MachineSettings
  usageRate: number
  createdAt: number
  modifiedAt: number
  deletedAt: number | null
  /** From here on the id answers 404. */
  goneAt: number | null
  /** Missing from lists until then. */
  listedAt: number
  /** The address is null until then. */
  ipVisibleAt: number
  steps: Step[]
  /** The event under way. */
  eventId: string | null
  deactivating: boolean
  /** When it last became ready; null while off. */
  readyAt: number | null
  autoShutdownAt: number | null
}

/**
 * An event is written with its whole course when it begins; what the API shows of it follows from the time. Only a
 * cancellation rewrites it.
 */
export interface EventRecord {
  id: string
  seq: number
  name: EventName
  machineId: string
  createdAt: number
  startsAt: number | null
  /** null: never ends by itself. */
  finishesAt: number | null
  outcome: 'done' | 'error' | 'cancelled'
  error: string | null
}

export interface ScriptRecord {
  id: string
  seq: number
  name: string
  script: string
  isEnabled: boolean
  isRunOnce: boolean
  assignedMachineIds: string[]
  createdAt: number
  deletedAt: number | null
}

export interface PublicIpRecord {
  ip: string
  seq: number
  region: Region
  assignedMachineId: string | null
  createdAt: number
  releasedAt: number | null
}

export interface NetworkRecord {
  id: string
  seq: number
  name: string
  region: Region
  network: string
  netmask: string
  createdAt: number
  deletedAt: number | null
}

export interface SnapshotRecord {
  id: string
  seq: number
  name: string
  machineId: string
  /** The disk it was taken from. */
  sizeGb: number
  createdAt: number
  deletedAt: number | null
}

export interface CustomTemplateRecord {
  id: string
  seq: number
  name: string
  agentType: string
  operatingSystemLabel: string
  region: Region
  sizeGb: number
  /** Only machines of this type can be made from it. */
  machineType: string
  parentMachineId: string
  createdAt: number
  deletedAt: number | null
}

export interface DriveRecord {
  id: string
  seq: number
  name: string
  sizeGb: number
  region: Region
  networkId: string
  mountPoint: string
  username: string
  password: string
  createdAt: number
  deletedAt: number | null
}

export interface CountedOrder {
  left: number
  how: string
  matching?: string
}

/** What the controls have set. */
export interface Orders {
  soldOut: CountedOrder[]
  failStarts: CountedOrder[]
  failStops: CountedOrder[]
  failDeletes: CountedOrder[]
  prices: { factor: number; matching?: string }[]
  availability: { available: boolean; matching?: string }[]
  pace: { loadingMs?: number; stoppingMs?: number; startingMs?: number; terminatingMs?: number }
  listLagMs: number
  calm: boolean
  nameMatch: 'contains' | 'exact' | 'prefix'
  pageSize: number
  /** No page has more items, whatever is asked for. */
  pageCap: number | null
  regionNames: 'long' | 'short'
  busyStatus: number
  deleteAgain: 'busy' | 'same-event' | 'not-found'
  requestsPerMinute: number | null
  retryAfterSeconds: number | null
  maxMachines: number
  ipLagMs: number
  lingerMs: number
  eventsVanish: boolean
  validationIssues: boolean
  storageRatePeriod: 'hour' | 'month'
  /** Since when money is owed; null while the account is in good standing. */
  unpaidSince: number | null
}

export interface State {
  seed: number
  random: number
  nextSeq: number
  startedAt: number
  machines: MachineRecord[]
  events: EventRecord[]
  scripts: ScriptRecord[]
  publicIps: PublicIpRecord[]
  networks: NetworkRecord[]
  snapshots: SnapshotRecord[]
  customTemplates: CustomTemplateRecord[]
  drives: DriveRecord[]
  meters: Meter[]
  requestTimes: number[]
  orders: Orders
}

export function freshState(seed: number, now: number): State {
  return {
    seed,
    random: seed >>> 0,
    nextSeq: 1,
    startedAt: now,
    machines: [],
    events: [],
    scripts: [],
    publicIps: [],
    networks: [],
    snapshots: [],
    customTemplates: [],
    drives: [],
    meters: [],
    requestTimes: [],
    orders: {
      soldOut: [],
      failStarts: [],
      failStops: [],
      failDeletes: [],
      prices: [],
      availability: [],
      pace: {},
      listLagMs: 0,
      calm: false,
      nameMatch: 'contains',
      pageSize: 20,
      pageCap: null,
      regionNames: 'long',
      busyStatus: 400,
      deleteAgain: 'busy',
      requestsPerMinute: 200,
      retryAfterSeconds: null,
      maxMachines: 50,
      ipLagMs: 0,
      lingerMs: 0,
      eventsVanish: false,
      validationIssues: true,
      storageRatePeriod: 'hour',
      unpaidSince: null,
    },
  }
}

export function nextSeq(world: World): number {
  return world.state.nextSeq++
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Ids are a letter or two and then lower-case letters and digits. */
export function newId(world: World, prefix: string, length: number): string {
  return prefix + Array.from({ length }, () => alphabet[world.random.int(0, alphabet.length - 1)]).join('')
}

export function newUuid(world: World): string {
  const { random } = world
  return `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-${random.pick(['8', '9', 'a', 'b'])}${random.hex(3)}-${random.hex(12)}`
}

/** When something is done that began at `at` and takes `ms` in the real world. */
export function later(world: World, at: number, ms: number): number {
  return Math.max(at + 1, Math.ceil(at + ms / world.clock.speed))
}

/** The first order that still counts and fits is used up by one. */
export function take(orders: CountedOrder[], fits: (order: CountedOrder) => boolean): CountedOrder | undefined {
  const order = orders.find((each) => each.left > 0 && fits(each))
  if (order) order.left -= 1
  return order
}
