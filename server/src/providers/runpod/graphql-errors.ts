import type { OutboundReply } from '../../outbound/outbound.ts'
import { ProviderError, type ProviderFailure } from '../provider.ts'
import { saysNoCapacity, withoutSecrets } from './errors.ts'
import type { GraphqlCall } from './graphql-requests.ts'
import type { Effect } from './requests.ts'

/**
 * What a GraphQL answer says went wrong; null when there is data and no error. Business errors come with HTTP 200.
 *
 * @source providers/runpod.md 3.1, 3.3, 6.4 (compiled 2026-11-21)
 */
export function failureFromGraphql(reply: OutboundReply, effect: Effect): ProviderFailure | null {
  const { status } = reply
  const made = effect === 'launch' ? podIdIn(reply) : undefined
  const errors = errorsIn(reply)
  if (made !== undefined && (status !== 200 || errors.length > 0)) return { kind: 'outcome_unknown', externalId: made }
  if (status === 429) return { kind: 'rate_limited', retryAfterMs: reply.retryAfterMs ?? 60_000 }
  if (status >= 500 || status === 408) return lost(effect)
  if (status === 401) return { kind: 'unauthorized' }
  if (status === 403 && /error code:? *1010/i.test(reply.text)) return { kind: 'rejected' }
  // A page from something in between is no word about the key.
  if (status === 403) return reply.json === undefined ? lost(effect) : { kind: 'unauthorized' }
  // Switched off, or a query that it does not understand (any more): nothing was done.
  if (status === 410 || status === 400) return { kind: 'unexpected_reply' }

  const first = errors[0]
  if (first !== undefined) return failureFromError(first, effect)
  if (status === 200 && dataIn(reply) !== undefined) return null
  return { kind: effect === 'launch' ? 'outcome_unknown' : 'unexpected_reply' }
}

/** `pod not found to terminate`, or the code for it. */
export function saysPodGone(reply: OutboundReply): boolean {
  return errorsIn(reply).some(({ code, message }) => code === 'POD_NOT_FOUND' || /pod not found/i.test(message))
}

export function graphqlRefusal(call: GraphqlCall, reply: OutboundReply, failure: ProviderFailure): ProviderError {
  const said = withoutSecrets(errorsIn(reply)[0]?.message ?? '', call.secrets ?? [])
  const gone = reply.status === 410 ? 'RunPod has switched this API off: use REST, RUNPOD_API_VERSION=v2' : ''
  const text = [`HTTP ${reply.status}`, said, gone].filter((part) => part !== '').join(', ')
  return new ProviderError('runpod', failure, `RunPod GraphQL ${call.operation}: ${text}`)
}

interface GraphqlError {
  message: string
  code: string
}

function failureFromError({ message, code }: GraphqlError, effect: Effect): ProviderFailure {
  if (saysNoCapacity(message)) return { kind: 'no_capacity' }
  // Contract 004's list of words for an empty account.
  if (/\b(credits?|billing|insufficient|balance)\b/i.test(message)) return { kind: 'no_money' }
  if (code === 'UNAUTHENTICATED' || /unauthori[sz]ed|not authenticated|api key/i.test(message)) {
    return { kind: 'unauthorized' }
  }
  if (code === 'GRAPHQL_VALIDATION_FAILED' || code === 'BAD_USER_INPUT') return { kind: 'unexpected_reply' }
  // `INTERNAL_SERVER_ERROR` is transient, or a permanent failure in disguise; of a launch it proves nothing.
  if (code === 'INTERNAL_SERVER_ERROR' || /something went wrong/i.test(message)) return lost(effect)
  if (/pod not found/i.test(message)) return { kind: 'not_now' }
  return { kind: effect === 'harmless' ? 'unexpected_reply' : 'rejected' }
}

function lost(effect: Effect): ProviderFailure {
  return { kind: effect === 'harmless' ? 'unavailable' : 'outcome_unknown' }
}

function errorsIn(reply: OutboundReply): GraphqlError[] {
  const errors = bodyOf(reply)?.errors
  if (!Array.isArray(errors)) return []
  return errors.map((error: unknown) => {
    const { message, extensions } = (error ?? {}) as { message?: unknown; extensions?: { code?: unknown } | null }
    return { message: typeof message === 'string' ? message : '', code: String(extensions?.code ?? '') }
  })
}

function dataIn(reply: OutboundReply): Record<string, unknown> | undefined {
  const data = bodyOf(reply)?.data
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : undefined
}

function podIdIn(reply: OutboundReply): string | undefined {
  const pod = dataIn(reply)?.podFindAndDeployOnDemand
  if (typeof pod !== 'object' || pod === null || !('id' in pod)) return undefined
  return typeof pod.id === 'string' && pod.id !== '' ? pod.id : undefined
}

function bodyOf(reply: OutboundReply): Record<string, unknown> | undefined {
  const { json } = reply
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as Record<string, unknown>)
    : undefined
}
