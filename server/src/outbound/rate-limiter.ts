import type { Clock, Instant } from '../core/time.ts'
import type { LimitRule, Urgency } from './outbound.ts'
import { TokenBucket } from './token-bucket.ts'

export interface RateLimiterOptions {
  clock: Clock
  longestWaitMs: number
  /** Every limit is without tokens at this moment, because an earlier process may have used them until then. Null: full. */
  coldSince: Instant | null
}

/** The wait would be, or has become, too long. */
export class WaitTooLong extends Error {
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super(`the rate limit allows it in ${Math.ceil(retryAfterMs / 1000)} s`)
    this.name = 'WaitTooLong'
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * The queue before the limits of one account.
 *
 * A call leaves at a moment when all its limits allow it, and takes from all of them then: taking from one and waiting for
 * another would make calls leave closer together than the first allows. Orders leave before looks, and looks before
 * reading the market; among equals, in the order in which they came. One that waits for a scarcer limit (a launch) does
 * not hold up those that do not need it (a look).
 */
export class RateLimiter {
  readonly #clock: Clock
  readonly #longestWaitMs: number
  readonly #coldSince: Instant | null
  readonly #buckets = new Map<string, TokenBucket>()
  /** In the order in which they came. */
  #queue: Waiter[] = []
  #alarm: { at: Instant; off: AbortController } | null = null

  constructor({ clock, longestWaitMs, coldSince }: RateLimiterOptions) {
    this.#clock = clock
    this.#longestWaitMs = longestWaitMs
    this.#coldSince = coldSince
  }

  /**
   * Resolves when the call may leave, in the same turn.
   *
   * @throws WaitTooLong, or the signal's reason
   */
  pass(rules: readonly LimitRule[], { urgency = 'look', signal }: PassOptions = {}): Promise<void> {
    const buckets = this.#bucketsOf(rules)
    const now = this.#clock.now()
    const estimateMs = this.#availableAt(buckets, now, (bucket) => this.#ahead(bucket, urgency, now)) - now
    if (estimateMs > this.#longestWaitMs) return Promise.reject(new WaitTooLong(estimateMs))

    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const giveUp = () => {
        this.#queue = this.#queue.filter((other) => other !== waiter)
        reject(signal?.reason)
        this.#advance()
      }
      const done = () => signal?.removeEventListener('abort', giveUp)
      const waiter: Waiter = {
        buckets,
        urgency,
        since: now,
        deadline: now + this.#longestWaitMs,
        resolve,
        reject,
        done,
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#queue.push(waiter)
      this.#advance()
    })
  }

  /** Nothing that needs one of these limits leaves for this long. */
  hold(rules: readonly LimitRule[], ms: number): void {
    const until = this.#clock.now() + ms
    for (const bucket of this.#bucketsOf(rules)) bucket.holdUntil(until)
    this.#advance()
  }

  /** As `hold`, for a pause that doubles with each refusal. */
  pause(rules: readonly LimitRule[], sentAt: Instant): void {
    for (const bucket of this.#bucketsOf(rules)) bucket.pause(this.#clock.now(), sentAt)
    this.#advance()
  }

  resume(rules: readonly LimitRule[], sentAt: Instant): void {
    for (const bucket of this.#bucketsOf(rules)) bucket.resume(sentAt)
  }

  #bucketsOf(rules: readonly LimitRule[]): TokenBucket[] {
    return rules.map((rule) => {
      const known = this.#buckets.get(rule.name)
      if (known) {
        known.setRule(rule)
        return known
      }
      const bucket = new TokenBucket(rule, this.#clock.now(), this.#coldSince)
      this.#buckets.set(rule.name, bucket)
      return bucket
    })
  }

  /** How many that wait for it go before a call that comes now. */
  #ahead(bucket: TokenBucket, urgency: Urgency, now: Instant): number {
    const place = places[urgency]
    return this.#queue.filter((waiter) => waiter.buckets.includes(bucket) && placeOf(waiter, now) <= place).length
  }

  #availableAt(
    buckets: readonly TokenBucket[],
    now: Instant,
    ahead: (bucket: TokenBucket) => number = () => 0,
  ): Instant {
    return buckets.reduce((latest, bucket) => Math.max(latest, bucket.availableAt(now, ahead(bucket))), now)
  }

  /** Lets go whoever may go, turns away whoever would wait too long, and sets the alarm for the next of either. */
  #advance(): void {
    const now = this.#clock.now()
    const gone = new Set<Waiter>()
    let wakeAt = Number.POSITIVE_INFINITY

    for (const waiter of this.#queue.toSorted((one, other) => placeOf(one, now) - placeOf(other, now))) {
      const availableAt = this.#availableAt(waiter.buckets, now)
      if (availableAt <= now) {
        for (const bucket of waiter.buckets) bucket.take(now)
        gone.add(waiter)
        waiter.done()
        waiter.resolve()
      } else if (availableAt > waiter.deadline || now >= waiter.deadline) {
        gone.add(waiter)
        waiter.done()
        waiter.reject(new WaitTooLong(availableAt - now))
      } else {
        wakeAt = Math.min(wakeAt, availableAt, waiter.deadline)
      }
    }

    this.#queue = this.#queue.filter((waiter) => !gone.has(waiter))
    this.#wakeAt(wakeAt, now)
  }

  #wakeAt(at: Instant, now: Instant): void {
    if (this.#alarm?.at === at) return
    this.#alarm?.off.abort()
    this.#alarm = null
    if (at === Number.POSITIVE_INFINITY) return

    const alarm = { at, off: new AbortController() }
    this.#alarm = alarm
    this.#clock.sleep(Math.max(1, Math.ceil(at - now)), alarm.off.signal).then(
      () => {
        if (this.#alarm === alarm) this.#alarm = null
        this.#advance()
      },
      () => {}, // Set for another time.
    )
  }
}

export interface PassOptions {
  urgency?: Urgency | undefined
  signal?: AbortSignal | undefined
}

const places: Record<Urgency, number> = { order: 0, look: 1, read: 2 }
/** Reading the market that has waited this long waits in the line of the looks, so that many machines do not keep it out. */
const longInLineMs = 30_000

function placeOf({ urgency, since }: Waiter, now: Instant): number {
  return urgency === 'read' && now - since >= longInLineMs ? places.look : places[urgency]
}

interface Waiter {
  buckets: readonly TokenBucket[]
  urgency: Urgency
  since: Instant
  deadline: Instant
  resolve: () => void
  reject: (error: unknown) => void
  done: () => void
}
