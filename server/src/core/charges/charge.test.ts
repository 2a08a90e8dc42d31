import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCharge, aLaunch, aReading } from '../../testing/builders.ts'
import type { MeterReading } from '../instances/machine.ts'
import { costOver, type Nanos, nanos, nanosFromUsd, sum } from '../money.ts'
import { amountOf, type Charge, isExact, withEnd, withReading, withUnseen } from './charge.ts'

const launch = aLaunch({ intendedAt: 0 })
const rate = nanosFromUsd('3.6') // a thousand nano-dollars per millisecond

interface Seen extends Partial<MeterReading> {
  at: number
  seenOffAt?: number
  begunAt?: number
}

function ledger(...looks: readonly Seen[]): readonly Charge[] {
  return looks.reduce<readonly Charge[]>((charges, { at, begunAt = at, seenOffAt = 0, ...reading }) => {
    return withReading(
      charges,
      { reading: aReading({ ratePerHour: rate, ...reading }), begunAt, at, seenOffAt },
      launch,
    )
  }, [])
}

function bounds(charges: readonly Charge[], now = 0) {
  return {
    atLeast: sum(charges.map((charge) => amountOf(charge, now).atLeast)),
    atMost: sum(charges.map((charge) => amountOf(charge, now).atMost)),
  }
}

const ends = (charges: readonly Charge[]) =>
  charges.map((one) => [one.startedAfter, one.startedBefore, one.endedAfter, one.endedBefore])

describe('without the marketplace’s times, the ends lie between two looks', () => {
  test('began between the intent or the last look at which it was off, and the first at which it was on', () => {
    expect(ends(ledger({ at: 10, state: 'on' }))).toEqual([[0, 10, null, null]])
    expect(ends(ledger({ at: 10, state: 'off' }, { at: 20, state: 'on', seenOffAt: 10 }))).toEqual([
      [10, 20, null, null],
    ])
  })

  test('ended between the last look at which it was on and the first at which it was off', () => {
    expect(ends(ledger({ at: 10 }, { at: 20 }, { at: 30, state: 'off' }))).toEqual([[0, 10, 20, 30]])
  })

  test('a change of the rate lies between two looks as well', () => {
    const charges = ledger({ at: 10 }, { at: 20, ratePerHour: nanos(rate * 2n) }, { at: 30, state: 'off' })

    expect(ends(charges)).toEqual([
      [0, 10, 10, 20],
      [10, 20, 20, 30],
    ])
  })

  test('a look that tells nothing changes nothing', () => {
    expect(ends(ledger({ at: 10 }, { at: 20, state: 'unclear' }, { at: 30, state: 'off' }))).toEqual([[0, 10, 10, 30]])
    expect(ledger({ at: 10, state: 'unclear' })).toEqual([])
    expect(ledger({ at: 10, state: 'off' })).toEqual([])
  })
})

describe('the marketplace’s times are the truth', () => {
  test('both ends told: exact', () => {
    const charges = ledger({ at: 10, since: 4 }, { at: 30, state: 'off', since: 4, until: 26 })

    expect(ends(charges)).toEqual([[4, 4, 26, 26]])
    expect(charges.every(isExact)).toBe(true)
    expect(bounds(charges)).toEqual({ atLeast: costOver(rate, 22), atMost: costOver(rate, 22) })
  })

  test('told later, they narrow what was known', () => {
    expect(ends(ledger({ at: 10 }, { at: 20, since: 4 }))).toEqual([[4, 4, null, null]])
    expect(ends(ledger({ at: 10, since: 4 }, { at: 20, state: 'off' }, { at: 30, state: 'off', until: 15 }))).toEqual([
      [4, 4, 15, 15],
    ])
  })

  test('a stretch that lay whole between two looks is booked once', () => {
    const past = { state: 'off', since: 12, until: 18 } as const

    expect(ends(ledger({ at: 10, state: 'off' }, { at: 20, ...past }, { at: 30, ...past }))).toEqual([[12, 12, 18, 18]])
  })

  test('switched off and on between two looks makes two stretches', () => {
    expect(ends(ledger({ at: 10, since: 4 }, { at: 20, since: 15 }))).toEqual([
      [4, 4, 10, 15],
      [15, 15, null, null],
    ])
    expect(ends(ledger({ at: 10, since: 4 }, { at: 20, state: 'off', since: 15, until: 18 }))).toEqual([
      [4, 4, 10, 15],
      [15, 15, 18, 18],
    ])
    // The first start was never told: what ran before the second is kept.
    expect(ends(ledger({ at: 10 }, { at: 20 }, { at: 30, since: 15 }))).toEqual([
      [0, 10, 10, 15],
      [15, 15, null, null],
    ])
  })

  test('an end that belongs to an earlier stretch does not shorten this one', () => {
    expect(ends(ledger({ at: 10, since: 4 }, { at: 20, state: 'off', until: 3 }))).toEqual([[4, 4, 10, 20]])
  })
})

