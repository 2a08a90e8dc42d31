/** One machine: look, stop, start, label, bid, reboot, destroy; and the bulk forms. */

import { nanosFromUsd } from '../../kit/bill.ts'
import { json } from '../../kit/controlled.ts'
import type { SimReply } from '../../kit/simulator.ts'
import { noCredit, noSuchInstance, replyFrom } from '../errors.ts'
import type { Endpoint } from '../gate.ts'
import * as machines from '../machines.ts'
import { credit, liveMachines, type Machine, machineOf, startMeter, stopMeter, type World } from '../state.ts'
import { instanceView, storedColumns } from '../view.ts'
import { wholeNumber } from './asks.ts'
import { bodyOf, type Call, objectBody, ok, type Route, refuse } from './route.ts'

const write = 'instance_write'

export const instanceRoutes: Route[] = [
  {
    method: 'GET',
    path: /^\/api\/v0\/instances\/filters$/,
    endpoint: { name: 'instances filters', group: 'instance_read', threshold: 2 },
    answer: ({ world }) => ok({ filters: distinct(world) }),
  },
  {
    method: 'PUT',
    path: /^\/api\/v0\/instances$/,
    endpoint: { name: 'instances', group: write, threshold: 4 },
    answer: bulkChange,
  },
  {
    method: 'DELETE',
    path: /^\/api\/v0\/instances$/,
    endpoint: { name: 'instance', group: write, threshold: 3, shape: 'envelope' },
    answer: bulkDestroy,
  },
  {
    method: 'POST',
    path: /^\/api\/v0\/instances\/start$/,
    endpoint: { name: 'instances start', group: write, threshold: 2 },
    answer: bulkStart,
  },
  onMachine('PUT', 'reboot', 1, (call, machine) => {
    if (machine.actual !== 'running') return ok(notStarted)
    machines.reboot(call.world, machine)
    return ok({ success: true })
  }),
  onMachine('PUT', 'recycle', 1, (call, machine) => {
    if (machine.actual !== 'running') return ok(notStarted)
    machines.recycle(call.world, machine)
    return ok({ success: true })
  }),
  onMachine('PUT', 'update_template', 2, (call, machine) => {
    const { image, onstart, template_hash_id: template } = objectBody(call.request)
    if (typeof image === 'string') machine.image = image
    if (typeof onstart === 'string') machine.onstart = onstart
    if (typeof template === 'string') machine.templateHash = template
    return ok({ success: true })
  }),
  {
    method: 'PUT',
    path: /^\/api\/v0\/instances\/bid_price\/([^/]+)$/,
    endpoint: { name: 'bid_price', group: write, threshold: 5.5 },
    answer: changeBid,
  },
  {
    method: 'GET',
    path: /^\/api\/v0\/instances\/([^/]+)$/,
    endpoint: { name: 'instance', group: 'instance_read', threshold: 2 },
    answer: show,
  },
  {
    method: 'PUT',
    path: /^\/api\/v0\/instances\/([^/]+)$/,
    endpoint: { name: 'instance', group: write, threshold: 1 },
    answer: change,
  },
  {
    method: 'DELETE',
    path: /^\/api\/v0\/instances\/([^/]+)$/,
    endpoint: { name: 'instance', group: write, threshold: 3, shape: 'envelope' },
    answer: remove,
  },
]

const notStarted = { success: false, error: 'invalid_id', msg: 'Invalid instance id. Is the container started?' }

function onMachine(
  method: string,
  verb: string,
  threshold: number,
  act: (call: Call, machine: Machine) => SimReply,
): Route {
  const endpoint: Endpoint = { name: verb, group: write, threshold }
  return {
    method,
    path: new RegExp(`^/api/v0/instances/${verb}/([^/]+)$`),
    endpoint,
    answer(call) {
      const machine = existing(call)
      return machine ? act(call, machine) : refuse(400, 'invalid_args', 'invalid instance_id')
    },
  }
}

/** The machine in the path, if it exists and the key is for it. */
export function existing({ world, params, caller }: Call): Machine | undefined {
  const machine = machineOf(world, wholeNumber(params[0] ?? ''))
  if (!machine || machine.destroyedAt !== null) return undefined
  return caller.only && caller.only.id !== machine.id ? undefined : machine
}

function show(call: Call): SimReply {
  const id = wholeNumber(call.params[0] ?? '')
  if (Number.isNaN(id)) return refuse(400, 'invalid_args', 'invalid instance_id')
  const machine = existing(call)
  if (machine) return ok({ instances: instanceView(call.world, machine) })
  if (call.world.state.settings.destroyedGet === '404') return replyFrom(noSuchInstance(id))
  return ok({ instances: null })
}

