/**
 * The ledger of one machine: what its meters cost, from what the marketplace bills. A charge is one stretch of one meter
 * at one rate. Its ends are instants where the marketplace tells them; otherwise they lie between two looks, and the
 * amount is an interval with the bill inside. It is computed from its ends each time, so computing it again is harmless.
 */

import type { Instance, Launch } from '../instances/instance.ts'
import type { MeterReading } from '../instances/machine.ts'
import { costOver, type Nanos } from '../money.ts'
import type { Instant } from '../time.ts'

export type ChargeKind = MeterReading['kind']

export interface Charge {
  instanceId: Instance['id']
  attempt: number
  kind: ChargeKind
  /** Counts the stretches of one meter of one launch, from 1. */
  sequence: number
  ratePerHour: Nanos
  stepMs: number
  /** It began in between; equal when the marketplace told. */
  startedAfter: Instant
  startedBefore: Instant
  /** It surely ran until here. Before `startedBefore` where the look that saw it first took its time. */
  lastOnAt: Instant
  /** False: it may not have been billed at all, so that it cost nothing at least. */
  certain: boolean
  /** It ended in between; null while it runs. */
  endedAfter: Instant | null
  endedBefore: Instant | null
}

/**
 * The most it can have cost by `now`, which is what budgets count, and the least. While it runs, only the last look
 * tells that it did; equal when the ends are known.
 */
export function amountOf(charge: Charge, now: Instant): { atMost: Nanos; atLeast: Nanos } {
  const latest = charge.endedBefore ?? Math.max(now, charge.lastOnAt)
  const earliest = charge.endedAfter ?? charge.lastOnAt
  const surelyMs = charge.certain ? Math.max(0, earliest - charge.startedBefore) : 0
  return {
    atMost: costOver(charge.ratePerHour, latest - charge.startedAfter, charge.stepMs),
    atLeast: costOver(charge.ratePerHour, surelyMs, charge.stepMs),
  }
}

export function isExact(charge: Charge): boolean {
  return (
    charge.certain && isExactStart(charge) && charge.endedAfter !== null && charge.endedAfter === charge.endedBefore
  )
}

function isExactStart(charge: Charge): boolean {
  return charge.startedAfter === charge.startedBefore
}

export interface Reading {
  reading: MeterReading
  /** When the look was asked for: what it shows was so at this moment or later. */
  begunAt: Instant
  /** When it was answered: what it shows was so by then. */
  at: Instant
  /** The newest look at which this meter was seen off, or the moment of the launch's intent. */
  seenOffAt: Instant
}

/**
 * The charges of one meter after one more reading. Takes and returns all stretches of that meter, oldest first; only the
 * last can be open. A reading that is older than what is known already changes nothing.
 */
export function withReading(
  known: readonly Charge[],
  { reading, begunAt, at, seenOffAt }: Reading,
  launch: Pick<Launch, 'instanceId' | 'attempt'>,
): readonly Charge[] {
  const newest = known.at(-1)
  if (reading.state === 'unclear' || (newest !== undefined && begunAt < newestFact(newest))) return known
  const charges = withEarlier(known, { reading, begunAt, at, seenOffAt }, launch)
  const last = charges.at(-1)
  const earlier = charges.slice(0, -1)
  const certain = reading.doubtful !== true
  const begin = (before: readonly Charge[], since: Instant | null, offAt = seenOffAt) =>
    begun(before, { ...reading, since }, { begunAt, at, seenOffAt: offAt }, launch)

  if (last === undefined || last.endedBefore !== null) {
    if (reading.state === 'on') return [...charges, begin(charges, toldSince(reading, last))]
    return offAgain(charges, reading, begin)
  }

  const restartedAt = restartOf(last, reading)
  if (restartedAt !== null) {
    const before = [...earlier, ended(last, isExactStart(last) ? last.lastOnAt : last.startedBefore, restartedAt)]
    const again = begin(before, restartedAt)
    if (reading.state === 'on') return [...before, again]
    const off = { ...again, lastOnAt: restartedAt }
    return [...before, ended(off, ...endOf(off, reading, at))]
  }

  const open = { ...last, ...exactStart(last, reading, earlier.at(-1)) }
  if (reading.state === 'off') return [...earlier, ended(open, ...endOf(open, reading, at))]
  // In doubt only because it was coming up, and on ever since by the marketplace's own times.
  const cleared = certain && earlier.length === 0 && isExactStart(open) && reading.since === open.startedAfter
  if (open.ratePerHour !== reading.ratePerHour || (open.certain !== certain && !cleared)) {
    // When the rate changed, or the doubt began or ended, nobody tells: somewhere between the two looks.
    const before = [...earlier, ended(open, open.lastOnAt, at)]
    return [...before, begin(before, null, open.lastOnAt)]
  }
  return [...earlier, { ...open, certain, lastOnAt: Math.max(open.lastOnAt, begunAt) }]
}

/** The machine is gone: whatever still ran ended between the last time it was seen on and now. */
export function withEnd(charges: readonly Charge[], at: Instant): readonly Charge[] {
  return charges.map((charge) => (charge.endedBefore === null ? ended(charge, charge.lastOnAt, at) : charge))
}

