/** Logs and remote commands: a promise of an upload, and the upload that is missing at first. */

import { json, text } from '../../kit/controlled.ts'
import { seedFrom } from '../../kit/random.ts'
import type { SimReply, SimRequest } from '../../kit/simulator.ts'
import type { World } from '../state.ts'
import { existing } from './instances.ts'
import { bodyOf, objectBody, ok, type Route, refuse } from './route.ts'

const folder = '/vast.ai/instance_logs/'

export const logRoutes: Route[] = [
  {
    method: 'PUT',
    path: /^\/api\/v0\/instances\/request_logs\/([^/]+)$/,
    endpoint: { name: 'request_logs', group: 'instance_read', threshold: 1 },
    answer(call) {
      const machine = existing(call)
      if (!machine) return json(404, { error: 'invalid_id', msg: 'Invalid instance id.' })
      const { tail, filter, daemon_logs: daemon } = objectBody(call.request)
      const source = daemon === 'true' ? `daemon ${machine.id}` : machine.image
      let lines = [`starting ${source}`, machine.message ?? 'no message', `label ${machine.label ?? ''}`]
      if (typeof filter === 'string') lines = lines.filter((line) => line.includes(filter))
      if (tail !== undefined && Number(tail) > 0) lines = lines.slice(-Number(tail))
      const url = upload(call.world, call.request, machine.id, `${lines.join('\n')}\n`)
      return ok({ success: true, msg: '', result_url: url })
    },
  },
  {
    method: 'PUT',
    path: /^\/api\/v0\/instances\/command\/([^/]+)$/,
    endpoint: { name: 'command', group: 'instance_write', threshold: 1.5 },
    answer(call) {
      const body = bodyOf(call.request)
      if (body === undefined) return refuse(483, 'invalid_args', 'Invalid json_body')
      const { command } = objectBody(call.request)
      const allowed = typeof command === 'string' && command.length <= 512 && /^(ls|rm|du)\b/.test(command)
      if (!allowed) return refuse(400, 'invalid_args', 'Invalid command given.')
      const machine = existing(call)
      if (machine?.actual !== 'running') return refuse(400, 'invalid_container_id', 'Invalid container id.')
      const url = upload(call.world, call.request, machine.id, `${command}\n`)
      return ok({
        success: true,
        writeable_path: '/workspace',
        result_url: url,
        msg: 'Command is executing, wait a few seconds and then view the result_url',
      })
    },
  },
]

/** The address names S3, or this simulator when it is asked under a host of its own. */
function upload(world: World, request: SimRequest, id: number, content: string): string {
  const { state } = world
  const path = `${folder}${seedFrom(world.seed, `${id} ${Object.keys(state.uploads).length}`).toString(16)}${id.toString(16)}.log`
  state.uploads[path] = { missing: state.settings.uploadMisses, text: content }
  const host = request.headers.host
  return host && !host.endsWith('vast.ai') ? `http://${host}${path}` : `https://s3.amazonaws.com${path}`
}

/** What S3 answers: without a key, 404 until the upload is there. */
export function uploaded(world: World, request: SimRequest): SimReply | undefined {
  if (request.method !== 'GET' || !request.path.startsWith(folder)) return undefined
  const upload = world.state.uploads[request.path]
  if (upload && upload.missing <= 0) return text(200, upload.text)
  if (upload) upload.missing -= 1
  return text(
    404,
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>',
    { 'content-type': 'application/xml' },
  )
}
