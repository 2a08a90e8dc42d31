import { type Nanos, usdText } from '../core/money.ts'
import { type Budget, type Refusal, refusalText, type Spender } from '../core/policies/budget.ts'
import type { Clock } from '../core/time.ts'
import type { BudgetStore } from '../store/budgets.ts'
import { AppError } from './errors.ts'

/**
 * Whether a launch would be paid for as things stand. What counts is checked again when funds are held for it.
 *
 * @throws AppError `budget_spent`
 */
export async function requireFunds(
  spender: Spender,
  own: readonly Budget[],
  needed: Nanos,
  { budgets, clock }: { budgets: Pick<BudgetStore, 'refusal'>; clock: Clock },
): Promise<void> {
  const refusal = await budgets.refusal(spender, own, needed, clock.now())
  if (refusal !== null && !refusal.isForNow) throw budgetSpent(refusal)
}

export function budgetSpent(refusal: Refusal): AppError {
  const { budget, spent, held, needed } = refusal
  return new AppError('budget_spent', refusalText(refusal), {
    fix: 'raise the budget, end something that it pays for, or ask for a cheaper machine',
    details: {
      budget: budget.id,
      limit_usd: usdText(budget.limit, 9),
      spent_usd: usdText(spent, 9),
      held_usd: usdText(held, 9),
      needed_usd: usdText(needed, 9),
    },
  })
}
