/** The contract's figures: ordinary double arithmetic, rounded as Python does. */

import { usdNumber } from '../money.ts'
import { pythonFixed, pythonRound } from '../python-numbers.ts'
import { hourMs, type Instant, minuteMs } from '../time.ts'
import type { Session } from './sessions.ts'

export interface SessionFigures {
  runtimeMinutes: number
  costUsd: number
}

export const noSession: SessionFigures = { runtimeMinutes: 0, costUsd: 0 }

export function figuresOf(session: Session, now: Instant): SessionFigures {
  return {
    runtimeMinutes: pythonRound(lengthMs(session, now) / minuteMs, 1),
    costUsd: pythonRound(costOf(session, now), 2),
  }
}

export interface Totals {
  runtimeHours: number
  costUsd: number
  sessions: number
  averageMinutes: number
}

/** Rounded once, at the end: five sessions of $1.125 are $5.62. What is up now counts so far. */
export function totalsOf(sessions: readonly Session[], now: Instant): Totals {
  const ms = sessions.reduce((sum, one) => sum + lengthMs(one, now), 0)
  const usd = sessions.reduce((sum, one) => sum + costOf(one, now), 0)
  return {
    runtimeHours: pythonRound(ms / hourMs, 2),
    costUsd: pythonRound(usd, 2),
    sessions: sessions.length,
    averageMinutes: sessions.length === 0 ? 0 : pythonRound(ms / minuteMs / sessions.length, 1),
  }
}

/** The cents have three decimals there: `$0.340`. */
export function stoppedMessage({ runtimeMinutes, costUsd }: SessionFigures): string {
  return `Instance stopped. Session: ${pythonFixed(runtimeMinutes, 1)} min, $${pythonFixed(costUsd, 3)}`
}

function lengthMs({ startedAt, endedAt }: Session, now: Instant): number {
  return Math.max(0, (endedAt ?? now) - startedAt)
}

function costOf(session: Session, now: Instant): number {
  return (lengthMs(session, now) / hourMs) * usdNumber(session.ratePerHour)
}
