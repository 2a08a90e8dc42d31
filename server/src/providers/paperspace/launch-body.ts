import { type LaunchOrder, ProviderError } from '../provider.ts'
import { bootScriptFrom } from './boot-script.ts'
import { type DiskTier, diskTierFor } from './catalogue.ts'
import { type Place, placeFrom } from './offers.ts'
import { portsOf, scriptNameFrom } from './ports.ts'
import type { Fit } from './templates.ts'

/** The body of `POST /startup-scripts`. */
export interface ScriptBody {
  name: string
  script: string
  isRunOnce: true
}

/** The body of `POST /machines`. Bodies are strict: a field they do not know is a 400. */
export interface MachineBody {
  name: string
  machineType: string
  templateId: string
  diskSize: number
  region: string
  publicIpType: 'dynamic'
  startOnCreate: true
  startupScriptId: string
  emailPassword: false
}

/**
 * What runs on the machine's first boot; the only way to bring a key, an image or anything else onto it.
 *
 * @throws ProviderError `rejected` with what to do instead
 */
export function scriptBodyFromOrder(order: LaunchOrder): ScriptBody {
  return { name: scriptNameFrom(order.label, portsOf(order)), script: bootScriptFrom(order), isRunOnce: true }
}

/** @throws ProviderError `rejected` when no disk is that large, `no_capacity` when no template fits into it */
export function machineBodyFromOrder(
  { label, offer, diskGb }: Pick<LaunchOrder, 'label' | 'offer' | 'diskGb'>,
  fits: readonly Fit[],
  startupScriptId: string,
): MachineBody {
  const place = orderedPlace(offer)
  const disk = orderedDisk(diskGb)
  const fit = fitFor(fits, disk)
  return {
    name: label,
    machineType: fit.label,
    templateId: fit.templateId,
    diskSize: disk.sizeGb,
    region: place.region,
    // An address that is ours for the life of the machine would outlive it, and bill.
    publicIpType: 'dynamic',
    startOnCreate: true,
    startupScriptId,
    // Otherwise the account's owner gets a mail with a password for every launch.
    emailPassword: false,
  }
}

export function orderedPlace(offer: Pick<LaunchOrder['offer'], 'externalId' | 'market'>): Place {
  if (offer.market !== 'on_demand') {
    throw rejected('Paperspace has no spot market: choose an on-demand offer')
  }
  const place = placeFrom(offer.externalId)
  if (!place) throw rejected('this is not a Paperspace offer of our catalogue: search again')
  return place
}

export function orderedDisk(diskGb: number): DiskTier {
  const disk = diskTierFor(diskGb)
  if (!disk) throw rejected(`Paperspace sells disks of up to 2000 GB and ${diskGb} GB are asked: ask for less`)
  return disk
}

/** The best template that the disk has room for. */
export function fitFor(fits: readonly Fit[], disk: DiskTier): Fit {
  const fit = fits.find(({ minDiskGb }) => minDiskGb <= disk.sizeGb)
  if (fit) return fit
  if (fits.length === 0) {
    throw new ProviderError('paperspace', { kind: 'no_capacity' }, 'Paperspace has no Linux template for this type now')
  }
  const least = Math.min(...fits.map(({ minDiskGb }) => minDiskGb))
  throw rejected(`the operating system for this Paperspace machine needs a disk of ${least} GB: ask for at least that`)
}

function rejected(message: string): ProviderError {
  return new ProviderError('paperspace', { kind: 'rejected' }, message)
}