function change(call: Call): SimReply {
  const { world, request, params } = call
  if (Number.isNaN(wholeNumber(params[0] ?? ''))) return refuse(400, 'invalid_args', 'invalid instance_id')
  const machine = existing(call)
  if (!machine) return replyFrom(noSuchInstance(params[0] ?? ''))
  const { state, label } = objectBody(request)
  if (label !== undefined) {
    if (label !== null && (typeof label !== 'string' || label.length > 1_024)) {
      return refuse(400, 'invalid_args', 'label is longer than 1024 characters')
    }
    relabel(world, machine, label)
  }
  if (state !== undefined) return json(...changeState(world, machine, state))
  if (label !== undefined) return ok({ success: true })
  return refuse(400, 'invalid_args', 'Invalid target state')
}

/** The bill follows the label, so that a machine keeps one name on it. */
function relabel(world: World, machine: Machine, label: string | null): void {
  machine.label = label
  for (const meter of world.state.meters) if (meter.machineId === String(machine.id)) meter.label = label
}

function changeState(world: World, machine: Machine, state: unknown): [number, Record<string, unknown>] {
  const done: [number, Record<string, unknown>] = [200, { success: true }]
  if (machine.plan?.to === 'gone') return [404, noSuchInstance(machine.id).body]
  if (state === 'stopped') {
    machines.stop(world, machine)
    return done
  }
  if (state !== 'running') return [400, { success: false, error: 'invalid_args', msg: 'Invalid target state' }]
  if (machine.stopped === 'ended') return [400, { success: false, error: 'invalid_args', msg: 'Contract has expired.' }]
  if (credit(world, world.state.at) <= 0n) return [400, noCredit.body]
  if (machines.start(world, machine) === 'started') return done
  return [
    200,
    {
      success: false,
      error: 'resources_unavailable',
      msg: 'Required resources are currently unavailable, state change queued.',
    },
  ]
}

function remove(call: Call): SimReply {
  const id = wholeNumber(call.params[0] ?? '')
  if (Number.isNaN(id)) return refuse(400, 'invalid_args', 'invalid instance_id')
  const machine = existing(call)
  if (!machine) return replyFrom(noSuchInstance(id))
  machines.askToDestroy(call.world, machine)
  return ok({ success: true })
}

function changeBid(call: Call): SimReply {
  const { world, request, params } = call
  const machine = existing(call)
  if (!machine) return replyFrom(noSuchInstance(params[0] ?? ''))
  if (!machine.isBid) return refuse(400, 'invalid_args', "Can't change price of on-demand contract.")
  const listing = machines.listingOf(world, machine)
  const asked = objectBody(request).price ?? world.market.minBid(listing, machine.gpus) / 1e9
  if (typeof asked !== 'number' || !(asked >= 0.001))
    return refuse(400, 'invalid_args', 'Please set a bid price >= 0.001.')
  if (asked > 32 * machine.gpus) return refuse(400, 'invalid_args', `Please set a bid price <= ${32 * machine.gpus}.`)
  setPrice(world, machine, asked)
  machines.lookAtBids(world)
  return ok({ success: true })
}

/** From now on the meter runs at the new price. */
export function setPrice(world: World, machine: Machine, usd: number): void {
  if (nanosFromUsd(usd) === nanosFromUsd(machine.dphBase)) return
  const metered = machine.gpuMeter !== null
  stopMeter(world, machine, 'gpu', world.state.at)
  machine.dphBase = usd
  if (metered) startMeter(world, machine, 'gpu', world.state.at)
}

function bulkChange({ world, request }: Call): SimReply {
  const body = objectBody(request)
  const ids = Array.isArray(body.ids) ? body.ids : []
  if (ids.length > 64) return refuse(400, 'invalid_args', `chunk length of ${ids.length} > 64`)
  if (body.state === 'running' && credit(world, world.state.at) <= 0n)
    return refuse(400, 'insufficient_credit', 'You lack credit.')
  for (const machine of present(world, ids)) changeState(world, machine, body.state)
  return ok({ success: true })
}

function bulkStart({ world, request }: Call): SimReply {
  const ids = objectBody(request).IDs
  if (!Array.isArray(ids) || ids.length > 100) return refuse(400, 'invalid_args', 'IDs must be a list of at most 100')
  for (const machine of present(world, ids)) changeState(world, machine, 'running')
  return ok({ success: true })
}

function bulkDestroy({ world, request }: Call): SimReply {
  const body = bodyOf(request) as { instance_ids?: unknown } | undefined
  const found = present(world, Array.isArray(body?.instance_ids) ? body.instance_ids : [])
  if (found.length === 0) return refuse(404, 'instances_not_found', 'No matching instances found.')
  for (const machine of found) machines.askToDestroy(world, machine)
  return ok({ success: true })
}

function present(world: World, ids: unknown[]): Machine[] {
  return ids.flatMap((id) => {
    const machine = machineOf(world, Number(id))
    return machine && machine.destroyedAt === null ? [machine] : []
  })
}

function distinct(world: World) {
  const rows = liveMachines(world).map((machine) => storedColumns(world, machine))
  return ['actual_status', 'gpu_name', 'verification', 'label'].map((name) => ({
    name,
    values: [...new Set(rows.map((row) => row[name] ?? null))],
  }))
}
