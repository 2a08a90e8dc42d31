/** The one way out: what a client asks of the HTTP client, and what it gets. The implementation is `http-client.ts`. */

export interface Outbound {
  /**
   * Resolves for every HTTP status that is left after the allowed retries; throws `OutboundError` when there is none.
   * Waits for the rate limit first.
   */
  send(request: OutboundRequest): Promise<OutboundReply>
}

export interface OutboundRequest {
  /** `vast`, `runpod` …: the breaker, the counters and the limits are kept per target. */
  target: string
  /** The account, so that two accounts do not share limits. */
  account: string
  /** Names the call in metrics and logs: `search`, `launch`. */
  operation: string
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it stands, as JSON text that somebody has signed. Instead of `json`. */
  text?: string
  /**
   * Rate limits to pass, all at the same moment. They are kept per target, account and name. A 429 holds back every one
   * of them, for hours if the reply says so: name a limit that other calls share only where the marketplace counts so.
   */
  limits: readonly LimitRule[]
  /** Who goes first where several wait for the same limit. Default `look`. */
  urgency?: Urgency
  /**
   * Whether a repeat is harmless. `safe`: network trouble, 429, 500, 502, 503 and 504 are retried with backoff and
   * jitter, three tries in all; a reply that asks for a long wait is returned at once. `once`: sent once, whatever
   * happens.
   */
  repeat: 'safe' | 'once'
  /** For one try, without the waiting for limits. Default 30,000. */
  timeoutMs?: number
  /**
   * `machine`: somebody's rented machine rather than a service of ours to ask. Only public addresses are connected to, and
   * its failures open no circuit. `receiver`: an address that a user has named; the same, unless `allowPrivate`. Default
   * `service`.
   */
  farSide?: 'service' | 'machine' | 'receiver'
  /** For a `receiver`: also addresses of our own network. */
  allowPrivate?: boolean
  /** Hand over what has arrived when it is this much, and hang up. */
  readBytes?: number
  /** For a stream without an end: hand over what has arrived this long after the reply began, and hang up. */
  readForMs?: number
  /** Ends waiting, trying and repeating. Before anything was sent that is `not_sent`, afterwards `network`. */
  signal?: AbortSignal | undefined
}

/** `order`: starts, stops or ends something. `look`: at a machine of ours. `read`: the market, and bills. */
export type Urgency = 'order' | 'look' | 'read'

/**
 * At most `calls` in any stretch of `windowMs`, with at most `burst` at once and the others spread evenly. A minimum
 * interval is `calls: 1, burst: 1`.
 */
export interface LimitRule {
  name: string
  calls: number
  windowMs: number
  burst: number
}

export interface OutboundReply {
  status: number
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>
  text: string
  /** The body as JSON, or undefined when it is not JSON. */
  json: unknown
  /** What the reply says about waiting: `Retry-After`, `RateLimit` and the like; null without. */
  retryAfterMs: number | null
}

export type OutboundTrouble =
  | 'timeout' // no answer in time; the request may have been acted on
  | 'network' // the connection broke, or the caller gave up; the request may have been acted on
  | 'not_sent' // refused, unresolvable or aborted before anything was sent
  | 'circuit_open' // too many failures lately; not sent
  | 'rate_limited' // the wait for the limit would be too long; not sent

export class OutboundError extends Error {
  readonly trouble: OutboundTrouble
  /** For `circuit_open` and `rate_limited`: how long to wait. */
  readonly retryAfterMs: number | null

  constructor(trouble: OutboundTrouble, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options)
    this.name = 'OutboundError'
    this.trouble = trouble
    this.retryAfterMs = options.retryAfterMs ?? null
  }

  /** true when the far side cannot have seen the request. */
  get nothingDone(): boolean {
    return this.trouble === 'not_sent' || this.trouble === 'circuit_open' || this.trouble === 'rate_limited'
  }
}
