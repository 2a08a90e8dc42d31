import type { Instant } from '../time.ts'

/** One try of one call to a marketplace. */
export interface Operation {
  at: Instant
  provider: string
  account: string
  /** As the client names it: `launch`. */
  operation: string
  method: string
  /** Without ids and without the query, where some APIs want a key. */
  path: string
  /** The parts of the path as they were: the id of a machine may be among them. */
  parts: readonly string[]
  /** Of the launch, where the call carried it. */
  label: string | null
  durationMs: number
  /** HTTP; null without a reply. */
  status: number | null
  /** `2xx`, `429`, or the trouble that left no reply. */
  outcome: string
  /** Without secrets. */
  error: string | null
  /** 1 for the first try, 2 for its repeat. */
  attempt: number
}

/** `/api/v0/instances/30114277/` becomes `/api/v0/instances/:id/`. */
export function pathTemplate(pathname: string): string {
  return pathname
    .split('/')
    .map((part) => (isId(part) ? ':id' : part))
    .join('/')
}

/** A guess: numbers, and longer words with a digit in them, but no versions and no names. */
function isId(part: string): boolean {
  return /^\d+$/.test(part) || (part.length >= 8 && /\d/.test(part)) || part.length > 40
}

export function labelIn(text: string): string | null {
  return /gf-[0-9a-z]{1,20}-[0-9a-z]{16}-\d{1,6}/.exec(text)?.[0] ?? null
}
