import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCharge, anInstance, aWish } from '../../testing/builders.ts'
import { noPolicies } from '../instances/instance.ts'
import { nanos, nanosFromUsd } from '../money.ts'
import { hourMs } from '../time.ts'
import {
  amountWithin,
  type Budget,
  type Hold,
  isMeant,
  isSpent,
  ownBudget,
  periodAt,
  refusalOf,
  spendingOf,
  thresholdsPassed,
} from './budget.ts'

const usd = nanosFromUsd
const now = Date.UTC(2026, 10, 21, 12)
const total = periodAt({ period: 'total' }, now)
const november = periodAt({ period: 'month' }, now)
const aBudget = (change: Partial<Budget> = {}): Budget => ({
  id: 'bud_1',
  scope: 'project',
  key: 'default',
  project: 'default',
  period: 'total',
  limit: usd('10'),
  action: 'stop',
  createdAt: 0,
  ...change,
})
const open = (hours: number, rate = '1') =>
  aCharge({
    ratePerHour: usd(rate),
    startedAfter: now - hours * hourMs,
    startedBefore: now - hours * hourMs,
    lastOnAt: now,
  })
const hold = (change: Partial<Hold> = {}): Hold => ({
  instanceId: open(0).instanceId,
  attempt: 1,
  amount: usd('1'),
  abandoned: false,
  ...change,
})

describe('what is spent', () => {
  test('is the most that can have been billed', () => {
    const unsure = aCharge({
      ratePerHour: usd('1'),
      startedAfter: now - 2 * hourMs,
      startedBefore: now - hourMs,
      lastOnAt: now,
    })
    expect(spendingOf([unsure], [], total, now).spent).toBe(usd('2'))
  })

  test('is in a month what falls into that month, UTC', () => {
    const since = Date.UTC(2026, 9, 31, 20)
    const charge = aCharge({ ratePerHour: usd('1'), startedAfter: since, startedBefore: since, lastOnAt: now })
    expect(spendingOf([charge], [], november, now).spent).toBe(usd(String(20 * 24 + 12)))
    const ended = { ...charge, endedAfter: since + hourMs, endedBefore: since + hourMs }
    expect(spendingOf([ended], [], november, now).spent).toBe(0n)
  })

  test('adds up over the months to the whole, to the nano-dollar', () => {
    fc.assert(
      fc.property(
        fc.bigInt(1n, 10n ** 11n),
        fc.integer({ min: 1, max: 90 * 24 * 3_600_000 }),
        fc.constantFrom(1, 1_000, 60_000, hourMs),
        (rate, lengthMs, stepMs) => {
          const start = Date.UTC(2026, 0, 15, 7, 3, 1)
          const end = start + lengthMs
          const charge = aCharge({
            ratePerHour: nanos(rate),
            stepMs,
            startedAfter: start,
            startedBefore: start,
            lastOnAt: end,
            endedAfter: end,
            endedBefore: end,
          })
          const firsts = [0, 1, 2, 3, 4, 5].map((month) => Date.UTC(2026, month, 1))
          // Each month as it is seen from after its end is what is spent since its first day, less what is spent since the next.
          const since = firsts.map((from) => amountWithin(charge, { key: '', from, until: null }, end + 1))
          const months = since.map((amount, at) => amount - (since[at + 1] ?? 0n))
          expect(months.reduce((one, other) => one + other, 0n)).toBe(amountWithin(charge, total, end + 1))
          for (const month of months) expect(month).toBeGreaterThanOrEqual(0n)
        },
      ),
    )
  })
})

describe('what is held', () => {
  test('gives way to what its machine really costs', () => {
    expect(spendingOf([], [hold()], total, now)).toMatchObject({ spent: 0n, held: usd('1') })
    expect(spendingOf([open(0.25)], [hold()], total, now)).toMatchObject({ spent: usd('0.25'), held: usd('0.75') })
    expect(spendingOf([open(3)], [hold()], total, now)).toMatchObject({ spent: usd('3'), held: 0n })
  })
})

describe('a launch', () => {
  const spent = (amount: string, held = '0', leftovers = '0') => ({
    spent: usd(amount),
    held: usd(held),
    heldForLeftovers: usd(leftovers),
    perHour: nanos(0n),
    at: now,
  })

  test('is refused when it does not fit beside what is spent and held', () => {
    expect(refusalOf(aBudget(), spent('8', '1'), usd('1'))).toBeNull()
    expect(refusalOf(aBudget(), spent('8', '1.5'), usd('1'))).toMatchObject({ isForNow: false, held: usd('1.5') })
  })

  test('only waits when what is in the way is held for machines that were given up', () => {
    expect(refusalOf(aBudget(), spent('8', '1.5', '1.5'), usd('1'))).toMatchObject({ isForNow: true })
  })

  test('is refused by a spent budget also when it costs nothing', () => {
    expect(refusalOf(aBudget(), spent('10'), usd('0'))).not.toBeNull()
  })
})

test('stops before the limit is passed: what it costs until the next look counts', () => {
  const spending = spendingOf([open(9, '1')], [], total, now)
  expect(isSpent(aBudget({ limit: usd('9.1') }), spending, 60_000)).toBe(false)
  expect(isSpent(aBudget({ limit: usd('9.01') }), spending, 60_000)).toBe(true)
})

test('tells which thresholds are passed', () => {
  const passed = (amount: string) => thresholdsPassed(aBudget(), usd(amount))
  expect([passed('4.99'), passed('5'), passed('8'), passed('11')]).toEqual([[], [50], [50, 80], [50, 80, 100]])
})

test('says whom it is meant for', () => {
  const spender = anInstance({ label: 'vllm', project: 'blue' })
  expect(isMeant(aBudget({ scope: 'all', key: '' }), spender)).toBe(true)
  expect(isMeant(aBudget({ scope: 'project', key: 'default' }), spender)).toBe(false)
  expect(isMeant(aBudget({ scope: 'label', key: 'vllm', project: 'blue' }), spender)).toBe(true)
  expect(isMeant(aBudget({ scope: 'label', key: 'vllm', project: 'red' }), spender)).toBe(false)
  expect(isMeant(aBudget({ scope: 'instance', key: spender.id }), spender)).toBe(true)
})

test('takes the budget of an instance’s policies as one like the others', () => {
  const budget = { limit: usd('3'), action: 'terminate' as const }
  const instance = anInstance({ wish: aWish({ policies: { ...noPolicies, budget } }) })
  expect(ownBudget(instance)).toMatchObject([{ id: instance.id, scope: 'instance', period: 'total', ...budget }])
  expect(ownBudget(anInstance())).toEqual([])
})
