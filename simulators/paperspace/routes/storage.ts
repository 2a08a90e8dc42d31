/** Snapshots, custom templates and shared drives. */

import { largestDiskGb } from '../billing.ts'
import { ApiError, notFound } from '../errors.ts'
import { readBody } from '../input.ts'
import { regionFrom } from '../market.ts'
import { page } from '../paging.ts'
import type { CustomTemplateRecord, DriveRecord, MachineRecord, SnapshotRecord, World } from '../state.ts'
import { addDrive, addSnapshot, addTemplate, discard, lives, storageEvent } from '../storage.ts'
import { customTemplateView, driveView, eventView, snapshotView } from '../views.ts'
import { machineById, nameFits } from './machines.ts'
import type { Call, Route } from './route.ts'

export const storageRoutes: readonly Route[] = [
  { method: 'GET', path: '/snapshots', answer: listSnapshots },
  { method: 'POST', path: '/snapshots', answer: createSnapshot },
  { method: 'GET', path: '/snapshots/:id', answer: (call) => snapshotView(snapshotOf(call)) },
  { method: 'PUT', path: '/snapshots/:id', answer: (call) => snapshotView(renamed(call, snapshotOf(call))) },
  { method: 'DELETE', path: '/snapshots/:id', answer: deleteSnapshot },
  { method: 'POST', path: '/snapshots/:id/restore', answer: restoreSnapshot },
  { method: 'GET', path: '/custom-templates', answer: listTemplates },
  { method: 'POST', path: '/custom-templates', answer: createTemplate },
  {
    method: 'GET',
    path: '/custom-templates/:id',
    answer: (call) => customTemplateView(call.world, templateOf(call)),
  },
  {
    method: 'PUT',
    path: '/custom-templates/:id',
    answer: (call) => customTemplateView(call.world, renamed(call, templateOf(call))),
  },
  { method: 'DELETE', path: '/custom-templates/:id', answer: deleteTemplate },
  { method: 'GET', path: '/shared-drives', answer: listDrives },
  { method: 'POST', path: '/shared-drives', answer: createDrive },
  { method: 'GET', path: '/shared-drives/:id', answer: (call) => driveView(call.world, driveOf(call)) },
  { method: 'PUT', path: '/shared-drives/:id', answer: (call) => driveView(call.world, renamed(call, driveOf(call))) },
  { method: 'DELETE', path: '/shared-drives/:id', answer: deleteDrive },
]

const ofMachine = {
  name: { type: 'string', required: true },
  machineId: { type: 'string', required: true },
} as const

function listSnapshots({ world, request }: Call) {
  const machineId = request.query.get('machineId')
  return page(world, request.query, {
    items: world.state.snapshots.filter((each) => lives(each) && (machineId === null || each.machineId === machineId)),
    orderings: { dtCreated: (each) => each.createdAt, name: (each) => each.name },
    view: snapshotView,
  })
}

function createSnapshot({ world, request }: Call) {
  const { name, machineId } = readBody<{ name: string; machineId: string }>(request, ofMachine)
  const machine = standing(world, machineId)
  const snapshot = addSnapshot(world, { name, machineId, sizeGb: machine.diskGb })
  return { event: eventView(world, storageEvent(world, 'snapshot-create', machineId)), data: snapshotView(snapshot) }
}

function deleteSnapshot(call: Call) {
  const { world } = call
  const snapshot = snapshotOf(call)
  discard(world, snapshot)
  const event = storageEvent(world, 'snapshot-delete', snapshot.machineId)
  return { event: eventView(world, event), data: snapshotView(snapshot) }
}

/** What a machine does while its disk is put back is not documented: here it goes on. */
function restoreSnapshot(call: Call) {
  const { world } = call
  const body = readBody<{ createSnapshotBeforeRestore?: boolean }>(call.request, {
    createSnapshotBeforeRestore: { type: 'boolean' },
  })
  const snapshot = snapshotOf(call)
  const machine = standing(world, snapshot.machineId)
  if (body.createSnapshotBeforeRestore) {
    addSnapshot(world, { name: `Before ${snapshot.name}`, machineId: machine.id, sizeGb: machine.diskGb })
  }
  const event = storageEvent(world, 'snapshot-restore', machine.id)
  return { event: eventView(world, event), data: snapshotView(snapshot) }
}

function listTemplates({ world, request }: Call) {
  const { query } = request
  const machineId = query.get('machineId')
  return page(world, query, {
    items: world.state.customTemplates.filter(
      (each) =>
        lives(each) &&
        nameFits(world, each.name, query.get('name')) &&
        (machineId === null || each.parentMachineId === machineId),
    ),
    orderings: { dtCreated: (each) => each.createdAt, name: (each) => each.name },
    view: (each) => customTemplateView(world, each),
  })
}

function createTemplate({ world, request }: Call) {
  const { name, machineId } = readBody<{ name: string; machineId: string }>(request, ofMachine)
  const template = addTemplate(world, name, standing(world, machineId))
  const event = storageEvent(world, 'template-create', machineId)
  return { event: eventView(world, event), data: customTemplateView(world, template) }
}

function deleteTemplate(call: Call) {
  const template = templateOf(call)
  discard(call.world, template)
  return customTemplateView(call.world, template)
}

function listDrives({ world, request }: Call) {
  const { query } = request
  const region = query.get('region')
  return page(world, query, {
    items: world.state.drives.filter(
      (each) =>
        lives(each) &&
        nameFits(world, each.name, query.get('name')) &&
        (region === null || regionFrom(region) === each.region),
    ),
    orderings: { dtCreated: (each) => each.createdAt, name: (each) => each.name },
    view: (each) => driveView(world, each),
  })
}

function createDrive({ world, request }: Call) {
  const body = readBody<{ name: string; size: number; region: string; networkId: string }>(request, {
    name: { type: 'string', required: true },
    size: { type: 'number', required: true, positive: true },
    region: { type: 'string', required: true },
    networkId: { type: 'string', required: true },
  })
  const region = regionFrom(body.region)
  const network = world.state.networks.find((each) => each.id === body.networkId && lives(each))
  if (network?.region !== region) throw new ApiError('BAD_REQUEST', 'Private network not found in this region.')
  if (body.size > largestDiskGb) throw new ApiError('BAD_REQUEST', `Size cannot be larger than ${largestDiskGb} GB.`)
  return driveView(world, addDrive(world, { name: body.name, sizeGb: body.size, region, networkId: network.id }))
}

function deleteDrive(call: Call) {
  const drive = driveOf(call)
  discard(call.world, drive)
  return { id: drive.id }
}

function renamed<T extends { name: string }>(call: Call, thing: T): T {
  const { name } = readBody<{ name?: string }>(call.request, { name: { type: 'string' } })
  if (name !== undefined) thing.name = name
  return thing
}

function standing(world: World, id: string): MachineRecord {
  const machine = machineById(world, id)
  if (machine.deletedAt !== null || machine.deactivating) throw notFound()
  return machine
}

const snapshotOf = (call: Call): SnapshotRecord => byId(call, call.world.state.snapshots)
const templateOf = (call: Call): CustomTemplateRecord => byId(call, call.world.state.customTemplates)
const driveOf = (call: Call): DriveRecord => byId(call, call.world.state.drives)

function byId<T extends { id: string; deletedAt: number | null }>(call: Call, things: readonly T[]): T {
  const thing = things.find((each) => each.id === call.param('id') && lives(each))
  if (!thing) throw notFound()
  return thing
}
