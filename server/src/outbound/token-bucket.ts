import type { Instant } from '../core/time.ts'
import type { LimitRule } from './outbound.ts'

/**
 * The arithmetic of one rate limit: when the next call may leave. It waits for nothing and knows no clock.
 *
 * Two rules at once: a token bucket spreads the calls, and the memory of the last `calls` of them keeps every stretch of
 * `windowMs` within the limit, which a bucket alone does not do after a burst.
 */
export class TokenBucket {
  #rule: LimitRule
  /** When the bucket is full again. All the bucket's state is in this one number (the "generic cell rate algorithm"). */
  #fullAt: Instant
  /** When calls left, oldest first, at most `calls` of them. */
  #taken: Instant[] = []
  #lastSeen: Instant

  #pauses = 0
  #pausedAt: Instant = Number.NEGATIVE_INFINITY

  /** @param emptySince  starts without tokens, as if the last one had been taken then; null starts with a full bucket */
  constructor(rule: LimitRule, now: Instant, emptySince: Instant | null) {
    this.#rule = checked(rule)
    this.#lastSeen = now
    this.#fullAt = emptySince === null ? now : emptySince + rule.burst * this.#intervalMs
  }

  /** A limit that was changed while we run. What was taken stays taken. */
  setRule(rule: LimitRule): void {
    if (rule !== this.#rule) this.#rule = checked(rule)
  }

  /**
   * When a call may leave, `now` or later.
   *
   * @param ahead  how many other calls go first
   */
  availableAt(now: Instant, ahead = 0): Instant {
    this.#follow(now)
    const { calls, windowMs, burst } = this.#rule
    const byBucket = Math.max(this.#fullAt, now) + (ahead - burst + 1) * this.#intervalMs
    const leaver = this.#taken[this.#taken.length - calls + ahead]
    const byWindow = leaver === undefined ? now : leaver + windowMs
    return Math.max(now, byBucket, byWindow)
  }

  take(now: Instant): void {
    this.#follow(now)
    this.#fullAt = Math.max(this.#fullAt, now) + this.#intervalMs
    this.#taken.push(now)
    if (this.#taken.length > this.#rule.calls) this.#taken.shift()
  }

  /** Nothing leaves before `until`; then one call, and the others at their usual pace. */
  holdUntil(until: Instant): void {
    this.#fullAt = Math.max(this.#fullAt, until + (this.#rule.burst - 1) * this.#intervalMs)
  }

  /**
   * A call that left at `sentAt` was refused, and the refusal did not say for how long: a pause that doubles each time.
   * Refusals of calls that left before the last pause began are news of the same trouble and do not double it.
   */
  pause(now: Instant, sentAt: Instant): void {
    if (sentAt >= this.#pausedAt) {
      this.#pauses += 1
      this.#pausedAt = now
    }
    this.holdUntil(this.#pausedAt + Math.min(firstPauseMs * 2 ** (this.#pauses - 1), longestPauseMs))
  }

  /** A call that left after the last pause was not refused: the next pause starts small again. */
  resume(sentAt: Instant): void {
    if (sentAt >= this.#pausedAt) this.#pauses = 0
  }

  get #intervalMs(): number {
    return this.#rule.windowMs / this.#rule.calls
  }

  /** When the clock is set back, everything moves with it; otherwise an hour back would be an hour's pause. */
  #follow(now: Instant): void {
    const backMs = this.#lastSeen - now
    this.#lastSeen = now
    if (backMs <= 0) return
    this.#fullAt -= backMs
    this.#pausedAt -= backMs
    this.#taken = this.#taken.map((instant) => instant - backMs)
  }
}

const firstPauseMs = 1_000
const longestPauseMs = 60_000

function checked(rule: LimitRule): LimitRule {
  const { name, calls, windowMs, burst } = rule
  if (!(Number.isInteger(calls) && calls >= 1 && windowMs > 0 && Number.isInteger(burst) && burst >= 1)) {
    throw new RangeError(`The limit ${name} needs whole calls and burst of 1 or more, and a windowMs above 0.`)
  }
  return rule
}
