import { amountOf, type Charge } from '../core/charges/charge.ts'
import type { Instance, Launch } from '../core/instances/instance.ts'
import { type Nanos, sum } from '../core/money.ts'
import type { Clock, Instant } from '../core/time.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'
import { getInstance } from './instances.ts'
import type { Who } from './who.ts'

export interface LaunchHistory {
  instance: Instance
  /** Oldest first. */
  launches: readonly PastLaunch[]
}

export interface PastLaunch {
  launch: Launch
  /** Until the marketplace has confirmed its end; null while it may be billed. */
  until: Instant | null
  /** The most that can have been billed until now. */
  cost: Nanos
}

export interface LaunchHistoryDeps {
  instances: Pick<InstanceStore, 'get' | 'byMachine'>
  launches: Pick<LaunchStore, 'ofInstance'>
  charges: Pick<ChargeStore, 'ofInstance'>
  clock: Clock
}

/** Every machine that an instance had, or asked for. */
export async function launchHistory(id: string, who: Who, deps: LaunchHistoryDeps): Promise<LaunchHistory> {
  const instance = await getInstance(id, who, deps)
  const [launches, charges] = await Promise.all([
    deps.launches.ofInstance(instance.id),
    deps.charges.ofInstance(instance.id),
  ])
  const now = deps.clock.now()
  return {
    instance,
    launches: launches.map((launch) => ({ launch, until: launch.settledAt, cost: costOf(launch, charges, now) })),
  }
}

function costOf({ attempt }: Launch, charges: readonly Charge[], now: Instant): Nanos {
  const its = charges.filter((charge) => charge.attempt === attempt)
  return sum(its.map((charge) => amountOf(charge, now).atMost))
}
