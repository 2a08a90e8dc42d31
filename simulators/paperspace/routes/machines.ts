import { setIpType } from '../addresses.ts'
import { largestDiskGb } from '../billing.ts'
import { ApiError, notFound } from '../errors.ts'
import { refuseWhenSoldOut } from '../fate.ts'
import { type Fields, readBody, readNothing } from '../input.ts'
import {
  addMachine,
  deactivate,
  type NewMachine,
  provision,
  restart,
  scheduleAutoShutdown,
  start,
  stop,
  upgrade,
} from '../machines.ts'
import { type MachineType, machineTypeFrom, type Region, regionFrom, typeOfMachine } from '../market.ts'
import { page } from '../paging.ts'
import type { EventRecord, MachineRecord, MachineSettings, PublicIpType, World } from '../state.ts'
import { addSnapshot, lives } from '../storage.ts'
import { templateFor } from '../templates.ts'
import { eventView, machineView } from '../views.ts'
import type { Call, Route } from './route.ts'

export const machineRoutes: readonly Route[] = [
  { method: 'POST', path: '/machines', answer: create },
  { method: 'GET', path: '/machines', answer: list },
  { method: 'GET', path: '/machines/:id', answer: (call) => machineView(call.world, machineOf(call)) },
  { method: 'PUT', path: '/machines/:id', answer: update },
  { method: 'DELETE', path: '/machines/:id', answer: (call) => began(call, deactivate) },
  { method: 'PATCH', path: '/machines/:id/start', answer: (call) => acted(call, startAgain) },
  { method: 'PATCH', path: '/machines/:id/stop', answer: (call) => acted(call, stop) },
  { method: 'PATCH', path: '/machines/:id/restart', answer: (call) => acted(call, restart) },
]

const settingFields: Fields = {
  autoSnapshotEnabled: { type: 'boolean' },
  autoSnapshotFrequency: { type: 'string', values: ['hourly', 'daily', 'weekly', 'monthly'] },
  autoSnapshotSaveCount: { type: 'number' },
  autoShutdownEnabled: { type: 'boolean' },
  autoShutdownTimeout: { type: 'number' },
  autoShutdownForce: { type: 'boolean' },
  restorePointEnabled: { type: 'boolean' },
  restorePointFrequency: { type: 'string', values: ['shutdown'] },
}

const publicIpTypes: readonly PublicIpType[] = ['static', 'dynamic', 'none']

const createFields: Fields = {
  name: { type: 'string', required: true, nonEmpty: true },
  machineType: { type: 'string', required: true },
  templateId: { type: 'string', required: true },
  networkId: { type: 'string' },
  diskSize: { type: 'number', required: true, positive: true },
  region: { type: 'string', required: true },
  publicIpType: { type: 'string', values: publicIpTypes },
  ...settingFields,
  takeInitialSnapshot: { type: 'boolean' },
  startupScriptId: { type: 'string' },
  emailPassword: { type: 'boolean' },
  startOnCreate: { type: 'boolean' },
  enableNvlink: { type: 'boolean' },
  accessorIds: { type: 'strings' },
}

const updateFields: Fields = {
  name: { type: 'string' },
  machineType: { type: 'string' },
  diskSize: { type: 'number', positive: true },
  networkId: { type: 'string' },
  publicIpType: { type: 'string', values: publicIpTypes },
  ...settingFields,
  restorePointSnapshotId: { type: 'string' },
}

interface CreateBody extends Partial<MachineSettings> {
  name: string
  machineType: string
  templateId: string
  networkId?: string
  diskSize: number
  region: string
  publicIpType?: PublicIpType
  startupScriptId?: string
  startOnCreate?: boolean
  takeInitialSnapshot?: boolean
}

interface UpdateBody extends Partial<MachineSettings> {
  name?: string
  machineType?: string
  diskSize?: number
  networkId?: string
  publicIpType?: PublicIpType
}

const noSettings: MachineSettings = {
  autoShutdownEnabled: false,
  autoShutdownTimeout: null,
  autoShutdownForce: null,
  autoSnapshotEnabled: false,
  autoSnapshotFrequency: null,
  autoSnapshotSaveCount: null,
  restorePointEnabled: false,
  restorePointFrequency: null,
  restorePointSnapshotId: null,
}

