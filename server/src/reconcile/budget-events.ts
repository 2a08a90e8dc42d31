import { isInstanceId } from '../core/ids.ts'
import type { InstanceId } from '../core/instances/instance.ts'
import { usdText } from '../core/money.ts'
import { budgetName, periodAt, thresholdsPassed } from '../core/policies/budget.ts'
import { forecastOf } from '../core/policies/forecast.ts'
import type { PolicyFacts } from '../core/policies/verdict.ts'
import type { Instant } from '../core/time.ts'
import type { BudgetStore } from '../store/budgets.ts'

/** An event for each threshold that was passed, once per period. */
export async function tellThresholds(
  { budget, spending }: PolicyFacts['budgets'][number],
  now: Instant,
  budgets: Pick<BudgetStore, 'tellOnce'>,
): Promise<void> {
  const period = periodAt(budget, now).key
  for (const threshold of thresholdsPassed(budget, spending.spent)) {
    const forecast = forecastOf(budget, spending)
    const rest = threshold === 100 || forecast === null ? '' : `; ${forecast.text}`
    const message = `${budgetName(budget)}: ${threshold} % are spent ($${usdText(spending.spent, 4)} of $${usdText(budget.limit, 4)})${rest}`
    await budgets.tellOnce(
      { budgetId: budget.id, period, threshold },
      {
        at: now,
        instanceId: isInstanceId(budget.key) ? (budget.key as InstanceId) : null,
        kind: 'budget',
        status: null,
        because: threshold === 100 ? 'budget_spent' : null,
        message,
        data: {
          budget: budget.id,
          scope: budget.scope,
          key: budget.key,
          period,
          threshold,
          spent_usd: usdText(spending.spent, 9),
          limit_usd: usdText(budget.limit, 9),
          action: budget.action,
        },
      },
    )
  }
}
