import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Nanos, nanos, nanosFromUsd } from '../money.ts'
import { bidFor } from './bid.ts'

const prices = fc.bigInt(0n, 10n ** 12n).map(nanos)
const bid = (price: string, cap: string | null, onDemand: string | null) =>
  bidFor(
    { pricePerHour: nanosFromUsd(price) },
    { cap: cap === null ? null : nanosFromUsd(cap), onDemand: onDemand === null ? null : nanosFromUsd(onDemand) },
  )

test('bids a tenth above what wins now, within the cap and the on-demand price', () => {
  expect(bid('0.20', null, null)).toBe(nanosFromUsd('0.22'))
  expect(bid('0.20', '0.21', null)).toBe(nanosFromUsd('0.21'))
  expect(bid('0.20', '0.215', '0.21')).toBe(nanosFromUsd('0.21'))
  // One spot offer in eight wins only above the on-demand price.
  expect(bid('0.20', null, '0.15')).toBe(nanosFromUsd('0.20'))
})

test('an offer within the cap is never bid above it, and always bid to win', () => {
  fc.assert(
    fc.property(prices, prices, fc.option(prices), (price, more, onDemand) => {
      const cap = nanos(price + more) as Nanos
      const offered = bidFor({ pricePerHour: price }, { cap, onDemand })
      return offered >= price && offered <= cap
    }),
  )
})
