import type { OutboundError, OutboundReply } from '../../outbound/outbound.ts'
import type { ProviderFailure } from '../provider.ts'
import type { Effect } from './requests.ts'

type Kind = ProviderFailure['kind']

/**
 * What a reply says went wrong; null when nothing did.
 *
 * The spec lists no errors per endpoint: every failure is `{message, code}`, and business failures (capacity, quota, wrong
 * template) come under four codes with free text. So the code decides first, then the words.
 *
 * @source providers/paperspace.md 1, 2.6, 4, 5
 */
export function failureFromReply(reply: OutboundReply, effect: Effect): ProviderFailure | null {
  const succeeded = reply.status >= 200 && reply.status < 300
  const made = effect === 'launch' ? createdDespite(reply) : undefined
  if (made !== undefined)
    return succeeded && errorCode(reply) === '' ? null : { kind: 'outcome_unknown', externalId: made }

  const code = errorCode(reply) || (succeeded ? '' : (codeByStatus.get(reply.status) ?? ''))
  if (succeeded && code === '') {
    if (reply.json !== undefined) return null
    return { kind: effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply' }
  }
  if (code === 'TOO_MANY_REQUESTS') return { kind: 'rate_limited', retryAfterMs: reply.retryAfterMs ?? restMs }
  if (code === 'UNAUTHORIZED') return { kind: 'unauthorized' }
  if (lostCodes.has(code) || reply.status >= 500) return { kind: lost(effect) }
  // A page from something between us and Paperspace does not prove that a launch was refused.
  if (bodyOf(reply) === undefined) return { kind: effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply' }
  const known = byWords(code, reply, effect) ?? kinds.get(code)?.[effect]
  if (known !== undefined) return { kind: known } as ProviderFailure
  return { kind: unknownCode(reply), ...(code !== '' && { newCode: code }) } as ProviderFailure
}

/** What no reply at all means. Whether a changed machine has changed can only be seen by looking. */
export function failureFromTrouble(trouble: OutboundError, effect: Effect): ProviderFailure {
  if (trouble.trouble === 'rate_limited') return { kind: 'rate_limited', retryAfterMs: trouble.retryAfterMs ?? 1_000 }
  return { kind: trouble.nothingDone ? 'unavailable' : lost(effect) } as ProviderFailure
}

/** Their machine code, or an empty text. Only what looks like one: nothing else may end in our messages. */
export function errorCode(reply: OutboundReply): string {
  const body = bodyOf(reply)
  const code = body?.code
  return typeof code === 'string' && typeof body?.message === 'string' && /^[A-Z][A-Z_]{2,40}$/.test(code) ? code : ''
}

/** Their sentence; an empty text without. */
export function messageOf(reply: OutboundReply): string {
  const message = bodyOf(reply)?.message
  return typeof message === 'string' ? message.replace(/\s+/g, ' ').trim().slice(0, 200) : ''
}

/** A thing that was asked for by id is gone or was never there. A page without their body proves nothing. */
export function saysNotFound(reply: OutboundReply): boolean {
  return reply.status === 404 && errorCode(reply) === 'NOT_FOUND'
}

/** What keeps a machine from doing what was asked, in one word: `starting` of "This machine is currently starting." */
export function busyWord(text: string): string | null {
  return /\bmachine is (?:currently|already) ([a-z]+)/i.exec(text)?.[1]?.toLowerCase() ?? null
}

export function isCapacityText(text: string): boolean {
  return capacityWords.test(text)
}

/** What SkyPilot waits first; Paperspace documents no `Retry-After`. */
const restMs = 10_000

const codeByStatus: ReadonlyMap<number, string> = new Map([
  [400, 'BAD_REQUEST'],
  [401, 'UNAUTHORIZED'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [405, 'METHOD_NOT_SUPPORTED'],
  [408, 'TIMEOUT'],
  [409, 'CONFLICT'],
  [412, 'PRECONDITION_FAILED'],
  [413, 'PAYLOAD_TOO_LARGE'],
  [429, 'TOO_MANY_REQUESTS'],
  [499, 'CLIENT_CLOSED_REQUEST'],
  [500, 'INTERNAL_SERVER_ERROR'],
])

/** Somebody stopped waiting: what was asked may have been done. */
const lostCodes: ReadonlySet<string> = new Set(['TIMEOUT', 'CLIENT_CLOSED_REQUEST', 'INTERNAL_SERVER_ERROR'])

/** Codes whose meaning depends on what was asked. */
const kinds: ReadonlyMap<string, Record<Effect, Kind>> = new Map([
  ['PARSE_ERROR', always('rejected')],
  ['BAD_REQUEST', always('rejected')],
  ['FORBIDDEN', { read: 'unauthorized', prepare: 'unauthorized', change: 'rejected', launch: 'rejected' }],
  ['NOT_FOUND', { read: 'unexpected_reply', prepare: 'unexpected_reply', change: 'not_now', launch: 'rejected' }],
  ['METHOD_NOT_SUPPORTED', always('unexpected_reply')],
  ['CONFLICT', { read: 'unexpected_reply', prepare: 'rejected', change: 'not_now', launch: 'rejected' }],
  ['PRECONDITION_FAILED', { read: 'unexpected_reply', prepare: 'rejected', change: 'not_now', launch: 'rejected' }],
  ['PAYLOAD_TOO_LARGE', always('rejected')],
])

const wordyCodes: ReadonlySet<string> = new Set(['BAD_REQUEST', 'FORBIDDEN', 'CONFLICT', 'PRECONDITION_FAILED'])

const capacityWords = /capacity|higher than normal demand|sold out|out of stock|(?:not|un)(?: currently)? ?available/i

/** The first is verbatim (legacy API); the others are our reading of what such texts say: no capture exists. */
const kindByWords: readonly (readonly [RegExp, Kind])[] = [
  [/insufficient capacity|higher than normal demand/i, 'no_capacity'],
  [/payment|billing|credit card|outstanding balance|insufficient (?:funds|credit)|good standing/i, 'no_money'],
  // A full account: no offer of theirs will work.
  [/quota|(?:machine|instance|resource|team) limit|maximum (?:number|amount)|limit reached/i, 'no_money'],
  // Some types need a request to their support first; others may work.
  [/approval|request access|not (?:enabled|approved|authorized) for/i, 'no_capacity'],
  [capacityWords, 'no_capacity'],
]

function byWords(code: string, reply: OutboundReply, effect: Effect): Kind | undefined {
  if ((effect !== 'launch' && effect !== 'change') || !wordyCodes.has(code)) return undefined
  const message = messageOf(reply)
  if (effect === 'change' && busyWord(message) !== null) return 'not_now'
  return kindByWords.find(([words]) => words.test(message))?.[1]
}

function unknownCode(reply: OutboundReply): Kind {
  return reply.status >= 400 && reply.status < 500 ? 'rejected' : 'unexpected_reply'
}

function lost(effect: Effect): 'unavailable' | 'outcome_unknown' {
  return effect === 'read' || effect === 'prepare' ? 'unavailable' : 'outcome_unknown'
}

function always(kind: Kind): Record<Effect, Kind> {
  return { read: kind, prepare: kind, change: kind, launch: kind }
}

/** A create answer with a machine in it means that one exists, whatever the status says. */
function createdDespite(reply: OutboundReply): string | undefined {
  const data = bodyOf(reply)?.data
  const id = typeof data === 'object' && data !== null ? (data as Record<string, unknown>).id : undefined
  return typeof id === 'string' && id !== '' ? id : undefined
}

function bodyOf(reply: OutboundReply): Record<string, unknown> | undefined {
  const { json } = reply
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as Record<string, unknown>)
    : undefined
}
