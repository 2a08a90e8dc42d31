import { expect, test } from 'vitest'
import { nanosFromUsd } from '../money.ts'
import { hourMs } from '../time.ts'
import { costAnalysis } from './cost-analysis.ts'

test('the figures of contract 000', () => {
  const analysis = costAnalysis({
    ratePerHour: nanosFromUsd('1.2'),
    total: nanosFromUsd('3.0'),
    uptimeMs: 2.5 * hourMs,
  })
  expect(analysis).toEqual({
    cost_per_hour: 1.2,
    total_cost: 3.0,
    uptime_hours: 2.5,
    cost_breakdown: {
      hourly_rate: 1.2,
      uptime_days: 0.1,
      estimated_daily_cost: 28.8,
      estimated_monthly_cost: 864.0,
    },
  })
})

test('a minute of a cheap machine is not nothing', () => {
  const analysis = costAnalysis({
    ratePerHour: nanosFromUsd('0.05'),
    total: nanosFromUsd('0.000833333'),
    uptimeMs: hourMs / 60,
  })
  expect(analysis).toMatchObject({ total_cost: 0.0008, uptime_hours: 0.0167 })
})
