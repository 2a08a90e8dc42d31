import { z } from 'zod'
import type { MarketDeps } from '../../../app/market.ts'
import { marketplaceStats } from '../../../app/marketplace-stats.ts'
import { contractKey } from '../../../core/gpus/contract-models.ts'
import { usdNumber } from '../../../core/money.ts'
import { type ProviderName, publicProviderNames } from '../../../core/providers.ts'
import { route } from '../../route.ts'
import { GpuInfoView, gpuInfoView } from '../offers/view.ts'
import { WarningView, warningView } from './view.ts'

const StatsView = z
  .object({
    total_instances: z.int().describe('Offers listed.'),
    available_instances: z.int().describe('Offers that can be rented now.'),
    model_stats: z.record(
      z.string(),
      z.object({
        canonical_name: z.string().describe('The variant that a contract’s short name stands for.'),
        model: GpuInfoView.partial().required({ name: true }),
        available_count: z.int(),
        min_price: z.number(),
        max_price: z.number(),
        avg_price: z.number(),
        median_price: z.number().describe('Says more than the mean: joke prices exist.'),
        providers: z.array(z.string()),
      }),
    ),
    provider_stats: z.record(z.string(), z.int()),
    average_price: z.number(),
    price_range: z.object({ min: z.number(), max: z.number(), avg: z.number(), median: z.number() }),
    sampled: z
      .array(z.string())
      .describe('Providers of which we hold only a sample: the cheapest of what is searched.'),
  })
  .meta({ id: 'MarketplaceStats' })

export const marketplaceStatsRoute = route({
  operationId: 'getMarketplaceStats',
  method: 'GET',
  path: '/api/v1/marketplace/stats',
  tag: 'market',
  access: 'viewer',
  summary: 'The market in figures: dollars per hour with a disk of 10 GB.',
  reply: {
    status: 200,
    message: 'Marketplace statistics computed',
    data: StatsView,
    more: { warnings: z.array(WarningView) },
  },
  errors: [],
  async handle(_input, deps: MarketDeps) {
    const { stats, warnings, sampled } = await marketplaceStats(deps)
    return {
      data: {
        total_instances: stats.total,
        available_instances: stats.available,
        model_stats: Object.fromEntries(
          stats.byModel.map((entry) => {
            const model = deps.gpus.models().find((one) => one.name === entry.model)
            return [
              model === undefined ? entry.model : contractKey(model),
              {
                canonical_name: entry.model,
                model: model === undefined ? { name: entry.model } : gpuInfoView(model),
                available_count: entry.available,
                min_price: usdNumber(entry.min),
                max_price: usdNumber(entry.max),
                avg_price: usdNumber(entry.avg),
                median_price: usdNumber(entry.median),
                providers: entry.providers.map((name) => publicProviderNames[name]),
              },
            ]
          }),
        ),
        provider_stats: Object.fromEntries(
          Object.entries(stats.byProvider).map(([name, count]) => [publicProviderNames[name as ProviderName], count]),
        ),
        average_price: usdNumber(stats.price.avg),
        price_range: {
          min: usdNumber(stats.price.min),
          max: usdNumber(stats.price.max),
          avg: usdNumber(stats.price.avg),
          median: usdNumber(stats.price.median),
        },
        sampled: sampled.map((name) => publicProviderNames[name as ProviderName]),
      },
      more: { warnings: warnings.map(warningView) },
    }
  },
})
