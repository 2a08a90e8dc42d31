/** Milliseconds since 1970 UTC. ISO text only at the edges. */
export type Instant = number

export const secondMs = 1_000
export const minuteMs = 60_000
export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** Time comes in from outside, so that nothing waits for real time in a test. */
export interface Clock {
  now(): Instant
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export function isoFrom(instant: Instant): string {
  return new Date(instant).toISOString()
}
