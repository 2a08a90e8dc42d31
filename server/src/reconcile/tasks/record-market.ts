import type { GpuCatalogue } from '../../core/gpus/gpu.ts'
import { looksAt } from '../../core/market-history/look.ts'
import type { MarketKeeper } from '../../core/offers/market-view.ts'
import type { OfferIndex } from '../../core/offers/offer-index.ts'
import type { ProviderName } from '../../core/providers.ts'
import { type Clock, dayMs, hourMs, minuteMs } from '../../core/time.ts'
import type { Log } from '../../observability/log.ts'
import type { MarketHistoryStore } from '../../store/market-history.ts'
import type { Task } from '../clockwork.ts'
import type { RefreshingMarketKeeper } from './keep-market.ts'

/** Six looks an hour are enough for its middle one to mean something. */
export const lookEveryMs = 10 * minuteMs
/** The slowest marketplace is refreshed every ten minutes, and takes a moment. */
const freshForMs = 12 * minuteMs
/** Longer than any change that is shown, and a few hundred thousand short rows when all marketplaces are used. */
export const keptForMs = 90 * dayMs

export interface RecordMarketDeps {
  history: Pick<MarketHistoryStore, 'add' | 'series' | 'prune'>
  index: Pick<OfferIndex, 'all'>
  market: Pick<RefreshingMarketKeeper, 'seen'> & Pick<MarketKeeper, 'freshen'>
  gpus: Pick<GpuCatalogue, 'meantBy'>
  /** Models that are looked up although nobody searches for them. */
  watched: readonly string[]
  isEnabled: (provider: ProviderName) => boolean
  clock: Clock
  log: Log
}

/** Keeps the price history: from what people search for anyway, and a look every hour at the models that are watched. */
export function marketHistoryTasks(deps: RecordMarketDeps): Task[] {
  const { history, watched, clock } = deps
  return [
    { name: 'market history', everyMs: lookEveryMs, atStart: false, run: () => recordMarket(deps) },
    {
      name: 'old market history',
      everyMs: hourMs,
      atStart: true,
      run: async () => void (await history.prune(clock.now() - keptForMs)),
    },
    ...(watched.length === 0
      ? []
      : [{ name: 'watched models', everyMs: hourMs, atStart: false, run: () => lookUpWatched(deps) }]),
  ]
}

/** Folds what is known of the market into the hour that is under way. */
export async function recordMarket({ history, index, market, isEnabled, clock }: RecordMarketDeps): Promise<void> {
  const at = clock.now()
  const isFresh = ({ seenAt, provider }: { seenAt: number; provider: ProviderName }) =>
    at - seenAt <= freshForMs && isEnabled(provider)
  const looks = looksAt(index.all().filter(isFresh), {
    at,
    known: await history.series(),
    parts: market.seen().filter(isFresh),
  })
  await history.add(looks)
}

/** One family after the other: where a marketplace shows only the cheapest of a search, each is asked for by itself. */
async function lookUpWatched({ market, gpus, watched, log }: RecordMarketDeps): Promise<void> {
  for (const name of watched) {
    const models = gpus.meantBy(name).map((model) => model.name)
    if (models.length === 0) log.warn('MARKET_WATCH names a GPU that nobody knows', { name })
    if (models.length === 0) continue
    await market.freshen(
      { providers: [], models, markets: ['on_demand', 'spot'], gpuCount: null, minVramGb: null, diskGb: 10 },
      { maxAgeMs: 10 * minuteMs, waitMs: 0 },
    )
  }
}
