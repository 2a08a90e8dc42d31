import type { Instant } from './time.ts'

/** What we know of a marketplace's API from talking to it. */
export interface ProviderHealth {
  /** What its replies call themselves; null where they don't. */
  observedVersion: string | null
  /** When it last answered as we understand it. */
  lastCheckedAt: Instant | null
  deprecation: Deprecation | null
  /** Calls whose last answer we could not read, with when that began and what was wrong. */
  unreadable: Readonly<Record<string, { since: Instant; what: string }>>
}

/** A marketplace said that what we use is going to end. */
export interface Deprecation {
  /** When we first heard of it. */
  noticedAt: Instant
  /** When it stops working, where that was said. */
  sunsetAt: Instant | null
  text: string
  link: string | null
}

export const unknownHealth: ProviderHealth = {
  observedVersion: null,
  lastCheckedAt: null,
  deprecation: null,
  unreadable: {},
}

/** Whether we can go on using it: it answers as we understand it, and what we use has not ended. */
export function isSupported({ unreadable, deprecation }: ProviderHealth, now: Instant): boolean {
  const hasEnded = deprecation?.sunsetAt != null && deprecation.sunsetAt <= now
  return Object.keys(unreadable).length === 0 && !hasEnded
}
