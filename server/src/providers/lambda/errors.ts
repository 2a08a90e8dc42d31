import type { OutboundError, OutboundReply } from '../../outbound/outbound.ts'
import type { ProviderFailure } from '../provider.ts'
import type { Effect } from './requests.ts'

type Kind = ProviderFailure['kind']

/**
 * What a reply says went wrong; null when nothing did.
 *
 * The code decides where there is one, else the HTTP status: Cloudflare stands before Lambda and answers with pages. A
 * refusal of a launch counts only with a 4xx and a code of Lambda's; after anything else a machine may exist.
 *
 * @source providers/lambda.md 1, 2.3 and the catalogue of section 4
 */
export function failureFromReply(reply: OutboundReply, effect: Effect): ProviderFailure | null {
  const { status } = reply
  const code = errorCode(reply)
  if (effect === 'launch' && (status < 400 ? code !== '' : madeDespite(reply) !== undefined)) {
    return outcomeUnknown(madeDespite(reply))
  }
  if (status === 429 || isCloudflareBan(reply)) return { kind: 'rate_limited', retryAfterMs: retryAfterMs(reply) }
  if (status >= 500 || status === 408) return theirs(effect)
  if (code !== '') {
    return { kind: kindOf(code, status, effect), ...(!isKnown(code) && { newCode: code }) } as ProviderFailure
  }
  if (status >= 200 && status < 300 && bodyOf(reply)?.data !== undefined) return null
  return { kind: withoutCode(reply, effect) } as ProviderFailure
}

/** What no reply at all means. Whether a changed machine has changed can only be seen by looking. */
export function failureFromTrouble(trouble: OutboundError, effect: Effect): ProviderFailure {
  if (trouble.trouble === 'rate_limited') return { kind: 'rate_limited', retryAfterMs: trouble.retryAfterMs ?? 1_100 }
  if (trouble.nothingDone || effect === 'read') return { kind: 'unavailable' }
  return { kind: 'outcome_unknown' }
}

/** Lambda's code, or an empty text. Only what looks like one: nothing else may end in our messages. */
export function errorCode(reply: OutboundReply): string {
  const code = errorOf(reply)?.code
  return typeof code === 'string' && /^[a-z][a-z0-9-]*(\/[a-z0-9-]+){1,4}$/.test(code) ? code : ''
}

/** Lambda's sentence. It may repeat what was sent, so launches and keys must not show it. */
export function messageOf(reply: OutboundReply): string {
  const message = errorOf(reply)?.message
  return typeof message === 'string' ? message : ''
}

/**
 * A 404 counts only with the code for a missing object: `global/not-found` also stands for a wrong path, and a page of
 * something in between says nothing at all.
 */
export function saysNoSuchInstance(reply: OutboundReply): boolean {
  return reply.status === 404 && errorCode(reply) === 'global/object-does-not-exist'
}

/** `transient` is theirs and passes; what it means depends on what was asked. */
const meanings: ReadonlyMap<string, Kind | 'transient'> = new Map<string, Kind | 'transient'>([
  ['global/invalid-api-key', 'unauthorized'],
  ['global/forbidden', 'unauthorized'],
  // The account has to be put in order at Lambda: no offer of theirs will work before.
  ['global/account-inactive', 'no_money'],
  ['global/invalid-address', 'no_money'],
  ['global/quota-exceeded', 'no_money'],
  ['global/invalid-parameters', 'rejected'],
  ['global/duplicate', 'rejected'],
  ['global/internal-error', 'transient'],
  ['global/unknown', 'transient'],
  ['instance-operations/launch/insufficient-capacity', 'no_capacity'],
  ['instance-operations/launch/file-system-in-wrong-region', 'rejected'],
  ['instance-operations/launch/file-systems-not-supported', 'rejected'],
  ['firewall-rulesets/firewall-ruleset-in-use', 'rejected'],
  ['ssh-keys/key-in-use', 'rejected'],
])

function kindOf(code: string, status: number, effect: Effect): Kind {
  const meaning = meanings.get(code)
  if (meaning === 'transient' || code.startsWith('provider/')) return theirs(effect).kind
  if (meaning !== undefined) return meaning
  // The machine that uses it has to go first.
  if (code === 'filesystems/filesystem-in-use') return effect === 'change' ? 'not_now' : 'rejected'
  if (code === 'global/conflict') return effect === 'change' ? 'not_now' : theirs(effect).kind
  // A launch names a type, a region and a key; the other calls a machine, which is gone.
  if (code === 'global/object-does-not-exist') return effect === 'launch' ? 'rejected' : 'not_now'
  if (code === 'global/not-found') return effect === 'launch' ? 'rejected' : 'unexpected_reply'
  return byStatus(status, effect)
}

const byEffect: ReadonlySet<string> = new Set([
  'filesystems/filesystem-in-use',
  'global/conflict',
  'global/object-does-not-exist',
  'global/not-found',
])

function isKnown(code: string): boolean {
  return meanings.has(code) || byEffect.has(code) || code.startsWith('provider/')
}

/** A code that we have not met. */
function byStatus(status: number, effect: Effect): Kind {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 402) return 'no_money'
  if (status === 409) return effect === 'change' ? 'not_now' : theirs(effect).kind
  if (status >= 400 && status < 500 && status !== 410) return 'rejected'
  return effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply'
}

function withoutCode(reply: OutboundReply, effect: Effect): Kind {
  if (reply.status === 401) return 'unauthorized'
  if (reply.status === 403) {
    // JSON is the API refusing the key; a page is Cloudflare refusing us, before Lambda saw anything.
    return bodyOf(reply) === undefined ? 'unavailable' : 'unauthorized'
  }
  return effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply'
}

function theirs(effect: Effect): { kind: 'unavailable' | 'outcome_unknown' } {
  return { kind: effect === 'read' ? 'unavailable' : 'outcome_unknown' }
}

/** An answer that names an id means that a machine exists, whatever else it says. */
function madeDespite(reply: OutboundReply): string | undefined {
  const ids = asObject(bodyOf(reply)?.data)?.instance_ids
  const id: unknown = Array.isArray(ids) ? ids[0] : undefined
  return typeof id === 'string' && id !== '' ? id : undefined
}

function outcomeUnknown(externalId: string | undefined): ProviderFailure {
  return { kind: 'outcome_unknown', ...(externalId !== undefined && { externalId }) }
}

/** "banned you temporarily": too many calls. @source providers/lambda.md 1 */
function isCloudflareBan(reply: OutboundReply): boolean {
  if (reply.status < 400 || bodyOf(reply) !== undefined) return false
  return /banned you temporarily|error code: 1015/i.test(reply.text)
}

/** Nothing documents `Retry-After`; ten seconds is where SkyPilot's back-off begins. */
function retryAfterMs(reply: OutboundReply): number {
  return reply.retryAfterMs ?? (reply.status === 429 ? 10_000 : 60_000)
}

function errorOf(reply: OutboundReply): Record<string, unknown> | undefined {
  return asObject(bodyOf(reply)?.error)
}

function bodyOf(reply: OutboundReply): Record<string, unknown> | undefined {
  return asObject(reply.json)
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}
