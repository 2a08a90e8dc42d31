/** When the named machine was up, and at which rate: read off what happened to it, so that it can be read again at any time. */

import type { Charge } from '../charges/charge.ts'
import type { Status } from '../instances/status.ts'
import { type Nanos, nanos } from '../money.ts'
import type { Instant } from '../time.ts'

export interface Session {
  startedAt: Instant
  /** Null while it is up. */
  endedAt: Instant | null
  /** Dollars per hour for the whole machine, its disk included: the contract's `dph_total`. */
  ratePerHour: Nanos
}

export interface StatusChange {
  at: Instant
  status: Status | null
}

/**
 * A session begins when it is up and ends when it is not any more, whoever stopped it. While it is being stopped, and while it
 * restarts, it still bills.
 *
 * @param changes  oldest first
 */
export function sessionsFrom(
  changes: readonly StatusChange[],
  rateUntil: (end: Instant | null) => Nanos,
): readonly Session[] {
  const sessions: Session[] = []
  let startedAt: Instant | null = null
  for (const { at, status } of changes) {
    const isUp = status === null ? undefined : upWith[status]
    if (isUp === true) startedAt ??= at
    if (isUp === false && startedAt !== null) {
      sessions.push({ startedAt, endedAt: at, ratePerHour: rateUntil(at) })
      startedAt = null
    }
  }
  if (startedAt !== null) sessions.push({ startedAt, endedAt: null, ratePerHour: rateUntil(null) })
  return sessions
}

/** Whether it is up with a status; undefined: as before. */
const upWith: Record<Status, boolean | undefined> = {
  requested: false,
  launching: false,
  starting: undefined,
  running: true,
  ready: true,
  interrupted: false,
  stopping: undefined,
  stopped: false,
  terminating: undefined,
  terminated: false,
  failed: false,
}

/**
 * GPUs and disk by the newest stretches of the ledger that had begun by then.
 *
 * @returns null while the ledger has none
 */
export function rateFrom(charges: readonly Charge[], until: Instant | null): Nanos | null {
  const newest = (kind: Charge['kind']) =>
    charges
      .filter((charge) => charge.kind === kind && (until === null || charge.startedAfter <= until))
      .reduce<Charge | undefined>(
        (last, one) => (last === undefined || one.startedAfter >= last.startedAfter ? one : last),
        undefined,
      )
  const gpu = newest('gpu')
  return gpu === undefined ? null : nanos(gpu.ratePerHour + (newest('disk')?.ratePerHour ?? 0n))
}
