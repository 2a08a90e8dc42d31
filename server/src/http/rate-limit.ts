import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../core/time.ts'
import { HttpError } from './problem.ts'

export type RateLimit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

const windowMs = 60_000
/** The admin key is one secret for a whole team and its programs. */
const adminFactor = 10

/**
 * So many calls per minute and caller; who is not let in counts by address, so that keys cannot be tried out.
 *
 * @returns counts one request, and throws when it is one too many. The headers are those of contract 003: `Reset` is unix time
 */
export async function createRateLimit(
  app: FastifyInstance,
  { perMinute, clock }: { perMinute: number; clock: Pick<Clock, 'now'> },
): Promise<RateLimit> {
  await app.register(fastifyRateLimit, { global: false })
  const count = app.createRateLimit({
    timeWindow: windowMs,
    max: (request: FastifyRequest) => (request.caller?.kind === 'admin' ? adminFactor : 1) * perMinute,
    keyGenerator: (request: FastifyRequest) => request.caller?.name ?? `refused ${request.ip}`,
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