export interface UnseenRun {
  kind: ChargeKind
  ratePerHour: Nanos
  stepMs: number
  from: Instant
  until: Instant
}

/**
 * A stretch that no look saw, though it may have been: it began and ended between two looks, so that it cost between
 * nothing and all of the time in between.
 */
export function withUnseen(
  charges: readonly Charge[],
  run: UnseenRun,
  { instanceId, attempt }: Pick<Launch, 'instanceId' | 'attempt'>,
): readonly Charge[] {
  const from = Math.max(run.from, charges.at(-1)?.endedAfter ?? Number.NEGATIVE_INFINITY)
  if (run.until <= from) return charges
  const unseen: Charge = {
    instanceId,
    attempt,
    kind: run.kind,
    sequence: charges.length + 1,
    ratePerHour: run.ratePerHour,
    stepMs: run.stepMs,
    startedAfter: from,
    startedBefore: run.until,
    lastOnAt: from,
    certain: false,
    endedAfter: from,
    endedBefore: run.until,
  }
  return [...charges, unseen]
}

/** What ran and ended between two looks that both saw it off, and of which the marketplace tells all the same. */
function withEarlier(
  charges: readonly Charge[],
  { reading, ...look }: Reading,
  launch: Pick<Launch, 'instanceId' | 'attempt'>,
): readonly Charge[] {
  let all = charges
  for (const { since, until } of reading.earlier ?? []) {
    const last = all.at(-1)
    // What is from before our launch is somebody else's: this machine was adopted.
    const isNew = last === undefined ? since >= look.seenOffAt : last.endedBefore !== null && since >= last.endedBefore
    if (isNew && since < until) all = [...all, ended(begun(all, { ...reading, since }, look, launch), until, until)]
  }
  return all
}

function newestFact(charge: Charge): Instant {
  return Math.max(charge.lastOnAt, charge.endedBefore ?? Number.NEGATIVE_INFINITY)
}

function begun(
  earlier: readonly Charge[],
  reading: MeterReading,
  { begunAt, at, seenOffAt }: { begunAt: Instant; at: Instant; seenOffAt: Instant },
  { instanceId, attempt }: Pick<Launch, 'instanceId' | 'attempt'>,
): Charge {
  const floor = earlier.at(-1)?.endedAfter ?? Number.NEGATIVE_INFINITY
  return {
    instanceId,
    attempt,
    kind: reading.kind,
    sequence: earlier.length + 1,
    ratePerHour: reading.ratePerHour,
    stepMs: reading.stepMs,
    startedAfter: reading.since ?? Math.min(Math.max(seenOffAt, floor), at),
    startedBefore: reading.since ?? at,
    lastOnAt: Math.max(begunAt, reading.since ?? begunAt),
    certain: reading.doubtful !== true,
    endedAfter: null,
    endedBefore: null,
  }
}

/**
 * The start that the marketplace tells, unless it is that of a stretch which is booked already: some tell when the
 * contract began, whatever happened since.
 */
function toldSince({ since }: MeterReading, previous: Charge | undefined): Instant | null {
  if (since === null || previous === undefined) return since
  return since > previous.startedBefore && since >= (previous.endedAfter ?? Number.POSITIVE_INFINITY) ? since : null
}

/** The marketplace told the moment only later: it narrows what we had. */
function exactStart(open: Charge, reading: MeterReading, previous: Charge | undefined): Partial<Charge> {
  const since = toldSince(reading, previous)
  if (since === null || isExactStart(open)) return {}
  return { startedAfter: since, startedBefore: since }
}

/** Switched on after we had seen it on: it was off in between, and this is another stretch. */
function restartOf(open: Charge, { since }: MeterReading): Instant | null {
  const seenOnAt = isExactStart(open) ? open.lastOnAt : open.startedBefore
  return since !== null && since > seenOnAt ? since : null
}

/** Off, as it was before. The marketplace's own times may still tell of an end, or of a whole stretch between two looks. */
function offAgain(
  charges: readonly Charge[],
  { since, until }: MeterReading,
  begin: (before: readonly Charge[], since: Instant) => Charge,
): readonly Charge[] {
  const last = charges.at(-1)
  if (until === null) return charges
  if (since !== null && since < until && since >= (last?.endedBefore ?? Number.NEGATIVE_INFINITY)) {
    return [...charges, ended(begin(charges, since), until, until)]
  }
  if (last === undefined || last.endedAfter === null || last.endedBefore === null) return charges
  const narrows = last.endedAfter < last.endedBefore && until >= last.endedAfter && until <= last.endedBefore
  const isSame = since === null || since <= last.lastOnAt
  return narrows && isSame ? [...charges.slice(0, -1), ended(last, until, until)] : charges
}

/** The told end, unless it is that of an earlier stretch. */
function endOf(open: Charge, { until }: MeterReading, at: Instant): [after: Instant, before: Instant] {
  return until !== null && until >= open.startedBefore ? [until, until] : [open.lastOnAt, at]
}

function ended(charge: Charge, after: Instant, before: Instant): Charge {
  // Only a clock that was turned back makes them stand the other way round.
  return { ...charge, endedAfter: Math.min(after, before), endedBefore: Math.max(after, before) }
}
