import type { Instance } from '../core/instances/instance.ts'
import { type Budget, isMeant, laterSpending, nothingSpent, ownBudget, type Spending } from '../core/policies/budget.ts'
import type { PolicyFacts } from '../core/policies/verdict.ts'
import type { Clock, Instant } from '../core/time.ts'
import type { BudgetStore } from '../store/budgets.ts'

/** What is spent, for the many who ask at about the same time: one sum answers for all of them. */
export interface BudgetBook {
  /** The budgets that this instance spends from, its own first. */
  of(instance: Instance): Promise<PolicyFacts['budgets']>
  /** All but those of single instances' policies. */
  all(): Promise<PolicyFacts['budgets']>
}

/** In between, what runs goes on at its rate. */
const maxAgeMs = 2_000

export function createBudgetBook({ budgets, clock }: { budgets: BudgetStore; clock: Clock }): BudgetBook {
  const list = shared(clock, () => budgets.list())
  const sums = new Map<string, () => Promise<Spending>>()

  async function spendingOf(budget: Budget): Promise<Spending> {
    const known = sums.get(budget.id) ?? shared(clock, () => current(budget.id))
    sums.set(budget.id, known)
    return laterSpending(await known(), clock.now())
  }

  /** As it stands now: its period may have been changed. */
  async function current(id: string): Promise<Spending> {
    const budget = (await list()).find((one) => one.id === id)
    // Removed a moment ago: nothing follows from it any more.
    if (budget === undefined) return { ...nothingSpent, at: clock.now() }
    return budgets.spending(budget, clock.now())
  }

  async function withSpending(meant: readonly Budget[]): Promise<PolicyFacts['budgets']> {
    return Promise.all(meant.map(async (budget) => ({ budget, spending: await spendingOf(budget) })))
  }

  return {
    async of(instance) {
      const own = await Promise.all(
        ownBudget(instance).map(async (budget) => ({
          budget,
          spending: await budgets.spending(budget, clock.now()),
        })),
      )
      return [...own, ...(await withSpending((await list()).filter((budget) => isMeant(budget, instance))))]
    },

    async all() {
      const known = await list()
      for (const id of sums.keys()) if (!known.some((budget) => budget.id === id)) sums.delete(id)
      return withSpending(known)
    },
  }
}

/** Asks again when the last answer is too old, or from the future of a clock that was turned back. */
function shared<T>(clock: Clock, ask: () => Promise<T>): () => Promise<T> {
  let latest: { at: Instant; answer: Promise<T> } | null = null
  return () => {
    const ageMs = latest === null ? maxAgeMs : clock.now() - latest.at
    if (latest !== null && ageMs >= 0 && ageMs < maxAgeMs) return latest.answer
    const fresh = { at: clock.now(), answer: ask() }
    latest = fresh
    fresh.answer.catch(() => {
      if (latest === fresh) latest = null
    })
    return fresh.answer
  }
}
