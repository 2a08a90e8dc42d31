/** The one ledger: the bill of the control panel, the balance and the API's bill lists all come from these meters. */

import { type Bill, billFrom, type Meter, meterAmount } from '../kit/bill.ts'
import { containerDiskPrice, freeDiskGb, networkVolumePrice } from './market.ts'
import { hourMs, type Machine, type State, type Storage, secondMs, type World } from './state.ts'

/** 1/100000 USD in nano-dollars. */
const priceNanos = 10_000n

export function startCompute(world: World, machine: Machine, at: number): void {
  if (openMeter(world, machine.id, computeKind(machine))) return
  // A prepaid term is paid at once; its time is not metered.
  const rate = machine.billingMode === 'monthly' ? 0n : computeRate(machine)
  open(world, machine, computeKind(machine), rate, at)
}

/** Ends the stretch and counts its seconds as used. */
export function stopCompute(world: World, machine: Machine, at: number): boolean {
  const meter = openMeter(world, machine.id, computeKind(machine))
  if (!meter) return false
  meter.endedAt = at
  machine.usedSeconds += Math.floor((at - meter.startedAt) / secondMs)
  return true
}

export function computeSince(world: World, machine: Machine): number | null {
  return openMeter(world, machine.id, computeKind(machine))?.startedAt ?? null
}

export function computeRate(machine: Pick<Machine, 'unitPrice' | 'gpuNum' | 'kind'>): bigint {
  return BigInt(machine.unitPrice) * priceNanos * BigInt(machine.kind === 'gpu' ? machine.gpuNum : 1)
}

export function unitsToNanos(units: number): bigint {
  return BigInt(units) * priceNanos
}

/** Puts the disk's meter at the rate of this moment; a meter whose rate is right is left alone. */
export function meterDisk(world: World, machine: Machine, at: number, stopped: boolean): void {
  const freeGb = stopped ? world.state.settings.stoppedDiskFreeGb : freeDiskGb
  const rate = perHour(Math.max(0, machine.rootfsGb - freeGb), containerDiskPrice)
  const running = openMeter(world, machine.id, 'disk')
  if (running && BigInt(running.ratePerHour) === rate) return
  if (running) running.endedAt = at
  if (rate > 0n) open(world, machine, 'disk', rate, at)
}

export function stopDisk(world: World, machine: Machine, at: number): void {
  const meter = openMeter(world, machine.id, 'disk')
  if (meter) meter.endedAt = at
}

export function meterStorage(world: World, storage: Storage, at: number): void {
  stopStorage(world, storage, at)
  world.state.meters.push({
    machineId: storage.id,
    label: storage.name,
    kind: 'disk',
    thing: 'volume',
    startedAt: at,
    endedAt: null,
    ratePerHour: perHour(storage.sizeGb, networkVolumePrice).toString(),
    stepMs: secondMs,
  })
}

export function stopStorage(world: World, storage: Storage, at: number): void {
  const meter = openMeter(world, storage.id, 'disk')
  if (meter) meter.endedAt = at
}

/** A daily price as an hourly one, rounded once for the whole disk: half a nano-dollar per hour at most. */
function perHour(gb: number, unitsPerGbDay: number): bigint {
  return (BigInt(gb) * BigInt(unitsPerGbDay) * priceNanos + 12n) / 24n
}

function computeKind(machine: Pick<Machine, 'kind'>): 'gpu' | 'other' {
  return machine.kind === 'gpu' ? 'gpu' : 'other'
}

function open(world: World, machine: Machine, kind: Meter['kind'], rate: bigint, at: number): void {
  world.state.meters.push({
    machineId: machine.id,
    label: machine.name || null,
    kind,
    startedAt: at,
    endedAt: null,
    ratePerHour: rate.toString(),
    stepMs: secondMs,
  })
}

function openMeter(world: World, id: string, kind: Meter['kind']): Meter | undefined {
  return world.state.meters.find((meter) => meter.endedAt === null && meter.machineId === id && meter.kind === kind)
}

export function isMetered(world: World, id: string): boolean {
  return world.state.meters.some((meter) => meter.endedAt === null && meter.machineId === id)
}

export function anyMetered(world: World): boolean {
  return world.state.meters.some((meter) => meter.endedAt === null)
}

export function bill(world: World): Bill {
  const now = world.clock.now()
  const metered = billFrom(world.state.meters, now)
  let total = BigInt(metered.total)
  for (const oneOff of world.state.oneOffs) {
    total += BigInt(oneOff.amount)
    metered.lines.push({
      machineId: oneOff.machineId,
      label: oneOff.label,
      kind: 'other',
      startedAt: oneOff.at,
      endedAt: oneOff.at,
      ratePerHour: '0',
      amount: oneOff.amount,
    })
  }
  return { now, lines: metered.lines, total: total.toString() }
}

/** What a meter had cost at an earlier moment. */
export function amountUntil(meter: Meter, moment: number): bigint {
  if (moment <= meter.startedAt) return 0n
  return meterAmount({ ...meter, endedAt: Math.min(meter.endedAt ?? moment, moment) }, moment)
}

function chargedUntil(state: State, moment: number): bigint {
  let sum = 0n
  for (const meter of state.meters) sum += amountUntil(meter, moment)
  return sum
}

/** Prepaid terms are taken at once, everything else at the full hour. */
function settled(state: State): bigint {
  let sum = chargedUntil(state, state.settledUntil)
  for (const oneOff of state.oneOffs) sum += BigInt(oneOff.amount)
  return sum
}

export function availableNanos(world: World): bigint {
  const { setTo, settledThen } = world.state.balance
  return BigInt(setTo) - (settled(world.state) - BigInt(settledThen))
}

export function setBalance(world: World, nanos: bigint): void {
  world.state.balance = { setTo: nanos.toString(), settledThen: settled(world.state).toString() }
}

export function hourOf(ms: number): number {
  return Math.floor(ms / hourMs) * hourMs
}
