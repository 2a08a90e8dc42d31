/**
 * The meters. Compute runs at `usageRate` in every state but `off`, storage from creation until deletion, a static
 * address until it is released.
 */

import { type Meter, nanosFromUsd, type ThingKind } from '../kit/bill.ts'
import type {
  CustomTemplateRecord,
  DriveRecord,
  MachineRecord,
  PublicIpRecord,
  SnapshotRecord,
  World,
} from './state.ts'

/**
 * That a begun second counts whole is our reading.
 *
 * @source api-evangelist/paperspace `finops` (2026-09): "Compute is billed per second (advertised hourly)". Other pages
 *         say hourly; the granularity is not established.
 */
const stepMs = 1_000

/**
 * Dollars per month by the gigabytes sold. 50, 100 and 250 are documented; the rest continues at 0.04 $/GB, a guess.
 * A size in between costs what the next larger one costs, also a guess.
 */
const storageUsdPerMonth: readonly (readonly [gigabytes: number, usd: number])[] = [
  [50, 5],
  [100, 7],
  [250, 10],
  [500, 20],
  [1_000, 40],
  [2_000, 80],
  [4_000, 160],
  [8_000, 320],
  [12_000, 480],
  [16_000, 640],
]

export const largestDiskGb = 16_000

/**
 * @source Paperspace/CORE-API-Docs, templates: "Snapshot pricing is based on the size of your instance", in the chapter on
 *         custom templates, up to 2 TB. Above that 0.021 $/GB, a guess.
 */
const snapshotUsdPerMonth: typeof storageUsdPerMonth = [
  [50, 3.5],
  [100, 6],
  [250, 11],
  [500, 17],
  [1_000, 24],
  [2_000, 42],
  [4_000, 84],
  [8_000, 168],
  [12_000, 252],
  [16_000, 336],
]

/** A guess: no document that could be read names the price. */
const staticIpUsdPerMonth = 3

/**
 * @source support.paperspace.com "CORE Hourly Subscription": a 10 $ machine kept from April 10th to 20th costs 3.33 $, so
 *         April has 30 days. That every month has 30 days is our reading.
 */
const hoursPerMonth = 720n

export function storageMonthUsd(diskGb: number): number {
  return monthUsd(storageUsdPerMonth, diskGb)
}

function monthUsd(prices: typeof storageUsdPerMonth, gb: number): number {
  const size = prices.find(([gigabytes]) => gb <= gigabytes)
  if (!size) throw new RangeError(`nothing of ${gb} GB is sold`)
  return size[1]
}

export function openCompute(world: World, machine: MachineRecord, at: number): void {
  open(world, machine, 'gpu', at, nanosFromUsd(machine.usageRate))
}

export function openStorage(world: World, machine: MachineRecord, at: number): void {
  open(world, machine, 'disk', at, perHour(storageMonthUsd(machine.diskGb)))
}

export function close(world: World, machineId: string, kind: Meter['kind'], at: number): void {
  for (const meter of world.state.meters) {
    if (meter.machineId === machineId && meter.kind === kind && meter.endedAt === null) meter.endedAt = at
  }
}

/** An address outlives its machine, so its line carries the address in place of a machine's id. */
export function openAddress(world: World, address: PublicIpRecord): void {
  const owner = { id: address.ip, name: null, thing: 'address' } as const
  open(world, owner, 'other', address.createdAt, perHour(staticIpUsdPerMonth))
}

/** By the size of the disk it was taken from, like a custom template. */
export function openSnapshot(
  world: World,
  { id, name, sizeGb, createdAt }: SnapshotRecord | CustomTemplateRecord,
  thing: 'snapshot' | 'template',
): void {
  open(world, { id, name, thing }, 'disk', createdAt, perHour(monthUsd(snapshotUsdPerMonth, sizeGb)))
}

/** That a shared drive costs what a machine's disk of its size costs is a guess. */
export function openDrive(world: World, { id, name, sizeGb, createdAt }: DriveRecord): void {
  open(world, { id, name, thing: 'drive' }, 'disk', createdAt, perHour(storageMonthUsd(sizeGb)))
}

export function isMetered(world: World, machineId: string): boolean {
  return world.state.meters.some((meter) => meter.machineId === machineId && meter.endedAt === null)
}

function open(
  world: World,
  owner: { id: string; name: string | null; thing?: ThingKind },
  kind: Meter['kind'],
  at: number,
  rate: bigint,
): void {
  const ratePerHour = rate.toString()
  world.state.meters.push({
    machineId: owner.id,
    label: owner.name,
    kind,
    ...(owner.thing ? { thing: owner.thing } : {}),
    startedAt: at,
    endedAt: null,
    ratePerHour,
    stepMs,
  })
}

/** A monthly price as whole nano-dollars per hour, halves up. */
function perHour(usdPerMonth: number): bigint {
  return (nanosFromUsd(usdPerMonth) + hoursPerMonth / 2n) / hoursPerMonth
}
