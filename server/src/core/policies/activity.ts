import type { Instant } from '../time.ts'

/** What is remembered of the use of one instance. It outlives a restart, a relaunch and the death of the process. */
export interface Activity {
  /** The newest sign of use. */
  activeAt: Instant | null
  /** What the sign was: what its reporter called it; `gpu`; `unclear` where nobody could tell. */
  activeKind: string | null
  /** Pieces of work under way, by the last report of them; it holds until `inFlightUntil`. */
  inFlight: number
  inFlightUntil: Instant | null
  /** When use was last reported in so many words. Null: whether the GPU works is the only sign there is. */
  reportedAt: Instant | null
  /** When it was last first ready: after its launch, or after it was started again. */
  readyAt: Instant | null
  snoozedUntil: Instant | null
  /** When people were last told that it is about to stop, or to end. */
  idleWarnedAt: Instant | null
  leaseWarnedAt: Instant | null
  /** The first time that any of its machines was up. */
  firstUpAt: Instant | null
}

export const noActivity: Activity = {
  activeAt: null,
  activeKind: null,
  inFlight: 0,
  inFlightUntil: null,
  reportedAt: null,
  readyAt: null,
  snoozedUntil: null,
  idleWarnedAt: null,
  leaseWarnedAt: null,
  firstUpAt: null,
}
