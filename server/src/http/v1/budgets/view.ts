import { z } from 'zod'
import type { BudgetState } from '../../../app/budgets.ts'
import { nanos, usdFromNanos, usdNumber } from '../../../core/money.ts'
import { budgetActions, budgetPeriods, budgetScopes, periodAt } from '../../../core/policies/budget.ts'
import { isoFrom } from '../../../core/time.ts'

export const BudgetView = z
  .object({
    id: z.string(),
    scope: z.enum(budgetScopes),
    key: z.string().nullable().describe('The instance, the label or the project; null for all.'),
    project: z.string().nullable(),
    period: z.enum(budgetPeriods).describe('month: per calendar month, UTC.'),
    limit_usd: z.string(),
    action: z.enum(budgetActions),
    spent_usd: z.string().describe('The most that can have been billed, in this period.'),
    held_usd: z.string().describe('Held for launches, beyond what is spent.'),
    left_usd: z.string(),
    spent_percent: z.number(),
    cost_per_hour_usd: z.string().describe('What is being billed now.'),
    period_ends_at: z.iso.datetime().nullable(),
    forecast: z
      .object({ ends_at: z.iso.datetime().nullable(), text: z.string() })
      .nullable()
      .describe('null while nothing is billed.'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Budget' })

export function budgetView({ budget, spending, forecast }: BudgetState): z.infer<typeof BudgetView> {
  const left = budget.limit - spending.spent - spending.held
  const { until } = periodAt(budget, spending.at)
  const isAll = budget.scope === 'all'
  return {
    id: budget.id,
    scope: budget.scope,
    key: isAll ? null : budget.key,
    project: isAll ? null : budget.project,
    period: budget.period,
    limit_usd: usdFromNanos(budget.limit),
    action: budget.action,
    spent_usd: usdFromNanos(spending.spent),
    held_usd: usdFromNanos(spending.held),
    left_usd: usdFromNanos(nanos(left > 0n ? left : 0n)),
    spent_percent: Math.round((usdNumber(spending.spent) / usdNumber(budget.limit)) * 1000) / 10,
    cost_per_hour_usd: usdFromNanos(spending.perHour),
    period_ends_at: until === null ? null : isoFrom(until),
    forecast:
      forecast === null
        ? null
        : { ends_at: forecast.endsAt === null ? null : isoFrom(forecast.endsAt), text: forecast.text },
    created_at: isoFrom(budget.createdAt),
  }
}