describe('a start that is told again and again is charged once', () => {
  // Vast tells when the contract began, whatever was off since (providers/vast.md 3.4).
  test('after the meter was off', () => {
    const disk = { kind: 'disk', since: 0 } as const
    const charges = ledger(
      { ...disk, at: 10 },
      { ...disk, at: 20, state: 'off', since: null },
      { ...disk, at: 30, seenOffAt: 20 },
      { ...disk, at: 40, seenOffAt: 20 },
    )

    expect(ends(charges)).toEqual([
      [0, 0, 10, 20],
      [20, 30, null, null],
    ])
  })

  test('after the rate changed', () => {
    const dear = { since: 0, ratePerHour: nanos(rate * 2n) }
    const charges = ledger({ at: 10, since: 0 }, { at: 20, ...dear }, { at: 30, ...dear }, { at: 40, ...dear })

    expect(ends(charges)).toEqual([
      [0, 0, 10, 20],
      [10, 20, null, null],
    ])
  })
})

describe('a look takes its time', () => {
  test('what it shows was so when it was asked for or later, and by the time it was answered', () => {
    const late = ledger({ begunAt: 10, at: 55 }, { begunAt: 60, at: 100 }, { begunAt: 110, at: 150, state: 'off' })

    expect(ends(late)).toEqual([[0, 55, 60, 150]])
    // Nobody saw it run between 10 and 55.
    expect(bounds(late)).toEqual({ atLeast: costOver(rate, 5), atMost: costOver(rate, 150) })
    expect(bounds(ledger({ begunAt: 10, at: 55 }), 60)).toEqual({ atLeast: 0n, atMost: costOver(rate, 60) })
  })

  test('one that was asked for before another was answered says nothing new', () => {
    const off = ledger({ at: 10 }, { begunAt: 20, at: 30, state: 'off' })
    expect(withReading(off, { reading: aReading(), begunAt: 15, at: 60, seenOffAt: 0 }, launch)).toBe(off)
  })
})

