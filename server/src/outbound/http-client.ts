import { decorrelatedJitterGenerator, ExponentialBackoff } from 'cockatiel'
import type { Operation } from '../core/operations/operation.ts'
import { Secret } from '../core/secret.ts'
import type { Clock, Instant } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Redactor } from '../observability/redaction.ts'
import { Breaker, type BreakerState, CircuitOpen } from './breaker.ts'
import { credentialsIn, exchange, givenUpEarly, inWords } from './exchange.ts'
import { type Notice, NoticeBoard } from './notices.ts'
import { operationFrom } from './operation-from.ts'
import type { Outbound, OutboundRequest } from './outbound.ts'
import { outboundMetrics } from './outbound-metrics.ts'
import { isFailure, mayPass, moreTelling, nameOf, type Outcome, trouble, verdictOn } from './outcome.ts'
import { RateLimiter, WaitTooLong } from './rate-limiter.ts'
import type { Transport } from './transport.ts'

export interface OutboundDeps {
  clock: Clock
  transport: Transport
  metrics: Metrics
  log: Log
  redactor: Redactor
  /** `gpufleet/<version>` */
  userAgent: string
  /** Deprecations and versions, each once. */
  onNotice?: (notice: Notice) => void
  /** The circuit to an account was opened, tried, or closed. */
  onBreaker?: (target: string, account: string, state: BreakerState) => void
  /** Every try of every call to a service, also those that were not sent. */
  onOperation?: (operation: Operation) => void
  settings?: Partial<OutboundSettings>
}

export interface OutboundSettings {
  /**
   * Until when the process before us may have used the limits, which are not stored: every limit counts as used up then,
   * and its next call waits one interval from then. A long window (calls per day) is not waited out; the provider's 429
   * tells. Null: there was none.
   */
  busyUntil: Instant | null
  /** For `safe` requests, the first one included. */
  tries: number
  /** Median wait before the first repeat; later ones wait longer. */
  firstBackoffMs: number
  /** A reply that asks for more is returned at once. */
  longestObeyedWaitMs: number
  /** How long a request may wait for our own limits. */
  longestLimitWaitMs: number
  breaker: { failures: number; openMs: number; longestOpenMs: number }
}

const usual: OutboundSettings = {
  busyUntil: null,
  tries: 3,
  firstBackoffMs: 1_000,
  longestObeyedWaitMs: 20_000,
  longestLimitWaitMs: 60_000,
  // Short, because a termination may be among what waits, and machines cost money.
  breaker: { failures: 6, openMs: 5_000, longestOpenMs: 20_000 },
}

/**
 * The one way out. Per try, from the outside in: breaker, rate limits, breaker again, timeout, transport.
 *
 * cockatiel makes the waits and keeps the breaker. The repeating is ours, because cockatiel's sleeps on global timers and
 * cannot be woken by a signal. So everything here waits on `clock` alone.
 */
