/** What may be spent, what is spent, and what follows. Money that may have been spent counts as spent. */

import { amountOf, type Charge } from '../charges/charge.ts'
import type { Instance } from '../instances/instance.ts'
import { costOver, type Nanos, nanos, noMoney, sum, usdText } from '../money.ts'
import { hourMs, type Instant, secondMs } from '../time.ts'

export const budgetScopes = ['instance', 'label', 'project', 'all'] as const
export type BudgetScope = (typeof budgetScopes)[number]
export const budgetPeriods = ['total', 'month'] as const
export const budgetActions = ['none', 'stop', 'terminate'] as const

export interface Budget {
  id: string
  scope: BudgetScope
  /** The instance's id, the label or the project; '' for all. */
  key: string
  /** Whose budget it is; a label is that of this project's instances. */
  project: string
  /** In all, or per calendar month, UTC. */
  period: (typeof budgetPeriods)[number]
  limit: Nanos
  /** What happens to what runs when it is spent. New launches are refused in any case. */
  action: (typeof budgetActions)[number]
  createdAt: Instant
}

/** Whose money it is that a launch or a charge costs. */
export type Spender = Pick<Instance, 'id' | 'label' | 'project'>

export function isMeant(budget: Budget, { id, label, project }: Spender): boolean {
  switch (budget.scope) {
    case 'instance':
      return budget.key === id
    case 'label':
      return budget.key === label && budget.project === project
    case 'project':
      return budget.key === project
    case 'all':
      return true
  }
}

/** The budget in an instance's own policies, as a budget like the others. */
export function ownBudget({ id, project, wish, createdAt }: Pick<Instance, 'id' | 'project' | 'wish' | 'createdAt'>) {
  const { budget } = wish.policies
  if (budget === null) return []
  const own: Budget = { id, scope: 'instance', key: id, project, period: 'total', ...budget, createdAt }
  return [own]
}

export interface Period {
  /** `total`, or the month as `2026-11`. */
  key: string
  from: Instant | null
  until: Instant | null
}

export function periodAt({ period }: Pick<Budget, 'period'>, now: Instant): Period {
  if (period === 'total') return { key: 'total', from: null, until: null }
  const at = new Date(now)
  const from = Date.UTC(at.getUTCFullYear(), at.getUTCMonth())
  return {
    key: new Date(from).toISOString().slice(0, 7),
    from,
    until: Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1),
  }
}

/** The most that a charge can have cost within a period. The months of a charge add up to the whole of it. */
export function amountWithin(charge: Charge, { from }: Period, now: Instant): Nanos {
  const whole = amountOf(charge, now).atMost
  if (from === null) return whole
  const before = costOver(charge.ratePerHour, from - charge.startedAfter, charge.stepMs)
  return nanos(whole > before ? whole - before : 0n)
}

/** Funds set aside when a launch or a start was written down; see `heldBy`. */
export interface Hold {
  instanceId: string
  attempt: number
  amount: Nanos
  /** Its instance has given the launch up, and the marketplace has not confirmed the end. */
  abandoned: boolean
}

export interface Spending {
  spent: Nanos
  /** Set aside beyond what is spent. */
  held: Nanos
  /** Of that, for launches that were given up: they may cost nothing after all, and that is soon known. */
  heldForLeftovers: Nanos
  /** What is being billed now. */
  perHour: Nanos
  at: Instant
}

export const nothingSpent: Omit<Spending, 'at'> = {
  spent: noMoney,
  held: noMoney,
  heldForLeftovers: noMoney,
  perHour: noMoney,
}

export function spendingOf(charges: readonly Charge[], holds: readonly Hold[], period: Period, now: Instant): Spending {
  const charged = new Map<string, bigint>()
  for (const charge of charges) {
    const launch = `${charge.instanceId}/${charge.attempt}`
    charged.set(launch, (charged.get(launch) ?? 0n) + amountOf(charge, now).atMost)
  }
  const heldBy = (hold: Hold): Nanos => {
    // Real charges take the place of what was set aside.
    const left = hold.amount - (charged.get(`${hold.instanceId}/${hold.attempt}`) ?? 0n)
    return nanos(left > 0n ? left : 0n)
  }
  return {
    spent: sum(charges.map((charge) => amountWithin(charge, period, now))),
    held: sum(holds.map(heldBy)),
    heldForLeftovers: sum(holds.filter(({ abandoned }) => abandoned).map(heldBy)),
    perHour: sum(charges.filter(({ endedBefore }) => endedBefore === null).map(({ ratePerHour }) => ratePerHour)),
    at: now,
  }
}

/** What is set aside for a launch: an hour of it, or the shortest time that the marketplace bills if that is longer. */
export function fundsFor(pricePerHour: Nanos, minimumMs = 0): Nanos {
  return costOver(pricePerHour, Math.max(hourMs, minimumMs))
}

/** Why a launch or a start is not paid for. */
export interface Refusal {
  budget: Budget
  spent: Nanos
  held: Nanos
  needed: Nanos
  /** Only what is set aside for launches that were given up stands in the way: soon it does not. */
  isForNow: boolean
}

export function refusalOf(budget: Budget, spending: Spending, needed: Nanos): Refusal | null {
  const { spent, held, heldForLeftovers } = spending
  // A spent budget pays for nothing any more, not even for what costs nothing.
  if (spent < budget.limit && spent + held + needed <= budget.limit) return null
  const isForNow = spent < budget.limit && spent + held - heldForLeftovers + needed <= budget.limit
  return { budget, spent, held, needed, isForNow }
}

export function refusalText({ budget, spent, held, needed }: Refusal): string {
  const usd = (amount: Nanos) => `$${usdText(amount, 4)}`
  return `${budgetName(budget)} is ${usd(budget.limit)}; ${usd(spent)} are spent, ${usd(held)} are held for launches, and this one needs ${usd(needed)} for its first hour`
}

/** For people: `the budget of project default for this month`. */
export function budgetName({ scope, key, period }: Pick<Budget, 'scope' | 'key' | 'period'>): string {
  const whose = scope === 'all' ? 'the budget of everything' : `the budget of ${scope} ${key}`
  return period === 'month' ? `${whose} for this month` : whose
}

/** What it costs from a moment on, as it stands. */
function costAhead({ perHour }: Spending, ms: number): Nanos {
  return costOver(perHour, ms)
}

/** The same spending a little later. Up to one billing step too little: charges are computed anew every few seconds. */
export function laterSpending(spending: Spending, now: Instant): Spending {
  return { ...spending, spent: nanos(spending.spent + costAhead(spending, now - spending.at)), at: now }
}

/** By the next look it would be spent: what has to stop is told now. */
export function isSpent({ limit }: Budget, spending: Spending, untilNextLookMs: number): boolean {
  return spending.spent + costAhead(spending, untilNextLookMs + lateMs) >= limit
}

/** A look takes its time, and so does the order after it. */
const lateMs = 5 * secondMs

const thresholds = [50, 80, 100] as const
type Threshold = (typeof thresholds)[number]

export function thresholdsPassed({ limit }: Pick<Budget, 'limit'>, spent: Nanos): Threshold[] {
  return thresholds.filter((percent) => spent * 100n >= limit * BigInt(percent))
}