describe('what may not have been billed', () => {
  test('a meter that is on and in doubt costs nothing at least, until the doubt is over', () => {
    const charges = ledger(
      { at: 10, since: 0 },
      { at: 20, since: 0 },
      { at: 30, since: 0, doubtful: true },
      { at: 40, since: 0, doubtful: true },
      { at: 50, since: 0 },
      { at: 60, since: 0 },
    )
    expect(charges.map(({ certain }) => certain)).toEqual([true, false, true])
    expect(bounds(charges, 60)).toEqual({
      atLeast: nanos(costOver(rate, 20) + costOver(rate, 10)),
      atMost: nanos(costOver(rate, 30) + costOver(rate, 30) + costOver(rate, 20)),
    })
    expect(charges.some(isExact)).toBe(false)
  })

  test('a doubt that began with the machine is over when it is up, and was on since then by the marketplace’s own times', () => {
    const comesUp = { since: 0, doubtful: true } as const
    const up = ledger(
      { at: 10, ...comesUp },
      { at: 20, ...comesUp },
      { at: 30, since: 0 },
      { at: 40, state: 'off', until: 35 },
    )
    expect(up).toMatchObject([{ startedAfter: 0, startedBefore: 0, endedAfter: 35, endedBefore: 35, certain: true }])
    const neverUp = ledger({ at: 10, ...comesUp }, { at: 20, ...comesUp }, { at: 30, state: 'off' })
    expect(bounds(neverUp)).toEqual({ atLeast: 0n, atMost: costOver(rate, 30) })
    // When it began is not known, so nothing says how long the doubt lasted.
    expect(ledger({ at: 10, doubtful: true }, { at: 20 }).map(({ certain }) => certain)).toEqual([false, true])
  })

  test('whole stretches between two looks that the marketplace tells are booked as they were, and once', () => {
    const told = [
      { since: 100, until: 102 },
      { since: 110, until: 111 },
    ]
    const first = { at: 10, state: 'on', since: 0 } as const
    const stopped = { at: 30, state: 'off', since: 0, until: 20 } as const
    const after = {
      at: 130,
      state: 'off',
      since: 120,
      until: 121,
      earlier: [{ since: 0, until: 20 }, ...told],
    } as const
    const again = { ...after, at: 140, state: 'on', since: 135, until: null } as const

    expect(ends(ledger(first, stopped, after, { ...after, at: 131 }))).toEqual([
      [0, 0, 20, 20],
      [100, 100, 102, 102],
      [110, 110, 111, 111],
      [120, 120, 121, 121],
    ])
    expect(ends(ledger(first, stopped, again)).slice(1)).toEqual([
      [100, 100, 102, 102],
      [110, 110, 111, 111],
      [135, 135, null, null],
    ])
  })

  test('a run that no look saw costs between nothing and all of the time in between', () => {
    const run = { kind: 'gpu', ratePerHour: rate, stepMs: 1, from: 10, until: 40 } as const
    const charges = withUnseen(ledger({ at: 5 }, { at: 8, state: 'off' }), run, launch)
    expect(ends(charges).at(-1)).toEqual([10, 40, 10, 40])
    expect(charges.at(-1)).toMatchObject({ sequence: 2, certain: false })
    expect(bounds(charges.slice(-1))).toEqual({ atLeast: 0n, atMost: costOver(rate, 30) })
    expect(withUnseen(charges, { ...run, until: 10 }, launch)).toBe(charges)
  })
})

describe('what is running', () => {
  test('costs at most what it costs until now, and at least until it was last seen on', () => {
    const charges = ledger({ at: 10, since: 0 }, { at: 20, since: 0 })

    expect(bounds(charges, 25)).toEqual({ atLeast: costOver(rate, 20), atMost: costOver(rate, 25) })
  })

  test('ends with its machine, between the last look and now', () => {
    expect(ends(withEnd(ledger({ at: 10, since: 0 }), 30))).toEqual([[0, 0, 10, 30]])
    const closed = [aCharge({ endedAfter: 5, endedBefore: 6 })]
    expect(withEnd(closed, 30)).toEqual(closed)
  })
})

describe('looks out of order', () => {
  test('an older look neither opens again nor ends what a newer one has told', () => {
    const off = ledger({ at: 10 }, { at: 30, state: 'off' })
    const on = ledger({ at: 10 }, { at: 30 })

    expect(withReading(off, { reading: aReading(), at: 20, begunAt: 20, seenOffAt: 0 }, launch)).toBe(off)
    expect(withReading(on, { reading: aReading({ state: 'off' }), at: 20, begunAt: 20, seenOffAt: 0 }, launch)).toBe(on)
  })

  test('a clock that was turned back makes no negative charge', () => {
    expect(ends(withEnd(ledger({ at: 100, since: 0 }), 90))).toEqual([[0, 0, 90, 100]])
    expect(bounds(ledger({ at: 100, since: 100 }), 90)).toEqual({ atLeast: 0n, atMost: 0n })
  })
})

/** What really happens to a meter: off first, then on and off in turns. */
interface Truth {
  stretches: readonly { from: number; to: number; rates: readonly { from: number; rate: Nanos }[] }[]
  end: number
}

