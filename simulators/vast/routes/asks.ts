/** Renting: `PUT /api/v0/asks/{id}/` and its bulk form. */

import { json } from '../../kit/controlled.ts'
import { replyFrom } from '../errors.ts'
import { type Rented, rent } from '../rent.ts'
import type { World } from '../state.ts'
import { bodyOf, isError, objectBody, type Route, refuse } from './route.ts'

export const askRoutes: Route[] = [
  {
    method: 'PUT',
    path: /^\/api\/v0\/asks\/([^/]+)$/,
    endpoint: { name: 'asks', group: 'instance_write', threshold: 4.5, shape: 'text_threshold' },
    answer({ world, request, params }) {
      const answer = rent(world, wholeNumber(params[0] ?? ''), bodyOf(request))
      if (isError(answer)) return replyFrom(answer)
      return json(...createdReply(world, answer))
    },
  },
  {
    method: 'POST',
    path: /^\/api\/v0\/asks\/bulk$/,
    endpoint: { name: 'asks bulk', group: 'instance_write', threshold: 4.5 },
    answer({ world, request }) {
      const { ids, ...order } = objectBody(request)
      if (!Array.isArray(ids)) return refuse(400, 'invalid_args', 'ids is required')
      if (ids.length > 64) return refuse(400, 'invalid_args', 'too many ask ids provided; max is 64')
      const results = ids.map((id: number) => bulkResult(world, id, order))
      const created = results.flatMap((result) => ('new_contract' in result ? [result.new_contract] : []))
      const lost = results.flatMap((result) => ('new_contract' in result ? [] : [result.ask_id]))
      const body = { success: created.length > 0, results, created, failed: lost, elapsed: 1.9 }
      return json(created.length > 0 ? 200 : 400, body)
    },
  },
]

/** `success` says whether it runs; with `new_contract` it exists in any case. */
function createdReply(world: World, { machine, runs }: Rented): [number, Record<string, unknown>] {
  const made = { new_contract: machine.id, instance_api_key: machine.instanceKey }
  if (runs || !machine.isBid || world.state.settings.lowBid === '200') return [200, { success: runs, ...made }]
  return [
    400,
    {
      success: false,
      error: 'resources_unavailable',
      msg: 'Required resources are currently unavailable, state change queued.',
      ...made,
    },
  ]
}

function bulkResult(world: World, id: number, order: Record<string, unknown>) {
  const answer = rent(world, Number(id), order)
  if (isError(answer)) return { ask_id: id, success: false, error: answer.body.error, msg: answer.body.msg }
  const { machine, runs } = answer
  return { ask_id: id, success: true, new_contract: machine.id, state: runs ? 'running' : 'stopped' }
}

export function wholeNumber(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}
