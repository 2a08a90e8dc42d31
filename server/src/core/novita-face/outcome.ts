import type { Instance } from '../instances/instance.ts'
import { reasons } from '../instances/status.ts'
import { type Instant, minuteMs } from '../time.ts'
import type { NovitaRequest, Outcome } from './request.ts'

export interface Verdict {
  outcome: Outcome
  message: string | null
}

/** What has become of a creation; null: it is still under way. */
export function verdictOn(
  { madeAt, deadlineAt }: Pick<NovitaRequest, 'madeAt' | 'deadlineAt'>,
  instance: Pick<Instance, 'status' | 'because' | 'wanted' | 'message'>,
  { readyAt, now }: { readyAt: Instant | null; now: Instant },
): Verdict | null {
  const { status, because, wanted, message } = instance
  if (status === 'ready' || readyAt !== null) return { outcome: 'ready', message: null }
  const why = message ?? reasons[because]
  if (status === 'failed') return { outcome: 'failed', message: why }
  if (wanted !== 'up') return { outcome: 'ended', message: why }
  // Its own policies ended it: nobody who waits for it has asked for that.
  if (status === 'terminating' || status === 'terminated') return { outcome: 'failed', message: why }
  // One that is up and loads its model has a limit of its own: that of its health check.
  if (now < deadlineAt || status === 'running') return null
  return { outcome: 'timeout', message: `Instance failed to start within ${minutesText(deadlineAt - madeAt)}` }
}

function minutesText(ms: number): string {
  const minutes = Math.round((ms / minuteMs) * 10) / 10
  return minutes === 1 ? '1 minute' : `${minutes} minutes`
}
