import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../../../core/time.ts'
import type { Log } from '../../../observability/log.ts'
import { newRequestId, pathOf } from '../../errors.ts'
import { isNovitaPath } from './face.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Tells calls that belong together, across services. */
    correlationId: string
  }
}

/** What may stand in a log line and a header; anything else is not taken over. */
const plainId = /^[A-Za-z0-9._:-]{1,128}$/

/** The caller's own id for a request of this face, where it can be told in a log; else one of ours. */
export function requestIdFrom({ url, headers }: Pick<IncomingMessage, 'url' | 'headers'>): string {
  const asked = headers['x-request-id']
  return isNovitaPath(pathOf(url ?? '')) && typeof asked === 'string' && plainId.test(asked) ? asked : newRequestId()
}

export interface CorrelationDeps {
  clock: Pick<Clock, 'now'>
  random: (bytes: number) => Uint8Array
  log: Log
}

/** Names every request of this face by its correlation id, and writes down what came and what was answered; no bodies. */
export function correlate(app: FastifyInstance, deps: CorrelationDeps): void {
  app.decorateRequest('correlationId', '')
  app.addHook('onRequest', async (request, reply) => {
    const path = pathOf(request.url)
    if (!isNovitaPath(path)) return
    const asked = request.headers['x-correlation-id']
    request.correlationId = typeof asked === 'string' && plainId.test(asked) ? asked : newCorrelationId()
    reply.header('x-correlation-id', request.correlationId)
    const { id: requestId, correlationId, method } = request
    deps.log.debug('request', { requestId, correlationId, method, path })
  })
  app.addHook('onResponse', async (request, reply) => {
    const path = pathOf(request.url)
    const { id: requestId, correlationId, method } = request
    const answered = { requestId, method, path, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }
    // Whoever watches the service asks for its health all the time.
    if (correlationId === '' || path === '/health') return deps.log.debug('answered', answered)
    deps.log.info('answered', { ...answered, correlationId })
  })

  function newCorrelationId(): string {
    return `corr_${deps.clock.now()}_${Buffer.from(deps.random(6)).toString('hex')}`
  }
}
