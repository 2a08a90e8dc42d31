import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { amountOf, type Charge, withEnd, withReading, withUnseen } from '../core/charges/charge.ts'
import { nanos, nanosFromUsd, sum } from '../core/money.ts'
import { aLaunch, anEntry, anInstance, aReading } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
  await stores.instances.add(anEntry({ instance: anInstance() }))
})

const launch = aLaunch({ intendedAt: 0 })
const moment = fc.integer({ min: 0, max: 200 })
const maybe = fc.option(moment, { nil: null, freq: 2 })

/** Anything that a marketplace may say, in any order, on a clock that jumps both ways. */
const reading = fc.record({
  kind: fc.constant('reading' as const),
  state: fc.constantFrom('on', 'on', 'off', 'unclear'),
  since: maybe,
  until: maybe,
  ratePerHour: fc.constantFrom(nanosFromUsd('3.6'), nanosFromUsd('7.2')),
  doubtful: fc.boolean(),
  begunAt: moment,
  tookMs: fc.integer({ min: -20, max: 40 }),
  seenOffAt: moment,
})
const step = fc.oneof(
  { weight: 8, arbitrary: reading },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), at: moment }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unseen' as const), from: moment, until: moment }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function after(known: readonly Charge[], one: Step): readonly Charge[] {
  switch (one.kind) {
    case 'reading': {
      const { state, since, until, ratePerHour, doubtful, begunAt, tookMs, seenOffAt } = one
      const shown = aReading({ state: state as 'on', since, until, ratePerHour, doubtful })
      return withReading(known, { reading: shown, begunAt, at: begunAt + tookMs, seenOffAt }, launch)
    }
    case 'end':
      return withEnd(known, one.at)
    case 'unseen':
      return known.at(-1)?.endedBefore === null
        ? known
        : withUnseen(
            known,
            { kind: 'gpu', ratePerHour: nanosFromUsd('3.6'), stepMs: 1, from: one.from, until: one.until },
            launch,
          )
  }
}

/** What has ended says, to the last figure; later it may only be known more exactly. */
const said = ({ endedAfter, endedBefore, lastOnAt, startedAfter, startedBefore, ...rest }: Charge) => rest

test('whatever is shown, in any order, again, and on a clock that jumps: what has ended is never rewritten', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      await stores.database.deleteFrom('charges').execute()
      const ledger = () => stores.charges.ofLaunch(launch.instanceId, launch.attempt)
      for (const one of steps) {
        const before = await ledger()
        await stores.charges.change(launch.instanceId, launch.attempt, (known) => after(known, one))
        const now = await ledger()
        expect(now.length).toBeGreaterThanOrEqual(before.length)
        for (const [at, was] of before.entries()) {
          const is = now[at] as Charge
          if (was.endedBefore === null || was.endedAfter === null) continue
          expect(said(is)).toEqual(said(was))
          expect(is.endedAfter).toBeGreaterThanOrEqual(was.endedAfter)
          expect(is.endedBefore).toBeLessThanOrEqual(was.endedBefore)
          // The interval may only get narrower.
          expect(amountOf(is, 0).atMost).toBeLessThanOrEqual(amountOf(was, 0).atMost)
        }
        checkSums(now)
      }
    }),
    { numRuns: 150 },
  )
})

test('the same look twice, or two looks that were taken in turn, book nothing twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(reading, { minLength: 1, maxLength: 12 }), async (steps) => {
      await stores.database.deleteFrom('charges').execute()
      for (const one of steps) {
        const look = () => stores.charges.change(launch.instanceId, 1, (known) => after(known, { ...one, tookMs: 5 }))
        await Promise.all([look(), look()])
      }
      checkSums(await stores.charges.ofLaunch(launch.instanceId, 1))
    }),
    { numRuns: 100 },
  )
})

/** Amounts are intervals of at least nothing, and what is certain is of no moment twice. */
function checkSums(charges: readonly Charge[]): void {
  for (const charge of charges) {
    const { atMost, atLeast } = amountOf(charge, 0)
    expect(atLeast).toBeGreaterThanOrEqual(0n)
    expect(atMost).toBeGreaterThanOrEqual(atLeast)
  }
  const certain = charges
    .filter((charge) => charge.certain)
    .map((charge) => ({ from: charge.startedBefore, until: charge.endedAfter ?? charge.lastOnAt }))
    .filter(({ from, until }) => until > from)
    .sort((one, other) => one.from - other.from)
  for (const [at, { from }] of certain.entries()) {
    expect(from).toBeGreaterThanOrEqual(certain[at - 1]?.until ?? Number.NEGATIVE_INFINITY)
  }
  const atLeast = sum(charges.map((charge) => amountOf(charge, 0).atLeast))
  const dearest = nanos(2_000n * 300n)
  expect(atLeast).toBeLessThanOrEqual(dearest)
}
