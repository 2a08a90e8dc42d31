import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nanos } from '../money.ts'
import { levelsOver, type PriceLevels, rankedPrice } from './price-levels.ts'

const prices = (...amounts: number[]) => amounts.map((amount) => nanos(BigInt(amount)))
const levels = (min: number, median: number, p90: number): PriceLevels => ({
  min: nanos(BigInt(min)),
  median: nanos(BigInt(median)),
  p90: nanos(BigInt(p90)),
})

test.each([
  [0, 1],
  [10, 1],
  [50, 5],
  [90, 9],
  [91, 10],
  [100, 10],
])('of ten prices, %i percent do not exceed the %ith', (percent, rank) => {
  expect(rankedPrice(prices(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), percent)).toBe(BigInt(rank))
})

test('one price is all levels, and none has none', () => {
  expect(rankedPrice(prices(7), 90)).toBe(7n)
  expect(rankedPrice([], 50)).toBeUndefined()
  expect(levelsOver([])).toBeNull()
})

test('a longer time has the lowest price of all, and the middle ones of the others', () => {
  expect(levelsOver([levels(5, 10, 20), levels(3, 90, 99), levels(4, 11, 21)])).toEqual(levels(3, 11, 21))
})

test('levels stay in order, and each is a price that was seen', () => {
  const look = fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 30 }).map((amounts) => {
    const sorted = amounts.map(nanos).sort((a, b) => Number(a - b))
    const at = (percent: number) => rankedPrice(sorted, percent) ?? nanos(0n)
    return { sorted, levels: { min: at(0), median: at(50), p90: at(90) } }
  })
  fc.assert(
    fc.property(fc.array(look, { minLength: 1, maxLength: 12 }), (looks) => {
      const together = levelsOver(looks.map((one) => one.levels))
      if (together === null) throw new Error('there are levels')
      expect(together.min <= together.median && together.median <= together.p90).toBe(true)
      const seen = new Set(looks.flatMap((one) => one.sorted))
      for (const price of Object.values(together)) expect(seen.has(price)).toBe(true)
    }),
  )
})
