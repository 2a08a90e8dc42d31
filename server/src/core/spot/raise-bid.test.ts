import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Nanos, nanos, nanosFromUsd } from '../money.ts'
import { type Bidding, bidStep } from './raise-bid.ts'

const usd = nanosFromUsd
const bidding = (change: Partial<Bidding>): Bidding => ({
  floor: usd('0.30'),
  percent: 110,
  cap: usd('1'),
  onDemand: usd('0.90'),
  ...change,
})
const step = (change: Partial<Bidding>, ours = '0.22', shown: string | null = ours) =>
  bidStep(bidding(change), usd(ours), shown === null ? null : usd(shown))

test('a machine that was outbid is bid for again, above what wins now', () => {
  expect(step({})).toEqual({ kind: 'raise', to: usd('0.33'), again: false })
  expect(step({ cap: usd('0.31') })).toEqual({ kind: 'raise', to: usd('0.31'), again: false })
})

test('it is lost where the cap or the on-demand price is below what wins', () => {
  expect(step({ cap: usd('0.29') })).toEqual({ kind: 'lost' })
  expect(step({ cap: null, onDemand: usd('0.29') })).toEqual({ kind: 'lost' })
})

test('without the on-demand price of the machine the bid stays, also below a cap', () => {
  expect(step({ onDemand: null })).toEqual({ kind: 'lost' })
  expect(step({ cap: null, onDemand: null })).toEqual({ kind: 'lost' })
})

test('where it is not known what wins, nothing is bid', () => {
  expect(step({ floor: null })).toEqual({ kind: 'lost' })
  expect(step({ floor: nanos(0n) })).toEqual({ kind: 'lost' })
})

test('a bid that wins is left alone; one that the marketplace never heard of is sent again', () => {
  expect(step({}, '0.33')).toEqual({ kind: 'wins' })
  expect(step({}, '0.33', null)).toEqual({ kind: 'wins' })
  expect(step({}, '0.330001', '0.33')).toEqual({ kind: 'wins' })
  expect(step({}, '0.33', '0.22')).toEqual({ kind: 'raise', to: usd('0.33'), again: true })
})

test('whatever others bid, ours only grows, and never above a bound', () => {
  const price = fc.bigInt(1n, 10n ** 12n).map(nanos)
  fc.assert(
    fc.property(price, price, fc.option(price), fc.option(price), (ours, floor, cap, onDemand) => {
      const outcome = bidStep({ floor, percent: 110, cap, onDemand }, ours as Nanos, ours)
      if (outcome.kind !== 'raise') return true
      return outcome.to > ours && outcome.to <= (cap ?? outcome.to) && outcome.to <= (onDemand ?? outcome.to)
    }),
  )
})