function create({ world, request }: Call) {
  const body = readBody<CreateBody>(request, createFields)
  const region = regionFrom(body.region)
  const type = typeSoldIn(body.machineType, region)
  const template = customTemplateFor(world, body.templateId, type) ?? templateFor(body.templateId, type)
  const script = body.startupScriptId === undefined ? undefined : scriptOf(world, body.startupScriptId)
  sizeSold(body.diskSize)
  networkInRegion(world, body.networkId, region)
  inGoodStanding(world)
  withinQuota(world)
  refuseWhenSoldOut(world, type, region)

  const wanted: NewMachine = {
    name: body.name,
    machineType: type.label,
    os: template.operatingSystemLabel,
    agentType: template.agentType,
    diskGb: body.diskSize,
    region,
    networkId: body.networkId ?? null,
    settings: settingsFrom(body, noSettings),
  }
  const machine = addMachine(world, wanted)
  setIpType(world, machine, body.publicIpType ?? 'none', { at: machine.createdAt, powered: true })
  script?.assignedMachineIds.push(machine.id)
  if (body.takeInitialSnapshot)
    addSnapshot(world, { name: 'Initial snapshot', machineId: machine.id, sizeGb: machine.diskGb })
  const event = provision(world, machine, body.startOnCreate ?? true)
  return { event: eventView(world, event), data: machineView(world, machine) }
}

function list({ world, request }: Call) {
  const { query } = request
  const now = world.clock.now()
  const region = query.get('region')
  const machineType = query.get('machineType')?.toLowerCase()
  const agentType = query.get('agentType')
  const items = world.state.machines.filter(
    (machine) =>
      machine.deletedAt === null &&
      machine.listedAt <= now &&
      nameFits(world, machine.name, query.get('name')) &&
      (region === null || regionFrom(region) === machine.region) &&
      (machineType === undefined || machine.machineType.toLowerCase() === machineType) &&
      (agentType === null || machine.agentType === agentType),
  )
  return page(world, query, {
    items,
    orderings: {
      dtCreated: (machine) => machine.createdAt,
      name: (machine) => machine.name,
      state: (machine) => machine.state,
    },
    view: (machine) => machineView(world, machine),
  })
}

/** New hardware and a bigger disk are an event; everything else is done at once, and the answer has no `event`. */
function update(call: Call) {
  const { world } = call
  const body = readBody<UpdateBody>(call.request, updateFields)
  const machine = machineOf(call)
  const now = world.clock.now()
  const change = changeFrom(machine, body)
  networkInRegion(world, body.networkId, machine.region)
  const event = change ? upgrade(world, machine, change) : undefined

  if (body.name !== undefined) machine.name = body.name
  if (body.networkId !== undefined) machine.networkId = body.networkId
  if (body.publicIpType !== undefined && body.publicIpType !== machine.publicIpType) {
    setIpType(world, machine, body.publicIpType, { at: now, powered: machine.state !== 'off' })
  }
  machine.settings = settingsFrom(body, machine.settings)
  machine.modifiedAt = now
  scheduleAutoShutdown(machine, now)
  return { ...(event ? { event: eventView(world, event) } : {}), data: machineView(world, machine) }
}

function changeFrom(machine: MachineRecord, body: UpdateBody): { machineType?: string; diskGb?: number } | null {
  const change: { machineType?: string; diskGb?: number } = {}
  if (body.machineType !== undefined) {
    const type = typeSoldIn(body.machineType, machine.region)
    if (type.label !== machine.machineType) change.machineType = type.label
  }
  if (body.diskSize !== undefined && body.diskSize !== machine.diskGb) {
    if (body.diskSize < machine.diskGb) throw new ApiError('BAD_REQUEST', 'Disk size cannot be decreased.')
    sizeSold(body.diskSize)
    change.diskGb = body.diskSize
  }
  return Object.keys(change).length > 0 ? change : null
}

function startAgain(world: World, machine: MachineRecord): EventRecord {
  inGoodStanding(world)
  if (machine.state === 'off' && !machine.deactivating) {
    refuseWhenSoldOut(world, typeOfMachine(machine.machineType), machine.region)
  }
  return start(world, machine)
}

