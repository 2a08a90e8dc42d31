import type { OutboundError, OutboundReply } from '../../outbound/outbound.ts'
import type { ProviderFailure } from '../provider.ts'
import type { Effect } from './requests.ts'

type Kind = ProviderFailure['kind']

/**
 * What a reply says went wrong; null when nothing did.
 *
 * The reason decides, then the status, then the words: a 403 may be a quota, a 400 the account's end, and a body may be
 * missing, empty or no JSON.
 *
 * @source providers/novita.md 1 ("Auth", "Rate limits") and 4 ("Errors")
 */
export function failureFromReply(reply: OutboundReply, effect: Effect): ProviderFailure | null {
  const made = effect === 'launch' ? createdDespite(reply) : undefined
  if (made !== undefined) return { kind: 'outcome_unknown', externalId: made }
  if (succeeded(reply)) return null

  const { status } = reply
  const said = kindByReason.get(reasonOf(reply))
  if (said === 'unauthorized' || status === 401) return { kind: 'unauthorized' }
  if (status === 429 || said === 'rate_limited') {
    return { kind: 'rate_limited', retryAfterMs: reply.retryAfterMs ?? firstPauseMs }
  }
  if (status >= 500 || status === 408) return { kind: effect === 'read' ? 'unavailable' : 'outcome_unknown' }

  const kind = said ?? kindFromWords(reply) ?? kindFromStatus(reply, effect)
  return {
    kind: effect === 'launch' ? (atLaunch.get(kind) ?? kind) : kind,
    ...(isNew(reasonOf(reply)) && { newCode: reasonOf(reply) }),
  } as ProviderFailure
}

/** What no reply at all means. Whether a changed machine has changed can only be seen by looking. */
export function failureFromTrouble(trouble: OutboundError, effect: Effect): ProviderFailure {
  if (trouble.trouble === 'rate_limited') {
    return { kind: 'rate_limited', retryAfterMs: trouble.retryAfterMs ?? firstPauseMs }
  }
  if (trouble.nothingDone || effect === 'read') return { kind: 'unavailable' }
  return { kind: 'outcome_unknown' }
}

/** `reason`, else a `code` that is a text, else `error.code` or `error`; an empty text without. Only what looks like one. */
export function reasonOf(reply: OutboundReply): string {
  const body = bodyOf(reply)
  const nested = recordFrom(body?.error)
  const candidates = [body?.reason, body?.code, nested?.reason, nested?.code, body?.error]
  const reason = candidates.find(
    (candidate) => typeof candidate === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(candidate),
  )
  return typeof reason === 'string' ? reason : ''
}

/** Their sentence; an empty text without. It may repeat what was sent, so a launch must not show it. */
export function messageOf(reply: OutboundReply): string {
  const body = bodyOf(reply)
  const nested = recordFrom(body?.error)
  const text = [body?.message, nested?.message, body?.error].find((candidate) => typeof candidate === 'string')
  return typeof text === 'string' ? text : ''
}

/**
 * Whether an instance that was asked for by id is gone: 404 or 400 with the table's `RESOURCE_NOT_FOUND`, or a 404 in JSON
 * without a reason. A 404 in plain text is a path that does not exist and says nothing about the instance.
 */
export function saysNoSuchInstance(reply: OutboundReply): boolean {
  if (bodyOf(reply) === undefined || /page not found/i.test(messageOf(reply))) return false
  const reason = reasonOf(reply)
  if (reply.status === 404) return reason === '' || goneReasons.has(reason)
  return reply.status === 400 && reason === 'RESOURCE_NOT_FOUND'
}

/** As for an instance; of its own names only `NETWORK_STORAGE_*` is told (novita.md 4). */
export function saysNoSuchStorage(reply: OutboundReply): boolean {
  return saysNoSuchInstance(reply) || /^NETWORK_STORAGE_NOT_(FOUND|EXIST)/.test(reasonOf(reply))
}

/** @source novita.md 4: TEMPLATE_NOT_FOUND is a 400; one of somebody else is none that we could use. */
export function saysNoSuchTemplate(reply: OutboundReply): boolean {
  return saysNoSuchInstance(reply) || /^TEMPLATE_(NOT_FOUND|IS_PRIVATE)$/.test(reasonOf(reply))
}

/** It is no proof of failure: an earlier call may have worked. The reason beside the sentence is not established. */
export function saysInvalidStateChange(reply: OutboundReply): boolean {
  return reply.status === 400 && stateWords.test(messageOf(reply))
}

const firstPauseMs = 1_000

const stateWords = /invalid state change/i
const goneReasons: ReadonlySet<string> = new Set(['RESOURCE_NOT_FOUND', 'NOT_FOUND', 'INSTANCE_NOT_FOUND'])

