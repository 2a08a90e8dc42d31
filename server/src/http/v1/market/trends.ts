import { z } from 'zod'
import { type MarketHistoryDeps, priceTrends, type Trend } from '../../../app/market-history.ts'
import type { Moved, PriceChange } from '../../../core/market-history/change.ts'
import type { PriceLevels } from '../../../core/market-history/price-levels.ts'
import { intervals, type Span } from '../../../core/market-history/span.ts'
import { usdFromNanos } from '../../../core/money.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { isoFrom } from '../../../core/time.ts'
import { route } from '../../route.ts'
import { HistoryQuery, historyFrom } from './history-input.ts'

const Levels = z.object({
  min_price_usd: z.string(),
  median_price_usd: z.string(),
  p90_price_usd: z.string().describe('Nine of ten offers cost at most this.'),
})

const MovedView = z.object({ by_usd: z.string(), percent: z.number().nullable() })

const ChangeView = z
  .object({ since: z.iso.datetime(), min_price: MovedView, median_price: MovedView })
  .nullable()
  .describe('From the hour that began then to the latest; null when no price of that time is recorded.')

const TrendView = z
  .object({
    gpu_model: z.string(),
    provider: z.string(),
    market: z.enum(['on_demand', 'spot']),
    sampled: z.boolean().describe('We see only the cheapest there: median and p90 are lower than the market’s.'),
    latest: Levels.extend({ at: z.iso.datetime() }).nullable().describe('The last hour with a price.'),
    change_24h: ChangeView,
    change_7d: ChangeView,
    points: z.array(
      z.object({
        at: z.iso.datetime().describe('When the hour or day began.'),
        looks: z.int().describe('How often we looked.'),
        prices: Levels.nullable().describe('null: there was nothing to rent.'),
      }),
    ),
  })
  .meta({ id: 'PriceTrend' })

/** What the answers about history have in common. */
export const HistoryShape = {
  from: z.iso.datetime(),
  until: z.iso.datetime(),
  interval: z.enum(intervals),
  recorded_since: z.iso.datetime().nullable().describe('null: nothing is recorded yet.'),
}

export const priceTrendsRoute = route({
  operationId: 'getPriceTrends',
  method: 'GET',
  path: '/api/v1/marketplace/trends',
  tag: 'market',
  access: 'viewer',
  summary: 'What models cost over time, as we have seen it.',
  description:
    'Dollars per GPU and hour with a disk of 10 GB. An hour’s min is the lowest price seen in it; its median and p90 are the middle ones of those of its looks. A day is made from its hours in the same way. Kept for 90 days.',
  query: HistoryQuery,
  reply: {
    status: 200,
    message: 'Price trends retrieved',
    data: z.object({ ...HistoryShape, series: z.array(TrendView) }).meta({ id: 'PriceTrends' }),
  },
  errors: ['unknown_gpu'],
  async handle({ query }, deps: MarketHistoryDeps) {
    const { series, ...history } = await priceTrends(historyFrom(query), deps)
    return {
      ...messageFor(history.recordedSince, series.length),
      data: {
        from: isoFrom(history.from),
        until: isoFrom(history.until),
        interval: history.interval,
        recorded_since: history.recordedSince === null ? null : isoFrom(history.recordedSince),
        series: series.map(trendView),
      },
    }
  },
})

/** Nothing is no error, but somebody should know why. */
export function messageFor(recordedSince: number | null, series: number): { message?: string } {
  if (recordedSince === null) {
    return {
      message: 'Nothing is recorded yet: what is on sale is written down every ten minutes. Look again in a while',
    }
  }
  return series === 0
    ? { message: `Nothing of this was seen in that time; records begin ${isoFrom(recordedSince)}` }
    : {}
}

function trendView(trend: Trend): z.infer<typeof TrendView> {
  const { latest } = trend
  return {
    gpu_model: trend.model,
    provider: publicProviderNames[trend.provider],
    market: trend.market,
    sampled: trend.sampled,
    latest: latest?.prices == null ? null : { at: isoFrom(latest.at), ...levelsView(latest.prices) },
    change_24h: changeView(trend.day),
    change_7d: changeView(trend.week),
    points: trend.points.map(pointView),
  }
}

function pointView({ at, looks, prices }: Span) {
  return { at: isoFrom(at), looks, prices: prices === null ? null : levelsView(prices) }
}

function levelsView({ min, median, p90 }: PriceLevels): z.infer<typeof Levels> {
  return { min_price_usd: usdFromNanos(min), median_price_usd: usdFromNanos(median), p90_price_usd: usdFromNanos(p90) }
}

function changeView(change: PriceChange | null): z.infer<typeof ChangeView> {
  if (change === null) return null
  return { since: isoFrom(change.since), min_price: movedView(change.min), median_price: movedView(change.median) }
}

function movedView({ by, percent }: Moved): z.infer<typeof MovedView> {
  return { by_usd: usdFromNanos(by), percent }
}
