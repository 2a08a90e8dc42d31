import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  costOver,
  dividedBy,
  nanos,
  nanosFromUsd,
  noMoney,
  sum,
  timesQuantity,
  usdFromNanos,
  usdNumber,
  usdText,
} from './money.ts'
import { hourMs } from './time.ts'

const amounts = fc.bigInt(-(10n ** 24n), 10n ** 24n).map(nanos)
const rates = fc.bigInt(0n, 10n ** 15n).map(nanos)
const lengths = fc.integer({ min: 0, max: 400 * 24 * hourMs })

test('an amount survives the way to text and back, whatever its size', () => {
  fc.assert(fc.property(amounts, (amount) => nanosFromUsd(usdFromNanos(amount)) === amount))
})

test('a JSON number is read as its sender wrote it, not as the binary fraction behind it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 0, max: 6 }), (digits, decimals) => {
      const text = `${digits}e-${decimals}`
      expect(nanosFromUsd(Number(text))).toBe(BigInt(digits) * 10n ** BigInt(9 - decimals))
    }),
  )
  expect(nanosFromUsd(0.1 + 0.2)).toBe(300_000_000n)
  expect(nanosFromUsd(Number('0.000000001'))).toBe(1n)
})

test.each([
  ['0.36', 360_000_000n],
  ['.5', 500_000_000n],
  ['2.', 2_000_000_000n],
  ['+1', 1_000_000_000n],
  ['-0.25', -250_000_000n],
  ['1e-9', 1n],
  ['1.5E+2', 150_000_000_000n],
  [' 7 ', 7_000_000_000n],
  ['0.0000000005', 1n], // half a nano-dollar goes up
  ['0.00000000049999', 0n],
  ['9007199254.740993001', 9_007_199_254_740_993_001n], // beyond what a double holds
])('reads %s', (text, expected) => {
  expect(nanosFromUsd(text)).toBe(expected)
})

test.each(['', '.', '-', 'e5', '1,5', '0x10', 'NaN', 'Infinity', '1 2', '--1', '1e9999'])('refuses %j', (text) => {
  expect(() => nanosFromUsd(text)).toThrow(RangeError)
})

test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (number) => {
  expect(() => nanosFromUsd(number)).toThrow(RangeError)
})

test('what people see is rounded once, halves away from zero', () => {
  expect(usdText(nanosFromUsd('0.005'), 2)).toBe('0.01')
  expect(usdText(nanosFromUsd('-0.005'), 2)).toBe('-0.01')
  expect(usdText(nanosFromUsd('-0.004'), 2)).toBe('0.00')
  expect(usdText(nanosFromUsd('1.995'), 0)).toBe('2')
  expect(usdNumber(nanosFromUsd('0.36'))).toBe(0.36)
})

test('the cost of a stretch is the exact fraction of an hour, rounded to the nearest nano-dollar', () => {
  fc.assert(
    fc.property(rates, lengths, (rate, elapsedMs) => {
      const twiceError = 2n * (costOver(rate, elapsedMs) * BigInt(hourMs) - rate * BigInt(elapsedMs))
      return -BigInt(hourMs) < twiceError && twiceError <= BigInt(hourMs)
    }),
  )
})

test('a longer stretch never costs less, and two halves cost the whole within one unit each', () => {
  fc.assert(
    fc.property(rates, lengths, lengths, (rate, one, other) => {
      const whole = costOver(rate, one + other)
      const parts = costOver(rate, one) + costOver(rate, other)
      expect(whole).toBeGreaterThanOrEqual(costOver(rate, one))
      expect(whole - parts).toBeGreaterThanOrEqual(-1n)
      expect(whole - parts).toBeLessThanOrEqual(1n)
    }),
  )
})

test('a begun step counts whole, and a whole one not twice', () => {
  fc.assert(
    fc.property(
      rates,
      fc.integer({ min: 1, max: 500_000 }),
      fc.constantFrom(1, 1_000, 60_000, hourMs),
      (rate, steps, stepMs) => {
        const whole = costOver(rate, steps * stepMs, stepMs)
        expect(whole).toBe(costOver(rate, steps * stepMs))
        expect(costOver(rate, (steps - 1) * stepMs + 1, stepMs)).toBe(whole)
      },
    ),
  )
})

test('no time and a clock turned back cost nothing', () => {
  expect(costOver(nanosFromUsd('1'), 0, 60_000)).toBe(noMoney)
  expect(costOver(nanosFromUsd('1'), -5, 60_000)).toBe(noMoney)
})

test('quantities and divisors round halves up', () => {
  expect(timesQuantity(nanos(1n), 0.5)).toBe(1n)
  expect(timesQuantity(nanosFromUsd('0.10'), 2.5)).toBe(nanosFromUsd('0.25'))
  expect(dividedBy(nanos(5n), 2n)).toBe(3n)
  expect(sum([nanos(1n), nanos(2n)])).toBe(3n)
})
