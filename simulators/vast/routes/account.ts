/** The account: who, how much money, which keys. */

import { json } from '../../kit/controlled.ts'
import type { SimReply } from '../../kit/simulator.ts'
import { noSuchInstance, replyFrom } from '../errors.ts'
import { credit, type SshKey, type World } from '../state.ts'
import { wholeNumber } from './asks.ts'
import { existing } from './instances.ts'
import { type Call, objectBody, ok, type Route, refuse } from './route.ts'

const userId = 118_001
const keys = { name: 'ssh', group: 'user_write', threshold: 1 }

export const accountRoutes: Route[] = [
  {
    method: 'GET',
    path: /^\/api\/v0\/users\/current$/,
    endpoint: { name: 'users current', group: 'user_read', threshold: 2 },
    answer: ({ world, request }) =>
      ok({
        id: userId,
        username: 'acme',
        email: 'ops@example.com',
        balance: 0,
        credit: Number(credit(world, world.state.at)) / 1e9,
        key_id: 55_102,
        ssh_key: world.state.sshKeys[0]?.key ?? '',
        sid: 'web-3',
        can_pay: true,
        has_billing: true,
        email_verified: true,
        host_only: false,
        has_payout: false,
        // The real answer holds a key, too: whoever logs it leaks it.
        api_key: (request.headers.authorization ?? '').replace(/^Bearer\s+/i, '') || request.query.get('api_key'),
      }),
  },
  {
    method: 'GET',
    path: /^\/api\/v0\/ssh$/,
    endpoint: { ...keys, group: 'user_read' },
    answer: ({ world }) => keyList(world),
  },
  { method: 'POST', path: /^\/api\/v0\/ssh$/, endpoint: keys, answer: addKey },
  {
    method: 'PUT',
    path: /^\/api\/v0\/ssh\/([^/]+)$/,
    endpoint: keys,
    answer({ world, request, params }) {
      const key = world.state.sshKeys.find((each) => each.id === wholeNumber(params[0] ?? ''))
      const { ssh_key: content } = objectBody(request)
      if (!key || typeof content !== 'string' || content === '') return refuse(400, 'no_ssh_key', 'No ssh key provided')
      key.key = content
      return ok({ success: true, key: keyView(key, 'public_key') })
    },
  },
  {
    method: 'DELETE',
    path: /^\/api\/v0\/ssh\/([^/]+)$/,
    endpoint: keys,
    answer({ world, params }) {
      const { state } = world
      const left = state.sshKeys.filter((each) => each.id !== wholeNumber(params[0] ?? ''))
      if (left.length === state.sshKeys.length) return refuse(400, 'no_ssh_key', 'No ssh key provided')
      state.sshKeys = left
      return ok({ success: true })
    },
  },
  {
    method: 'POST',
    path: /^\/api\/v0\/instances\/([^/]+)\/ssh$/,
    endpoint: { name: 'instance ssh', group: 'instance_write', threshold: 1 },
    answer(call) {
      const machine = existing(call)
      if (!machine) return replyFrom(noSuchInstance(call.params[0] ?? ''))
      const { ssh_key: key } = objectBody(call.request)
      if (typeof key !== 'string' || key === '') return refuse(400, 'no_ssh_key', 'No ssh key provided')
      const { attachedKeys } = call.world.state
      const id = nextKeyId(call.world)
      attachedKeys[machine.id] = [...(attachedKeys[machine.id] ?? []), { id, key }]
      return ok({ success: true, msg: 'SSH key attached successfully' })
    },
  },
  {
    method: 'GET',
    path: /^\/api\/v0\/instances\/([^/]+)\/ssh$/,
    endpoint: { name: 'instance ssh', group: 'instance_read', threshold: 1 },
    answer(call) {
      const machine = existing(call)
      if (!machine) return replyFrom(noSuchInstance(call.params[0] ?? ''))
      const attached = call.world.state.attachedKeys[machine.id] ?? []
      const list = attached.map((each) => ({ id: each.id, name: `key-${each.id}`, public_key: each.key }))
      return ok({ success: true, ssh_keys: JSON.stringify(list) }) // a text that holds JSON
    },
  },
  {
    method: 'DELETE',
    path: /^\/api\/v0\/instances\/([^/]+)\/ssh\/([^/]+)$/,
    endpoint: { name: 'instance ssh', group: 'instance_write', threshold: 2 },
    answer(call) {
      const machine = existing(call)
      if (!machine) return replyFrom(noSuchInstance(call.params[0] ?? ''))
      const attached = call.world.state.attachedKeys[machine.id] ?? []
      const left = attached.filter((each) => each.id !== wholeNumber(call.params[1] ?? ''))
      if (left.length === attached.length) return refuse(404, 'no_such_ssh_key', 'SSH key not found.')
      call.world.state.attachedKeys[machine.id] = left
      return ok({ success: true, msg: 'SSH key removed from instance.' })
    },
  },
]

/** The list says `key`, the create answer `public_key`. */
function keyList(world: World): SimReply {
  const { sshKeys, settings } = world.state
  const list = sshKeys.map((key) => keyView(key, 'key'))
  if (settings.sshList === '404' && list.length === 0)
    return json(404, { success: false, error: 'no_ssh_key', msg: 'No SSH keys found for the user.' })
  return ok(settings.sshList === 'object' ? { ssh_keys: list } : list)
}

function addKey({ world, request }: Call): SimReply {
  const { ssh_key: content } = objectBody(request)
  if (typeof content !== 'string' || content === '') return refuse(400, 'no_ssh_key', 'No ssh key provided')
  const key: SshKey = { id: nextKeyId(world), key: content, createdAt: world.state.at }
  world.state.sshKeys.push(key)
  return ok({ success: true, key: keyView(key, 'public_key') })
}

function nextKeyId({ state }: World): number {
  const used = [...state.sshKeys, ...Object.values(state.attachedKeys).flat()].map((each) => each.id)
  return Math.max(123, ...used) + 1
}

function keyView(key: SshKey, field: 'key' | 'public_key'): Record<string, unknown> {
  return {
    id: key.id,
    user_id: userId,
    [field]: key.key,
    created_at: new Date(key.createdAt).toISOString().replace('.000Z', 'Z'),
    deleted_at: null,
  }
}
