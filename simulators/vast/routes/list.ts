/** Lists of machines: v1 with keyset pages, the dying v0 list, the count. */

import type { SimReply } from '../../kit/simulator.ts'
import { type ApiError, refused, replyFrom } from '../errors.ts'
import { badOp, comparisons } from '../search.ts'
import { liveMachines, type Machine, type World } from '../state.ts'
import { instanceView, storedColumns } from '../view.ts'
import { type Call, invalidToken, isError, jsonParam, ok, type Route, refuse, tokenFrom, valuesFrom } from './route.ts'
import { withColumns } from './search.ts'

export const listRoutes: Route[] = [
  {
    method: 'GET',
    path: /^\/api\/v1\/instances$/,
    endpoint: { name: 'v1 instances', group: 'instance_read', threshold: 1, unknownKeyIs404: true },
    answer: listV1,
  },
  {
    method: 'GET',
    path: /^\/api\/v0\/instances$/,
    endpoint: { name: 'v0 instances', group: 'instance_read', threshold: 20 },
    answer: ({ world }) =>
      world.state.settings.v0List === '200'
        ? ok({ success: true, instances: listed(world).map((machine) => instanceView(world, machine)) })
        : refuse(410, 'deprecated_endpoint', '/api/v0/instances/ is deprecated. Use /api/v1/instances/ instead.'),
  },
  {
    method: 'GET',
    path: /^\/api\/v0\/instances\/count$/,
    endpoint: { name: 'instances count', group: 'instance_read', threshold: 2 },
    answer: ({ world }) => ok({ count: listed(world).length }),
  },
]

/** A new machine can be missing for a while. */
function listed(world: World): Machine[] {
  return liveMachines(world).filter((machine) => machine.listedAt <= world.state.at)
}

type Stored = Record<string, string | number | boolean | null>

interface Row {
  machine: Machine
  stored: Stored
}

function listV1({ world, request }: Call): SimReply {
  const rows = listed(world).map((machine): Row => ({ machine, stored: storedColumns(world, machine) }))
  const filters = request.query.has('select_filters') ? jsonParam(request, 'select_filters') : {}
  const matching = filtered(rows, filters)
  if (isError(matching)) return replyFrom(matching)
  const order = orderFrom(request.query.has('order_by') ? jsonParam(request, 'order_by') : [])
  if (isError(order)) return replyFrom(order)
  const sorted = matching.toSorted((one, other) => compared(one.stored, other.stored, order))
  const token = request.query.get('after_token')
  const after = token ? valuesFrom(token) : undefined
  if (token && !after) return replyFrom(invalidToken)
  const rest = after ? sorted.filter((row) => compared(row.stored, after as Stored, order) > 0) : sorted
  const limit = Math.min(limitFrom(request.query.get('limit')), world.state.settings.pageCap ?? 25)
  const page = rest.slice(0, limit)
  const last = page[page.length - 1]
  const columns = jsonParam(request, 'select_cols')
  return ok({
    success: true,
    instances_found: page.length,
    total_instances: matching.length,
    label_counts: labelCounts(matching),
    next_token:
      last && rest.length > page.length
        ? tokenFrom(Object.fromEntries(order.map(({ col }) => [col, last.stored[col] ?? null])))
        : null,
    instances: page.map(({ machine }) =>
      withColumns({ ...instanceView(world, machine), volume_info: volumeInfo(machine) }, columns),
    ),
  })
}

/** Its shape is not published; the names are those of the create call. */
function volumeInfo(machine: Machine) {
  return machine.volumes.map(({ id, mountPath }) => ({ volume_id: id, mount_path: mountPath }))
}

/** 25 at most; zero and less mean five. */
function limitFrom(text: string | null): number {
  const limit = text === null ? 25 : Number.parseInt(text, 10)
  if (Number.isNaN(limit)) return 25
  return limit <= 0 ? 5 : Math.min(limit, 25)
}

const columnNames = new Set([
  'id',
  'label',
  'actual_status',
  'intended_status',
  'cur_state',
  'next_state',
  'status_msg',
  'template_id',
  'template_hash_id',
  'image_uuid',
  'image_runtype',
  'machine_id',
  'host_id',
  'gpu_name',
  'gpu_arch',
  'cpu_arch',
  'geolocation',
  'verification',
  'is_bid',
  'start_date',
  'end_date',
])

function unknownColumn(name: string): ApiError {
  return refused(400, { error: 'invalid_request', msg: `Error in query parameters: ${name} is not a valid search key` })
}

function filtered(rows: Row[], filters: unknown): Row[] | ApiError {
  if (typeof filters !== 'object' || filters === null || Array.isArray(filters)) {
    return refused(400, { error: 'invalid_request', msg: 'Invalid query: must be dict of conditions' })
  }
  for (const [name, condition] of Object.entries(filters)) {
    if (!columnNames.has(name)) return unknownColumn(name)
    const bad = badOp(condition)
    if (bad) return bad
  }
  return rows.filter(({ stored }) =>
    Object.entries(filters).every(([name, condition]) =>
      Object.entries(condition ?? {}).every(([op, wanted]) => {
        const seen = stored[name]
        if (seen === null || seen === undefined) return op === 'eq' && wanted === null
        return comparisons[op]?.(seen, wanted) ?? false
      }),
    ),
  )
}

interface OrderColumn {
  col: string
  down: boolean
}

function orderFrom(asked: unknown): OrderColumn[] | ApiError {
  const columns: OrderColumn[] = []
  for (const entry of Array.isArray(asked) ? (asked as { col?: unknown; dir?: unknown }[]) : []) {
    const col = String(entry?.col)
    if (!columnNames.has(col)) return unknownColumn(col)
    columns.push({ col, down: entry.dir === 'desc' })
  }
  // `id` is always the tie-breaker.
  return columns.some(({ col }) => col === 'id') ? columns : [...columns, { col: 'id', down: false }]
}

function compared(one: Stored, other: Stored, order: OrderColumn[]): number {
  for (const { col, down } of order) {
    const left = one[col] ?? null
    const right = other[col] ?? null
    if (left === right) continue
    if (left === null) return 1
    if (right === null) return -1
    return left < right === down ? 1 : -1
  }
  return 0
}

function labelCounts(rows: Row[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { machine } of rows) counts[machine.label ?? ''] = (counts[machine.label ?? ''] ?? 0) + 1
  return counts
}
