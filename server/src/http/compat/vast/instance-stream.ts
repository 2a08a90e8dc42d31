import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { isStillGood, type KeyDeps } from '../../../app/keys.ts'
import { getVastInstance, type VastReadDeps } from '../../../app/vast-instances.ts'
import type { Bell } from '../../../core/bell.ts'
import { isoFrom, secondMs } from '../../../core/time.ts'
import { whoFrom } from '../../access.ts'
import { aboutInstance, InstancePath, onePath } from './instance-path.ts'

export type VastStreamDeps = VastReadDeps & Pick<KeyDeps, 'keys' | 'clock'> & { changed: Bell }

const heartbeatMs = 30 * secondMs

/** Server-sent events: what its status is, then each change of it, and a heartbeat in between. */
export function vastStatusStream(app: FastifyInstance, deps: VastStreamDeps): void {
  const open = new Set<ServerResponse>()
  app.addHook('preClose', async () => {
    for (const response of open) response.end()
  })

  app.get(
    `${onePath}/status-stream`,
    // A HEAD would stay open, with nothing to follow.
    { exposeHeadRoute: false, config: { access: 'viewer' }, schema: { hide: true, params: InstancePath } },
    async (request, reply) => {
      const { caller } = request
      const since = deps.clock.now()
      const { instance, word } = await aboutInstance(request, (id, who) => getVastInstance(id, who, deps))
      if (request.raw.destroyed) return reply.hijack()

      const response = opened(reply)
      const over = new AbortController()
      const send = (data: unknown) => void response.write(`data: ${JSON.stringify(data)}\n\n`)
      const told = (status: string) => send({ instance_id: instance.id, status, timestamp: isoFrom(deps.clock.now()) })

      let last = word
      const look = oneAtATime(
        async () => {
          // A key may end while its stream goes on.
          if (caller.kind === 'key' && !(await isStillGood(caller.id, since, deps))) return void response.end()
          const now = await getVastInstance(instance.id, whoFrom(caller), deps)
          if (now.word === last || over.signal.aborted) return
          last = now.word
          told(last)
        },
        () => response.destroy(),
      )

      const silence = deps.changed.listen(look)
      open.add(response)
      response.once('close', () => {
        silence()
        over.abort()
        open.delete(response)
      })
      told(word)
      // What changed between the first look and listening.
      look()
      void beat(
        () => {
          send({ type: 'heartbeat' })
          look()
        },
        deps,
        over.signal,
      )
      return reply
    },
  )
}

async function beat(onBeat: () => void, { clock }: Pick<VastStreamDeps, 'clock'>, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await clock.sleep(heartbeatMs, signal)
      onBeat()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Calls while it is at work are one more round. */
function oneAtATime(work: () => Promise<unknown>, onFailure: () => void): () => void {
  let atWork = false
  let again = false
  return function run() {
    again = atWork
    if (atWork) return
    atWork = true
    work()
      .catch(onFailure)
      .finally(() => {
        atWork = false
        if (again) run()
      })
  }
}

/** Takes the connection over, with what other plugins have put into the head: CORS, security, limits. */
function opened(reply: FastifyReply): ServerResponse {
  reply.hijack()
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string | number | string[]>),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  return reply.raw
}
