import type { BilledThing } from '../../core/billed-thing.ts'
import type { PaperspaceClient } from './client.ts'
import { regionFromPaperspace } from './regions.ts'
import type { PaperspaceCustomTemplate, PaperspacePublicIp, PaperspaceSharedDrive, PaperspaceSnapshot } from './wire.ts'

/**
 * Static addresses, shared drives and snapshots bill by themselves, and outlive the machine. Whether custom templates do
 * is not documented; they are stored disks, so they are shown rather than overlooked. None of them shows a rate. Private
 * networks are not among what is billed.
 *
 * @source providers/paperspace.md 2.6, 2.8, 2.10, 3 ("storage, static IP, snapshots, shared drives still bill")
 */
export async function thingsFromPaperspace(
  client: Pick<PaperspaceClient, 'publicIps' | 'sharedDrives' | 'snapshots' | 'customTemplates'>,
  signal?: AbortSignal,
): Promise<BilledThing[]> {
  const addresses = await client.publicIps(signal)
  const drives = await client.sharedDrives(signal)
  const snapshots = await client.snapshots(signal)
  const templates = await client.customTemplates(signal)
  return [
    ...addresses.map(addressFrom),
    ...drives.filter(({ dtDeleted }) => dtDeleted == null).map(driveFrom),
    ...snapshots.map(snapshotFrom),
    ...templates.filter(({ dtDeleted }) => dtDeleted == null).map(templateFrom),
  ]
}

/** An address has no name; it is its own id. */
function addressFrom({ ip, assignedMachineId, region, dtCreated }: PaperspacePublicIp): BilledThing {
  return {
    ...unknown,
    kind: 'static_ip',
    externalId: ip,
    attachedTo: assignedMachineId || null,
    region: regionOf(region),
    createdAt: dtCreated ?? null,
  }
}

/** A drive belongs to a network, not to a machine. */
function driveFrom({ id, name, size, region, dtCreated }: PaperspaceSharedDrive): BilledThing {
  return {
    ...unknown,
    kind: 'file_system',
    externalId: id,
    name: name || null,
    region: regionOf(region),
    sizeGb: size == null ? null : gbFrom(size),
    createdAt: dtCreated ?? null,
  }
}

function snapshotFrom({ id, name, machineId }: PaperspaceSnapshot): BilledThing {
  return { ...unknown, kind: 'snapshot', externalId: id, name: name || null, attachedTo: machineId || null }
}

/** In front of the id of a template, which is ended in another way than a snapshot. */
export const templatePrefix = 'template:'

/** It is made of a machine's disk, and is no part of that machine any more. */
function templateFrom({ id, name, region, defaultSizeGb, dtCreated }: PaperspaceCustomTemplate): BilledThing {
  return {
    ...unknown,
    kind: 'snapshot',
    externalId: `${templatePrefix}${id}`,
    name: name || null,
    region: regionOf(region),
    sizeGb: defaultSizeGb ?? null,
    createdAt: dtCreated ?? null,
  }
}

const unknown = {
  name: null,
  attachedTo: null,
  region: null,
  sizeGb: null,
  ratePerHour: null,
  createdAt: null,
} satisfies Partial<BilledThing>

/** The unit is not told. Other sizes are bytes; a number that is too small for those is taken for GB, as with disks. */
function gbFrom(size: number): number {
  return size < 2 ** 30 ? size : size / 1e9
}

function regionOf(spelling: string | null | undefined): string | null {
  return spelling ? (regionFromPaperspace(spelling) ?? spelling) : null
}
