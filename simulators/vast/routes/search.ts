/** Search: `POST` and `GET /api/v0/bundles/`, and the experimental `PUT /api/v0/search/asks/`. */

import { json } from '../../kit/controlled.ts'
import type { SimReply } from '../../kit/simulator.ts'
import { refused, replyFrom } from '../errors.ts'
import type { Endpoint } from '../gate.ts'
import { search } from '../search.ts'
import type { World } from '../state.ts'
import { offerText, wireOffer } from '../wire.ts'
import { bodyOf, type Call, isError, jsonParam, ok, type Route } from './route.ts'

const bundles: Endpoint = {
  name: 'bundles',
  group: null,
  threshold: 2,
  burst: 4,
  shape: 'text',
  unknownKeyIs404: true,
  anonymous: true,
}

const dayMs = 86_400_000

export const searchRoutes: Route[] = [
  {
    method: 'POST',
    path: /^\/api\/v0\/bundles$/,
    endpoint: bundles,
    answer: (call) => answer(call, bodyOf(call.request), undefined),
  },
  {
    method: 'GET',
    path: /^\/api\/v0\/bundles$/,
    endpoint: bundles,
    answer: (call) =>
      answer(
        call,
        call.request.query.has('q') ? jsonParam(call.request, 'q') : {},
        jsonParam(call.request, 'select_cols'),
      ),
  },
  {
    method: 'PUT',
    path: /^\/api\/v0\/search\/asks$/,
    endpoint: { ...bundles, name: 'search asks' },
    answer(call) {
      const body = bodyOf(call.request) as { q?: unknown; select_cols?: unknown } | undefined
      return answer(call, body?.q ?? {}, body?.select_cols)
    },
  },
]

function answer({ world }: Call, query: unknown, columns: unknown): SimReply {
  if (query === undefined) return replyFrom(refused(400, { error: 'invalid_request', msg: 'Invalid json body' }))
  const { state } = world
  const spent = quotaSpent(world)
  if (spent) return spent
  const found = search(world.market, query, { now: state.at, leaks: state.settings.leakyRows })
  if (isError(found)) return replyFrom(found)
  state.quota.rows += found.offers.length
  const { terms, truncated } = found
  if (Array.isArray(columns) && !columns.includes('*')) {
    return ok({
      offers: found.offers.map((offer) => withColumns(wireOffer(offer, terms, state.at), columns)),
      truncated,
    })
  }
  const rows = found.offers.map((offer) => offerText(offer, terms, state.at))
  return { ...ok({}), body: `{"offers":[${rows.join(',')}],"truncated":${truncated}}` }
}

/** Rows per day; the size is not published, and that a day is a UTC day is a guess. */
function quotaSpent({ state }: World): SimReply | undefined {
  const day = Math.floor(state.at / dayMs)
  if (state.quota.day !== day) state.quota = { day, rows: 0 }
  if (state.quota.rows < state.settings.rowsPerDay) return undefined
  const seconds = Math.ceil(((day + 1) * dayMs - state.at) / 1_000)
  return json(
    429,
    { error: 'search_quota_exceeded', msg: 'Daily search row quota exhausted' },
    { 'retry-after': String(seconds) },
  )
}

export function withColumns(row: Record<string, unknown>, columns: unknown): Record<string, unknown> {
  if (!Array.isArray(columns) || columns.includes('*')) return row
  return Object.fromEntries(columns.map((name) => [String(name), row[String(name)] ?? null]))
}
