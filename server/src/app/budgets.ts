import type { InstanceId } from '../core/instances/instance.ts'
import { defaultProject } from '../core/instances/instance.ts'
import { usdText } from '../core/money.ts'
import { type Budget, type BudgetScope, budgetName, type Spending } from '../core/policies/budget.ts'
import { type Forecast, forecastOf } from '../core/policies/forecast.ts'
import type { Clock, Instant } from '../core/time.ts'
import type { BudgetStore } from '../store/budgets.ts'
import type { NewEvent } from '../store/events.ts'
import type { InstanceStore } from '../store/instances.ts'
import { AppError } from './errors.ts'
import { getInstance } from './instances.ts'
import { doneBefore, doneBy, maySee, projectAsked, type Who } from './who.ts'

export interface BudgetDeps {
  budgets: BudgetStore
  instances: Pick<InstanceStore, 'get' | 'byMachine'>
  newInstanceId: () => InstanceId
  clock: Clock
}

export interface BudgetState {
  budget: Budget
  spending: Spending
  forecast: Forecast | null
}

export interface NewBudget extends Pick<Budget, 'limit' | 'period' | 'action'> {
  scope: BudgetScope
  key: string | null
  project: string | null
}

export async function listBudgets(who: Who, deps: Pick<BudgetDeps, 'budgets' | 'clock'>): Promise<BudgetState[]> {
  const seen = (await deps.budgets.list()).filter((budget) => maySeeBudget(who, budget))
  return Promise.all(seen.map((budget) => stateOf(budget, deps)))
}

export async function getBudget(id: string, who: Who, deps: Pick<BudgetDeps, 'budgets' | 'clock'>) {
  return stateOf(await theBudget(id, who, deps), deps)
}

export async function createBudget(input: NewBudget, who: Who, deps: BudgetDeps): Promise<BudgetState> {
  const made = doneBefore(who)
  if (made !== null) return getBudget(made, who, deps)
  const now = deps.clock.now()
  const { limit, period, action } = input
  const id = `bud_${deps.newInstanceId().slice('inst_'.length)}`
  const budget: Budget = { id, ...(await meantBy(input, who, deps)), period, limit, action, createdAt: now }
  await deps.budgets.add(budget, changed(`${budgetName(budget)} was set: ${inWords(budget)}`, null, budget, who, now))
  return stateOf(budget, deps)
}

/** Its thresholds are told anew. */
export async function changeBudget(
  id: string,
  change: Partial<Pick<Budget, 'limit' | 'period' | 'action'>>,
  who: Who,
  deps: Pick<BudgetDeps, 'budgets' | 'clock'>,
): Promise<BudgetState> {
  const before = await theBudget(id, who, deps)
  if (doneBefore(who) !== null) return stateOf(before, deps)
  const after = { ...before, ...change }
  const event = changed(`${budgetName(after)} was changed: ${inWords(after)}`, before, after, who, deps.clock.now())
  if (!(await deps.budgets.change(id, after, event))) throw noSuchBudget(id)
  return stateOf(after, deps)
}

export async function removeBudget(id: string, who: Who, deps: Pick<BudgetDeps, 'budgets' | 'clock'>): Promise<Budget> {
  const budget = await theBudget(id, who, deps)
  const event = changed(`${budgetName(budget)} was removed`, budget, null, who, deps.clock.now())
  if (!(await deps.budgets.remove(id, event))) throw noSuchBudget(id)
  return budget
}

async function meantBy(
  { scope, key, project }: NewBudget,
  who: Who,
  deps: BudgetDeps,
): Promise<Pick<Budget, 'scope' | 'key' | 'project'>> {
  const its = projectAsked(who, project) ?? defaultProject
  switch (scope) {
    case 'instance': {
      const instance = await getInstance(needed(key, 'an instance’s id'), who, deps)
      return { scope, key: instance.id, project: instance.project }
    }
    case 'label':
      return { scope, key: needed(key, 'a label'), project: its }
    case 'project': {
      const named = projectAsked(who, key ?? project) ?? defaultProject
      return { scope, key: named, project: named }
    }
    case 'all':
      if (who.project === null) return { scope, key: '', project: defaultProject }
      throw new AppError('forbidden', `this key is for project ${who.project} only, not for everything`, {
        fix: 'set a budget of scope project instead',
        details: { project: who.project },
      })
  }
}

function needed(key: string | null, what: string): string {
  if (key !== null && key !== '') return key
  throw new AppError('invalid_request', `key is needed: ${what}`, { fix: `send key: ${what}` })
}

async function theBudget(id: string, who: Who, { budgets }: Pick<BudgetDeps, 'budgets'>): Promise<Budget> {
  const budget = await budgets.get(id)
  if (budget === undefined || !maySeeBudget(who, budget)) throw noSuchBudget(id)
  return budget
}

function maySeeBudget(who: Who, { scope, project }: Budget): boolean {
  return maySee(who, { project: scope === 'all' ? null : project })
}

function noSuchBudget(id: string): AppError {
  return new AppError('not_found', `there is no budget ${id}`, { fix: 'GET /api/v1/budgets lists the ones there are' })
}

async function stateOf(
  budget: Budget,
  { budgets, clock }: Pick<BudgetDeps, 'budgets' | 'clock'>,
): Promise<BudgetState> {
  const spending = await budgets.spending(budget, clock.now())
  return { budget, spending, forecast: forecastOf(budget, spending) }
}

function inWords({ limit, period, action }: Pick<Budget, 'limit' | 'period' | 'action'>): string {
  return `$${usdText(limit, 2)} ${period === 'month' ? 'a month' : 'in all'}, then ${action === 'none' ? 'no new launches' : action}`
}

function changed(message: string, before: Budget | null, after: Budget | null, who: Who, at: Instant): NewEvent {
  return {
    at,
    instanceId: null,
    kind: 'changed',
    status: null,
    because: null,
    message,
    data: { what: 'budget', budget: (after ?? before)?.id },
    ...doneBy(who, (after ?? before)?.id ?? ''),
    before: plain(before),
    after: plain(after),
  }
}

function plain(budget: Budget | null) {
  if (budget === null) return null
  const { scope, key, project, period, limit, action } = budget
  return { scope, key, project, period, limit_usd: usdText(limit, 9), action }
}
