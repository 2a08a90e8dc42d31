/**
 * Snapshots, custom templates and shared drives. All of them outlive the machine they came from, and bill until they are
 * deleted.
 */

import { close, openDrive, openSnapshot } from './billing.ts'
import { openEvent } from './events.ts'
import type { Region } from './market.ts'
import {
  type CustomTemplateRecord,
  type DriveRecord,
  type EventName,
  type EventRecord,
  later,
  type MachineRecord,
  newId,
  nextSeq,
  type SnapshotRecord,
  type World,
} from './state.ts'

export function addSnapshot(
  world: World,
  wanted: Pick<SnapshotRecord, 'name' | 'machineId' | 'sizeGb'>,
): SnapshotRecord {
  const snapshot: SnapshotRecord = {
    id: newId(world, 'ss', 8),
    seq: nextSeq(world),
    ...wanted,
    createdAt: world.clock.now(),
    deletedAt: null,
  }
  world.state.snapshots.push(snapshot)
  openSnapshot(world, snapshot, 'snapshot')
  return snapshot
}

export function addTemplate(
  world: World,
  name: string,
  from: Pick<MachineRecord, 'id' | 'agentType' | 'os' | 'region' | 'diskGb' | 'machineType'>,
): CustomTemplateRecord {
  const template: CustomTemplateRecord = {
    id: newId(world, 't', 7),
    seq: nextSeq(world),
    name,
    agentType: from.agentType,
    operatingSystemLabel: from.os,
    region: from.region,
    sizeGb: from.diskGb,
    machineType: from.machineType,
    parentMachineId: from.id,
    createdAt: world.clock.now(),
    deletedAt: null,
  }
  world.state.customTemplates.push(template)
  openSnapshot(world, template, 'template')
  return template
}

export function addDrive(
  world: World,
  wanted: Pick<DriveRecord, 'name' | 'sizeGb' | 'region' | 'networkId'>,
): DriveRecord {
  const drive: DriveRecord = {
    id: newId(world, 'sd', 6),
    seq: nextSeq(world),
    ...wanted,
    mountPoint: `//10.64.${world.random.int(0, 255)}.${world.random.int(2, 254)}/${newId(world, 'sh', 6)}`,
    username: newId(world, 'u', 6),
    password: newId(world, '', 12),
    createdAt: world.clock.now(),
    deletedAt: null,
  }
  world.state.drives.push(drive)
  openDrive(world, drive)
  return drive
}

/** The meter ends with the call, whatever the event still takes; a guess. */
export function discard(world: World, thing: { id: string; deletedAt: number | null }): void {
  thing.deletedAt = world.clock.now()
  close(world, thing.id, 'disk', world.clock.now())
}

export const lives = ({ deletedAt }: { deletedAt: number | null }): boolean => deletedAt === null

export function networkOf(world: World, region: Region): string {
  return world.state.networks.find((network) => network.region === region && lives(network))?.id ?? ''
}

/** How long the copying takes is a guess; the machine is usable meanwhile. */
export function storageEvent(world: World, name: EventName, machineId: string): EventRecord {
  const now = world.clock.now()
  const event = openEvent(world, name, machineId, now)
  event.startsAt = now + 500
  event.finishesAt = later(world, now, world.random.int(20_000, 180_000))
  return event
}
