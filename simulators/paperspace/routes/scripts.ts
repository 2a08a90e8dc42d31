import { notFound } from '../errors.ts'
import { type Fields, readBody } from '../input.ts'
import { page } from '../paging.ts'
import { newId, nextSeq, type ScriptRecord } from '../state.ts'
import { scriptView } from '../views.ts'
import { machineById, nameFits } from './machines.ts'
import type { Call, Route } from './route.ts'

export const scriptRoutes: readonly Route[] = [
  { method: 'GET', path: '/startup-scripts', answer: list },
  { method: 'POST', path: '/startup-scripts', answer: create },
  { method: 'GET', path: '/startup-scripts/:id', answer: (call) => scriptView(scriptOf(call)) },
  { method: 'PUT', path: '/startup-scripts/:id', answer: update },
  { method: 'DELETE', path: '/startup-scripts/:id', answer: remove },
  { method: 'POST', path: '/startup-scripts/:id/assign', answer: assign },
  { method: 'POST', path: '/startup-scripts/:id/unassign', answer: unassign },
]

const createFields: Fields = {
  name: { type: 'string', required: true },
  script: { type: 'string', required: true },
  isRunOnce: { type: 'boolean' },
}

const updateFields: Fields = {
  name: { type: 'string' },
  script: { type: 'string' },
  isRunOnce: { type: 'boolean' },
  isEnabled: { type: 'boolean' },
}

const machineIdFields: Fields = { machineId: { type: 'string', required: true } }

function list({ world, request }: Call) {
  const name = request.query.get('name')
  return page(world, request.query, {
    items: world.state.scripts.filter((each) => each.deletedAt === null && nameFits(world, each.name, name)),
    orderings: { dtCreated: (each) => each.createdAt, name: (each) => each.name },
    view: scriptView,
  })
}

function create({ world, request }: Call) {
  const body = readBody<{ name: string; script: string; isRunOnce?: boolean }>(request, createFields)
  const script: ScriptRecord = {
    id: newId(world, 's', 7),
    seq: nextSeq(world),
    name: body.name,
    script: body.script,
    isEnabled: true,
    isRunOnce: body.isRunOnce ?? false,
    assignedMachineIds: [],
    createdAt: world.clock.now(),
    deletedAt: null,
  }
  world.state.scripts.push(script)
  return scriptView(script)
}

function update(call: Call) {
  const body = readBody<Partial<Pick<ScriptRecord, 'name' | 'script' | 'isRunOnce' | 'isEnabled'>>>(
    call.request,
    updateFields,
  )
  return scriptView(Object.assign(scriptOf(call), body))
}

function remove(call: Call) {
  const script = scriptOf(call)
  script.deletedAt = call.world.clock.now()
  return scriptView(script)
}

function assign(call: Call) {
  const { machineId } = readBody<{ machineId: string }>(call.request, machineIdFields)
  const script = scriptOf(call)
  const machine = machineById(call.world, machineId)
  if (!script.assignedMachineIds.includes(machine.id)) script.assignedMachineIds.push(machine.id)
  return scriptView(script)
}

function unassign(call: Call) {
  const { machineId } = readBody<{ machineId: string }>(call.request, machineIdFields)
  const script = scriptOf(call)
  script.assignedMachineIds = script.assignedMachineIds.filter((id) => id !== machineId)
  return scriptView(script)
}

function scriptOf(call: Call): ScriptRecord {
  const script = call.world.state.scripts.find((each) => each.id === call.param('id') && each.deletedAt === null)
  if (!script) throw notFound()
  return script
}
