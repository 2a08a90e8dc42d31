/** Volumes: search, rent, list, delete. Network volumes were withdrawn in 2026-07; asking for them finds none. */

import type { SimReply } from '../../kit/simulator.ts'
import { refused, replyFrom } from '../errors.ts'
import type { Endpoint } from '../gate.ts'
import { badOp, comparisons, mostRows } from '../search.ts'
import type { Volume, World } from '../state.ts'
import {
  defaultSizeGb,
  deleteVolume,
  fits,
  freeGb,
  liveVolumes,
  rentVolume,
  usersOf,
  volumeAskOf,
  volumeOf,
} from '../volumes.ts'
import type { LiveOffer } from '../wire.ts'
import { wholeNumber } from './asks.ts'
import { bodyOf, type Call, objectBody, ok, type Route, refuse } from './route.ts'

const path = /^\/api\/v0\/volumes$/
const volumes: Endpoint = { name: 'volumes', group: 'instance_read', threshold: 5.5 }

export const volumeRoutes: Route[] = [
  {
    method: 'POST',
    path: /^\/api\/v0\/volumes\/search$/,
    endpoint: { ...volumes, name: 'volumes search', group: null },
    answer: search,
  },
  { method: 'GET', path, endpoint: volumes, answer: list },
  { method: 'PUT', path, endpoint: { ...volumes, group: 'instance_write' }, answer: rent },
  { method: 'DELETE', path, endpoint: { ...volumes, group: 'instance_write' }, answer: remove },
]

const bareKeys = new Set(['limit', 'order', 'type', 'allocated_storage', 'disable_bundling'])

function search({ world, request }: Call): SimReply {
  const query = bodyOf(request)
  if (typeof query !== 'object' || query === null || Array.isArray(query)) {
    return replyFrom(refused(400, { error: 'invalid_request', msg: 'Invalid query: must be dict of conditions' }))
  }
  let rows = volumeOffers(world)
  for (const [name, condition] of Object.entries(query)) {
    if (bareKeys.has(name)) continue
    const bad = badOp(condition)
    if (bad) return replyFrom(bad)
    rows = rows.filter((row) => holds(row[name], condition as Record<string, unknown>))
  }
  const { limit } = query as { limit?: unknown }
  return ok({ offers: rows.slice(0, Math.min(mostRows, typeof limit === 'number' && limit > 0 ? limit : mostRows)) })
}

function holds(seen: unknown, condition: Record<string, unknown>): boolean {
  if (seen === undefined || seen === null) return false
  return Object.entries(condition).every(([op, wanted]) => comparisons[op]?.(seen as string, wanted) ?? false)
}

/** One row a host, beside the first of its machine offers. */
function volumeOffers(world: World): Record<string, unknown>[] {
  const rows = new Map<number, Record<string, unknown>>()
  for (const offer of world.market.offers()) {
    const ask = volumeAskOf(offer)
    if (ask === null || rows.has(offer.facts.machine_id)) continue
    rows.set(offer.facts.machine_id, offerView(world, offer, ask))
  }
  return [...rows.values()]
}

function offerView(world: World, offer: LiveOffer, ask: number): Record<string, unknown> {
  const { facts } = offer
  return {
    id: ask,
    ask_contract_id: ask,
    bundle_id: facts.bundle_id,
    cpu_arch: facts.cpu_arch,
    cpu_ghz: facts.cpu_ghz,
    cpu_name: facts.cpu_name,
    cuda_max_good: facts.cuda_max_good,
    disk_bw: facts.disk_bw,
    disk_name: facts.disk_name,
    disk_space: freeGb(world, facts),
    driver_vers: facts.driver_vers,
    driver_version: facts.driver_version,
    duration: (offer.endsAt - world.state.at) / 1_000,
    end_date: offer.endsAt / 1_000,
    external: facts.external,
    geolocation: facts.geolocation,
    geolocode: facts.geolocode,
    gpu_arch: facts.gpu_arch,
    host_id: facts.host_id,
    inet_down: facts.inet_down,
    inet_up: facts.inet_up,
    machine_id: facts.machine_id,
    mobo_name: facts.mobo_name,
    reliability: facts.reliability,
    reliability2: facts.reliability,
    start_date: offer.listedAt === null ? null : offer.listedAt / 1_000,
    static_ip: facts.static_ip,
    storage_cost: (facts.avail_vol_dph ?? 0) * 720,
    storage_total_cost: facts.avail_vol_dph,
    vericode: facts.vericode,
    verification: facts.verification,
    vms_enabled: facts.vms_enabled,
  }
}