const kindByReason: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['UNAUTHORIZED', 'unauthorized'],
  ['INVALID_API_KEY', 'unauthorized'],
  ['MISSING_API_KEY', 'unauthorized'],
  ['GET_TOKEN_FAILED', 'unauthorized'],
  ['FORBIDDEN', 'unauthorized'],
  ['PERMISSION_DENIED', 'unauthorized'],

  ['RATE_LIMIT_EXCEEDED', 'rate_limited'],
  ['LIST_BILL_TOO_FAST', 'rate_limited'],

  // Another offer or region may have it.
  ['INSUFFICIENT_RESOURCE', 'no_capacity'],
  ['MIGRATE_INSUFFICIENT_RESOURCE', 'no_capacity'],
  ['CLUSTER_STATUS', 'no_capacity'],
  ['NODE_STATUS', 'no_capacity'],
  ['GPU_SPEC_USED', 'no_capacity'],
  // "Offer does not fit" (novita.md 4): the next offer may.
  ['CUDA_VERSION_INCOMPATIBLE', 'no_capacity'],
  ['UNSUPPORTED_BILLING_MODE', 'no_capacity'],

  ['BALANCE_NOT_ENOUGH', 'no_money'],
  ['EXPIRED_OR_BALANCE_NOT_ENOUGH', 'no_money'],
  ['CREATE_INSTANCE_LIMIT', 'no_money'],
  ['CREATE_GPU_NUM_LIMIT', 'no_money'],
  ['BUDGET_NOT_ENOUGH', 'no_money'],
  ['MEMBER_BUDGET_NOT_ENOUGH', 'no_money'],
  ['BANNED_USER', 'no_money'],

  // Read the machine, then decide.
  ['CONFLICT', 'not_now'],
  ['OPERATION_LIMIT', 'not_now'],
  ['DEPENDENT_RESOURCE_STATE', 'not_now'],
  ['NETWORK_STORAGE_IN_USE', 'not_now'],

  ['PREPAID_INSTANCE_NOT_SUPPORT_RELEASE', 'rejected'],
  ['VALIDATOR_PARAM', 'rejected'],
  ['INVALID_COMMAND_PARAM', 'rejected'],
  ['IMAGE_NOT_FOUND', 'rejected'],
  ['IMAGE_AUTH_IN_USE', 'rejected'],
  ['IMAGE_URL_OR_AUTH_ERROR', 'rejected'],
  ['IMAGE_TOO_LARGE', 'rejected'],
])

function isNew(reason: string): boolean {
  return reason !== '' && !kindByReason.has(reason) && !goneReasons.has(reason)
}

/** For bodies without a reason that we know: live ones carry at least `message` and `code`. */
const kindByWords: readonly (readonly [RegExp, Kind])[] = [
  [stateWords, 'not_now'],
  [/insufficient resource/i, 'no_capacity'],
  [/balance not enough|insufficient balance/i, 'no_money'],
]

/** At a launch there is no machine yet that could be in the wrong state: one may exist, and the name tells. */
const atLaunch: ReadonlyMap<Kind, Kind> = new Map<Kind, Kind>([['not_now', 'outcome_unknown']])

function kindFromWords(reply: OutboundReply): Kind | undefined {
  const message = messageOf(reply)
  return kindByWords.find(([words]) => words.test(message))?.[1]
}

function kindFromStatus(reply: OutboundReply, effect: Effect): Kind {
  const { status } = reply
  const reason = reasonOf(reply)
  // The product, the cluster or the instance went away.
  if (goneReasons.has(reason)) return effect === 'launch' ? 'no_capacity' : effect === 'change' ? 'not_now' : 'rejected'
  // An unrouted path answers in plain text, and a retired one may answer 410: nothing was done, and their API changed.
  if (status === 410 || (status === 404 && (bodyOf(reply) === undefined || effect !== 'change')))
    return 'unexpected_reply'
  // A page from something between us and Novita does not prove that a launch was refused.
  if (bodyOf(reply) === undefined) return effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply'
  if (status === 404) return 'not_now'
  if (status === 403 && reason === '') return 'unauthorized'
  if (status >= 300 && status < 400) return effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply'
  return 'rejected'
}

/** A good status, and no error in the body. An empty body is good, and so is what the schema will judge. */
function succeeded(reply: OutboundReply): boolean {
  if (reply.status < 200 || reply.status >= 300) return false
  const body = bodyOf(reply)
  return reasonOf(reply) === '' && !(typeof body?.code === 'number' && body.code >= 400)
}

/** An answer with an id means that an instance exists, whatever else it says. */
function createdDespite(reply: OutboundReply): string | undefined {
  const id = bodyOf(reply)?.id
  return typeof id === 'string' && id !== '' && !succeeded(reply) ? id : undefined
}

function bodyOf(reply: OutboundReply): Record<string, unknown> | undefined {
  return recordFrom(reply.json)
}

function recordFrom(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}
