/**
 * Volumes: storage on one host, rented by itself or with a machine, that bills until it is deleted.
 *
 * @source  docs.vast.ai/api-reference/volumes (OpenAPI copy of 2026-08-07) and the official client: search, rent, list,
 *          delete; "released about 30 s after its instance is destroyed". That `avail_vol_dph` is the price of one
 *          gigabyte for an hour is our reading: the recorded values are then 0.13, 0.20 and 0.27 $ a month.
 */

import { nanosFromUsd } from '../kit/bill.ts'
import { NotPossibleHere } from '../kit/simulator.ts'
import type { Listing } from './listings.ts'
import { done, endMeter, openMeter, type Volume, type World } from './state.ts'
import type { LiveOffer, OfferFacts } from './wire.ts'

/** Where a volume lies. */
export interface Place {
  listing: number
  facts: OfferFacts
}

const releasedAfterMs = 30_000
const usdPerGbHour = 0.0002777777777777778

export function rentVolume(world: World, { listing, facts }: Place, wish: { label: string | null; sizeGb: number }) {
  const { state, market } = world
  const id = market.newId()
  const perHour = (facts.avail_vol_dph ?? usdPerGbHour) * wish.sizeGb
  const meter = openMeter(world, {
    machineId: String(id),
    label: wish.label,
    kind: 'disk',
    thing: 'volume',
    startedAt: state.at,
    endedAt: null,
    ratePerHour: nanosFromUsd(perHour).toString(),
    stepMs: 1_000,
  })
  const hardware = structuredClone(facts)
  const volume: Volume = { id, ...wish, listing, hardware, perHour, createdAt: state.at, deletedAt: null, meter }
  state.volumes.push(volume)
  return volume
}

export function deleteVolume(world: World, volume: Volume): void {
  endMeter(world, volume.meter, world.state.at)
  volume.deletedAt = world.state.at
}

export function liveVolumes(world: World): Volume[] {
  return world.state.volumes.filter((volume) => volume.deletedAt === null)
}

export function volumeOf(world: World, id: number): Volume | undefined {
  return liveVolumes(world).find((volume) => volume.id === id)
}

/** The machines that hold it, also for a while after their end. */
export function usersOf(world: World, volume: Volume): number[] {
  return Object.values(world.state.machines)
    .filter(({ volumes }) => volumes.some(({ id }) => id === volume.id))
    .filter(({ destroyedAt }) => destroyedAt === null || world.state.at < done(world, destroyedAt, releasedAfterMs))
    .map(({ id }) => id)
}

/** What a create call asks for: a new volume on the machine, or one that is there. */
export interface Mount {
  createNew: boolean
  /** The volume's id, or that of the volume offer. */
  id: number
  sizeGb: number
  mountPath: string
}

/** `volume_info`, and the docker flag `-v V.<id>:<path>`. */
export function mountsFrom(info: unknown, env: readonly [string, string][]): Mount[] {
  const mounts: Mount[] = []
  if (typeof info === 'object' && info !== null) {
    const asked = info as Record<string, unknown>
    mounts.push({
      createNew: asked.create_new === true,
      id: Number(asked.volume_id),
      sizeGb: typeof asked.size === 'number' ? asked.size : defaultSizeGb,
      mountPath: typeof asked.mount_path === 'string' ? asked.mount_path : '/data',
    })
  }
  for (const [flag] of env) {
    const volume = /^-v\s+V\.(\d+):(\S+)$/.exec(flag.trim())
    if (volume) mounts.push({ createNew: false, id: Number(volume[1]), sizeGb: 0, mountPath: volume[2] ?? '' })
  }
  return mounts
}

export const defaultSizeGb = 15

/** A volume is of use only to machines on its own host. */
export function canMount(world: World, at: { listing: Listing; offer: LiveOffer }, mount: Mount): boolean {
  if (mount.createNew) return mount.id === volumeAskOf(at.offer) && fits(world, at.offer.facts, mount.sizeGb)
  return volumeOf(world, mount.id)?.hardware.machine_id === at.offer.facts.machine_id
}

export function mounted(world: World, place: Place, mount: Mount): { id: number; mountPath: string } {
  const id = mount.createNew ? rentVolume(world, place, { label: null, sizeGb: mount.sizeGb }).id : mount.id
  return { id, mountPath: mount.mountPath }
}

/** The id under which the host's free disk is on sale beside a machine offer; null where none is. */
export function volumeAskOf(offer: LiveOffer): number | null {
  if (offer.facts.avail_vol_ask_id === null) return null
  return offer.facts.avail_vol_ask_id || offer.id + 1
}

export function fits(world: World, facts: OfferFacts, sizeGb: number): boolean {
  return sizeGb >= 1 && sizeGb <= freeGb(world, facts)
}

export function freeGb(world: World, facts: OfferFacts): number {
  const here = liveVolumes(world).filter((volume) => volume.hardware.machine_id === facts.machine_id)
  return (facts.avail_vol_size ?? 0) - here.reduce((sum, volume) => sum + volume.sizeGb, 0)
}

export function anyPlace(world: World): Place {
  for (const offer of world.market.offers()) {
    const listing = world.market.offer(offer.id)?.listing
    if (listing && volumeAskOf(offer) !== null) return { listing: listing.index, facts: offer.facts }
  }
  throw new NotPossibleHere('no host sells volumes now')
}
