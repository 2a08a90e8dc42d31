import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBackoff,
} from 'cockatiel'
import type { Clock } from '../core/time.ts'

export type BreakerState = 'closed' | 'half_open' | 'open'

/** What a result says about the far side. `neutral` says nothing: the caller gave up. */
export type Verdict = 'well' | 'unwell' | 'neutral'

export interface BreakerOptions {
  clock: Pick<Clock, 'now'>
  /** So many in a row open it. */
  failures: number
  /** How long it stays open the first time; doubles while the far side stays unwell. */
  openMs: number
  longestOpenMs: number
  onChange: (state: BreakerState) => void
}

export class CircuitOpen extends Error {
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super('too many failures lately')
    this.name = 'CircuitOpen'
    this.retryAfterMs = retryAfterMs
  }
}

/** Stops asking a far side that is down, then asks with one request whether it is back. cockatiel's, on our clock. */
export class Breaker {
  readonly #policy: CircuitBreakerPolicy
  readonly #openTime: OpenTime

  constructor({ clock, failures, openMs, longestOpenMs, onChange }: BreakerOptions) {
    this.#openTime = new OpenTime(clock, openMs, longestOpenMs)
    this.#policy = circuitBreaker(
      handleWhen(
        // In normal operation a neutral result counts for nothing. A probe has to end one way or the other.
        (thrown) => thrown instanceof Neutral && this.#policy.state === CircuitState.HalfOpen,
      ).orWhenResult((judged) => (judged as Judged).verdict === 'unwell'),
      { breaker: new ConsecutiveBreaker(failures), halfOpenAfter: this.#openTime },
    )
    this.#policy.onStateChange((state) => onChange(nameOf(state)))
  }

  /** @throws CircuitOpen when nothing should be sent now */
  check(): void {
    const { state } = this.#policy
    if (state === CircuitState.Open && this.#openTime.leftMs > 0) throw new CircuitOpen(this.#openTime.leftMs)
    // cockatiel would let everybody wait for the probe and then leave at once, past all rate limits.
    if (state === CircuitState.HalfOpen) throw new CircuitOpen(waitForProbeMs)
  }

  /**
   * Runs and learns from how it went. A failure that `judge` calls unwell is still returned.
   *
   * @throws CircuitOpen, or what `run` throws, which says nothing about the far side
   */
  async run<T>(run: () => Promise<T>, judge: (result: T) => Verdict): Promise<T> {
    this.check()
    try {
      const judged = await this.#policy.execute(async () => {
        const result = await run()
        const verdict = judge(result)
        if (verdict === 'neutral') throw new Neutral(result)
        return { result, verdict }
      })
      return judged.result
    } catch (thrown) {
      if (thrown instanceof Neutral) return thrown.result as T
      throw thrown
    }
  }
}

/** Nobody knows how long a probe takes; this is soon. */
const waitForProbeMs = 1_000

interface Judged {
  verdict: Verdict
}

class Neutral {
  readonly result: unknown

  constructor(result: unknown) {
    this.result = result
  }
}

/**
 * How long the circuit stays open. cockatiel compares `Date.now() - openedAt` with `duration` whenever it is asked; by
 * answering "for ever" or "no more" we decide on our own clock, and a test needs no other.
 */
class OpenTime implements IBackoff<unknown> {
  readonly #clock: Pick<Clock, 'now'>
  readonly #firstMs: number
  readonly #longestMs: number
  #lengthMs = 0
  #openedAt = 0

  constructor(clock: Pick<Clock, 'now'>, firstMs: number, longestMs: number) {
    this.#clock = clock
    this.#firstMs = firstMs
    this.#longestMs = longestMs
  }

  /** cockatiel calls this each time the circuit opens, with how many times in a row it has. */
  next(context?: unknown): IBackoff<unknown> {
    const { attempt } = context as { attempt: number }
    this.#lengthMs = Math.min(this.#firstMs * 2 ** (attempt - 1), this.#longestMs)
    this.#openedAt = this.#clock.now()
    return this
  }

  get leftMs(): number {
    const passedMs = this.#clock.now() - this.#openedAt
    // A clock that was set back must not keep the circuit open.
    return passedMs < 0 ? 0 : Math.max(0, this.#lengthMs - passedMs)
  }

  get duration(): number {
    return this.leftMs > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  }
}

function nameOf(state: CircuitState): BreakerState {
  if (state === CircuitState.HalfOpen) return 'half_open'
  return state === CircuitState.Closed ? 'closed' : 'open'
}
