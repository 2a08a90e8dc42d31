/** Everything the simulator remembers, as plain JSON, and its step through time. */

import type { Meter } from '../kit/bill.ts'
import type { SimClock } from '../kit/clock.ts'
import { seedFrom } from '../kit/random.ts'
import type { SimulatorOptions } from '../kit/simulator.ts'
import type { PriceListName } from './catalogue.ts'
import { takeNext } from './machines.ts'
import { openingWindows, stepMarket } from './market.ts'
import { defaultSettings, type Settings } from './settings.ts'

export interface LambdaState {
  seed: number
  /** State of the chance that ids and refusals are drawn from. */
  chance: number
  settings: Settings
  /** By `<type>@<region>`. */
  windows: Record<string, Window>
  priceList: PriceListName
  priceChanges: { factor: number; matching: string | null; listed: boolean }[]
  machines: Machine[]
  meters: Meter[]
  sshKeys: { id: string; name: string; public_key: string }[]
  filesystems: Filesystem[]
  rulesets: Ruleset[]
  /** The account-wide list; also the rules of the ruleset called `global`. */
  globalRules: FirewallRule[]
  auditEvents: AuditEvent[]
  lastRequestAt: number | null
  lastLaunchAt: number | null
  listLagMs: number
  pace: { loadingMs?: number; stoppingMs?: number; startingMs?: number; terminatingMs?: number }
  sellOuts: { left: number; matching: string | null; how: SellOutFace }[]
  failStarts: { left: number; matching: string | null; how: StartFailure }[]
  cloudflarePages: { left: number; kind: '1010' | '1015' }[]
  upstreamFailures: { left: number; kind: 'provider' | 'internal'; applied: boolean; path: string | null }[]
}

/** A stretch of capacity or of its absence. `changesAt` null: pinned by a control. */
export interface Window {
  open: boolean
  changesAt: number | null
  stock: number
  /** Still listed until then although closed. */
  listedUntil: number
  chance: number
}

export type InstanceStatus = 'booting' | 'active' | 'unhealthy' | 'terminating' | 'terminated' | 'preempted'
export type StartFailure = 'stuck' | 'unhealthy' | 'terminated' | 'no_gpu'
export type SellOutFace = 'insufficient-capacity' | 'provider'

export interface Machine {
  id: string
  name: string | null
  /** `gone`: GET by id answers 404. */
  status: InstanceStatus | 'gone'
  region: string
  type: string
  centsPerHour: number
  sshKeyNames: string[]
  fileSystems: { id: string; name: string; mountPoint: string }[]
  tags: { key: string; value: string }[]
  rulesetIds: string[]
  hostname: string | null
  userData: string | null
  imageId: string
  createdAt: number
  /** In lists from then on. */
  listedAt: number
  ip: string
  privateIp: string
  jupyterId: string
  jupyterToken: string
  ipKnown: boolean
  firstHealthyAt: number | null
  restarting: boolean
  gpuSeen: boolean
  sshReadyAt: number | null
  chance: number
  /** What will happen to it, in order of time. */
  due: { at: number; to: MachineStep }[]
}

export type MachineStep = 'ip' | 'active' | 'unhealthy' | 'recovered' | 'terminated' | 'preempted' | 'gone'

export interface Filesystem {
  id: string
  name: string
  region: string
  createdAt: number
  /** What somebody wrote to it. */
  usedGib?: number
}

export interface FirewallRule {
  protocol: 'tcp' | 'udp' | 'icmp' | 'all'
  port_range?: [number, number]
  source_network: string
  description: string
}

export interface Ruleset {
  id: string
  name: string
  region: string
  rules: FirewallRule[]
  createdAt: number
}

export interface AuditEvent {
  service_name: string
  resource_name: string
  action: string
  catalog_version: string
  event_id: string
  event_time: string
  actor_lrn: string | null
  resource_lrns: string[]
  resource_owner_lrn: string | null
  request_api_key_lrn: string | null
  additional_details: Record<string, string>
}

export function openingState(options: SimulatorOptions): LambdaState {
  if (options.restored !== undefined) return structuredClone(options.restored) as LambdaState
  return {
    seed: options.seed,
    chance: seedFrom(options.seed, 'lambda'),
    settings: { ...defaultSettings },
    windows: openingWindows(options.seed, options.clock.now(), options.clock.speed),
    priceList: '2026-02',
    priceChanges: [],
    machines: [],
    meters: [],
    sshKeys: [],
    filesystems: [],
    rulesets: [],
    // A new account is said to allow SSH and ICMP only.
    globalRules: [
      { protocol: 'tcp', port_range: [22, 22], source_network: '0.0.0.0/0', description: 'Allow SSH from anywhere' },
      { protocol: 'icmp', source_network: '0.0.0.0/0', description: 'Allow ICMP from anywhere' },
    ],
    auditEvents: [],
    lastRequestAt: null,
    lastLaunchAt: null,
    listLagMs: 0,
    pace: {},
    sellOuts: [],
    failStarts: [],
    cloudflarePages: [],
    upstreamFailures: [],
  }
}

/** Brings everything up to the clock; each change happens at the moment it was due. */
export function step(state: LambdaState, clock: SimClock): void {
  const now = clock.now()
  stepMarket(state, now, clock.speed)
  for (let next = nextDue(state, now); next; next = nextDue(state, now)) takeNext(state, next, clock.speed)
}

/** The instance whose change is due first, so that the order of events does not depend on who looked when. */
function nextDue(state: LambdaState, now: number): Machine | undefined {
  let first: Machine | undefined
  let firstAt = Number.POSITIVE_INFINITY
  for (const machine of state.machines) {
    const at = machine.due[0]?.at
    if (at === undefined || at > now || at >= firstAt) continue
    first = machine
    firstAt = at
  }
  return first
}

/** Uses up one of the orders that fit, in the order they were given. */
export function takeOrder<T extends { left: number }>(orders: T[], fits: (order: T) => boolean): T | undefined {
  const order = orders.find((candidate) => candidate.left > 0 && fits(candidate))
  if (!order) return undefined
  order.left -= 1
  if (order.left === 0) orders.splice(orders.indexOf(order), 1)
  return order
}
