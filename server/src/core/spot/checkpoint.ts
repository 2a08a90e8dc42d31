import type { Policies } from '../instances/instance.ts'
import { type Instant, secondMs } from '../time.ts'

/** What is written down of the last checkpoint of a machine. */
export interface CheckpointFacts {
  checkpointStartedAt: Instant | null
  checkpointEndedAt: Instant | null
}

export type CheckpointStep =
  | 'not_needed'
  | 'start'
  /** It runs, and its time is not over. */
  | 'wait'
  /** It ended, or nobody heard of its end in time. Nothing waits for it any more. */
  | 'over'

/** Beside its own limit: connecting, and the answer's way back. */
export const checkpointGraceMs = 45 * secondMs

/**
 * What to do about the checkpoint of a machine before it is taken, stopped or ended. It is given one try for each occasion,
 * and its limit holds whatever happens: nothing keeps a machine from its end for longer.
 *
 * @param since  when the occasion came up: the announcement, or the moment from which it is to stop
 */
export function checkpointStep(
  policy: Policies['checkpoint'],
  { checkpointStartedAt: startedAt, checkpointEndedAt: endedAt }: CheckpointFacts,
  { since, now, canRun }: { since: Instant; now: Instant; canRun: boolean },
): CheckpointStep {
  if (policy === null) return 'not_needed'
  const elapsedMs = startedAt === null ? null : now - startedAt
  // A clock that was set back must not make it wait for ever.
  const isInTime = elapsedMs !== null && elapsedMs >= 0 && elapsedMs < policy.timeoutMs + checkpointGraceMs
  // One that began for an earlier occasion serves this one too.
  if (endedAt === null && isInTime) return 'wait'
  // Whether it began before or after a moment that is still to come cannot be told: it is not run again and again.
  if (startedAt !== null && (startedAt >= since || since > now)) return 'over'
  return canRun ? 'start' : 'not_needed'
}