const truths = (mostRates: number): fc.Arbitrary<Truth> =>
  fc
    .array(
      fc.record({
        offMs: fc.integer({ min: 1_000, max: 50_000 }),
        pieces: fc.array(
          fc.record({ ms: fc.integer({ min: 1_000, max: 90_000 }), rate: fc.bigInt(1n, 10n ** 11n).map(nanos) }),
          { minLength: 1, maxLength: mostRates },
        ),
      }),
      { minLength: 1, maxLength: 5 },
    )
    .map((cycles) => {
      let at = 0
      const stretches = cycles.map(({ offMs, pieces }) => {
        const from = at + offMs
        at = from
        const rates = pieces.map(({ ms, rate: own }) => {
          const piece = { from: at, rate: own }
          at += ms
          return piece
        })
        return { from, to: at, rates }
      })
      return { stretches, end: at + 10_000 }
    })

function readingAt(truth: Truth, at: number, { told, stepMs }: { told: boolean; stepMs: number }): MeterReading {
  const begun = truth.stretches.findLast(({ from }) => from <= at)
  const on = begun !== undefined && at < begun.to
  return aReading({
    state: on ? 'on' : 'off',
    ratePerHour: begun?.rates.findLast(({ from }) => from <= at)?.rate ?? rate,
    since: told && begun !== undefined ? begun.from : null,
    until: told && begun !== undefined && !on ? begun.to : null,
    stepMs,
  })
}

function trueCost(truth: Truth, stepMs: number): bigint {
  return sum(
    truth.stretches.flatMap(({ to, rates }) =>
      rates.map((piece, index) => costOver(piece.rate, (rates[index + 1]?.from ?? to) - piece.from, stepMs)),
    ),
  )
}

/** Every change of the truth, so that a look can be put on either side of it. */
function changes({ stretches, end }: Truth): number[] {
  return [...stretches.flatMap(({ to, rates }) => [...rates.map(({ from }) => from), to]), end]
}

/** At least one look in every piece, at a random place in it, and random others. */
function looksOver(truth: Truth, places: readonly number[]): number[] {
  let begin = 0
  const must = changes(truth).map((to, index) => {
    const at = begin + Math.floor((places[index % places.length] ?? 0) * (to - begin))
    begin = to
    return at
  })
  const more = places.map((place) => Math.floor(place * truth.end))
  return [...new Set([...must, ...more, truth.end])].sort((one, other) => one - other)
}

const placesOf = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 3, maxLength: 30 })

function observed(
  truth: Truth,
  looks: readonly number[],
  how: { told: boolean; stepMs: number },
  unclear: ReadonlySet<number>,
) {
  let charges: readonly Charge[] = []
  let seenOffAt = 0
  for (const at of looks) {
    const reading = readingAt(truth, at, how)
    const look = {
      reading: unclear.has(at) ? { ...reading, state: 'unclear' as const } : reading,
      begunAt: at,
      at,
      seenOffAt,
    }
    charges = withReading(charges, look, launch)
    expect(withReading(charges, look, launch)).toEqual(charges)
    if (look.reading.state === 'off') seenOffAt = at
    const { atLeast, atMost } = bounds(charges, at)
    expect(atLeast).toBeLessThanOrEqual(atMost)
  }
  return charges
}

function expectOrder(charges: readonly Charge[]): void {
  for (const [index, charge] of charges.entries()) {
    const { startedAfter, startedBefore, endedAfter, endedBefore } = charge
    expect(charge.sequence).toBe(index + 1)
    expect(startedAfter).toBeLessThanOrEqual(startedBefore)
    if (endedAfter !== null && endedBefore !== null) expect(endedAfter).toBeLessThanOrEqual(endedBefore)
    const previous = charges[index - 1]
    // What is certain of two stretches never overlaps.
    if (previous !== undefined) expect(startedAfter).toBeGreaterThanOrEqual(previous.endedAfter ?? Number.NaN)
  }
}