function acted(call: Call, action: (world: World, machine: MachineRecord) => EventRecord) {
  readNothing(call.request)
  return began(call, action)
}

function began(call: Call, action: (world: World, machine: MachineRecord) => EventRecord) {
  const machine = machineOf(call)
  const event = action(call.world, machine)
  return { event: eventView(call.world, event), data: machineView(call.world, machine) }
}

export function machineOf(call: Call): MachineRecord {
  return machineById(call.world, call.param('id'))
}

export function machineById(world: World, id: string): MachineRecord {
  const machine = world.state.machines.find((each) => each.id === id)
  if (!machine || (machine.goneAt !== null && machine.goneAt <= world.clock.now())) throw notFound()
  return machine
}

/** How `?name=` matches is not documented: part of the name unless a control says otherwise. */
export function nameFits(world: World, name: string, wanted: string | null): boolean {
  if (wanted === null) return true
  const mode = world.state.orders.nameMatch
  if (mode === 'exact') return name === wanted
  return mode === 'prefix' ? name.startsWith(wanted) : name.includes(wanted)
}

/** From here on statuses and texts of the refusals are guesses; the schema knows none of them. */
function typeSoldIn(label: string, region: Region): MachineType {
  const type = machineTypeFrom(label)
  if (!type.regions.includes(region)) {
    throw new ApiError('BAD_REQUEST', `Machine type ${type.label} is not available in this region.`)
  }
  return type
}

function sizeSold(diskGb: number): void {
  if (diskGb > largestDiskGb) throw new ApiError('BAD_REQUEST', `Disk size cannot be larger than ${largestDiskGb} GB.`)
}

function customTemplateFor(world: World, id: string, type: MachineType) {
  const template = world.state.customTemplates.find((each) => each.id === id && lives(each))
  if (template && template.machineType !== type.label) {
    throw new ApiError('BAD_REQUEST', `Template is not available for machine type ${type.label}`)
  }
  return template
}

function scriptOf(world: World, id: string) {
  const script = world.state.scripts.find((each) => each.id === id && each.deletedAt === null)
  if (!script) throw new ApiError('BAD_REQUEST', 'Startup script not found.')
  return script
}

function networkInRegion(world: World, id: string | undefined, region: Region): void {
  if (id === undefined) return
  const network = world.state.networks.find((each) => each.id === id && each.deletedAt === null)
  if (!network || network.region !== region)
    throw new ApiError('BAD_REQUEST', 'Private network not found in this region.')
}

function inGoodStanding(world: World): void {
  if (world.state.orders.unpaidSince === null) return
  throw new ApiError('FORBIDDEN', 'Your account has an outstanding balance. Please update your billing information.')
}

function withinQuota(world: World): void {
  const { maxMachines } = world.state.orders
  const owned = world.state.machines.filter((machine) => machine.deletedAt === null).length
  if (owned < maxMachines) return
  throw new ApiError('FORBIDDEN', `Your team has reached its limit of ${maxMachines} machines.`)
}

function settingsFrom(body: Partial<MachineSettings>, before: MachineSettings): MachineSettings {
  return {
    autoShutdownEnabled: body.autoShutdownEnabled ?? before.autoShutdownEnabled,
    autoShutdownTimeout: body.autoShutdownTimeout ?? before.autoShutdownTimeout,
    autoShutdownForce: body.autoShutdownForce ?? before.autoShutdownForce,
    autoSnapshotEnabled: body.autoSnapshotEnabled ?? before.autoSnapshotEnabled,
    autoSnapshotFrequency: body.autoSnapshotFrequency ?? before.autoSnapshotFrequency,
    autoSnapshotSaveCount: body.autoSnapshotSaveCount ?? before.autoSnapshotSaveCount,
    restorePointEnabled: body.restorePointEnabled ?? before.restorePointEnabled,
    restorePointFrequency: body.restorePointFrequency ?? before.restorePointFrequency,
    restorePointSnapshotId: body.restorePointSnapshotId ?? before.restorePointSnapshotId,
  }
}
