/** What a marketplace says that it charged, against our ledger. */

import type { Launch } from '../instances/instance.ts'
import { costOver, type Nanos, nanos, noMoney, sum } from '../money.ts'
import type { Instant } from '../time.ts'
import { amountOf, type Charge } from './charge.ts'
import { amountIn } from './within.ts'

export type BillLineKind = 'gpu' | 'disk' | 'traffic' | 'all' | 'other'

/** Why their bill is not what we have at most. The parts of a difference add up to it. */
export const differenceReasons = [
  'inside_interval', // where ends lie between two looks, we know no more than an interval, and the bill is inside
  'not_billed_yet', // the bill that was read does not reach it
  'traffic', // only the bill tells of it
  'foreign_machine', // no launch of ours, or from before it was taken over
  'rounding', // no more than their lines are rounded to
  'minimum_period', // they bill a launch for a minimum of time
  'unexplained', // somebody should look
] as const
export type DifferenceReason = (typeof differenceReasons)[number]

/** All lines of one machine, added up. */
export interface MachineLines {
  total: Nanos
  traffic: Nanos
  /** Of lines that begin before the machine was taken over; of one that was launched from here nothing. */
  beforeTaken: Nanos
  count: number
  from: Instant
  until: Instant
}

export interface MachineBill {
  /** Its id at the marketplace; null: the bill names none, or the launch never learned it. */
  machine: string | null
  /** Null: the bill does not have it. */
  lines: MachineLines | null
  /** Empty: it was not launched from here. */
  launches: readonly Pick<Launch, 'instanceId' | 'attempt'>[]
  charges: readonly Charge[]
}

export interface BillFacts {
  coveredFrom: Instant
  completeUntil: Instant
  roundsTo: Nanos
  minimumMs: number
}

export interface Comparison {
  theirs: Nanos
  oursAtMost: Nanos
  oursAtLeast: Nanos
  /** Theirs beyond what we have at most; negative where they have less. */
  difference: Nanos
  parts: readonly { reason: DifferenceReason; amount: Nanos }[]
}

/** Explains each nano-dollar of the difference between a machine's bill and our ledger of it. */
export function compareBill(
  { machine, lines, launches, charges }: MachineBill,
  facts: BillFacts,
  now: Instant,
): Comparison {
  const theirs = lines?.total ?? noMoney
  const ours = charges.map((charge) => amountOf(charge, now))
  const oursAtMost = sum(ours.map(({ atMost }) => atMost))
  const difference = nanos(theirs - oursAtMost)
  const explained = (parts: Partial<Record<DifferenceReason, bigint>>): Comparison => ({
    theirs,
    oursAtMost,
    oursAtLeast: sum(ours.map(({ atLeast }) => atLeast)),
    difference,
    parts: differenceReasons
      .map((reason) => ({ reason, amount: nanos(parts[reason] ?? 0n) }))
      .filter(({ amount }) => amount !== 0n),
  })
  if (launches.length === 0) {
    return explained({ [machine === null ? 'unexplained' : 'foreign_machine']: theirs })
  }

  // A line of what still bills reaches further than what is complete, and says so.
  const reached = {
    from: Math.min(facts.coveredFrom, lines?.from ?? facts.coveredFrom),
    until: Math.max(facts.completeUntil, lines?.until ?? facts.completeUntil),
  }
  const within = charges.map((charge) => amountIn(charge, reached, now))
  const atMost = sum(within.map((one) => one.atMost))
  const atLeast = sum(within.map((one) => one.atLeast))
  const traffic = lines?.traffic ?? noMoney
  const metered = theirs - traffic
  const common = { traffic, not_billed_yet: atMost - oursAtMost }
  if (metered <= atMost && metered >= atLeast) return explained({ ...common, inside_interval: metered - atMost })

  const inside = metered < atLeast ? atLeast - atMost : 0n
  const rest = metered > atMost ? metered - atMost : metered - atLeast
  return explained({ ...common, inside_interval: inside, ...reasonFor(rest, { lines, charges, facts, reached }) })
}

interface Outside {
  lines: MachineLines | null
  charges: readonly Charge[]
  facts: BillFacts
  reached: { from: Instant; until: Instant }
}

/** What lies outside of our interval. */
function reasonFor(rest: bigint, outside: Outside): Partial<Record<DifferenceReason, bigint>> {
  const rounding = allowedRounding(outside)
  if (rest <= rounding && rest >= -rounding) return { rounding: rest }
  const beforeTaken = outside.lines?.beforeTaken ?? 0n
  if (rest > 0n && rest <= beforeTaken + rounding) return { foreign_machine: rest }
  if (rest > 0n && rest <= missingToMinimum(outside) + rounding) return { minimum_period: rest }
  return { unexplained: rest }
}

/** Each of their lines and of our charges is rounded by itself, and where the bill is cut, a begun step may count on either side. */
function allowedRounding({ lines, charges, facts, reached }: Outside): bigint {
  const cut = charges.filter(
    (charge) =>
      charge.startedAfter < reached.until && (charge.endedBefore === null || charge.endedBefore > reached.until),
  )
  return (
    facts.roundsTo * BigInt((lines?.count ?? 0) + 1) +
    BigInt(charges.length) +
    sum(cut.map(({ ratePerHour, stepMs }) => costOver(ratePerHour, stepMs)))
  )
}

function missingToMinimum({ charges, facts: { minimumMs } }: Outside): bigint {
  const gpu = charges.filter(({ kind }) => kind === 'gpu')
  const rate = gpu.reduce((most, { ratePerHour }) => (ratePerHour > most ? ratePerHour : most), noMoney)
  const ranMs = gpu.reduce((ms, one) => ms + Math.max(0, (one.endedAfter ?? one.lastOnAt) - one.startedBefore), 0)
  return costOver(rate, minimumMs - ranMs)
}