describe('whatever happens, and whenever we look', () => {
  test('the bill lies within the interval, and no end is vaguer than the looks around it', () => {
    fc.assert(
      fc.property(truths(3), placesOf, fc.boolean(), (truth, places, someUnclear) => {
        const must = looksOver(truth, places)
        // Looks that tell nothing, beside those that do.
        const unclear = new Set(
          someUnclear
            ? places.map((place) => Math.floor(place * truth.end) + 1).filter((at) => !must.includes(at))
            : [],
        )
        const looks = [...must, ...unclear].filter((at) => at <= truth.end).sort((one, other) => one - other)
        const charges = observed(truth, looks, { told: false, stepMs: 1 }, unclear)
        const { atLeast, atMost } = bounds(charges)
        const bill = trueCost(truth, 1)
        const rounding = BigInt(charges.length)

        expect(atLeast).toBeLessThanOrEqual(bill + rounding)
        expect(atMost).toBeGreaterThanOrEqual(bill - rounding)
        expectOrder(charges)
        const clear = looks.filter((at) => !unclear.has(at))
        const widest = Math.max(...clear.map((at, index) => at - (clear[index - 1] ?? 0)))
        for (const charge of charges) {
          expect(charge.startedBefore - charge.startedAfter).toBeLessThanOrEqual(widest)
          expect((charge.endedBefore ?? 0) - (charge.endedAfter ?? 0)).toBeLessThanOrEqual(widest)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('where the marketplace tells its times the ledger is the bill, to the nano-dollar', () => {
    fc.assert(
      fc.property(truths(1), placesOf, fc.constantFrom(1, 1_000, 60_000), (truth, places, stepMs) => {
        const charges = observed(truth, looksOver(truth, places), { told: true, stepMs }, new Set())

        expect(bounds(charges)).toEqual({ atLeast: trueCost(truth, stepMs), atMost: trueCost(truth, stepMs) })
        expect(charges.every(isExact)).toBe(true)
        expectOrder(charges)
      }),
      { numRuns: 300 },
    )
  })

  test('times that are told only sometimes keep the bill within the interval', () => {
    fc.assert(
      fc.property(truths(2), placesOf, fc.infiniteStream(fc.boolean()), (truth, places, told) => {
        let charges: readonly Charge[] = []
        let seenOffAt = 0
        for (const at of looksOver(truth, places)) {
          const reading = readingAt(truth, at, { told: told.next().value === true, stepMs: 1 })
          charges = withReading(charges, { reading, begunAt: at, at, seenOffAt }, launch)
          if (reading.state === 'off') seenOffAt = at
        }
        const { atLeast, atMost } = bounds(charges)
        const rounding = BigInt(charges.length)
        expect(atLeast).toBeLessThanOrEqual(trueCost(truth, 1) + rounding)
        expect(atMost).toBeGreaterThanOrEqual(trueCost(truth, 1) - rounding)
        expectOrder(charges)
      }),
      { numRuns: 300 },
    )
  })

  test('a clock that jitters backwards neither doubles a charge nor makes a negative one', () => {
    const jitter = 5_000
    fc.assert(
      fc.property(
        truths(2),
        placesOf,
        fc.infiniteStream(fc.integer({ min: -jitter, max: 0 })),
        (truth, places, jumps) => {
          let charges: readonly Charge[] = []
          let seenOffAt = 0
          for (const trueAt of looksOver(truth, places)) {
            const at = trueAt + (jumps.next().value ?? 0)
            const reading = readingAt(truth, trueAt, { told: false, stepMs: 1 })
            charges = withReading(charges, { reading, begunAt: at, at, seenOffAt }, launch)
            if (reading.state === 'off') seenOffAt = at
          }
          charges = withEnd(charges, truth.end)
          for (const charge of charges) {
            expect(amountOf(charge, 0).atLeast).toBeGreaterThanOrEqual(0n)
            expect(amountOf(charge, 0).atLeast).toBeLessThanOrEqual(amountOf(charge, 0).atMost)
          }
          expectOrder(charges)
          const certainMs = charges.map((one) => Math.max(0, (one.endedAfter ?? 0) - one.startedBefore))
          expect(certainMs.reduce((total, ms) => total + ms, 0)).toBeLessThanOrEqual(truth.end + jitter)
        },
      ),
      { numRuns: 300 },
    )
  })
})
