import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nanos, nanosFromUsd } from '../money.ts'
import { bidFor } from './bid.ts'

const prices = fc.bigInt(0n, 10n ** 12n).map(nanos)
const usd = (text: string | null) => (text === null ? null : nanosFromUsd(text))
const bid = (floor: string, cap: string | null, onDemand: string | null, percent = 110) =>
  bidFor({ pricePerHour: nanosFromUsd(floor) }, { percent, cap: usd(cap), onDemand: usd(onDemand) })

test('bids a tenth above what wins now, or as much more as was asked for, within the cap and the on-demand price', () => {
  expect(bid('0.20', null, null)).toBe(nanosFromUsd('0.22'))
  expect(bid('0.20', null, null, 200)).toBe(nanosFromUsd('0.40'))
  expect(bid('0.20', '0.21', null)).toBe(nanosFromUsd('0.21'))
  expect(bid('0.20', '0.215', '0.21')).toBe(nanosFromUsd('0.21'))
})

test('where only a bid above the cap or the on-demand price wins, nothing is bid', () => {
  // One spot offer in eight wins only above the on-demand price.
  expect(bid('0.20', null, '0.15')).toBeNull()
  expect(bid('0.20', '0.19', null)).toBeNull()
  expect(bid('0.20', '-0.01', null)).toBeNull()
})

test('never bids 0: without a price a machine is rented outright', () => {
  expect(bid('0', null, null)).toBeNull()
  expect(bid('0', '1', '1', 300)).toBeNull()
})

test('whatever the bounds, a bid wins, and is above none of them', () => {
  const bounds = fc.option(prices)
  fc.assert(
    fc.property(prices, fc.integer({ min: 100, max: 300 }), bounds, bounds, (floor, percent, cap, onDemand) => {
      const offered = bidFor({ pricePerHour: floor }, { percent, cap, onDemand })
      if (offered === null) return floor === 0n || (cap ?? floor) < floor || (onDemand ?? floor) < floor
      return offered > 0n && offered >= floor && offered <= (cap ?? offered) && offered <= (onDemand ?? offered)
    }),
  )
})
