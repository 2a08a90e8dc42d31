import { type Nanos, usdNumber } from '../money.ts'
import { pythonRound } from '../python-numbers.ts'
import { hourMs } from '../time.ts'

export interface CostAnalysis {
  cost_per_hour: number
  total_cost: number
  uptime_hours: number
  cost_breakdown: {
    hourly_rate: number
    uptime_days: number
    estimated_daily_cost: number
    estimated_monthly_cost: number
  }
}

/** Cents of a cent. */
const figures = 4

/** Contract 000's arithmetic on the ledger's own amounts: a day is 24 hours of the rate, a month 30 days. */
export function costAnalysis({
  ratePerHour,
  total,
  uptimeMs,
}: {
  ratePerHour: Nanos
  total: Nanos
  uptimeMs: number
}): CostAnalysis {
  const rate = usdNumber(ratePerHour)
  const hours = uptimeMs / hourMs
  const daily = rate * 24
  return {
    cost_per_hour: rate,
    total_cost: moneyFrom(usdNumber(total)),
    uptime_hours: pythonRound(hours, figures),
    cost_breakdown: {
      hourly_rate: rate,
      uptime_days: pythonRound(hours / 24, 1),
      estimated_daily_cost: pythonRound(daily, figures),
      estimated_monthly_cost: pythonRound(daily * 30, figures),
    },
  }
}

/** Cents, as the contract shows them; of less than a dollar more, so that a machine of a minute did not cost nothing. */
function moneyFrom(usd: number): number {
  return pythonRound(usd, usd < 1 ? figures : 2)
}
