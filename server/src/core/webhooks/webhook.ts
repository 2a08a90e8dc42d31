import { hourMs, type Instant, minuteMs, secondMs } from '../time.ts'

/** How a delivery is signed and worded: as Standard Webhooks say, or as contract 002 does. */
export const webhookStyles = ['standard', 'contract002'] as const
export type WebhookStyle = (typeof webhookStyles)[number]

/** What an event is called outside: `instance.ready`, `instance.alarm`, `fleet.changed`. */
export function webhookType(event: { instanceId: string | null; kind: string; status: string | null }): string {
  if (event.instanceId === null) return `fleet.${event.kind}`
  return `instance.${event.kind === 'status' && event.status !== null ? event.status : event.kind}`
}

/** `*` is everything, `instance.*` whatever begins so, everything else that one type. No patterns at all: everything. */
export function wants(patterns: readonly string[], type: string): boolean {
  if (patterns.length === 0) return true
  return patterns.some(
    (pattern) =>
      pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))),
  )
}

/** Waits before the second try, the third, and so on; after the last one it is a dead letter. */
const waitsMs: Record<WebhookStyle, readonly number[]> = {
  standard: [
    5 * secondMs,
    5 * minuteMs,
    30 * minuteMs,
    2 * hourMs,
    5 * hourMs,
    10 * hourMs,
    14 * hourMs,
    20 * hourMs,
    24 * hourMs,
  ],
  // The contract's own: three tries, doubling from a second.
  contract002: [1 * secondMs, 2 * secondMs],
}

/**
 * @param tries   how many there have been
 * @param chance  from 0 to 1: up to a fifth is added, so that not everything comes back at once
 * @returns when to try again; null: never
 */
export function nextTryAt(style: WebhookStyle, tries: number, now: Instant, chance: number): Instant | null {
  const wait = waitsMs[style][tries - 1]
  if (wait === undefined) return null
  return now + wait + (style === 'standard' ? Math.floor((wait / 5) * chance) : 0)
}

/** What a try came to. */
export type DeliveryResult =
  | { kind: 'delivered'; status: number }
  | { kind: 'gone'; status: number } // 410: nobody wants these any more
  | { kind: 'failed'; status: number | null; error: string; final: boolean }

/** How long an older secret still signs after it was replaced. */
export const rotationMs = 24 * hourMs
