/**
 * Meters and the account's balance. Everything is billed per second between whole seconds, the ones the API shows: from
 * `createdAt` on, also while the image is pulled. A month of storage is 30 days (720 hours).
 */

import { type Meter, meterAmount, nanosFromUsd, type ThingKind } from '../kit/bill.ts'
import type { NetworkVolume, Pod, State, World } from './state.ts'

const hoursPerMonth = 720n
const nanosPerGbMonth = { running: 100_000_000n, volumeStopped: 200_000_000n }

/** The default of docs.runpod.io: an account may spend 80 USD per hour. */
export const spendLimitUsd = 80

interface Wanted {
  kind: Meter['kind']
  rate: string
}

/** Makes exactly the meters run that belong to the pod in this condition; unchanged ones run on. */
export function setPodMeters(world: World, pod: Pod, condition: 'running' | 'stopped' | 'none', at: number): void {
  const wanted: Wanted[] = []
  const persistent = pod.mounts.persistent?.size ?? 0
  if (condition === 'running') {
    wanted.push({ kind: pod.gpuId === null ? 'other' : 'gpu', rate: pod.rate })
    // One meter for both disks: a billing record has one `diskAmount`, and while it runs they cost the same.
    wanted.push({ kind: 'disk', rate: storageRate(pod.container.disk + persistent, nanosPerGbMonth.running) })
  }
  if (condition === 'stopped' && persistent) {
    wanted.push({ kind: 'disk', rate: storageRate(persistent, nanosPerGbMonth.volumeStopped) })
  }
  setMeters(world.state, { id: pod.id, label: pod.name }, wanted, at)
}

export function setVolumeMeters(state: State, volume: NetworkVolume, exists: boolean, at: number): void {
  setMeters(
    state,
    { id: volume.id, label: volume.name, thing: 'volume' },
    exists ? [{ kind: 'disk', rate: volumeRate(volume) }] : [],
    at,
  )
}

function setMeters(
  state: State,
  owner: { id: string; label: string; thing?: ThingKind },
  wanted: Wanted[],
  at: number,
): void {
  const missing = [...wanted]
  for (const index of [...state.openMeters]) {
    const meter = state.meters[index]
    if (!meter || meter.machineId !== owner.id) continue
    const match = missing.findIndex((want) => want.kind === meter.kind && want.rate === meter.ratePerHour)
    if (match >= 0) {
      missing.splice(match, 1)
      continue
    }
    meter.endedAt = Math.max(at, meter.startedAt)
    state.openMeters = state.openMeters.filter((open) => open !== index)
    state.settled = (BigInt(state.settled) + meterAmount(meter, at)).toString()
  }
  for (const want of missing) {
    state.openMeters.push(state.meters.length)
    state.meters.push({
      machineId: owner.id,
      label: owner.label,
      kind: want.kind,
      ...(owner.thing ? { thing: owner.thing } : {}),
      startedAt: at,
      endedAt: null,
      ratePerHour: want.rate,
      stepMs: 1000,
    })
  }
}

function storageRate(gb: number, perGbMonth: bigint): string {
  return ((BigInt(gb) * perGbMonth + hoursPerMonth / 2n) / hoursPerMonth).toString()
}

/** 0.07 USD per GB and month, 0.05 for what lies above 1000 GB; the fast tier's 0.14 is a guess. */
function volumeRate(volume: NetworkVolume): string {
  const gb = BigInt(volume.size)
  if (volume.type === 'HIGH_PERFORMANCE') return ((gb * 140_000_000n + 360n) / hoursPerMonth).toString()
  const first = gb < 1000n ? gb : 1000n
  return ((first * 70_000_000n + (gb - first) * 50_000_000n + 360n) / hoursPerMonth).toString()
}

/** Nano-dollars spent up to a moment. */
export function spent(state: State, at: number): bigint {
  let total = BigInt(state.settled)
  for (const index of state.openMeters) {
    const meter = state.meters[index]
    if (meter) total += meterAmount(meter, at)
  }
  return total
}

export function balanceNanos(state: State, at: number): bigint {
  return BigInt(state.paidIn) - spent(state, at)
}

/** Nano-dollars per hour of everything that runs. */
export function spendPerHour(state: State): bigint {
  return state.openMeters.reduce((sum, index) => sum + BigInt(state.meters[index]?.ratePerHour ?? '0'), 0n)
}

/** A pod needs one hour's credit, and must fit under the spend limit. */
export function whyNoMoney(world: World, rate: bigint): string | null {
  const { state, clock } = world
  const balance = balanceNanos(state, clock.now())
  if (balance <= 0n || balance < rate) return 'insufficient balance'
  if (spendPerHour(state) + rate > nanosFromUsd(spendLimitUsd)) return 'account spend limit exceeded'
  return null
}

/** The first whole second up to `until` at which the balance is used up, or null. */
export function brokeAt(state: State, until: number): number | null {
  const paid = BigInt(state.paidIn)
  if (spent(state, until) < paid) return null
  let low = state.solventUntil
  let high = until
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (spent(state, middle) < paid) low = middle + 1
    else high = middle
  }
  return high
}

export function usdFrom(nanos: bigint): number {
  return Number(nanos) / 1e9
}
