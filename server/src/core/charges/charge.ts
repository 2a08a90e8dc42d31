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
  /** It surely ran until here. */
  lastOnAt: Instant
  /** It ended in between; null while it runs. */
  endedAfter: Instant | null
  endedBefore: Instant | null
}

/** The most it can have cost by `now`, which is what budgets count, and the least. Equal when the ends are known. */
export function amountOf(charge: Charge, now: Instant): { atMost: Nanos; atLeast: Nanos } {
  const latest = charge.endedBefore ?? now
  const earliest = charge.endedAfter ?? (isExactStart(charge) ? now : charge.lastOnAt)
  return {
    atMost: costOver(charge.ratePerHour, latest - charge.startedAfter, charge.stepMs),
    atLeast: costOver(charge.ratePerHour, earliest - charge.startedBefore, charge.stepMs),
  }
}

export function isExact(charge: Charge): boolean {
  return isExactStart(charge) && charge.endedAfter !== null && charge.endedAfter === charge.endedBefore
}

function isExactStart(charge: Charge): boolean {
  return charge.startedAfter === charge.startedBefore
}

export interface Reading {
  reading: MeterReading
  at: Instant
  /** The look before this one at which the meter was seen off, or the moment of the launch's intent. */
  seenOffAt: Instant
}

/**
 * The charges of one meter after one more reading. Takes and returns all stretches of that meter, oldest first; only the
 * last can be open.
 */
export function withReading(
  charges: readonly Charge[],
  { reading, at, seenOffAt }: Reading,
  launch: Pick<Launch, 'instanceId' | 'attempt'>,
): readonly Charge[] {
  const last = charges.at(-1)
  const open = last !== undefined && last.endedBefore === null ? last : undefined
  const closed = open === undefined ? charges : charges.slice(0, -1)

  switch (reading.state) {
    case 'unclear':
      return charges
    case 'on':
      if (open === undefined) return [...charges, begun(closed, reading, at, seenOffAt, launch)]
      if (isAnotherStretch(open, reading)) {
        const before = ended(open, open.lastOnAt, reading.since ?? at)
        return [...closed, before, begun([...closed, before], reading, at, open.lastOnAt, launch)]
      }
      if (open.ratePerHour !== reading.ratePerHour) {
        const before = ended(open, open.lastOnAt, at)
        return [...closed, before, begun([...closed, before], { ...reading, since: null }, at, open.lastOnAt, launch)]
      }
      return [...closed, { ...open, ...exactStart(reading, open), lastOnAt: Math.max(at, open.lastOnAt) }]
    case 'off':
      if (open !== undefined) return [...closed, { ...open, ...exactStart(reading, open), ...endOf(open, reading, at) }]
      // A whole stretch between two looks: only the marketplace's own times can tell of it.
      if (isNewStretch(last, reading))
        return [...charges, ended(begun(charges, reading, at, seenOffAt, launch), at, at, reading)]
      return charges
  }
}

/** The machine is gone: whatever still ran ended between the last time it was seen on and now. */
export function withEnd(charges: readonly Charge[], at: Instant): readonly Charge[] {
  return charges.map((charge) => (charge.endedBefore === null ? ended(charge, charge.lastOnAt, at) : charge))
}

function begun(
  earlier: readonly Charge[],
  reading: MeterReading,
  at: Instant,
  seenOffAt: Instant,
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
    lastOnAt: Math.max(at, reading.since ?? at),
    endedAfter: null,
    endedBefore: null,
  }
}

function exactStart(reading: MeterReading, open: Charge): Partial<Charge> {
  // The marketplace told the moment only later: it narrows what we had, if it is the same stretch.
  if (reading.since === null || isExactStart(open)) return {}
  return { startedAfter: reading.since, startedBefore: reading.since }
}

/** Switched on after we had last seen it on: it was off in between. */
function isAnotherStretch(open: Charge, reading: MeterReading): boolean {
  return reading.since !== null && reading.since > open.lastOnAt
}

function isNewStretch(last: Charge | undefined, reading: MeterReading): boolean {
  if (reading.since === null || reading.until === null || reading.until <= reading.since) return false
  return last === undefined || reading.since >= (last.endedBefore ?? Number.POSITIVE_INFINITY)
}

function endOf(open: Charge, reading: MeterReading, at: Instant): Partial<Charge> {
  const until = reading.until !== null && reading.until >= open.startedAfter ? reading.until : null
  return { endedAfter: until ?? open.lastOnAt, endedBefore: until ?? at }
}

function ended(charge: Charge, after: Instant, before: Instant, reading?: MeterReading): Charge {
  const until = reading?.until ?? null
  return { ...charge, endedAfter: until ?? Math.min(after, before), endedBefore: until ?? before }
}
