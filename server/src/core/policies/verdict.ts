/** What the policies of an instance, and the budgets that it spends from, say now. */

import type { Instance } from '../instances/instance.ts'
import { type Because, finalStatuses, type Status } from '../instances/status.ts'
import { usdText } from '../money.ts'
import { checkpointGraceMs } from '../spot/checkpoint.ts'
import { type Instant, isoFrom } from '../time.ts'
import type { Activity } from './activity.ts'
import { type Budget, budgetName, isSpent, type Spending } from './budget.ts'
import { idleOf } from './idle.ts'
import { leaseOf } from './lease.ts'
import { spanText } from './words.ts'

export interface PolicyFacts {
  activity: Activity
  /** The budgets that this instance spends from. */
  budgets: readonly { budget: Budget; spending: Spending }[]
}

export interface PolicySituation {
  now: Instant
  limits: { canStop: boolean; lookEveryMs: number }
}

export interface Verdict {
  status: Extract<Status, 'stopping' | 'terminating'>
  because: Extract<Because, 'idle_too_long' | 'lease_over' | 'budget_spent'>
  message: string
}

type Policy = (instance: Instance, facts: PolicyFacts, situation: PolicySituation) => Verdict | null

/** The first that has something to say is heard. */
const policies: readonly Policy[] = [lease, budget, idle]

/** Null: nothing has to stop. */
export function verdictOf(instance: Instance, facts: PolicyFacts, situation: PolicySituation): Verdict | null {
  if (instance.wanted === 'ended' || instance.status === 'terminating' || finalStatuses.has(instance.status))
    return null
  for (const policy of policies) {
    const verdict = policy(instance, facts, situation)
    if (verdict !== null) return verdict
  }
  return null
}

function lease(instance: Instance, { activity }: PolicyFacts, { now }: PolicySituation): Verdict | null {
  const state = leaseOf(instance, activity)
  if (state === null || now < state.endsAt) return null
  return { status: 'terminating', because: 'lease_over', message: `it was to live until ${isoFrom(state.endsAt)}` }
}

const comingUpOrUp: ReadonlySet<Status> = new Set(['starting', 'running', 'ready'])

function budget(instance: Instance, { budgets }: PolicyFacts, { limits }: PolicySituation): Verdict | null {
  // Work is saved before the order is given, and that takes its time.
  const { checkpoint } = instance.wish.policies
  const savesForMs = checkpoint === null ? 0 : checkpoint.timeoutMs + checkpointGraceMs
  const spent = budgets.filter((one) => isSpent(one.budget, one.spending, limits.lookEveryMs + savesForMs))
  const ends = spent.find((one) => one.budget.action === 'terminate')
  // What has no machine costs nothing; its next launch is refused where funds are held.
  if (ends !== undefined && instance.launch !== null) return overBudget('terminating', ends)
  const stops = spent.find((one) => one.budget.action === 'stop')
  // Its disk is not given up unless that was allowed.
  if (stops === undefined || !limits.canStop || !comingUpOrUp.has(instance.status)) return null
  return overBudget('stopping', stops)
}

function overBudget(status: Verdict['status'], { budget, spending }: PolicyFacts['budgets'][number]): Verdict {
  const { limit } = budget
  const spent = `$${usdText(spending.spent, 4)} of $${usdText(limit, 4)} are spent`
  return { status, because: 'budget_spent', message: `${budgetName(budget)}: ${spent}` }
}

function idle(instance: Instance, { activity }: PolicyFacts, { now, limits }: PolicySituation): Verdict | null {
  const state = idleOf(instance, activity, { now, canStop: limits.canStop })
  const policy = instance.wish.policies.idle
  if (state === null || policy === null || state.stopsAt === null || now < state.stopsAt) return null
  return {
    status: policy.action === 'stop' ? 'stopping' : 'terminating',
    because: 'idle_too_long',
    message: `idle for ${spanText(state.forMs)}; ${spanText(policy.timeoutMs)} are allowed`,
  }
}
