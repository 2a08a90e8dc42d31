import type { Instance } from '../instances/instance.ts'
import { reasons } from '../instances/status.ts'
import { type Instant, minuteMs } from '../time.ts'
import type { NovitaRequest, Outcome } from './request.ts'

export interface Verdict {
  outcome: Outcome
  message: string | null
}

export interface VerdictFacts {
  /** When it was first ready; null: it never was. */
  readyAt: Instant | null
  /** Since when this process has looked after instances. */
  watchedSince: Instant
  now: Instant
}

/** Longer than a launch whose answer was lost takes to show up at the marketplace. */
const firstLooksMs = 5 * minuteMs

/** What has become of a creation; null: it is still under way. */
export function verdictOn(
  request: Pick<NovitaRequest, 'madeAt' | 'deadlineAt'>,
  instance: Pick<Instance, 'status' | 'because' | 'wanted' | 'message' | 'launch'>,
  facts: VerdictFacts,
): Verdict | null {
  const { madeAt, deadlineAt } = request
  const { readyAt, now } = facts
  const { status, because, wanted, message } = instance
  if (status === 'ready' || readyAt !== null) return { outcome: 'ready', message: null }
  const why = message ?? reasons[because]
  if (status === 'failed') return { outcome: 'failed', message: why }
  if (wanted !== 'up') return { outcome: 'ended', message: why }
  // Its own policies ended it: nobody who waits for it has asked for that.
  if (status === 'terminating' || status === 'terminated') return { outcome: 'failed', message: why }
  // One that is up and loads its model has a limit of its own: that of its health check.
  if (now < deadlineAt || status === 'running' || !isKnownSince(request, instance, facts)) return null
  return { outcome: 'timeout', message: `Instance failed to start within ${minutesText(deadlineAt - madeAt)}` }
}

/**
 * Whether anybody has looked since the deadline. What stands here may be older than a stop of the server, or come from a
 * backup: the machine may have been up for long, and in use.
 */
function isKnownSince(
  { madeAt, deadlineAt }: Pick<NovitaRequest, 'madeAt' | 'deadlineAt'>,
  { launch }: Pick<Instance, 'launch'>,
  { watchedSince, now }: VerdictFacts,
): boolean {
  const hasMachine = launch?.abandonedAt === null && launch.settledAt === null && launch.externalId !== null
  if (hasMachine) {
    return launch.lastSeenAt !== null && launch.lastSeenAt >= deadlineAt
  }
  // There is no machine to be seen; one that was rented just before a crash is found by its label.
  return madeAt >= watchedSince || now >= watchedSince + firstLooksMs
}

function minutesText(ms: number): string {
  const minutes = Math.round((ms / minuteMs) * 10) / 10
  return minutes === 1 ? '1 minute' : `${minutes} minutes`
}
