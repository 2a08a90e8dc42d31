import { isIP } from 'node:net'
import { Agent, type Dispatcher } from 'undici'
import { isPublicAddress, publicLookup } from './address-rules.ts'

/** One request goes out, one reply comes back, whatever its status. Throws `TransportError`, and never follows a redirect. */
export type Transport = (request: TransportRequest) => Promise<TransportReply>

export interface TransportRequest {
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  body: string | undefined
  signal: AbortSignal
  /** Connect to public addresses only. */
  publicOnly?: boolean
  /** Hand over what has arrived this long after the reply began, and hang up. */
  readForMs?: number
  /** Hand over what has arrived when it is this much, and hang up. */
  readBytes?: number
}

export interface TransportReply {
  status: number
  /** Lower-case names; several of one name joined with a comma. */
  headers: Readonly<Record<string, string>>
  body: string
}

export type TransportTrouble =
  | 'not_sent' // nothing was written to a connection
  | 'network' // it was, at least in part
  | 'reply_too_large' // it was, and an answer came that we will not read

export class TransportError extends Error {
  readonly trouble: TransportTrouble

  constructor(trouble: TransportTrouble, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.name = 'TransportError'
    this.trouble = trouble
  }
}

export interface UndiciTransportOptions {
  connectTimeoutMs?: number
  longestReplyBytes?: number
}

/** The transport to the real world. */
export function undiciTransport({
  connectTimeoutMs = 10_000,
  longestReplyBytes = 32 * 1024 * 1024,
}: UndiciTransportOptions = {}): Transport & { close(): Promise<void> } {
  const agent = new Agent({
    connect: { timeout: connectTimeoutMs },
    // One request per connection at a time: when it breaks, there is no doubt whose request was on it.
    allowH2: false,
    pipelining: 1,
    // The caller's signal is the only other deadline.
    headersTimeout: 0,
    bodyTimeout: 0,
  })

  const publicAgent = new Agent({
    connect: { timeout: connectTimeoutMs, lookup: publicLookup },
    allowH2: false,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
  })

  const transport: Transport = (request) =>
    new Promise((resolve, reject) => {
      if (request.publicOnly && isInside(request.url)) {
        return reject(new TransportError('not_sent', `${new URL(request.url).hostname} is not a public address`))
      }
      const chosen = request.publicOnly ? publicAgent : agent
      chosen.dispatch(dispatchOptions(request), new Exchange(request, longestReplyBytes, resolve, reject))
    })
  return Object.assign(transport, { close: async () => void (await Promise.all([agent.close(), publicAgent.close()])) })
}

/** An address needs no lookup, so it is checked here; a name is checked when it is resolved. */
function isInside(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  return isIP(host) !== 0 && !isPublicAddress(host)
}

function dispatchOptions({ method, url, headers, body }: TransportRequest): Dispatcher.DispatchOptions {
  const { origin, pathname, search } = new URL(url)
  return { origin, path: pathname + search, method, headers, body: body ?? null }
}

/**
 * undici's side of one request. undici calls `onRequestStart` right before the first byte is written, so trouble before it
 * is `not_sent`, for whatever reason: refused, unresolvable, no TLS, a malformed header.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal
  readonly #readForMs: number | undefined
  readonly #readBytes: number
  readonly #longestReplyBytes: number
  readonly #resolve: (reply: TransportReply) => void
  readonly #reject: (error: TransportError) => void
  readonly #giveUp = () => this.#abort()

  #controller: Dispatcher.DispatchController | null = null
  #status = 0
  #headers: Record<string, string> = {}
  #chunks: Buffer[] = []
  #bytes = 0
  #enough: NodeJS.Timeout | undefined

  constructor(
    { signal, readForMs, readBytes }: Pick<TransportRequest, 'signal' | 'readForMs' | 'readBytes'>,
    longestReplyBytes: number,
    resolve: (reply: TransportReply) => void,
    reject: (error: TransportError) => void,
  ) {
    this.#signal = signal
    this.#readForMs = readForMs
    this.#readBytes = readBytes ?? Number.POSITIVE_INFINITY
    this.#longestReplyBytes = longestReplyBytes
    this.#resolve = resolve
    this.#reject = reject
    if (signal.aborted) this.#abort()
    else signal.addEventListener('abort', this.#giveUp, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while undici was connecting: the caller has its answer, and nothing goes out.
    if (this.#signal.aborted) controller.abort(asError(this.#signal.reason))
    else this.#controller = controller
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status
    this.#headers = {}
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.#headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
    }
    if (this.#readForMs === undefined) return
    this.#enough = setTimeout(() => {
      this.onResponseEnd()
      controller.abort(new Error('read for long enough'))
    }, this.#readForMs)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
    if (this.#bytes >= this.#readBytes) {
      this.onResponseEnd()
      controller.abort(new Error('read enough'))
      return
    }
    if (this.#bytes <= this.#longestReplyBytes) return

    this.#chunks = []
    const error = new TransportError('reply_too_large', `the reply is longer than ${this.#longestReplyBytes} bytes`)
    this.#fail(error)
    controller.abort(error)
  }

  onResponseEnd(): void {
    clearTimeout(this.#enough)
    this.#signal.removeEventListener('abort', this.#giveUp)
    this.#resolve({
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks, this.#bytes).toString('utf8'),
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const trouble = this.#controller === null ? 'not_sent' : 'network'
    this.#fail(new TransportError(trouble, messageOf(error), { cause: error }))
  }

  #abort(): void {
    const reason = asError(this.#signal.reason)
    const trouble = this.#controller === null ? 'not_sent' : 'network'
    this.#fail(new TransportError(trouble, `given up: ${reason.message}`, { cause: reason }))
    this.#controller?.abort(reason)
  }

  /** The first verdict counts; a promise takes no second one. */
  #fail(error: TransportError): void {
    clearTimeout(this.#enough)
    this.#signal.removeEventListener('abort', this.#giveUp)
    this.#reject(error)
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

/** A failed connection to several addresses comes without a message of its own. */
function messageOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : ''
  if (error.message === '') return code || error.name
  return code === '' || error.message.includes(code) ? error.message : `${code}: ${error.message}`
}
