import { dayMs, hourMs, type Instant } from '../time.ts'
import type { Look, SeriesKey } from './look.ts'
import { levelsOver, type PriceLevels } from './price-levels.ts'

export const intervals = ['hour', 'day'] as const
export type Interval = (typeof intervals)[number]

/** What the looks of an hour, or of a day, found of one model. */
export interface Span extends SeriesKey {
  /** Its beginning, UTC. */
  at: Instant
  sampled: boolean
  looks: number
  /** Looks at which there was something. */
  looksAvailable: number
  /** Over all looks together; divided by `looks` it is the mean. */
  offersTotal: number
  offersMost: number
  gpusTotal: number
  gpusMost: number
  /** null when there was nothing all the time. */
  prices: PriceLevels | null
}

export function hourOf(instant: Instant): Instant {
  return instant - (instant % hourMs)
}

/** @param looks of one series and one hour; at least one */
export function hourFrom(looks: readonly [Look, ...Look[]]): Span {
  const [{ provider, model, market, at }] = looks
  return {
    provider,
    model,
    market,
    at: hourOf(at),
    sampled: looks.some((look) => look.sampled),
    looks: looks.length,
    looksAvailable: looks.filter((look) => look.offers > 0).length,
    offersTotal: total(looks.map((look) => look.offers)),
    offersMost: Math.max(...looks.map((look) => look.offers)),
    gpusTotal: total(looks.map((look) => look.gpus)),
    gpusMost: Math.max(...looks.map((look) => look.gpus)),
    prices: levelsOver(looks.map((look) => look.prices).filter((prices) => prices !== null)),
  }
}

/** @param hours of one series, ascending */
export function spansFrom(hours: readonly Span[], interval: Interval): Span[] {
  if (interval === 'hour') return [...hours]
  return [...Map.groupBy(hours, ({ at }) => at - (at % dayMs))].map(([at, its]) => ({ ...togetherFrom(its), at }))
}

/** @throws RangeError of none */
export function togetherFrom(spans: readonly Span[]): Span {
  const [first] = spans
  if (first === undefined) throw new RangeError('a span is made of at least one')
  return {
    ...first,
    sampled: spans.some((span) => span.sampled),
    looks: total(spans.map((span) => span.looks)),
    looksAvailable: total(spans.map((span) => span.looksAvailable)),
    offersTotal: total(spans.map((span) => span.offersTotal)),
    offersMost: Math.max(...spans.map((span) => span.offersMost)),
    gpusTotal: total(spans.map((span) => span.gpusTotal)),
    gpusMost: Math.max(...spans.map((span) => span.gpusMost)),
    prices: levelsOver(spans.map((span) => span.prices).filter((prices) => prices !== null)),
  }
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}
