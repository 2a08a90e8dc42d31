import { amountOf, type Charge, isExact } from '../core/charges/charge.ts'
import type { Instance } from '../core/instances/instance.ts'
import { type Nanos, nanos, sum } from '../core/money.ts'
import { type Clock, dayMs, hourMs, type Instant } from '../core/time.ts'
import type { BillStore, TrafficLine } from '../store/bills.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { InstanceStore } from '../store/instances.ts'
import { getInstance } from './instances.ts'
import type { Who } from './who.ts'

export interface InstanceCosts {
  instance: Instance
  /** The most that can have been billed until now; what a budget counts. */
  soFar: Nanos
  /** The least. Equal to `soFar` where the marketplace's own times determine it. */
  atLeast: Nanos
  exact: boolean
  /** What it costs per hour as it is now. */
  perHour: Nanos
  /** If it stays as it is. */
  perDay: Nanos
  /** 30 days. */
  perMonth: Nanos
  lines: readonly CostLine[]
  at: Instant
}

export interface InstanceBill extends InstanceCosts {
  /** What the marketplace has billed for traffic, beside all of the above: it tells only afterwards. */
  traffic: Nanos
  trafficLines: readonly TrafficLine[]
}

export interface CostLine extends Charge {
  atMost: Nanos
  atLeast: Nanos
  exact: boolean
}

export interface CostDeps {
  instances: Pick<InstanceStore, 'get' | 'byMachine'>
  charges: Pick<ChargeStore, 'ofInstance'>
  bills: Pick<BillStore, 'traffic'>
  clock: Clock
}

export async function instanceCosts(id: string, who: Who, deps: CostDeps): Promise<InstanceBill> {
  const instance = await getInstance(id, who, deps)
  const now = deps.clock.now()
  const trafficLines = await deps.bills.traffic({ from: 0, until: now }, { instanceId: instance.id })
  return {
    ...costsOf(instance, await deps.charges.ofInstance(instance.id), now),
    traffic: sum(trafficLines.map(({ amount }) => amount)),
    trafficLines,
  }
}

export function costsOf(instance: Instance, charges: readonly Charge[], now: Instant): InstanceCosts {
  const lines = charges.map((charge): CostLine => ({ ...charge, ...amountOf(charge, now), exact: isExact(charge) }))
  const perHour = sum(charges.filter((charge) => charge.endedBefore === null).map((charge) => charge.ratePerHour))
  return {
    instance,
    soFar: sum(lines.map((line) => line.atMost)),
    atLeast: sum(lines.map((line) => line.atLeast)),
    exact: lines.every((line) => line.atMost === line.atLeast),
    perHour,
    perDay: nanos(perHour * BigInt(dayMs / hourMs)),
    perMonth: nanos(perHour * BigInt((30 * dayMs) / hourMs)),
    lines,
    at: now,
  }
}
