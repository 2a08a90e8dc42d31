import type { Activity } from '../policies/activity.ts'
import { type Instant, minuteMs } from '../time.ts'
import type { Session } from './sessions.ts'

export interface IdleFacts {
  /** The session under way. */
  session: Session
  /** When this face was last told of use. */
  lastActivityAt: Instant | null
  /** What else is known of its use. */
  activity: Pick<Activity, 'activeAt' | 'activeKind' | 'inFlight' | 'inFlightUntil'>
  /** Somebody waits for it to become healthy until then. */
  awaitedUntil: Instant | null
}

/** How long nobody has used it. Coming up is a use, and so is work under way, and somebody who waits for it. */
export function idleMs({ session, lastActivityAt, activity, awaitedUntil }: IdleFacts, now: Instant): number {
  const works = activity.inFlight > 0 ? (activity.inFlightUntil ?? 0) : 0
  // `unclear`: nobody could tell; here it is reports that count.
  const reported = activity.activeKind === 'unclear' ? 0 : (activity.activeAt ?? 0)
  const since = Math.max(session.startedAt, lastActivityAt ?? 0, reported, works, awaitedUntil ?? 0)
  return Math.max(0, now - since)
}

/** Whole minutes until it is stopped; a begun one counts. */
export function minutesLeft(idle: number, timeoutMs: number): number {
  return Math.max(0, Math.ceil((timeoutMs - idle) / minuteMs))
}
