/** Everything this marketplace remembers, as plain JSON, and the world around it. */

import { type Meter, meterAmount, nanosFromUsd } from '../kit/bill.ts'
import type { SimClock } from '../kit/clock.ts'
import { type Random, seededRandom, seedFrom } from '../kit/random.ts'
import type { GoneDisguise } from './errors.ts'
import { generatedListings } from './listings.ts'
import { type Market, type MarketState, marketStepMs, openMarket } from './market.ts'
import { recordedListings } from './recorded.ts'
import type { OfferFacts } from './wire.ts'

export interface VastState {
  /** Everything due until then has happened. */
  at: number
  chance: number
  market: MarketState
  machines: Record<string, Machine>
  /** The hardware of the machines that exist. */
  hardware: Record<string, OfferFacts>
  /** Ids of machines that are not destroyed. */
  live: number[]
  volumes: Volume[]
  meters: Meter[]
  openMeters: number[]
  /** Nano-dollars of the finished meters. */
  settled: string
  /** Nano-dollars ever put on the account. */
  funds: string
  topUps: { id: number; at: number; usd: number }[]
  sshKeys: SshKey[]
  attachedKeys: Record<string, { id: number; key: string }[]>
  priceRises: PriceRise[]
  /** Uploads by path: how often they are still missing, and then what they say. */
  uploads: Record<string, { missing: number; text: string }>
  limits: Record<string, { tokens: number; at: number }>
  quota: { day: number; rows: number }
  orders: Orders
  settings: Settings
}

export interface Machine {
  id: number
  label: string | null
  foreign: boolean
  listing: number
  gpus: number
  instanceKey: string
  createdAt: number
  destroyedAt: number | null
  /** Lists do not have it before. */
  listedAt: number
  endsAt: number
  image: string
  args: string[]
  runtype: string
  env: [string, string][]
  onstart: string | null
  templateHash: string | null
  jupyterToken: string
  diskGb: number
  isBid: boolean
  /** Dollars per hour as the API shows them. */
  dphBase: number
  storagePerHour: number
  /** What the API calls the four states; `actual` as stored, "offline" is computed on read. */
  intended: 'running' | 'stopped' | 'frozen'
  current: 'running' | 'stopped' | 'unloaded'
  next: 'running' | 'stopped'
  actual: string | null
  message: string | null
  offline: { until: number | null } | null
  ports: Record<string, string> | null
  /** The next thing that happens to the container. */
  plan: { at: number; to: Turn } | null
  /** When the download began and ends, for its percentage. */
  loading: { from: number; until: number } | null
  /** What a start is waiting for. */
  waits: 'gpus' | 'bid' | null
  /** A queued start is not looked at before. */
  waitsUntil: number
  stopped: 'by us' | 'outbid' | 'no credit' | 'ended' | 'at creation' | null
  holdsGpus: boolean
  failure: FailureKind | null
  runningSince: number | null
  gpuMeter: number | null
  diskMeter: number | null
  utilisation: number | null
  volumes: { id: number; mountPath: string }[]
}

/** Storage that lies on one host and outlives the machines that mount it. */
export interface Volume {
  id: number
  label: string | null
  listing: number
  hardware: OfferFacts
  sizeGb: number
  /** Dollars per hour as the API shows them. */
  perHour: number
  createdAt: number
  deletedAt: number | null
  /** Its place in `meters`. */
  meter: number
}

export type Turn = 'created' | 'loading' | 'running' | 'halted' | 'failed' | 'gone'

export const failureKinds = [
  'stuck',
  'silent',
  'oci',
  'manifest',
  'denied',
  'no_space',
  'port',
  'exited',
  'unknown',
  'offline',
] as const
export type FailureKind = (typeof failureKinds)[number]

export interface SshKey {
  id: number
  key: string
  createdAt: number
}

export interface PriceRise {
  id: number
  machine: number
  factor: number
  createdAt: number
}

export interface Orders {
  sellOuts: { left: number; matching: string; how: GoneDisguise }[]
  failStarts: { left: number; matching: string; how: FailureKind }[]
  /** The next create calls are refused for this reason. */
  refusals: { left: number; how: string }[]
  /** The next requests are refused by the gate. */
  authAnswers: { left: number; how: string }[]
  pace: { loadingMs?: number; stoppingMs?: number; startingMs?: number; terminatingMs?: number }
  listLagMs: number | null
}

/** What is not established about the real service, or differs between accounts; see README. */
export interface Settings {
  v0List: '410' | '200'
  rateShape: 'documented' | 'text' | 'text_threshold' | 'detail' | 'envelope' | 'message'
  rateLimited: boolean
  retryAfter: boolean
  rowsPerDay: number
  goneDisguise: GoneDisguise
  lowBid: '200' | '400'
  outbidShape: 'stopped' | 'waiting' | 'exited'
  destroyedGet: 'null' | '404'
  sshList: 'array' | 'object' | '404'
  uploadMisses: number
  leakyRows: number
  /** No page of the lists has more rows. */
  pageCap: number | null
  /** Machines fail, go offline and take their time by chance. */
  mishaps: boolean
  missingGroups: string[]
}

export interface World {
  readonly state: VastState
  readonly clock: SimClock
  readonly random: Random
  readonly market: Market
  readonly seed: number
  /** When the money runs out at the present rate; undefined when it has to be computed again. */
  brokeAt: number | null | undefined
}

export interface WorldOptions {
  clock: SimClock
  seed: number
  offers: number
  recordedOffers?: readonly unknown[]
  restored?: unknown
}

const firstCredit = 10_000

