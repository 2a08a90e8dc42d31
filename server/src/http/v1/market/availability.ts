import { z } from 'zod'
import { type Availability, availability, type MarketHistoryDeps } from '../../../app/market-history.ts'
import type { Span } from '../../../core/market-history/span.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { isoFrom } from '../../../core/time.ts'
import { route } from '../../route.ts'
import { HistoryQuery, historyFrom } from './history-input.ts'
import { HistoryShape, messageFor } from './trends.ts'

const Counts = z.object({
  looks: z.int().describe('How often we looked and the marketplace answered.'),
  available_share: z.number().describe('Of the looks, how many found something: 0 to 1.'),
  offers_mean: z.number(),
  offers_most: z.int(),
  gpus_mean: z
    .number()
    .describe(
      'A machine that is on sale in several sizes counts once, by its largest, where the marketplace names its machines; elsewhere every size counts.',
    ),
  gpus_most: z.int(),
})

const AvailabilityView = Counts.extend({
  gpu_model: z.string(),
  provider: z.string(),
  market: z.enum(['on_demand', 'spot']),
  sampled: z.boolean().describe('We see only the cheapest there: the counts are the least there were.'),
  last_available_at: z.iso.datetime().nullable().describe('The last hour in which there was something.'),
  points: z.array(Counts.extend({ at: z.iso.datetime().describe('When the hour or day began.') })),
}).meta({ id: 'ModelAvailability' })

export const availabilityRoute = route({
  operationId: 'getAvailability',
  method: 'GET',
  path: '/api/v1/marketplace/availability',
  tag: 'market',
  access: 'viewer',
  summary: 'How much of a model there was to rent over time, as we have seen it.',
  description:
    'Counted from the first time a model was seen at a marketplace. A look counts only where the marketplace was asked for it and answered: silence is not absence.',
  query: HistoryQuery,
  reply: {
    status: 200,
    message: 'Availability retrieved',
    data: z.object({ ...HistoryShape, series: z.array(AvailabilityView) }).meta({ id: 'MarketAvailability' }),
  },
  errors: ['unknown_gpu'],
  async handle({ query }, deps: MarketHistoryDeps) {
    const { series, ...history } = await availability(historyFrom(query), deps)
    return {
      ...messageFor(history.recordedSince, series.length),
      data: {
        from: isoFrom(history.from),
        until: isoFrom(history.until),
        interval: history.interval,
        recorded_since: history.recordedSince === null ? null : isoFrom(history.recordedSince),
        series: series.map(availabilityView),
      },
    }
  },
})

function availabilityView(series: Availability): z.infer<typeof AvailabilityView> {
  return {
    gpu_model: series.model,
    provider: publicProviderNames[series.provider],
    market: series.market,
    sampled: series.all.sampled,
    ...countsView(series.all),
    last_available_at: series.lastAvailableAt === null ? null : isoFrom(series.lastAvailableAt),
    points: series.points.map((span) => ({ at: isoFrom(span.at), ...countsView(span) })),
  }
}

function countsView(span: Span): z.infer<typeof Counts> {
  return {
    looks: span.looks,
    available_share: Math.round((span.looksAvailable / span.looks) * 10_000) / 10_000,
    offers_mean: Math.round((span.offersTotal / span.looks) * 100) / 100,
    offers_most: span.offersMost,
    gpus_mean: Math.round((span.gpusTotal / span.looks) * 100) / 100,
    gpus_most: span.gpusMost,
  }
}
