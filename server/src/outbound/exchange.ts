import type { Clock } from '../core/time.ts'
import type { Redactor } from '../observability/redaction.ts'
import type { OutboundReply, OutboundRequest } from './outbound.ts'
import { type Outcome, trouble } from './outcome.ts'
import { type Transport, TransportError, type TransportReply } from './transport.ts'
import { waitingHints } from './waiting-hints.ts'

export interface ExchangeDeps {
  clock: Clock
  transport: Transport
  redactor: Redactor
  userAgent: string
}

const usualTimeoutMs = 30_000

/** One request out, one reply or one trouble back, within its time. */
export async function exchange(request: OutboundRequest, deps: ExchangeDeps): Promise<Outcome> {
  const { clock, transport, userAgent } = deps
  const { method, url, timeoutMs = usualTimeoutMs, readForMs, readBytes, farSide = 'service' } = request
  const body = request.json === undefined ? request.text : JSON.stringify(request.json)
  const headers = headersOf(request, userAgent)
  if (request.signal?.aborted) return givenUpEarly(request, deps.redactor)

  const inFlight = new AbortController()
  const patience = runOut(clock, timeoutMs, request.signal)
  try {
    // Both, the signal and the race: a transport that does not listen must not keep us.
    const sent = transport({
      method,
      url,
      headers,
      body,
      signal: inFlight.signal,
      ...(readForMs !== undefined && { readForMs }),
      ...(readBytes !== undefined && { readBytes }),
      ...(farSide !== 'service' && request.allowPrivate !== true && { publicOnly: true }),
    })
    const reply = await Promise.race([sent, patience.out])
    return outcomeFrom({ ...reply, body: withoutCredentials(reply.body, request) }, clock)
  } catch (error) {
    return troubleFrom(error, request, deps.redactor)
  } finally {
    patience.end()
    inFlight.abort()
  }
}

/** The caller gave up while this waited for its turn. */
export function givenUpEarly(request: OutboundRequest, redactor: Redactor): Outcome {
  const message = `${redactor.text(inWords(request))}: given up by the caller before it was sent`
  return trouble('caller', 'not_sent', message, { cause: redactor.error(request.signal?.reason) })
}

/** For texts: what was asked, without the query, where some APIs want a key. */
export function inWords({ method, url, target, operation }: OutboundRequest): string {
  const [withoutQuery] = url.split(/[?#]/)
  return `${target} ${operation} (${method} ${withoutQuery})`
}

function headersOf({ headers = {}, json, text }: OutboundRequest, userAgent: string): Record<string, string> {
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return {
    accept: 'application/json',
    ...(json === undefined && text === undefined ? {} : { 'content-type': 'application/json' }),
    ...given,
    // RunPod's front door turns away clients that do not name themselves.
    'user-agent': userAgent,
  }
}

class TimedOut extends Error {}
class CallerGaveUp extends Error {}

/** A promise that rejects when the time is over or the caller gives up, until `end`. */
function runOut(clock: Clock, timeoutMs: number, signal?: AbortSignal): { out: Promise<never>; end: () => void } {
  const over = new AbortController()
  const out = new Promise<never>((_, reject) => {
    clock.sleep(timeoutMs, over.signal).then(
      () => reject(new TimedOut(`no answer within ${timeoutMs / 1000} s`)),
      () => {}, // It ended in time.
    )
    const giveUp = () => reject(new CallerGaveUp('given up by the caller', { cause: signal?.reason }))
    signal?.addEventListener('abort', giveUp, { once: true, signal: over.signal })
  })
  return { out, end: () => over.abort() }
}

/** What a request sends as credentials, without the word before it. */
export function credentialsIn({ headers = {} }: Pick<OutboundRequest, 'headers'>): string[] {
  return Object.entries(headers)
    .filter(([name]) => /authorization|api-?key|token|secret|cookie/i.test(name))
    .map(([, value]) => value.replace(/^(Bearer|Basic|Token)\s+/i, ''))
}

/** A refusal may repeat the key that it refuses, and its sentence is shown to people. */
function withoutCredentials(text: string, request: OutboundRequest): string {
  const telling = credentialsIn(request).filter(({ length }) => length >= shortestCredential)
  return telling.reduce((left, credential) => left.replaceAll(credential, '[secret]'), text)
}

/** A shorter one would turn up by chance. */
const shortestCredential = 8

function outcomeFrom({ status, headers, body: text }: TransportReply, clock: Clock): Outcome {
  const json = parsed(text)
  const { retryAfterMs, exhaustedForMs } = waitingHints({ status, headers, text, json }, clock.now())
  const reply: OutboundReply = { status, headers, text, json, retryAfterMs }
  return { kind: 'reply', reply, exhaustedForMs }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function troubleFrom(thrown: unknown, request: OutboundRequest, redactor: Redactor): Outcome {
  const cause = redactor.error(thrown)
  const message = `${redactor.text(inWords(request))}: ${cause.message}`

  if (thrown instanceof TimedOut) return trouble('far_side', 'timeout', message)
  if (thrown instanceof CallerGaveUp) return trouble('caller', 'network', message, { cause })
  if (!(thrown instanceof TransportError)) return trouble('far_side', 'network', message, { cause })
  if (thrown.trouble === 'reply_too_large') return trouble('ours', 'network', message, { cause })
  return trouble('far_side', thrown.trouble, message, { cause })
}