export function openWorld(options: WorldOptions): World {
  const { clock, seed } = options
  const restored = options.restored as VastState | undefined
  const listings = options.recordedOffers
    ? recordedListings(options.recordedOffers)
    : generatedListings(seed, options.offers)
  const kept = restored ? upToDate(structuredClone(restored)) : undefined
  const market = openMarket(listings, {
    seed,
    now: clock.now(),
    stepMs: marketStepMs / clock.speed,
    recorded: options.recordedOffers !== undefined,
    ...(kept ? { restored: kept.market } : {}),
  })
  const state = kept ?? newState(clock.now(), seed, market.state)
  const random = seededRandom(state.chance)
  return { state, clock, random, market, seed, brokeAt: undefined }
}

/** What was saved before there were volumes. */
function upToDate(state: VastState): VastState {
  state.volumes ??= []
  for (const machine of Object.values(state.machines)) machine.volumes ??= []
  return state
}

function newState(now: number, seed: number, market: MarketState): VastState {
  return {
    at: now,
    chance: seedFrom(seed, 'vast'),
    market,
    machines: {},
    hardware: {},
    live: [],
    volumes: [],
    meters: [],
    openMeters: [],
    settled: '0',
    funds: nanosFromUsd(firstCredit).toString(),
    topUps: [{ id: 2_185_418, at: now, usd: firstCredit }],
    sshKeys: [],
    attachedKeys: {},
    priceRises: [],
    uploads: {},
    limits: {},
    quota: { day: 0, rows: 0 },
    orders: { sellOuts: [], failStarts: [], refusals: [], authAnswers: [], pace: {}, listLagMs: null },
    settings: {
      v0List: '410',
      rateShape: 'documented',
      rateLimited: true,
      retryAfter: false,
      rowsPerDay: 250_000,
      goneDisguise: 'gone',
      lowBid: '200',
      outbidShape: 'stopped',
      destroyedGet: 'null',
      sshList: 'array',
      uploadMisses: 2,
      leakyRows: 0,
      pageCap: null,
      mishaps: true,
      missingGroups: [],
    },
  }
}

/** The wall time at which something is done that begins at `from` and takes `ms` in the real world. */
export function done(world: World, from: number, ms: number): number {
  return Math.ceil(from + ms / world.clock.speed)
}

export function machineOf(world: World, id: number | string): Machine | undefined {
  return world.state.machines[String(id)]
}

export function liveMachines(world: World): Machine[] {
  return world.state.live.map((id) => world.state.machines[id] as Machine)
}

export function hardwareOf(world: World, machine: Machine): OfferFacts {
  return world.state.hardware[machine.id] as OfferFacts
}

export function startMeter(world: World, machine: Machine, kind: 'gpu' | 'disk', at: number): void {
  const field = kind === 'gpu' ? 'gpuMeter' : 'diskMeter'
  if (machine[field] !== null) return
  const usd = kind === 'gpu' ? machine.dphBase : machine.storagePerHour
  machine[field] = openMeter(world, {
    machineId: String(machine.id),
    label: machine.label,
    kind,
    startedAt: at,
    endedAt: null,
    ratePerHour: nanosFromUsd(usd).toString(),
    stepMs: 1_000,
  })
}

/** Its place in `meters`. */
export function openMeter(world: World, meter: Meter): number {
  const nth = world.state.meters.push(meter) - 1
  world.state.openMeters.push(nth)
  world.brokeAt = undefined
  return nth
}

export function stopMeter(world: World, machine: Machine, kind: 'gpu' | 'disk', at: number): void {
  const field = kind === 'gpu' ? 'gpuMeter' : 'diskMeter'
  const nth = machine[field]
  if (nth === null) return
  endMeter(world, nth, at)
  machine[field] = null
}

export function endMeter(world: World, nth: number, at: number): void {
  const meter = world.state.meters[nth] as Meter
  meter.endedAt = at
  settle(world, meter, at)
  world.state.openMeters = world.state.openMeters.filter((open) => open !== nth)
}

/** A sum that is due at once, such as bandwidth: an hour that is over, at the rate of the whole sum. */
export function chargeOnce(world: World, machine: Machine, nanos: bigint, at: number): void {
  const meter: Meter = {
    machineId: String(machine.id),
    label: machine.label,
    kind: 'traffic',
    startedAt: at - 3_600_000,
    endedAt: at,
    ratePerHour: nanos.toString(),
    stepMs: 1,
  }
  world.state.meters.push(meter)
  settle(world, meter, at)
}

function settle(world: World, meter: Meter, at: number): void {
  world.state.settled = (BigInt(world.state.settled) + meterAmount(meter, at)).toString()
  world.brokeAt = undefined
}

/** What is left on the account, in nano-dollars; negative when storage went on without credit. */
export function credit(world: World, at: number): bigint {
  let spent = BigInt(world.state.settled)
  for (const nth of world.state.openMeters) spent += meterAmount(world.state.meters[nth] as Meter, at)
  return BigInt(world.state.funds) - spent
}

/** When the credit reaches zero if nothing changes. */
export function brokeAt(world: World): number | null {
  if (world.brokeAt === undefined) {
    const left = credit(world, world.state.at)
    let rate = 0n
    for (const nth of world.state.openMeters) rate += BigInt((world.state.meters[nth] as Meter).ratePerHour)
    if (left <= 0n) world.brokeAt = world.state.at
    else world.brokeAt = rate === 0n ? null : world.state.at + Number((left * 3_600_000n + rate - 1n) / rate)
  }
  return world.brokeAt
}
