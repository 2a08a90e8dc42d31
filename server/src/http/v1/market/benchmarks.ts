import { z } from 'zod'
import type { MarketDeps } from '../../../app/market.ts'
import { benchmarks } from '../../../app/market-benchmarks.ts'
import { type Benchmark, benchmarkRanks, figureOf } from '../../../core/market-history/benchmark.ts'
import { historyDiskGb } from '../../../core/market-history/look.ts'
import { type Nanos, usdFromNanos } from '../../../core/money.ts'
import { offerKey } from '../../../core/offers/offer.ts'
import { comparablePrice } from '../../../core/offers/price.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { route } from '../../route.ts'
import { Category } from '../inputs.ts'
import { MarketPartShape, marketPartFrom } from './history-input.ts'
import { WarningView, warningView } from './view.ts'

const unknown = 'null: the figure is not known.'

const BenchmarkView = z
  .object({
    rank: z.int().nullable().describe('1 is the best value; null where the figure to rank by is not known.'),
    gpu_model: z.string(),
    category: z.string().nullable(),
    memory_gb: z.number().describe('Per GPU.'),
    performance_score: z.number().nullable().describe(`0 to 150; ${unknown}`),
    fp16_tflops: z.number().nullable().describe(`Dense, tensor cores; ${unknown}`),
    price_per_hour_usd: z.string().describe('Of one GPU with a disk of 10 GB, at the cheapest offer.'),
    price_per_score_usd: z.string().nullable().describe(`Per hour and point of the score; ${unknown}`),
    price_per_tflops_usd: z.string().nullable().describe(`Per hour and dense fp16 TFLOPS; ${unknown}`),
    price_per_vram_gb_usd: z.string().nullable().describe('Per hour and GB of GPU memory.'),
    available_count: z.int().describe('Offers of it that can be rented now.'),
    cheapest: z
      .object({
        provider: z.string(),
        provider_id: z.string().describe('What to send as `offer_id` when launching.'),
        market: z.enum(['on_demand', 'spot']),
        gpu_count: z.int(),
        price_per_hour_usd: z.string().describe('Of the whole offer, which may have several GPUs.'),
        region: z.string(),
      })
      .describe('The offer that these prices are of.'),
  })
  .meta({ id: 'Benchmark' })

export const benchmarksRoute = route({
  operationId: 'getBenchmarks',
  method: 'GET',
  path: '/api/v1/marketplace/benchmarks',
  tag: 'market',
  access: 'viewer',
  summary: 'What each model costs now for what it does, the best value first.',
  query: z.strictObject({
    ...MarketPartShape,
    gpu_category: Category.optional(),
    rank_by: z.enum(benchmarkRanks).optional().describe('Default price_per_score.'),
  }),
  reply: {
    status: 200,
    message: 'Benchmarks computed',
    data: z.array(BenchmarkView),
    more: {
      rank_by: z.enum(benchmarkRanks),
      sampled: z.array(z.string()).describe('Providers of which we hold only the cheapest of what is searched.'),
      warnings: z.array(WarningView),
    },
  },
  errors: ['unknown_gpu'],
  async handle({ query }, deps: MarketDeps) {
    const { gpu_category: category, rank_by: rankBy = 'price_per_score', ...part } = query
    const categories = category === undefined ? [] : [category]
    const found = await benchmarks({ ...marketPartFrom(part), categories, rankBy }, deps)
    return {
      data: found.benchmarks.map((one, at) => benchmarkView(one, figureOf(one, rankBy) === null ? null : at + 1)),
      more: {
        rank_by: rankBy,
        sampled: found.sampled.map((name) => publicProviderNames[name]),
        warnings: found.warnings.map(warningView),
      },
    }
  },
})

function benchmarkView(benchmark: Benchmark, rank: number | null): z.infer<typeof BenchmarkView> {
  const { offer, known } = benchmark
  return {
    rank,
    gpu_model: benchmark.model,
    category: known?.category ?? null,
    memory_gb: benchmark.memoryGb,
    performance_score: benchmark.score,
    fp16_tflops: known?.fp16Tflops ?? null,
    price_per_hour_usd: usdFromNanos(benchmark.pricePerGpu),
    price_per_score_usd: usdOrNull(benchmark.perScore),
    price_per_tflops_usd: usdOrNull(benchmark.perTflops),
    price_per_vram_gb_usd: usdOrNull(benchmark.perVramGb),
    available_count: benchmark.offers,
    cheapest: {
      provider: publicProviderNames[offer.provider],
      provider_id: offerKey(offer),
      market: offer.market,
      gpu_count: offer.gpu.count,
      price_per_hour_usd: usdFromNanos(comparablePrice(offer, { diskGb: historyDiskGb }).total),
      region: offer.region,
    },
  }
}

function usdOrNull(amount: Nanos | null): string | null {
  return amount === null ? null : usdFromNanos(amount)
}
