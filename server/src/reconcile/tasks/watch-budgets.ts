import type { Clock } from '../../core/time.ts'
import { secondMs } from '../../core/time.ts'
import type { BudgetStore } from '../../store/budgets.ts'
import type { BudgetBook } from '../budget-book.ts'
import { tellThresholds } from '../budget-events.ts'
import type { Task } from '../clockwork.ts'

/** Tells of the thresholds of budgets. What has to stop is stopped where each instance is looked at. */
export function watchBudgets(deps: { budgets: BudgetStore; book: BudgetBook; clock: Clock }): Task {
  return {
    name: 'budgets',
    everyMs: 10 * secondMs,
    atStart: true,
    async run() {
      for (const one of await deps.book.all()) await tellThresholds(one, deps.clock.now(), deps.budgets)
    },
  }
}
