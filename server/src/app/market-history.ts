import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import { changeOver, type PriceChange } from '../core/market-history/change.ts'
import { type SeriesKey, seriesId } from '../core/market-history/look.ts'
import { type Interval, type Span, spansFrom, togetherFrom } from '../core/market-history/span.ts'
import type { Market } from '../core/offers/offer.ts'
import type { ProviderName } from '../core/providers.ts'
import { type Clock, dayMs, hourMs, type Instant } from '../core/time.ts'
import type { MarketHistoryStore } from '../store/market-history.ts'
import { AppError } from './errors.ts'
import { modelsNamed } from './market.ts'

export interface MarketHistoryDeps {
  marketHistory: Pick<MarketHistoryStore, 'hours' | 'series' | 'begin'>
  gpus: Pick<GpuCatalogue, 'meantBy' | 'near'>
  clock: Pick<Clock, 'now'>
}

export interface HistoryInput {
  /** In anybody's words; empty: all. */
  gpuModels: readonly string[]
  providers: readonly ProviderName[]
  markets: readonly Market[]
  /** Default: seven days before the end. */
  from?: Instant
  /** Default: now. */
  until?: Instant
  /** Default: hours for up to seven days of not too many models, else days. */
  interval?: Interval
}

export interface History<Series> {
  from: Instant
  until: Instant
  interval: Interval
  /** null: nothing at all yet. */
  recordedSince: Instant | null
  series: readonly Series[]
}

export interface Trend extends SeriesKey {
  sampled: boolean
  /** The last hour in which there was a price; null: there was none. */
  latest: Span | null
  day: PriceChange | null
  week: PriceChange | null
  points: readonly Span[]
}

export interface Availability extends SeriesKey {
  /** The whole time together. */
  all: Span
  /** The last hour in which there was something. */
  lastAvailableAt: Instant | null
  points: readonly Span[]
}

const usualMs = 7 * dayMs
/** More than this is better shown by the day. */
const usualPoints = 5_000
/** What one answer holds; more would be of no use to anybody at once. */
const mostPoints = 20_000
/** A change is looked for a little further back than a week. */
const changeReachMs = usualMs + 3 * hourMs

/** What models cost over time, as far as it was recorded. */
export async function priceTrends(input: HistoryInput, deps: MarketHistoryDeps): Promise<History<Trend>> {
  const range = await rangeOf(input, deps)
  const hours = await hoursOf(input, { ...range, from: Math.min(range.from, range.until - changeReachMs) }, deps)
  const series = bySeries(hours).flatMap((all) => {
    const shown = all.filter(({ at }) => at >= range.from)
    const [first] = shown
    if (first === undefined) return []
    const { provider, model, market } = first
    return [
      {
        provider,
        model,
        market,
        sampled: shown.some((span) => span.sampled),
        latest: shown.findLast(({ prices }) => prices !== null) ?? null,
        day: changeOver(all, dayMs),
        week: changeOver(all, usualMs),
        points: spansFrom(shown, range.interval),
      },
    ]
  })
  return { ...range, recordedSince: await deps.marketHistory.begin(), series: bounded(series) }
}

/** How much there was to rent over time, as far as it was recorded. */
export async function availability(input: HistoryInput, deps: MarketHistoryDeps): Promise<History<Availability>> {
  const range = await rangeOf(input, deps)
  const hours = await hoursOf(input, range, deps)
  const series = bySeries(hours).map((all) => {
    const together = togetherFrom(all)
    return {
      provider: together.provider,
      model: together.model,
      market: together.market,
      all: together,
      lastAvailableAt: all.findLast(({ looksAvailable }) => looksAvailable > 0)?.at ?? null,
      points: spansFrom(all, range.interval),
    }
  })
  return { ...range, recordedSince: await deps.marketHistory.begin(), series: bounded(series) }
}

async function rangeOf(input: HistoryInput, deps: MarketHistoryDeps) {
  const until = input.until ?? deps.clock.now()
  const from = Math.max(0, input.from ?? until - usualMs)
  if (from >= until) {
    throw new AppError('invalid_request', 'from: is not before until', {
      fix: 'name an earlier from, or a later until',
    })
  }
  const interval = input.interval ?? (await usualInterval(input, until - from, deps))
  // An hour that began before is part of it, as far as it reaches in.
  return { from: from - (from % (interval === 'hour' ? hourMs : dayMs)), until, interval }
}

/** Hours, where they are few enough to be looked at. */
async function usualInterval(input: HistoryInput, spanMs: number, deps: MarketHistoryDeps): Promise<Interval> {
  if (spanMs > usualMs) return 'day'
  if (input.gpuModels.length > 0) return 'hour'
  const asked = (await deps.marketHistory.series()).filter(
    ({ provider, market }) =>
      (input.providers.length === 0 || input.providers.includes(provider)) &&
      (input.markets.length === 0 || input.markets.includes(market)),
  )
  return (asked.length * spanMs) / hourMs <= usualPoints ? 'hour' : 'day'
}

async function hoursOf(
  input: HistoryInput,
  { from, until }: { from: Instant; until: Instant },
  deps: MarketHistoryDeps,
) {
  const { providers, markets } = input
  const models = await recordedModels(input.gpuModels, deps)
  const hours = await deps.marketHistory.hours({ models, providers, markets, from, until, limit: mostHours + 1 })
  if (hours.length > mostHours) throw tooMuch()
  return hours
}

/** Read for one answer: 90 days of hours of some ninety series. */
const mostHours = 200_000

/** The names under which history is kept; what nobody knows may have one all the same. */
async function recordedModels(names: readonly string[], { marketHistory, gpus }: MarketHistoryDeps): Promise<string[]> {
  if (names.length === 0) return []
  const recorded = new Set((await marketHistory.series()).map((key) => key.model))
  const [exact, others] = [names.filter((name) => recorded.has(name)), names.filter((name) => !recorded.has(name))]
  const meant = modelsNamed(others, gpus).map((model) => model.name)
  // A family name can be a model's as well: all of its variants are meant.
  const variants = exact.flatMap((name) => gpus.meantBy(name).map((model) => model.name))
  return [...new Set([...exact, ...variants, ...meant])]
}

function bySeries(hours: readonly Span[]): Span[][] {
  return [...Map.groupBy(hours, seriesId).values()]
}

function bounded<Series extends { points: readonly Span[] }>(series: readonly Series[]): readonly Series[] {
  if (series.reduce((sum, { points }) => sum + points.length, 0) > mostPoints) throw tooMuch()
  return series
}

function tooMuch(): AppError {
  return new AppError('invalid_request', 'this is more history than one answer holds', {
    fix: 'name a gpu_model or a provider, a later from, or interval=day',
  })
}
