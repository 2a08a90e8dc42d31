import type { GpuCategory } from '../core/gpus/gpu.ts'
import { type Benchmark, type BenchmarkRank, benchmarksFrom } from '../core/market-history/benchmark.ts'
import type { MarketWarning } from '../core/offers/market-view.ts'
import type { Market } from '../core/offers/offer.ts'
import type { ProviderName } from '../core/providers.ts'
import { type MarketDeps, modelLookup, modelsNamed, searchPatience } from './market.ts'

export interface BenchmarksInput {
  /** In anybody's words; empty: all. */
  gpuModels: readonly string[]
  providers: readonly ProviderName[]
  markets: readonly Market[]
  categories: readonly GpuCategory[]
  rankBy: BenchmarkRank
}

/** What each model costs now at its cheapest, for what it does. */
export async function benchmarks(
  input: BenchmarksInput,
  deps: MarketDeps,
): Promise<{ benchmarks: Benchmark[]; warnings: readonly MarketWarning[]; sampled: ProviderName[] }> {
  const models = modelsNamed(input.gpuModels, deps.gpus).map((model) => model.name)
  const markets: readonly Market[] = input.markets.length === 0 ? ['on_demand', 'spot'] : input.markets
  const warnings = await deps.market.freshen(
    { providers: input.providers, models, markets, gpuCount: null, minVramGb: null, diskGb: 10 },
    searchPatience,
  )
  const modelNamed = modelLookup(deps.gpus)
  const asked = deps.index.all().filter(({ provider, market, gpu }) => {
    if (!deps.isEnabled(provider) || !markets.includes(market)) return false
    if (input.providers.length > 0 && !input.providers.includes(provider)) return false
    if (models.length > 0 && !models.includes(gpu.model)) return false
    const category = modelNamed(gpu.model)?.category
    return input.categories.length === 0 || (category !== undefined && input.categories.includes(category))
  })
  return {
    benchmarks: benchmarksFrom(asked, { modelNamed, rankBy: input.rankBy }),
    warnings,
    sampled: deps.market
      .state()
      .filter((one) => one.sampled)
      .map((one) => one.provider),
  }
}