export function createOutbound(deps: OutboundDeps): Outbound {
  const { clock, log, redactor } = deps
  const settings = { ...usual, ...deps.settings }
  const metrics = outboundMetrics(deps.metrics)
  const notices = new NoticeBoard()
  const lanes = new Map<string, Lane>()
  // Never ahead of us: the clock may have been set back.
  const coldSince = settings.busyUntil === null ? null : Math.min(settings.busyUntil, clock.now())
  const backoff = new ExponentialBackoff({
    generator: decorrelatedJitterGenerator,
    initialDelay: settings.firstBackoffMs,
    maxDelay: settings.longestObeyedWaitMs,
  })

  async function send(request: OutboundRequest) {
    // Whatever a client sends as a credential must not come back in a text, whether or not somebody registered it.
    for (const credential of credentialsIn(request)) redactor.register(new Secret(credential))
    const outcome = await sendUntilDone(request, laneOf(request))
    if (isFailure(outcome)) {
      metrics.errors.inc({ ...labelsOf(request), operation: request.operation, kind: nameOf(outcome) })
    }
    if (outcome.kind === 'trouble') throw outcome.error
    return outcome.reply
  }

  async function sendUntilDone(request: OutboundRequest, lane: Lane): Promise<Outcome> {
    let telling: Outcome | null = null
    let pause = backoff.next()
    const tries = request.repeat === 'safe' ? settings.tries : 1
    for (let left = tries; ; left--) {
      const outcome = await sendOnce(request, lane, tries - left + 1)
      metrics.requests.inc({ ...labelsOf(request), operation: request.operation, outcome: nameOf(outcome) })
      telling = moreTelling(telling, outcome)

      const waitMs = left > 1 && mayPass(outcome) ? waitBeforeRepeat(outcome, pause.duration) : null
      if (waitMs === null) return telling
      try {
        await clock.sleep(waitMs, request.signal)
      } catch {
        return telling
      }
      pause = pause.next(undefined)
    }
  }

  /** Null when the reply asks for more patience than we have. */
  function waitBeforeRepeat(outcome: Outcome, backoffMs: number): number | null {
    const askedMs = outcome.kind === 'reply' ? outcome.reply.retryAfterMs : null
    if (askedMs === null) return Math.ceil(backoffMs)
    // A little later than asked, so that not everybody who was told the same comes back at once.
    return askedMs > settings.longestObeyedWaitMs ? null : askedMs + Math.ceil(Math.min(backoffMs, 1_000))
  }

  async function sendOnce(request: OutboundRequest, lane: Lane, attempt: number): Promise<Outcome> {
    try {
      if (!isService(request)) return await sendNow(request, lane, attempt)
      lane.breaker.check()
      await waitForLimits(request, lane)
      return await lane.breaker.run(() => sendNow(request, lane, attempt), verdictOn)
    } catch (thrown) {
      const outcome = notSent(thrown, request)
      note(request, outcome, clock.now(), attempt)
      return outcome
    }
  }

  async function waitForLimits(request: OutboundRequest, lane: Lane): Promise<void> {
    const since = clock.now()
    request.signal?.throwIfAborted()
    await lane.limiter.pass(request.limits, { urgency: request.urgency, signal: request.signal })
    metrics.limitWaitSeconds.observe(labelsOf(request), (clock.now() - since) / 1000)
  }

  function notSent(thrown: unknown, request: OutboundRequest): Outcome {
    const what = redactor.text(inWords(request))
    if (thrown instanceof CircuitOpen) {
      return trouble('ours', 'circuit_open', `${what}: ${thrown.message}`, { retryAfterMs: thrown.retryAfterMs })
    }
    if (thrown instanceof WaitTooLong) {
      return trouble('ours', 'rate_limited', `${what}: ${thrown.message}`, { retryAfterMs: thrown.retryAfterMs })
    }
    if (request.signal?.aborted) return givenUpEarly(request, redactor)
    // A mistake of ours, such as a limit of zero calls or a body that is not JSON.
    throw thrown
  }

  async function sendNow(request: OutboundRequest, lane: Lane, attempt: number): Promise<Outcome> {
    const sentAt = clock.now()
    const outcome = await exchange(request, deps)
    const seconds = Math.max(0, clock.now() - sentAt) / 1000
    metrics.requestSeconds.observe({ provider: request.target, operation: request.operation }, seconds)
    note(request, outcome, sentAt, attempt)
    if (outcome.kind === 'trouble') return outcome

    const { status, retryAfterMs, headers } = outcome.reply
    if (status !== 429) lane.limiter.resume(request.limits, sentAt)
    else if (retryAfterMs === null) lane.limiter.pause(request.limits, sentAt)
    else lane.limiter.hold(request.limits, retryAfterMs)
    if (status !== 429 && outcome.exhaustedForMs !== null) lane.limiter.hold(request.limits, outcome.exhaustedForMs)

    if (isService(request)) for (const notice of notices.news(request, headers)) tell(notice)
    return outcome
  }

  /** For the operations log. */
  function note(request: OutboundRequest, outcome: Outcome, sentAt: Instant, attempt: number): void {
    if (!isService(request)) return
    deps.onOperation?.(operationFrom(request, outcome, { sentAt, now: clock.now(), attempt, redactor }))
  }

  function tell(notice: Notice): void {
    if (notice.kind !== 'version') {
      metrics.notices.inc({ provider: notice.target, kind: notice.kind })
      log.warn('provider notice', { ...notice })
    }
    try {
      deps.onNotice?.(notice)
    } catch (error) {
      log.error('provider notice not passed on', { error })
    }
  }

  function laneOf(request: OutboundRequest): Lane {
    const key = JSON.stringify([request.target, request.account])
    const known = lanes.get(key)
    if (known) return known

    const labels = labelsOf(request)
    metrics.breakerState.set(labels, breakerNumbers.closed)
    const lane: Lane = {
      limiter: new RateLimiter({
        clock,
        longestWaitMs: settings.longestLimitWaitMs,
        coldSince,
      }),
      breaker: new Breaker({
        clock,
        ...settings.breaker,
        onChange: (state) => {
          metrics.breakerState.set(labels, breakerNumbers[state])
          log[state === 'open' ? 'warn' : 'info']('provider breaker changed', { ...labels, state })
          deps.onBreaker?.(request.target, request.account, state)
        },
      }),
    }
    lanes.set(key, lane)
    return lane
  }

  return { send }
}

/** What requests of one account share. */
interface Lane {
  limiter: RateLimiter
  breaker: Breaker
}

const breakerNumbers = { closed: 0, half_open: 1, open: 2 }

function isService({ farSide = 'service' }: OutboundRequest): boolean {
  return farSide === 'service'
}

function labelsOf({ target, account }: OutboundRequest) {
  return { provider: target, account }
}
