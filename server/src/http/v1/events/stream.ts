import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { ListEvents } from '../../../app/instance-events.ts'
import type { Bell } from '../../../core/bell.ts'
import { eventView } from './view.ts'

export interface EventStreamDeps {
  listEvents: ListEvents
  newestEventId: () => Promise<number>
  /** Rung when there may be new events. */
  changed: Bell
}

const heartbeatMs = 15_000
const batch = 200

/**
 * Server-sent events: what changes, as it changes. Each has the event's id, so that a client which reconnects with
 * `Last-Event-ID` misses nothing.
 */
export function eventStream(app: FastifyInstance, deps: EventStreamDeps): void {
  const open = new Set<FastifyReply>()
  app.addHook('preClose', async () => {
    for (const reply of open) reply.raw.end()
  })

  app.get(
    '/api/v1/events',
    {
      schema: {
        operationId: 'streamEvents',
        tags: ['events'],
        summary: 'Follow what happens, as server-sent events.',
        description:
          'Begins with what happens from now on; with `after` or the `Last-Event-ID` header, after that event.',
        querystring: z.strictObject({
          instance_id: z.string().optional().describe('Only this instance.'),
          after: z.coerce.number().int().min(0).optional().describe('The id of the last event you have.'),
        }),
        produces: ['text/event-stream'],
      },
    },
    async (request, reply) => {
      const { instance_id: instanceId, after } = request.query as { instance_id?: string; after?: number }
      const lastSeen = Number(request.headers['last-event-id'] ?? Number.NaN)
      let position = after ?? (Number.isInteger(lastSeen) ? lastSeen : await deps.newestEventId())

      reply.hijack()
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-request-id': request.id,
      })
      reply.raw.write('retry: 2000\n\n')
      open.add(reply)

      let sending: Promise<void> = Promise.resolve()
      const sendNew = async () => {
        for (;;) {
          const events = await deps.listEvents({
            ...(instanceId !== undefined && { instanceId }),
            after: position,
            limit: batch,
          })
          for (const event of events) {
            reply.raw.write(`id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(eventView(event))}\n\n`)
            position = event.id
          }
          if (events.length < batch) return
        }
      }
      const send = () => {
        sending = sending.then(sendNew).catch(() => void reply.raw.destroy())
      }
      const silence = deps.changed.listen(send)
      const heartbeat = setInterval(() => reply.raw.write(': still here\n\n'), heartbeatMs)
      request.raw.once('close', () => {
        silence()
        clearInterval(heartbeat)
        open.delete(reply)
      })
      send()
    },
  )
}
