import type { OutboundError, OutboundReply } from '../../outbound/outbound.ts'
import type { ProviderFailure } from '../provider.ts'
import type { Effect } from './requests.ts'

type Kind = ProviderFailure['kind']

/**
 * What a reply says went wrong; null when nothing did.
 *
 * The HTTP status is the weakest witness: a bad key answers 404, a sold offer 400, 404 or 410, a refused bid 200, and the
 * number inside `msg` is not the status either. So the body is asked first.
 *
 * @source providers/vast.md 1.2, 1.3, 1.4, 2.2, 2.5, 4.4
 */
export function failureFromReply(reply: OutboundReply, effect: Effect): ProviderFailure | null {
  const { status } = reply
  const code = errorCode(reply)

  const made = effect === 'launch' ? createdDespite(reply) : undefined
  if (made !== undefined) return { kind: 'outcome_unknown', externalId: made }
  if (effect === 'launch' && !succeeded(reply) && reply.text.includes('no_such_ask')) return { kind: 'no_capacity' }

  if (code === 'auth_error' || authWords.test(refusalText(reply))) return { kind: 'unauthorized' }
  if (status === 429 || rateCodes.has(code)) return { kind: 'rate_limited', retryAfterMs: retryAfterMs(reply) }
  if (status >= 500 || status === 408) return { kind: effect === 'read' ? 'unavailable' : 'outcome_unknown' }
  if (succeeded(reply)) return null

  const said = kindByCode.get(code) ?? kindByWords.find(([words]) => words.test(refusalText(reply)))?.[1]
  if (said !== undefined) return { kind: effect === 'launch' ? (atLaunch.get(said) ?? said) : said } as ProviderFailure
  const isNew = code !== '' && code !== saysLittle
  return { kind: withoutWords(reply, effect), ...(isNew && { newCode: code }) } as ProviderFailure
}

/**
 * What no reply at all means. Whether a changed machine has changed can only be seen by looking.
 */
export function failureFromTrouble(trouble: OutboundError, effect: Effect): ProviderFailure {
  if (trouble.trouble === 'rate_limited') return { kind: 'rate_limited', retryAfterMs: trouble.retryAfterMs ?? 1_000 }
  if (trouble.nothingDone || effect === 'read') return { kind: 'unavailable' }
  return { kind: 'outcome_unknown' }
}

/** Their machine code, or an empty text. Only what looks like one: nothing else may end in our messages. */
export function errorCode(reply: OutboundReply): string {
  const code = bodyOf(reply)?.error
  return typeof code === 'string' && /^[a-z][a-z0-9_]{1,60}$/.test(code) ? code : ''
}

/** The tag in front of some messages: `404/3603`. */
export function errorTag(reply: OutboundReply): string {
  return /error (\d{3}\/\d{1,6})/.exec(messageOf(reply))?.[1] ?? ''
}

/** `msg`, `message` or `detail`; an empty text without. It may repeat what was sent, so a launch must not show it. */
export function messageOf(reply: OutboundReply): string {
  const body = bodyOf(reply)
  const text = [body?.msg, body?.message, body?.detail].find((candidate) => typeof candidate === 'string')
  return typeof text === 'string' ? text : ''
}

/** The interval that a 429 names, as in `threshold=4.5` or `threshold=4.5*1.0`; null when it names none. */
export function thresholdMs(reply: OutboundReply): number | null {
  const [, seconds, factor = '1'] = /threshold=(\d+(?:\.\d+)?)(?:\*(\d+(?:\.\d+)?))?/.exec(reply.text) ?? []
  return seconds === undefined ? null : Math.ceil(Number(seconds) * Number(factor) * 1000)
}

/** The rows of the day are used up: every search until then is refused. */
export function isSearchQuota(reply: OutboundReply): boolean {
  return errorCode(reply) === 'search_quota_exceeded'
}

/** Whether a machine that was asked for by id is gone. A 404 proves nothing alone: a bad key answers 404 as well. */
export function saysNoSuchInstance(reply: OutboundReply): boolean {
  const code = errorCode(reply)
  if (code === 'auth_error' || authWords.test(refusalText(reply))) return false
  if (reply.status !== 404) return false
  return code === 'no_such_instance' || code === 'not_found' || (code === '' && goneWords.test(refusalText(reply)))
}

