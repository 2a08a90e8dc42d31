import { finalStatuses } from '../core/instances/status.ts'
import { dividedBy, type Nanos, noMoney, sum } from '../core/money.ts'
import { type CostsDeps, costs } from './costs.ts'
import { listVastInstances, type VastReadDeps } from './vast-instances.ts'
import type { Who } from './who.ts'

export interface VastStatistics {
  total: number
  active: number
  /** Ended or failed. */
  ended: number
  /** What was spent at Vast, at most. */
  totalCost: Nanos
  /** Over all instances that have a rate. */
  averagePerHour: Nanos
  /** How many active ones there are of each GPU. */
  gpus: ReadonlyMap<string, number>
  /** How many of all are in each status. */
  words: ReadonlyMap<string, number>
}

export type VastStatisticsDeps = VastReadDeps & CostsDeps

/** Figures about all instances at Vast, whichever face made them. A stopped one is active: its disk is still billed. */
export async function vastStatistics(who: Who, deps: VastStatisticsDeps): Promise<VastStatistics> {
  const all = await listVastInstances({ word: null, sortBy: 'created_at', includeDestroyed: true }, who, deps)
  const active = all.filter(({ instance }) => !finalStatuses.has(instance.status))
  const rates = all.map(({ costPerHour }) => costPerHour).filter((rate) => rate !== null)
  const spent = await costs({ from: 0, provider: 'vast' }, 'provider', who, deps)
  return {
    total: all.length,
    active: active.length,
    ended: all.length - active.length,
    totalCost: spent.total.atMost,
    averagePerHour: rates.length === 0 ? noMoney : dividedBy(sum(rates), BigInt(rates.length)),
    gpus: counted(active.map(({ offer }) => offer?.gpu.spelling ?? 'unknown')),
    // A destroyed one has exited: the distribution knows no other word for it.
    words: counted(all.map(({ word }) => (word === 'destroyed' ? 'exited' : word))),
  }
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
