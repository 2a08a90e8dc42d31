import type { FastifyInstance } from 'fastify'
import { type VastStatisticsDeps as Deps, vastStatistics } from '../../../app/vast-statistics.ts'
import { usdNumber } from '../../../core/money.ts'
import { pythonRound } from '../../../core/python-numbers.ts'
import { whoFrom } from '../../access.ts'

export type VastStatisticsDeps = Deps

export function vastStatisticsRoutes(app: FastifyInstance, deps: VastStatisticsDeps): void {
  app.get('/api/vast/statistics', { config: { access: 'viewer' }, schema: { hide: true } }, async ({ caller }) => {
    const statistics = await vastStatistics(whoFrom(caller), deps)
    return {
      total_instances: statistics.total,
      active_instances: statistics.active,
      destroyed_instances: statistics.ended,
      total_cost: pythonRound(usdNumber(statistics.totalCost), 2),
      average_cost_per_hour: pythonRound(usdNumber(statistics.averagePerHour), 2),
      gpu_distribution: Object.fromEntries(statistics.gpus),
      status_distribution: Object.fromEntries(statistics.words),
    }
  })
}
