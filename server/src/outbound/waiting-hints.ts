import type { Instant } from '../core/time.ts'

/** What a reply says about when to come back. */
export interface WaitingHints {
  /** The longest wait that anything in the reply asks for; null when nothing does. */
  retryAfterMs: number | null
  /** How long until a window that this reply has used up opens again; null when there is something left. */
  exhaustedForMs: number | null
}

export interface HintedReply {
  status: number
  headers: Readonly<Record<string, string>>
  text: string
  json: unknown
}

/**
 * Reads `Retry-After`, the IETF draft's `RateLimit` with `RateLimit-Policy`, the older `RateLimit-Remaining` and
 * `X-RateLimit-Remaining` with their `-Reset`, and in refusals the body.
 *
 * @source  RFC 9110 section 10.2.3 · draft-ietf-httpapi-ratelimit-headers (revisions 7 and 10 differ; both are read) ·
 *          Vast's 429 bodies, which name a `threshold` in seconds or a `retry_after` (seen in production, 2026-10)
 */
export function waitingHints(reply: HintedReply, now: Instant): WaitingHints {
  const exhausted = [...exhaustedWindowsMs(reply.headers), ...exhaustedByRemainingMs(reply.headers, now)]
  const stated = retryAfterHeaderMs(reply.headers['retry-after'], now) ?? (reply.status === 429 ? bodyMs(reply) : null)
  return {
    retryAfterMs: longest(stated === null ? exhausted : [stated, ...exhausted]),
    exhaustedForMs: longest(exhausted),
  }
}

/** Nobody means more than a day, and a mistake must not stop us for longer. */
const longestHintMs = 24 * 3_600_000

function longest(waitsMs: readonly number[]): number | null {
  return waitsMs.length === 0 ? null : Math.min(longestHintMs, Math.max(0, ...waitsMs))
}

function retryAfterHeaderMs(value: string | undefined, now: Instant): number | null {
  if (value === undefined) return null
  const ms = secondsMs(value)
  if (ms !== null) return ms
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

/** `"minute";r=0;t=12, "hour";r=2800;t=1812`, or in revision 7 `limit=60, remaining=0, reset=12`. */
function exhaustedWindowsMs(headers: Readonly<Record<string, string>>): number[] {
  const value = headers.ratelimit
  if (value === undefined) return []

  if (/\bremaining\s*=/.test(value)) {
    const { remaining, reset } = paramsOf(value.replaceAll(',', ';'))
    return remaining === 0 && reset !== undefined ? [reset * 1000] : []
  }

  const windowSeconds = new Map(itemsOf(headers['ratelimit-policy'] ?? '').map(({ name, params }) => [name, params.w]))
  return itemsOf(value).flatMap(({ name, params }) => {
    // Without a reset the whole window is the safe reading.
    const seconds = params.t ?? windowSeconds.get(name)
    return params.r === 0 && seconds !== undefined ? [seconds * 1000] : []
  })
}

function exhaustedByRemainingMs(headers: Readonly<Record<string, string>>, now: Instant): number[] {
  return ['ratelimit', 'x-ratelimit'].flatMap((prefix) => {
    if (Number.parseInt(headers[`${prefix}-remaining`] ?? '', 10) !== 0) return []
    const resetMs = resetInMs(headers[`${prefix}-reset`], now)
    return resetMs === null ? [] : [resetMs]
  })
}

/** `X-RateLimit-Reset` was never specified: seconds to go, a Unix time in seconds or one in milliseconds. Size tells. */
function resetInMs(value: string | undefined, now: Instant): number | null {
  const ms = secondsMs(value ?? '')
  if (ms === null) return null
  const number = ms / 1000
  if (number > 1e12) return Math.max(0, number - now)
  if (number > 1e9) return Math.max(0, ms - now)
  return ms
}

function bodyMs({ text, json }: HintedReply): number | null {
  const threshold = /\bthreshold\s*=\s*(\d+(?:\.\d+)?)/.exec(text)?.[1]
  if (threshold !== undefined) return secondsMs(threshold)
  if (typeof json !== 'object' || json === null || !('retry_after' in json)) return null
  return secondsMs(String(json.retry_after))
}

function secondsMs(text: string): number | null {
  return /^\s*\d+(\.\d+)?\s*$/.test(text) ? Math.ceil(Number(text) * 1000) : null
}

function itemsOf(header: string): { name: string; params: Record<string, number> }[] {
  return header.split(',').map((item) => {
    const [name = '', ...params] = item.split(';')
    return { name: name.trim().replaceAll('"', ''), params: paramsOf(params.join(';')) }
  })
}

function paramsOf(text: string): Record<string, number> {
  const pairs = text.split(';').flatMap((pair) => {
    const [name = '', value = ''] = pair.split('=')
    const number = Number(value.trim())
    return value.trim() === '' || Number.isNaN(number) ? [] : [[name.trim(), number] as const]
  })
  return Object.fromEntries(pairs)
}
