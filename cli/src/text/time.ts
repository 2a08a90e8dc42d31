const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** `12 s ago`, `3 min ago`, `2 h ago`, `5 days ago`; `in 3 h` for what is to come. */
export function ago(iso: string, now: number): string {
  const ms = now - Date.parse(iso)
  if (Math.abs(ms) < second) return 'just now'
  return ms > 0 ? `${roughly(ms)} ago` : `in ${roughly(-ms)}`
}

/** `45 s`, `3 min`, `2 h`, `5 days`: one unit, rounded down. */
export function roughly(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / second)} s`
  if (ms < hour) return `${Math.floor(ms / minute)} min`
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`
  return `${Math.floor(ms / day)} days`
}

/** `45 s`, `1 min 30 s`, `2 h 5 min`, `3 days 4 h`: two units. */
export function duration(ms: number): string {
  const [big, small] = unitsOf(Math.max(0, ms))
  return small === undefined || small.count === 0
    ? `${big.count} ${big.name}`
    : `${big.count} ${big.name} ${small.count} ${small.name}`
}

interface Unit {
  count: number
  name: string
}

function unitsOf(ms: number): [Unit, Unit?] {
  const whole = (length: number, of = ms) => Math.floor(of / length)
  if (ms < minute) return [unit(whole(second), 's')]
  if (ms < hour) return [unit(whole(minute), 'min'), unit(whole(second, ms % minute), 's')]
  if (ms < day) return [unit(whole(hour), 'h'), unit(whole(minute, ms % hour), 'min')]
  const days = whole(day)
  return [unit(days, days === 1 ? 'day' : 'days'), unit(whole(hour, ms % day), 'h')]
}

function unit(count: number, name: string): Unit {
  return { count, name }
}

/** `1:05` minutes and seconds since the start, for a list of what happened in a row. */
export function stopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / second))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** `2026-11-21 03:04:05` where the reader is. */
export function localTime(iso: string): string {
  const at = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}
