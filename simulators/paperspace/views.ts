/** What the API shows. Key order follows the published examples. */

import { storageMonthUsd } from './billing.ts'
import { longRegionNames, machineTypes, type Region, typeOfMachine } from './market.ts'
import type {
  CustomTemplateRecord,
  DriveRecord,
  EventRecord,
  MachineRecord,
  NetworkRecord,
  PublicIpRecord,
  ScriptRecord,
  SnapshotRecord,
  World,
} from './state.ts'

const gib = 1024 ** 3

export function machineView(world: World, machine: MachineRecord) {
  const type = typeOfMachine(machine.machineType)
  const { settings } = machine
  return {
    id: machine.id,
    name: machine.name,
    state: machine.state,
    os: machine.os,
    machineType: machine.machineType,
    agentType: machine.agentType,
    cpus: type.cpus,
    ram: type.ramGib * gib,
    storageTotal: machine.diskGb * gib,
    storageUsed: 0,
    accelerators: type.gpu ? [{ name: type.gpu.name, memory: type.gpu.memoryGib * gib, count: type.gpu.count }] : null,
    region: regionView(world, machine.region),
    privateIp: machine.privateIp,
    networkId: machine.networkId,
    publicIp: world.clock.now() >= machine.ipVisibleAt ? machine.publicIp : null,
    publicIpType: machine.publicIpType,
    autoShutdownEnabled: settings.autoShutdownEnabled,
    autoShutdownTimeout: settings.autoShutdownTimeout,
    autoShutdownForce: settings.autoShutdownForce,
    autoSnapshotEnabled: settings.autoSnapshotEnabled,
    autoSnapshotFrequency: settings.autoSnapshotFrequency,
    autoSnapshotSaveCount: settings.autoSnapshotSaveCount,
    updatesPending: false,
    restorePointEnabled: settings.restorePointEnabled,
    restorePointFrequency: settings.restorePointFrequency,
    restorePointSnapshotId: settings.restorePointSnapshotId,
    usageRate: machine.usageRate,
    storageRate: storageRateView(world, machine),
    dtCreated: iso(machine.createdAt),
    dtModified: iso(machine.modifiedAt),
    dtDeleted: isoOrNull(machine.deletedAt),
    reservation: null,
  }
}

export function eventView(world: World, event: EventRecord) {
  const now = world.clock.now()
  const started = event.startsAt !== null && event.startsAt <= now
  const finished = event.finishesAt !== null && event.finishesAt <= now
  return {
    id: event.id,
    name: event.name,
    state: finished ? event.outcome : started ? 'in progress' : 'new',
    machineId: event.machineId,
    dtCreated: iso(event.createdAt),
    dtStarted: started ? isoOrNull(event.startsAt) : null,
    dtFinished: finished ? isoOrNull(event.finishesAt) : null,
    error: finished ? event.error : null,
  }
}

/** The script itself is never shown again. */
export function scriptView(script: ScriptRecord) {
  return {
    id: script.id,
    name: script.name,
    description: null,
    isEnabled: script.isEnabled,
    isRunOnce: script.isRunOnce,
    assignedMachineIds: script.assignedMachineIds,
    dtCreated: iso(script.createdAt),
    dtDeleted: isoOrNull(script.deletedAt),
  }
}

/** `assignedMachineId` is absent, not null, while the address is free. */
export function publicIpView(world: World, address: PublicIpRecord) {
  return {
    ip: address.ip,
    region: regionView(world, address.region),
    ...(address.assignedMachineId === null ? {} : { assignedMachineId: address.assignedMachineId }),
    dtCreated: iso(address.createdAt),
  }
}

export function networkView(world: World, network: NetworkRecord) {
  return {
    id: network.id,
    name: network.name,
    region: regionView(world, network.region),
    network: network.network,
    netmask: network.netmask,
    dtCreated: iso(network.createdAt),
    dtDeleted: isoOrNull(network.deletedAt),
  }
}

/** Neither its size nor its age is shown. */
export function snapshotView({ id, name, machineId }: SnapshotRecord) {
  return { id, name, machineId, isAutoSnapshot: false }
}

export function customTemplateView(world: World, template: CustomTemplateRecord) {
  return {
    id: template.id,
    name: template.name,
    agentType: template.agentType,
    operatingSystemLabel: template.operatingSystemLabel,
    region: regionView(world, template.region),
    defaultSizeGb: template.sizeGb,
    availableMachineTypes: machineTypes.map(({ label }) => ({
      machineTypeLabel: label,
      isAvailable: label === template.machineType,
    })),
    parentMachineId: template.parentMachineId,
    dtCreated: iso(template.createdAt),
    dtDeleted: isoOrNull(template.deletedAt),
  }
}

export function driveView(world: World, drive: DriveRecord) {
  return {
    id: drive.id,
    name: drive.name,
    dtCreated: iso(drive.createdAt),
    dtDeleted: isoOrNull(drive.deletedAt),
    size: drive.sizeGb,
    mountPoint: drive.mountPoint,
    username: drive.username,
    password: drive.password,
    networkId: drive.networkId,
    region: regionView(world, drive.region),
  }
}

export function iso(at: number): string {
  return new Date(at).toISOString()
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at)
}

function regionView(world: World, region: Region): string {
  return world.state.orders.regionNames === 'long' ? longRegionNames[region] : region
}

/** The period is not established. Dollars per hour to three decimals makes the published example's 0.007 for 50 GB. */
function storageRateView(world: World, machine: MachineRecord): number {
  const usd = storageMonthUsd(machine.diskGb)
  return world.state.orders.storageRatePeriod === 'month' ? usd : Math.round((usd / 720) * 1_000) / 1_000
}
