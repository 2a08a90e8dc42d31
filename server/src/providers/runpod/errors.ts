import type { OutboundError, OutboundReply } from '../../outbound/outbound.ts'
import { ProviderError, type ProviderFailure } from '../provider.ts'
import type { Effect, RunpodCall, RunpodOperation } from './requests.ts'

type Kind = Exclude<ProviderFailure['kind'], 'rate_limited'>

/**
 * What a reply of REST v2 says went wrong; null when nothing did.
 *
 * There is no machine code: the status, the call and sometimes the words of `detail` decide.
 *
 * @source providers/runpod.md 1.2, 2.2, 2.4, 7 (compiled 2026-11-21)
 */
export function failureFromReply(
  reply: OutboundReply,
  { operation, effect }: Pick<RunpodCall, 'operation' | 'effect'>,
): ProviderFailure | null {
  const { status } = reply
  if (status >= 200 && status < 300) return null

  const made = effect === 'launch' ? podIdIn(reply) : undefined
  if (made !== undefined) return { kind: 'outcome_unknown', externalId: made }
  if (status === 429) return { kind: 'rate_limited', retryAfterMs: reply.retryAfterMs ?? windowMs }
  // A create has been seen to answer 500 and run (transformerlab-app#2305).
  if (status >= 500 || status === 408) return { kind: effect === 'harmless' ? 'unavailable' : 'outcome_unknown' }
  if (status === 401) return { kind: 'unauthorized' }
  if (status === 410) return { kind: 'unexpected_reply' }
  if (isTurnedAwayAtTheDoor(reply)) return { kind: 'rejected' }

  // A page from something between us and RunPod. It does not prove that a launch was refused.
  if (problemIn(reply) === undefined) return { kind: effect === 'launch' ? 'outcome_unknown' : withoutWords(status) }
  return { kind: kindOf(status, operation, detailOf(reply)) }
}

/** What no reply at all means. Whether a changed machine has changed can only be seen by looking. */
export function failureFromTrouble(trouble: OutboundError, effect: Effect): ProviderFailure {
  if (trouble.trouble === 'rate_limited')
    return { kind: 'rate_limited', retryAfterMs: trouble.retryAfterMs ?? windowMs }
  if (trouble.nothingDone || effect === 'harmless') return { kind: 'unavailable' }
  return { kind: 'outcome_unknown' }
}

/**
 * Words by which production clients tell a lack of machines from a wrong request; both are a 400.
 *
 * @source providers/runpod.md 1.2
 */
export function saysNoCapacity(text: string): boolean {
  const lower = text.toLowerCase()
  return capacityWords.some((words) => lower.includes(words))
}

/** Whether a pod that was asked for by id is gone. A 404 alone may come from anywhere on the way. */
export function saysNoSuchPod(reply: OutboundReply): boolean {
  return reply.status === 404 && /^(pod|resource) not found\.?$/i.test(detailOf(reply).trim())
}

/** As for a pod; what a missing volume is called is not established. */
export function saysNoSuchThing(reply: OutboundReply): boolean {
  return reply.status === 404 && /^(network ?volume|volume|resource) not found\.?$/i.test(detailOf(reply).trim())
}

/** A sentence for people, without anything of what was sent. */
export function refusal(
  call: Pick<RunpodCall, 'operation' | 'secrets'>,
  reply: OutboundReply,
  failure: ProviderFailure,
) {
  const said = isTurnedAwayAtTheDoor(reply)
    ? 'turned away by Cloudflare (1010) before RunPod: it wants a User-Agent of our own'
    : withoutSecrets(sentenceOf(reply), call.secrets ?? [])
  const more = hints.get(`${call.operation} ${reply.status}`)
  const text = [`HTTP ${reply.status}`, said, more].filter(Boolean).join(', ')
  return new ProviderError('runpod', failure, `RunPod ${call.operation}: ${text}`)
}

/**
 * Takes out what must not show: whole lines of it first, then every word of it. Words that RunPod uses by itself can get lost
 * with them; very short ones say nothing and stay.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const lines = secrets
    .flatMap((secret) => [secret, ...secret.split(/\r?\n/)])
    .filter((line) => line.trim().length >= 4)
  const longestFirst = [...new Set(lines)].sort((a, b) => b.length - a.length)
  const sent = secrets.flatMap((secret) => [secret, JSON.stringify(secret)]).join('\n')
  const hide = (word: string) => (sent.includes(word.replace(/^[.+/-]+|[.+/-]+$/g, '')) ? '[hidden]' : word)
  return longestFirst
    .reduce((left, line) => left.replaceAll(line, '[hidden]'), text)
    .replace(/[\w.+/-]{4,}/g, hide)
    .replace(/\w{4,}/g, hide)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
}

const windowMs = 60_000

const capacityWords = [
  'no longer any instances available',
  'no instances available',
  'no instances currently available',
  'please refresh and try again',
  'does not have the resources',
  'try a different machine',
  'not enough free gpu',
  'insufficient capacity',
  'out of stock',
  'sold out',
  'enough disk space',
]

const hints: ReadonlyMap<string, string> = new Map([
  ['launch 403', 'this account may not rent there, or its key may not create pods'],
  ['start 400', 'the GPUs of its host are let to somebody else'],
])

const kindByCall: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  // This account may not use that pool: the next offer may do.
  ['launch 403', 'no_capacity'],
  ['launch 404', 'rejected'],
  // A stopped pod stays on its host.
  ['start 400', 'no_capacity'],
  ['quote 404', 'no_capacity'],
])

const kindByStatus: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [400, 'rejected'],
  [402, 'no_money'],
  [403, 'unauthorized'],
  [404, 'not_now'],
  [405, 'unexpected_reply'],
  [409, 'not_now'],
  [413, 'rejected'],
  [422, 'rejected'],
])

function kindOf(status: number, operation: RunpodOperation, detail: string): Kind {
  if (operation === 'launch' && status === 400 && saysNoCapacity(detail)) return 'no_capacity'
  return kindByCall.get(`${operation} ${status}`) ?? kindByStatus.get(status) ?? 'unexpected_reply'
}

function withoutWords(status: number): Kind {
  return status === 403 ? 'unavailable' : 'unexpected_reply'
}

/** Cloudflare's answer to clients without a User-Agent of their own; no word about our key. */
function isTurnedAwayAtTheDoor(reply: OutboundReply): boolean {
  return reply.status === 403 && problemIn(reply) === undefined && /error code:? *1010/i.test(reply.text)
}

function sentenceOf(reply: OutboundReply): string {
  const errors = problemIn(reply)?.errors
  const list = Array.isArray(errors) ? errors.filter((error) => typeof error === 'string').join('; ') : ''
  return [detailOf(reply), list].filter((part) => part !== '').join(' ')
}

function detailOf(reply: OutboundReply): string {
  const problem = problemIn(reply)
  const text = [problem?.detail, problem?.title].find((candidate) => typeof candidate === 'string')
  return typeof text === 'string' ? text : ''
}

/** RFC 9457. */
function problemIn(reply: OutboundReply): Record<string, unknown> | undefined {
  const { json } = reply
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const body = json as Record<string, unknown>
  return typeof body.detail === 'string' || typeof body.title === 'string' ? body : undefined
}

/** A refusal that names a pod all the same: it exists. */
function podIdIn(reply: OutboundReply): string | undefined {
  const { json } = reply
  if (typeof json !== 'object' || json === null || !('id' in json)) return undefined
  return typeof json.id === 'string' && json.id !== '' ? json.id : undefined
}
