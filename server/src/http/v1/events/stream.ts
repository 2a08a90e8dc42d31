import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { InstanceEvent, ListEvents } from '../../../app/instance-events.ts'
import { isStillGood, type KeyDeps } from '../../../app/keys.ts'
import type { Bell } from '../../../core/bell.ts'
import { problemReplies } from '../../route.ts'
import { WholeText } from '../inputs.ts'
import { eventView } from './view.ts'

export interface EventStreamDeps {
  listEvents: ListEvents
  newestEventId: () => Promise<number>
  /** Rung when there may be new events. */
  changed: Bell
}

const heartbeatMs = 15_000
const batch = 200

const StreamQuery = z.strictObject({
  instance_id: z.string().min(1).max(64).optional().describe('Only this instance.'),
  after: WholeText(0, Number.MAX_SAFE_INTEGER).optional().describe('The id of the last event you have.'),
})

/**
 * Server-sent events: what changes, as it changes. Each has the event's id, so that a client which reconnects with
 * `Last-Event-ID` misses nothing.
 */
export function eventStream(app: FastifyInstance, deps: EventStreamDeps & Pick<KeyDeps, 'keys' | 'clock'>): void {
  const open = new Set<ServerResponse>()
  app.addHook('preClose', async () => {
    for (const response of open) response.end()
  })

  app.get(
    '/api/v1/events',
    {
      // A HEAD would stay open, with nothing to follow.
      exposeHeadRoute: false,
      config: { access: 'viewer', known: Object.keys(StreamQuery.shape) },
      schema: {
        operationId: 'streamEvents',
        tags: ['events'],
        summary: 'Follow what happens, as server-sent events.',
        description:
          'Begins with what happens from now on; with `after` or the `Last-Event-ID` header, after that event. The header wins: it is what a browser sends when it reconnects.',
        querystring: StreamQuery,
        response: {
          200: {
            description: 'Events until you leave: `id`, `event` (the kind) and `data`, an Event as JSON.',
            content: { 'text/event-stream': { schema: z.string() } },
          },
          ...problemReplies([]),
        },
      },
    },
    async (request, reply) => {
      const { instance_id: instanceId, after } = request.query as z.infer<typeof StreamQuery>
      const { kind, id, project } = request.caller
      const since = deps.clock.now()
      const from = lastSeen(request.headers['last-event-id']) ?? after ?? (await deps.newestEventId())
      // Who has left meanwhile is not listened for: nobody would tell us to stop.
      if (request.raw.destroyed) return reply.hijack()

      const response = opened(reply, from)
      open.add(response)
      const pump = createPump(response, from, async (position) => {
        // A key may end while its stream goes on.
        if (kind === 'key' && !(await isStillGood(id, since, deps))) return null
        return deps.listEvents({
          ...(instanceId !== undefined && { instanceId }),
          ...(project !== null && { project }),
          after: position,
          limit: batch,
        })
      })
      const silence = deps.changed.listen(pump)
      const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs)
      response.once('close', () => {
        silence()
        clearInterval(heartbeat)
        open.delete(response)
      })
      pump()
      return reply
    },
  )
}

/** An empty header is none, and a strange one is not "from the beginning". */
function lastSeen(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

/** Takes the connection over, with what other plugins have put into the head: CORS, security, limits. */
function opened(reply: FastifyReply, from: number): ServerResponse {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string | number | string[]>),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  // The position comes first: who loses the connection before the first event still knows where to go on.
  raw.write(`retry: 2000\nid: ${from}\n\n`)
  return raw
}

/**
 * Sends what there is whenever it is called. Calls while it is at work are one more round, and a client that reads slowly
 * is waited for, so that neither events nor rounds pile up.
 */
function createPump(
  response: ServerResponse,
  from: number,
  /** null: there is nothing more for this listener. */
  next: (position: number) => Promise<InstanceEvent[] | null>,
) {
  let position = from
  let atWork = false
  let again = false

  async function sendAll(): Promise<void> {
    for (;;) {
      again = false
      const events = await next(position)
      if (events === null) return void response.end()
      for (const event of events) {
        if (response.destroyed || response.writableEnded) return
        position = event.id
        const text = `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(eventView(event))}\n\n`
        if (!response.write(text)) await drained(response)
      }
      if (events.length < batch && !again) {
        // Here, not when the promise settles: a call in between would be lost.
        atWork = false
        return
      }
    }
  }

  return () => {
    again = true
    if (atWork) return
    atWork = true
    sendAll().catch(() => void response.destroy())
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve()
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.once('drain', done)
    response.once('close', done)
  })
}
