import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../core/time.ts'
import type { Caller } from './access.ts'
import { networkOf } from './lockout.ts'
import { HttpError } from './problem.ts'

export type RateLimit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

const windowMs = 60_000
/** A key is a program, or a whole team and its programs. */
const keyFactor = 10
/** Callers that are counted at the same time; who was heard of the longest ago is forgotten first. */
const mostCallers = 20_000

/**
 * So many calls per minute and caller; who is not let in counts by address, so that keys cannot be tried out.
 *
 * @returns counts one request, and throws when it is one too many. The headers are those of contract 003: `Reset` is unix time
 */
export async function createRateLimit(
  app: FastifyInstance,
  { perMinute, clock }: { perMinute: number; clock: Pick<Clock, 'now'> },
): Promise<RateLimit> {
  await app.register(fastifyRateLimit, { global: false, cache: mostCallers })
  const count = app.createRateLimit({
    timeWindow: windowMs,
    max: (request: FastifyRequest) => (isKey(request.caller) ? keyFactor : 1) * perMinute,
    keyGenerator: (request: FastifyRequest) => request.caller?.id ?? `refused ${networkOf(request.ip)}`,
  })
  return async (request, reply) => {
    const state = await count(request)
    if (state.isAllowed) return
    reply.header('x-ratelimit-limit', state.max)
    reply.header('x-ratelimit-remaining', state.remaining)
    reply.header('x-ratelimit-reset', Math.ceil((clock.now() + state.ttl) / 1000))
    if (!state.isExceeded) return
    reply.header('retry-after', Math.max(1, state.ttlInSeconds))
    throw new HttpError(
      'too_many_requests',
      `too many requests: ${state.max} a minute are taken`,
      `wait ${Math.max(1, state.ttlInSeconds)} seconds, or raise RATE_LIMIT_RPM`,
      { retry_after_seconds: Math.max(1, state.ttlInSeconds) },
    )
  }
}

function isKey(caller: Caller | null): boolean {
  return caller !== null && caller.kind !== 'keyless'
}
