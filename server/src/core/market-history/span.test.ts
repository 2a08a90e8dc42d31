import { describe, expect, test } from 'vitest'
import { nanos } from '../money.ts'
import { dayMs, hourMs, minuteMs } from '../time.ts'
import { changeOver } from './change.ts'
import type { Look } from './look.ts'
import type { PriceLevels } from './price-levels.ts'
import { hourFrom, type Span, spansFrom } from './span.ts'

const begin = Date.UTC(2026, 9, 1)
const key = { provider: 'vast', model: 'RTX 4090', market: 'on_demand' } as const
const flat = (price: number): PriceLevels => {
  const amount = nanos(BigInt(price))
  return { min: amount, median: amount, p90: amount }
}
const aLook = (change: Partial<Look>): Look => ({
  ...key,
  at: begin,
  sampled: false,
  offers: 2,
  gpus: 4,
  prices: flat(10),
  ...change,
})
const anHour = (hours: number, price: number | null): Span => ({
  ...hourFrom([aLook({ at: begin + hours * hourMs, prices: price === null ? null : flat(price) })]),
})

test('an hour counts its looks, also those that found nothing', () => {
  expect(
    hourFrom([
      aLook({ at: begin + minuteMs, prices: flat(10) }),
      aLook({ at: begin + 20 * minuteMs, offers: 0, gpus: 0, prices: null }),
      aLook({ at: begin + 40 * minuteMs, offers: 4, gpus: 9, prices: flat(12), sampled: true }),
    ]),
  ).toEqual({
    ...key,
    at: begin,
    sampled: true,
    looks: 3,
    looksAvailable: 2,
    offersTotal: 6,
    offersMost: 4,
    gpusTotal: 13,
    gpusMost: 9,
    prices: flat(10),
  })
})

test('a day is made of its hours, UTC', () => {
  const hours = [anHour(22, 5), anHour(23, 7), anHour(24, 100)]
  expect(spansFrom(hours, 'hour')).toEqual(hours)
  const days = spansFrom(hours, 'day')
  expect(days).toMatchObject([
    { at: begin, looks: 2, offersTotal: 4, prices: flat(5) },
    { at: begin + dayMs, looks: 1, prices: flat(100) },
  ])
})

describe('a change', () => {
  test('is from the hour so long ago to the last one with a price', () => {
    const hours = [anHour(0, 200), anHour(12, 999), anHour(24, 150), anHour(25, null)]
    expect(changeOver(hours, dayMs)).toEqual({
      since: begin,
      min: { by: -50n, percent: -25 },
      median: { by: -50n, percent: -25 },
    })
  })

  test('takes the nearest hour within two, and is not known without one', () => {
    expect(changeOver([anHour(2, 100), anHour(24, 150)], dayMs)).toMatchObject({ min: { by: 50n, percent: 50 } })
    expect(changeOver([anHour(3, 100), anHour(24, 150)], dayMs)).toBeNull()
    expect(changeOver([anHour(0, null), anHour(24, 150)], dayMs)).toBeNull()
    expect(changeOver([], dayMs)).toBeNull()
  })

  test('from a price of nothing has no percentage', () => {
    expect(changeOver([anHour(0, 0), anHour(24, 150)], dayMs)?.min).toEqual({ by: 150n, percent: null })
  })
})