/** As for a machine: a 404 alone may be about the key. */
export function saysNoSuchVolume(reply: OutboundReply): boolean {
  if (reply.status !== 404 || authWords.test(refusalText(reply))) return false
  const code = errorCode(reply)
  return code === 'no_such_volume' || (code === '' && goneVolumeWords.test(refusalText(reply)))
}

const hourMs = 3_600_000

/** The code of most refusals: the words tell. */
const saysLittle = 'invalid_args'

const rateCodes: ReadonlySet<string> = new Set(['rate_limit_exceeded', 'search_quota_exceeded'])
const goneWords = /instance (\d+ )?not found|instance with that id does not exist/i
const goneVolumeWords = /volume with that id does not exist/i
const authWords = /two factor authentication|session expired|your key lacks|invalid user key|requires login/i

const kindByCode: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['insufficient_credit', 'no_money'],
  ['missing_billing', 'no_money'],
  ['spend_rate_limit', 'no_money'],
  ['no_such_ask', 'no_capacity'],
  ['resources_unavailable', 'not_now'],
  ['no_such_instance', 'not_now'],
  ['not_found', 'not_now'],
  ['no_such_volume', 'not_now'],
  ['invalid_id', 'not_now'],
  ['invalid_container_id', 'not_now'],
  ['deprecated_endpoint', 'unexpected_reply'],
  ['invalid_token', 'unexpected_reply'],
  ['invalid_price', 'rejected'],
  ['invalid_sla_params', 'rejected'],
  ['sla_disabled', 'rejected'],
  ['no_ssh_key', 'rejected'],
  ['no_ssh_key_for_vm', 'rejected'],
  ['label_too_long', 'rejected'],
  ['not_authorized', 'rejected'],
  ['invalid_request', 'rejected'],
  ['bad_request', 'rejected'],
])

/** For bodies whose code is missing, or says no more than `invalid_args`. */
const kindByWords: readonly (readonly [RegExp, Kind])[] = [
  [/lack credit|insufficient credit/i, 'no_money'],
  [/could not find contract/i, 'not_now'],
  [goneWords, 'not_now'],
]

/** A launch has no machine yet that could be in the wrong state. */
const atLaunch: ReadonlyMap<Kind, Kind> = new Map<Kind, Kind>([['not_now', 'no_capacity']])

function withoutWords(reply: OutboundReply, effect: Effect): Kind {
  const { status } = reply
  const body = bodyOf(reply)
  if (body === undefined) {
    if (status === 401) return 'unauthorized'
    // A page from something between us and Vast. It does not prove that a launch was refused.
    return effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply'
  }
  if (status === 401 || status === 403) return errorCode(reply) === saysLittle ? 'rejected' : 'unauthorized'
  if (status >= 200 && status < 300) {
    if (effect === 'launch') return 'outcome_unknown'
    return effect === 'change' ? 'rejected' : 'unexpected_reply'
  }
  return status >= 400 ? 'rejected' : effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply'
}

/** Any create answer that holds an id means that an instance exists, whatever `success` or the status say. */
function createdDespite(reply: OutboundReply): string | undefined {
  const made = bodyOf(reply)?.new_contract
  if (typeof made !== 'number' && typeof made !== 'string') return undefined
  return succeeded(reply) ? undefined : String(made)
}

/** JSON with a good status, and no `success: false` in it. */
function succeeded(reply: OutboundReply): boolean {
  if (reply.status < 200 || reply.status >= 300) return false
  if (Array.isArray(reply.json)) return true
  const body = bodyOf(reply)
  return body !== undefined && body.success !== false && errorCode(reply) === ''
}

/** The words of a refusal; empty for a good answer, whose data may hold any words. */
function refusalText(reply: OutboundReply): string {
  return succeeded(reply) ? '' : messageOf(reply)
}

function retryAfterMs(reply: OutboundReply): number {
  if (reply.retryAfterMs !== null) return reply.retryAfterMs
  const inBody = bodyOf(reply)?.retry_after
  if (typeof inBody === 'number' && inBody > 0) return inBody * 1000
  // The quota always names its hour; this is for the day when it does not.
  return thresholdMs(reply) ?? (isSearchQuota(reply) ? hourMs : 5_000)
}

function bodyOf(reply: OutboundReply): Record<string, unknown> | undefined {
  const { json } = reply
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as Record<string, unknown>)
    : undefined
}
