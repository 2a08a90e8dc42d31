import type { Instant } from './time.ts'

/** What we know of a marketplace's API from talking to it. */
export interface ProviderHealth {
  /** What its replies call themselves; null where they don't. */
  observedVersion: string | null
  /** By call: the version that it answers from now, and all that it has answered from. */
  versions: Readonly<Record<string, SeenVersions>>
  /** When it last answered as we understand it. */
  lastCheckedAt: Instant | null
  /** One for each day on which something ends. */
  deprecations: readonly Deprecation[]
  /** Calls whose last answer we could not read, with when that began and what was wrong. */
  unreadable: Readonly<Record<string, { since: Instant; what: string }>>
}

export interface SeenVersions {
  current: string
  seen: readonly string[]
}

/** A marketplace said that what we use is going to end. */
export interface Deprecation {
  /** When we first heard of it. */
  noticedAt: Instant
  /** When it stops working, where that was said. */
  sunsetAt: Instant | null
  /** The calls of which it was said. */
  operations: readonly string[]
  text: string
  link: string | null
}

export const unknownHealth: ProviderHealth = {
  observedVersion: null,
  versions: {},
  lastCheckedAt: null,
  deprecations: [],
  unreadable: {},
}

/**
 * Whether we can go on using it: it answers as we understand it and from a version that we know, and what we use has not
 * ended.
 *
 * @param known  versions that its client is written for; none: whichever it answers from
 */
export function isSupported(health: ProviderHealth, now: Instant, known?: readonly string[]): boolean {
  const hasEnded = health.deprecations.some(({ sunsetAt }) => sunsetAt !== null && sunsetAt <= now)
  return Object.keys(health.unreadable).length === 0 && !hasEnded && strangeVersions(health, known).length === 0
}

/** Versions that it answers from now and that its client is not written for. */
export function strangeVersions({ versions }: ProviderHealth, known?: readonly string[]): string[] {
  const current = new Set(Object.values(versions).map((one) => one.current))
  return [...current].filter((version) => !isKnownVersion(version, known))
}

/** `1`, `v1` and `1.10.0` are all version 1. */
export function isKnownVersion(version: string, known?: readonly string[]): boolean {
  return known === undefined || known.length === 0 || known.some((one) => majorOf(one) === majorOf(version))
}

function majorOf(version: string): string {
  const text = version.trim().toLowerCase()
  return /^v?(\d{1,3})(\.\d+)*$/.exec(text)?.[1] ?? text
}

/** What ends first; what ends on no known day comes last. */
export function nextEnd({ deprecations }: ProviderHealth): Deprecation | null {
  const endOf = ({ sunsetAt }: Deprecation) => sunsetAt ?? Number.POSITIVE_INFINITY
  return [...deprecations].sort((one, other) => (endOf(one) < endOf(other) ? -1 : 1))[0] ?? null
}
