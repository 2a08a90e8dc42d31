import { hourMs, type Instant, minuteMs } from '../time.ts'

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** For people: `12 min`, `3 h`, `3 h 5 min`; rounded down to minutes. */
export function spanText(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / minuteMs)
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60
  return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`
}

/** `14:20 UTC` */
export function timeText(at: Instant): string {
  return `${new Date(at).toISOString().slice(11, 16)} UTC`
}

/** `Tuesday 14:20 UTC` within the next six days, else `2026-11-24 14:20 UTC`: a weekday alone would be the wrong one. */
export function momentText(at: Instant, now: Instant): string {
  const isNear = at - now < 6 * 24 * hourMs
  const day = isNear ? days[new Date(at).getUTCDay()] : new Date(at).toISOString().slice(0, 10)
  return `${day} ${timeText(at)}`
}
