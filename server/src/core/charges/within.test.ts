import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCharge } from '../../testing/builders.ts'
import { costOver, nanos, nanosFromUsd, sum } from '../money.ts'
import { amountOf, isExact } from './charge.ts'
import { amountIn, shareIn, timeIn } from './within.ts'

const rate = nanosFromUsd('3.6') // a thousand nano-dollars per millisecond
const whole = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }

const charges = fc
  .record({
    start: fc.integer({ min: 0, max: 500_000 }),
    startMs: fc.integer({ min: 0, max: 90_000 }),
    sureMs: fc.integer({ min: 0, max: 500_000 }),
    endMs: fc.integer({ min: 0, max: 90_000 }),
    ratePerHour: fc.bigInt(1n, 10n ** 11n).map(nanos),
    stepMs: fc.constantFrom(1, 1_000, 60_000),
    certain: fc.boolean(),
    open: fc.boolean(),
  })
  .map(({ start, startMs, sureMs, endMs, open, ...rest }) => {
    const sureFrom = start + startMs
    const lastOnAt = sureFrom + sureMs
    const ended = open ? null : lastOnAt
    return aCharge({
      ...rest,
      startedAfter: start,
      startedBefore: sureFrom,
      lastOnAt,
      endedAfter: ended,
      endedBefore: ended === null ? null : ended + endMs,
    })
  })
const now = 1_500_000
const cuts = fc
  .array(fc.integer({ min: -10, max: 1_600_000 }), { maxLength: 30 })
  .map((places) => [-10, ...places, 1_600_000].sort((one, other) => one - other))
const ranges = (places: readonly number[]) =>
  places.slice(1).map((until, at) => ({ from: places[at] as number, until }))

describe('the part of a charge in a range of time', () => {
  test('begins and ends where the range does', () => {
    const charge = aCharge({ ratePerHour: rate, startedAfter: 10, startedBefore: 10, endedAfter: 50, endedBefore: 50 })
    const exactly = (ms: number) => ({ atMost: costOver(rate, ms), atLeast: costOver(rate, ms) })
    expect(amountIn(charge, { from: 20, until: 30 }, 99)).toEqual(exactly(10))
    expect(amountIn(charge, { from: 0, until: 30 }, 99)).toEqual(exactly(20))
    expect(amountIn(charge, { from: 30, until: 99 }, 99)).toEqual(exactly(20))
    expect(amountIn(charge, { from: 60, until: 99 }, 99)).toEqual(exactly(0))
    expect(timeIn(charge, { from: 30, until: 99 }, 99)).toBe(20)
  })

  test('of what runs, is known to the last look and possible until now', () => {
    const charge = aCharge({ ratePerHour: rate, startedAfter: 10, startedBefore: 10, lastOnAt: 40 })
    expect(amountIn(charge, { from: 20, until: 99 }, 60)).toEqual({
      atMost: costOver(rate, 40),
      atLeast: costOver(rate, 20),
    })
  })

  test('is certain only where it surely ran', () => {
    const charge = aCharge({
      ratePerHour: rate,
      startedAfter: 0,
      startedBefore: 40,
      lastOnAt: 80,
      endedAfter: 80,
      endedBefore: 100,
    })
    const least = (from: number, until: number) => amountIn(charge, { from, until }, 0).atLeast
    expect([least(0, 40), least(40, 80), least(80, 100)]).toEqual([0n, costOver(rate, 40), 0n])
  })

  test('a begun minute is charged where it begins, once', () => {
    const charge = aCharge({
      ratePerHour: rate,
      stepMs: 60_000,
      startedAfter: 0,
      startedBefore: 0,
      endedAfter: 90_000,
      endedBefore: 90_000,
    })
    const parts = [
      { from: 0, until: 1 },
      { from: 1, until: 60_000 },
      { from: 60_000, until: 90_000 },
    ].map((range) => amountIn(charge, range, 0).atMost)
    expect(parts).toEqual([costOver(rate, 60_000), 0n, costOver(rate, 60_000)])
  })

  test('all parts together are the whole, to the nano-dollar', () => {
    fc.assert(
      fc.property(charges, cuts, (charge, places) => {
        const parts = ranges(places).map((range) => amountIn(charge, range, now))
        expect(sum(parts.map(({ atMost }) => atMost))).toBe(amountOf(charge, now).atMost)
        const least = sum(parts.map(({ atLeast }) => atLeast))
        const { atLeast } = amountOf(charge, now)
        expect(atLeast - least).toBeGreaterThanOrEqual(0n)
        // A nano-dollar for each part at most; none where every end is known.
        expect(atLeast - least).toBeLessThanOrEqual(isExact(charge) ? 0n : BigInt(parts.length))
      }),
      { numRuns: 500 },
    )
  })

  test('no part costs less than nothing, nor at least more than at most', () => {
    fc.assert(
      fc.property(charges, cuts, (charge, places) => {
        for (const range of ranges(places)) {
          const { atMost, atLeast } = amountIn(charge, range, now)
          expect(atLeast).toBeGreaterThanOrEqual(0n)
          expect(atLeast).toBeLessThanOrEqual(atMost)
        }
        expect(amountIn(charge, whole, now)).toEqual(amountOf(charge, now))
      }),
      { numRuns: 500 },
    )
  })
})

describe('the part of an amount of which only the stretch is known', () => {
  test('is spread evenly, and the parts are the whole', () => {
    const line = { from: 10, until: 40, amount: nanos(100n) }
    expect(shareIn(line, { from: 10, until: 20 })).toBe(33n)
    fc.assert(
      fc.property(cuts, fc.bigInt(-(10n ** 12n), 10n ** 12n), (places, amount) => {
        const long = { from: 1_000, until: 1_400_000, amount: nanos(amount) }
        expect(sum(ranges(places).map((range) => shareIn(long, range)))).toBe(amount)
      }),
    )
  })

  test('counts whole at its moment where it has no length', () => {
    const line = { from: 10, until: 10, amount: nanos(100n) }
    expect(shareIn(line, { from: 10, until: 20 })).toBe(100n)
    expect(shareIn(line, { from: 0, until: 10 })).toBe(0n)
  })
})
