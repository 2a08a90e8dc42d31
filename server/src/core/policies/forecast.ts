import { hourMs, type Instant } from '../time.ts'
import { type Budget, periodAt, type Spending } from './budget.ts'
import { momentText } from './words.ts'

export interface Forecast {
  /** Null: it lasts until the end of the month. */
  endsAt: Instant | null
  text: string
}

/** When the budget ends if all goes on as it is. Null while nothing is billed. */
export function forecastOf(budget: Pick<Budget, 'limit' | 'period'>, spending: Spending): Forecast | null {
  const { spent, perHour, at } = spending
  if (spent >= budget.limit) return { endsAt: at, text: 'the budget is spent' }
  if (perHour <= 0n) return null
  const left = budget.limit - spent
  const endsAt = at + Number((left * BigInt(hourMs)) / perHour)
  const { until } = periodAt(budget, at)
  if (until !== null && endsAt >= until)
    return { endsAt: null, text: 'at this rate the budget lasts until the end of the month' }
  // Beyond what a calendar can show, nobody asks for the minute.
  if (endsAt > at + 100 * 365 * 24 * hourMs)
    return { endsAt: null, text: 'at this rate the budget lasts for centuries' }
  return { endsAt, text: `at this rate the budget ends on ${momentText(endsAt, at)}` }
}