/** A volume's name: letters, digits and underscores, 64 at most (a client that met the refusal; the spec has no name). */
const namePattern = /^[A-Za-z0-9_]{1,64}$/

function rent({ world, request }: Call): SimReply {
  const { id, size = defaultSizeGb, name } = objectBody(request)
  if (name !== undefined && !(typeof name === 'string' && namePattern.test(name))) {
    return refuse(
      422,
      'invalid_args',
      `invalid volume name: ${name}. Max length 64, alphanumeric and underscore characters only`,
    )
  }
  const offer = world.market.offers().find((each) => volumeAskOf(each) === id)
  const listing = offer && world.market.offer(offer.id)?.listing
  if (!offer || !listing) return refuse(404, 'no_such_ask', `No volume ask by id ${id} is available.`)
  if (typeof size !== 'number' || !fits(world, offer.facts, size)) {
    return refuse(400, 'invalid_args', 'Please provide a valid size.')
  }
  const place = { listing: listing.index, facts: offer.facts }
  const volume = rentVolume(world, place, { label: name === undefined ? null : String(name), sizeGb: size })
  return ok({ success: true, volume_name: `V.${volume.id}` })
}

function list({ world, request }: Call): SimReply {
  const found = request.query.get('type') === 'network_volume' ? [] : liveVolumes(world)
  return ok({ volumes: found.map((volume) => volumeView(world, volume)) })
}

/** The published schema, and `label`, which is not in it but was seen live (2026). */
function volumeView(world: World, volume: Volume): Record<string, unknown> {
  const { hardware } = volume
  const instances = usersOf(world, volume)
  return {
    id: volume.id,
    label: volume.label,
    status: instances.length > 0 ? 'in-use' : 'created',
    instances,
    machine_id: hardware.machine_id,
    host_id: hardware.host_id,
    public_ipaddr: hardware.public_ipaddr,
    disk_space: volume.sizeGb,
    disk_name: hardware.disk_name,
    storage_total_cost: volume.perHour,
    start_date: volume.createdAt / 1_000,
    cpu_arch: hardware.cpu_arch,
    cpu_name: hardware.cpu_name,
    mobo_name: hardware.mobo_name,
    driver_version: hardware.driver_version,
    cuda_max_good: hardware.cuda_max_good,
    os_version: hardware.os_version,
    inet_up: hardware.inet_up,
    inet_down: hardware.inet_down,
    reliability2: hardware.reliability,
    verification: hardware.verification,
    static_ip: hardware.static_ip,
  }
}

/** The id is in the query, as the official client sends it, or in the body, as the specification says. */
function remove({ world, request }: Call): SimReply {
  const id = wholeNumber(request.query.get('id') ?? String(objectBody(request).id ?? ''))
  if (Number.isNaN(id)) return refuse(400, 'invalid_args', 'Please provide a valid volume ID.')
  const volume = volumeOf(world, id)
  if (!volume) return refuse(404, 'no_such_volume', 'Volume with that ID does not exist.')
  if (usersOf(world, volume).length > 0) return refuse(400, 'invalid_args', 'The volume is in use by an instance.')
  deleteVolume(world, volume)
  return ok({ success: true })
}
