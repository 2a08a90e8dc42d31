import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCharge, anInstanceId } from '../../testing/builders.ts'
import { nanos, nanosFromUsd, sum } from '../money.ts'
import { hourMs } from '../time.ts'
import { type BillFacts, compareBill, type MachineBill, type MachineLines } from './bill.ts'

const rate = nanosFromUsd('1')
const launches = [{ instanceId: anInstanceId(), attempt: 1 }]
const facts: BillFacts = { coveredFrom: 0, completeUntil: 10 * hourMs, roundsTo: nanosFromUsd('0.001'), minimumMs: 0 }
const now = 12 * hourMs

const ran = (from: number, until: number | null, { vague = 0 } = {}) =>
  aCharge({
    ratePerHour: rate,
    startedAfter: from,
    startedBefore: from,
    lastOnAt: (until ?? now) - vague,
    endedAfter: until === null ? null : until - vague,
    endedBefore: until,
  })
const says = (usd: string, change: Partial<MachineLines> = {}): MachineLines => ({
  total: nanosFromUsd(usd),
  traffic: nanos(0n),
  beforeTaken: nanos(0n),
  count: 1,
  from: 0,
  until: 2 * hourMs,
  ...change,
})
const compare = (bill: Partial<MachineBill>, change: Partial<BillFacts> = {}) =>
  compareBill({ machine: 'm-1', lines: null, launches, charges: [], ...bill }, { ...facts, ...change }, now)
const parts = (bill: Partial<MachineBill>, change: Partial<BillFacts> = {}) =>
  Object.fromEntries(compare(bill, change).parts.map(({ reason, amount }) => [reason, amount]))

describe('each difference has a reason', () => {
  test('none, where both say the same', () => {
    expect(compare({ lines: says('2'), charges: [ran(0, 2 * hourMs)] })).toEqual({
      theirs: nanosFromUsd('2'),
      oursAtMost: nanosFromUsd('2'),
      oursAtLeast: nanosFromUsd('2'),
      difference: 0n,
      parts: [],
    })
  })

  test('within our interval', () => {
    const charges = [ran(0, 2 * hourMs, { vague: hourMs })]
    expect(parts({ lines: says('1.4'), charges })).toEqual({ inside_interval: nanosFromUsd('-0.6') })
    expect(parts({ lines: says('2'), charges })).toEqual({})
  })

  test('what is not on the bill yet: all of it, or what ran on', () => {
    expect(parts({ charges: [ran(11 * hourMs, null)] })).toEqual({ not_billed_yet: nanosFromUsd('-1') })
    expect(parts({ lines: says('10', { until: 10 * hourMs }), charges: [ran(0, null)] })).toEqual({
      not_billed_yet: nanosFromUsd('-2'),
    })
  })

  test('a line that reaches beyond what is complete is compared to its end', () => {
    const lines = says('11', { until: 11 * hourMs })
    expect(parts({ lines, charges: [ran(0, null)] })).toEqual({ not_billed_yet: nanosFromUsd('-1') })
  })

  test('traffic', () => {
    const lines = says('2.5', { traffic: nanosFromUsd('0.5'), count: 2 })
    expect(parts({ lines, charges: [ran(0, 2 * hourMs)] })).toEqual({ traffic: nanosFromUsd('0.5') })
  })

  test('a machine of somebody else, and a fee without a machine', () => {
    expect(parts({ lines: says('2'), launches: [] })).toEqual({ foreign_machine: nanosFromUsd('2') })
    expect(parts({ machine: null, lines: says('2'), launches: [] })).toEqual({ unexplained: nanosFromUsd('2') })
  })

  test('what it cost before it was taken over', () => {
    const lines = says('3', { beforeTaken: nanosFromUsd('1'), count: 3 })
    expect(parts({ lines, charges: [ran(0, 2 * hourMs)] })).toEqual({ foreign_machine: nanosFromUsd('1') })
    expect(parts({ lines: { ...lines, total: nanosFromUsd('3.1') }, charges: [ran(0, 2 * hourMs)] })).toEqual({
      unexplained: nanosFromUsd('1.1'),
    })
  })

  test('what their lines are rounded to, and not more', () => {
    const charges = [ran(0, 2 * hourMs)]
    expect(parts({ lines: says('2.002'), charges })).toEqual({ rounding: nanosFromUsd('0.002') })
    expect(parts({ lines: says('1.998'), charges })).toEqual({ rounding: nanosFromUsd('-0.002') })
    expect(parts({ lines: says('2.0021'), charges })).toEqual({ unexplained: nanosFromUsd('0.0021') })
    expect(parts({ lines: says('2.002'), charges }, { roundsTo: nanos(1n) })).toEqual({
      unexplained: nanosFromUsd('0.002'),
    })
  })

  test('a begun step where the bill is cut', () => {
    const lines = says('10.016', { until: 10 * hourMs })
    const charges = [{ ...ran(0, null), stepMs: 60_000 }]
    expect(parts({ lines, charges })).toMatchObject({ rounding: nanosFromUsd('0.016') })
  })

  test('a minimum, where the marketplace has one', () => {
    const bill = { lines: says('1'), charges: [ran(0, hourMs / 4)] }
    expect(parts(bill, { minimumMs: hourMs })).toEqual({ minimum_period: nanosFromUsd('0.75') })
    expect(parts(bill)).toEqual({ unexplained: nanosFromUsd('0.75') })
    expect(parts({ ...bill, lines: says('1.5') }, { minimumMs: hourMs })).toEqual({ unexplained: nanosFromUsd('1.25') })
  })

  test('less than we have at least, and more than we have at most, is not explained', () => {
    const charges = [ran(0, 2 * hourMs, { vague: hourMs / 2 })]
    expect(parts({ lines: says('2.5'), charges })).toEqual({ unexplained: nanosFromUsd('0.5') })
    expect(parts({ lines: says('1'), charges })).toEqual({
      inside_interval: nanosFromUsd('-0.5'),
      unexplained: nanosFromUsd('-0.5'),
    })
    // Billed in full, and not on a bill that is complete.
    expect(parts({ charges: [ran(0, 2 * hourMs)] })).toEqual({ unexplained: nanosFromUsd('-2') })
  })
})

test('whatever the bill says, the reasons add up to the difference', () => {
  const amount = fc.bigInt(0n, 10n ** 11n).map(nanos)
  fc.assert(
    fc.property(
      fc.record({
        total: amount,
        traffic: amount,
        beforeTaken: amount,
        until: fc.integer({ min: 0, max: 14 * hourMs }),
      }),
      fc.array(
        fc.tuple(fc.integer({ min: 0, max: 6 * hourMs }), fc.integer({ min: 0, max: 5 * hourMs }), fc.boolean()),
      ),
      fc.boolean(),
      (lines, stretches, isOurs) => {
        const charges = stretches.map(([from, ms, open]) => ran(from, open ? null : from + ms, { vague: ms / 2 }))
        const compared = compare({
          lines: { count: 2, from: 0, ...lines },
          charges: isOurs ? charges : [],
          launches: isOurs ? launches : [],
        })
        expect(sum(compared.parts.map((part) => part.amount))).toBe(compared.difference)
        expect(compared.difference).toBe(compared.theirs - compared.oursAtMost)
      },
    ),
    { numRuns: 300 },
  )
})
