import type { MarketWarning } from '../core/offers/market-view.ts'
import { comparablePrice } from '../core/offers/price.ts'
import { type MarketStats, marketStats } from '../core/offers/stats.ts'
import { type MarketDeps, searchPatience } from './market.ts'

/** Figures are for the same small disk everywhere, so that they can be compared. */
const statsDiskGb = 10

export async function marketplaceStats(
  deps: MarketDeps,
): Promise<{ stats: MarketStats; warnings: readonly MarketWarning[]; sampled: string[] }> {
  const warnings = await deps.market.freshen(
    { providers: [], models: [], markets: ['on_demand', 'spot'], gpuCount: null, minVramGb: null, diskGb: statsDiskGb },
    searchPatience,
  )
  const shown = deps.index.all().filter((offer) => deps.isEnabled(offer.provider))
  const stats = marketStats(shown, (offer) => comparablePrice(offer, { diskGb: statsDiskGb }).total)
  const sampled = deps.market.state().filter((one) => one.sampled)
  return { stats, warnings, sampled: sampled.map((one) => one.provider) }
}
