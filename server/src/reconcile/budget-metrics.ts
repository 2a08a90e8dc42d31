import type { Because } from '../core/instances/status.ts'
import { usdNumber } from '../core/money.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { BudgetBook } from './budget-book.ts'

/** Shares of budgets, read when they are asked for, and what our own policies stopped. */
export function policyMetrics(metrics: Metrics, { book }: { book: Pick<BudgetBook, 'all'> }) {
  const ratio = metrics.gauge('gpufleet_budget_spent_ratio', 'Share of a budget that is spent, by budget.', [
    'budget',
    'scope',
    'key',
  ])
  const stops = metrics.counter('gpufleet_policy_stops_total', 'Instances stopped or ended by policies, by reason.', [
    'because',
  ])
  return {
    countStop: (because: Because) => stops.inc({ because }),
    async refresh(): Promise<void> {
      ratio.reset()
      for (const { budget, spending } of await book.all()) {
        const { id, scope, key, limit } = budget
        ratio.set({ budget: id, scope, key }, usdNumber(spending.spent) / usdNumber(limit))
      }
    },
  }
}
