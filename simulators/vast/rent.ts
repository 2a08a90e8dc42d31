/** `PUT /api/v0/asks/{id}/`: from an offer and an order to a machine, or to one of the documented refusals. */

import { nanosFromUsd } from '../kit/bill.ts'
import { type ApiError, failedAsk, noCredit, offerGone } from './errors.ts'
import type { Listing } from './listings.ts'
import { bidWins, bringUp } from './machines.ts'
import { credit, done, type FailureKind, type Machine, startMeter, type World } from './state.ts'
import { canMount, type Mount, mounted, mountsFrom } from './volumes.ts'
import type { LiveOffer } from './wire.ts'

export interface Rented {
  machine: Machine
  /** False: it exists and bills its disk, but it does not run. */
  runs: boolean
}

export function rent(world: World, askId: number, body: unknown): Rented | ApiError {
  const { state, market } = world
  const order = orderFrom(askId, body)
  if ('status' in order) return order
  const found = market.offer(askId)
  if (!found) return offerGone(askId, state.settings.goneDisguise)
  const refusal = orderedRefusal(world, askId)
  if (refusal) return refusal
  if (order.vm && state.sshKeys.length === 0) {
    return failedAsk(400, 'no_ssh_key_for_vm', askId, 'A VM needs an ssh key on the account before it is created.')
  }
  if (credit(world, state.at) <= 0n)
    return { status: 400, body: { success: false, error: 'insufficient_credit', msg: 'You lack credit.' } }
  const { listing, size, offer } = found
  if (order.diskGb > offer.facts.disk_space) {
    return failedAsk(
      400,
      'invalid_args',
      askId,
      `error 400/3467: Invalid args: disk ${order.diskGb} exceeds the available disk space`,
    )
  }
  const soldOut = takeSellOut(world, listing, offer)
  if (soldOut && (soldOut !== 'unavailable' || order.cancelUnavailable)) return offerGone(askId, soldOut)
  const tooLow = order.price !== null && nanosFromUsd(order.price) < BigInt(market.minBid(listing, size))
  if (tooLow && order.cancelUnavailable) return offerGone(askId, 'unavailable')
  const badMount = order.mounts.some((mount) => !canMount(world, found, mount))
  if (badMount) return failedAsk(400, 'invalid_args', askId, 'error 400/3467: Invalid args: volume_info')
  return created(world, { order, listing, size, offer, blocked: soldOut === 'unavailable' })
}

interface Order {
  image: string
  args: string[]
  runtype: string
  env: [string, string][]
  onstart: string | null
  label: string | null
  diskGb: number
  price: number | null
  targetState: 'running' | 'stopped'
  cancelUnavailable: boolean
  templateHash: string | null
  vm: boolean
  mounts: Mount[]
}

/** The errors of the order itself, before anything is looked up. */
function orderFrom(askId: number, body: unknown): Order | ApiError {
  const invalid = (what: string) => failedAsk(400, 'invalid_args', askId, what)
  if (typeof body !== 'object' || body === null || Array.isArray(body) || !Number.isSafeInteger(askId)) {
    return invalid("error 400/3467: Invalid args: 'id' is required and must be a valid offer ID")
  }
  const asked = body as Record<string, unknown>
  const template = textOr(asked.template_hash_id, null)
  const image = textOr(asked.image, null)
  if (image === null && template === null)
    return invalid("error 400/3467: Invalid args: 'image' or 'template_hash_id' is required")
  if (image !== null && image.length > 1_024) return invalid('error 400/3467: Invalid args: image is too long')
  if (asked.runtype != null && asked.use_ssh != null) return invalid('runtype and use_ssh cannot both be set')
  const price = asked.price ?? null
  if (price !== null && (typeof price !== 'number' || !(price >= 0.001 && price <= 128))) {
    return failedAsk(400, 'invalid_price', askId, 'Please set a bid price between 0.001 and 128.')
  }
  if (asked.target_reliability != null) {
    return failedAsk(400, 'invalid_sla_params', askId, 'This offer has no SLA.')
  }
  const label = textOr(asked.label, null)
  if (label !== null && label.length > 256) return failedAsk(400, 'invalid_args', askId, 'label is too long')
  const env = envFrom(asked.env)
  if (env.some(([key, value]) => key.length + value.length > 256))
    return invalid('env entry is longer than 256 characters')
  if (env.reduce((sum, [key, value]) => sum + key.length + value.length, 0) > 32_768) return invalid('env is too long')
  if (env.filter(([key]) => key.startsWith('-p')).length > 64) return invalid('more than 64 ports')
  const args = Array.isArray(asked.args)
    ? asked.args.map(String)
    : typeof asked.args_str === 'string'
      ? asked.args_str.split(/\s+/).filter(Boolean)
      : []
  const onstart = textOr(asked.onstart, null)
  if (args.join('').length + (onstart ?? '').length > 4_096)
    return invalid('args and onstart are longer than 4096 characters')
  const targetState = asked.target_state === 'stopped' ? 'stopped' : 'running'
  const disk = typeof asked.disk === 'number' ? asked.disk : 8
  return {
    image: image ?? 'vastai/base-image:@vastai-automatic-tag',
    args,
    runtype: runtypeFrom(asked.runtype, args.length > 0),
    env,
    onstart,
    label,
    diskGb: Math.max(8, disk), // less is raised in silence
    price: price as number | null,
    targetState,
    cancelUnavailable:
      typeof asked.cancel_unavail === 'boolean' ? asked.cancel_unavail : price === null && targetState === 'running',
    templateHash: template,
    vm: asked.vm === true,
    mounts: mountsFrom(asked.volume_info, env),
  }
}

/** An object by name or docker flag; the written form `-e A=b -p 80:80` is the specification's. */
function envFrom(env: unknown): [string, string][] {
  if (typeof env === 'string') {
    return [...env.matchAll(/(-e\s+([^\s=]+)=(\S*))|(-[a-z]\s+\S+)/g)].map((match): [string, string] =>
      match[2] !== undefined ? [match[2], match[3] ?? ''] : [match[4] ?? '', '1'],
    )
  }
  if (typeof env !== 'object' || env === null) return []
  return Object.entries(env).map(([key, value]) => [key, String(value)])
}

/** Stored names; "direc" is how they are written. */
const runtypes: Record<string, string> = {
  ssh: 'ssh_proxy',
  ssh_proxy: 'ssh_proxy',
  ssh_direct: 'ssh_direc ssh_proxy',
  jupyter: 'jupyter_proxy ssh_proxy',
  jupyter_proxy: 'jupyter_proxy ssh_proxy',
  jupyter_direct: 'jupyter_direc ssh_direc ssh_proxy',
}

function runtypeFrom(asked: unknown, hasArgs: boolean): string {
  const runtype = typeof asked === 'string' ? asked : hasArgs ? 'args' : 'ssh'
  return runtypes[runtype] ?? runtype
}

const orderedRefusals: Record<string, (askId: number) => ApiError> = {
  own_machines: (askId) =>
    failedAsk(
      400,
      'invalid_args',
      askId,
      `error 403/3586: Offer ${askId} is not your own. Hosts can only rent their own machines.`,
    ),
  sla_disabled: (askId) => failedAsk(403, 'sla_disabled', askId, 'SLA is not enabled.'),
  missing_billing: () => noCredit,
  spend_rate_limit: (askId) =>
    failedAsk(400, 'spend_rate_limit', askId, 'You have reached the spend rate limit of your account.'),
  server_error: () => ({
    status: 500,
    body: { success: false, error: 'server_error', msg: 'Something went wrong on the server' },
  }),
}

export const refusalNames = Object.keys(orderedRefusals)

function orderedRefusal(world: World, askId: number): ApiError | undefined {
  const refusal = world.state.orders.refusals.find((each) => each.left > 0)
  if (!refusal) return undefined
  refusal.left -= 1
  return orderedRefusals[refusal.how]?.(askId)
}

function takeSellOut(world: World, listing: Listing, offer: LiveOffer) {
  const sellOut = world.state.orders.sellOuts.find(
    (each) => each.left > 0 && matches(each.matching, listing, [offer.id]),
  )
  if (!sellOut) return undefined
  sellOut.left -= 1
  return sellOut.how
}

/** Text in the GPU name, or in an offer's or the machine's number. */
export function matches(text: string, listing: Listing, ids: readonly number[]): boolean {
  if (text === '') return true
  const wanted = text.toLowerCase()
  return (
    listing.gpuName.toLowerCase().includes(wanted) ||
    [listing.machineId, ...ids].some((id) => String(id).includes(wanted))
  )
}

function created(
  world: World,
  from: { order: Order; listing: Listing; size: number; offer: LiveOffer; blocked: boolean },
): Rented {
  const { state, market, random } = world
  const { order, listing, size, offer } = from
  const id = market.newId()
  const at = state.at
  const lag = state.orders.listLagMs ?? (state.settings.mishaps && random.chance(0.2) ? random.int(1_000, 10_000) : 0)
  const machine: Machine = {
    id,
    label: order.label,
    foreign: false,
    listing: listing.index,
    gpus: size,
    instanceKey: random.hex(64),
    createdAt: at,
    destroyedAt: null,
    listedAt: done(world, at, lag),
    endsAt: offer.endsAt,
    image: order.image,
    args: order.args,
    runtype: order.runtype,
    env: order.env,
    onstart: order.onstart,
    templateHash: order.templateHash,
    jupyterToken: random.hex(64),
    diskGb: order.diskGb,
    isBid: order.price !== null,
    dphBase: order.price ?? market.rentalPrice(listing, size),
    storagePerHour: (offer.facts.storage_cost * order.diskGb) / 720,
    intended: order.targetState,
    current: 'stopped',
    next: order.targetState,
    actual: 'exited',
    message: null,
    offline: null,
    ports: null,
    plan: null,
    loading: null,
    waits: null,
    waitsUntil: 0,
    stopped: 'at creation',
    holdsGpus: false,
    failure: drawFailure(world, listing, offer),
    runningSince: null,
    gpuMeter: null,
    diskMeter: null,
    utilisation: null,
    volumes: [],
  }
  state.machines[id] = machine
  state.live.push(id)
  state.hardware[id] = structuredClone(offer.facts)
  startMeter(world, machine, 'disk', at)
  machine.volumes = order.mounts.map((mount) => mounted(world, { listing: listing.index, facts: offer.facts }, mount))
  const runs = settleIn(world, machine, listing, from.blocked)
  return { machine, runs }
}

function settleIn(world: World, machine: Machine, listing: Listing, blocked: boolean): boolean {
  if (machine.intended === 'stopped') {
    machine.stopped = 'by us'
    return false
  }
  if (machine.isBid && !bidWins(world, machine)) {
    machine.intended = 'stopped'
    machine.next = 'stopped'
    machine.waits = 'bid'
    return false
  }
  if (blocked) {
    machine.waits = machine.isBid ? 'bid' : 'gpus'
    machine.waitsUntil = done(world, world.state.at, 1_800_000)
    return false
  }
  world.market.hold(listing, machine.gpus)
  machine.holdsGpus = true
  machine.stopped = null
  machine.current = 'running'
  bringUp(world, machine, 'create')
  return true
}

function drawFailure(world: World, listing: Listing, offer: LiveOffer): FailureKind | null {
  const ordered = world.state.orders.failStarts.find(
    (each) => each.left > 0 && matches(each.matching, listing, [offer.id]),
  )
  if (ordered) {
    ordered.left -= 1
    return ordered.how
  }
  if (!world.state.settings.mishaps) return null
  const draw = world.random.next()
  const kinds: FailureKind[] = ['oci', 'oci', 'stuck', 'exited', 'no_space', 'offline']
  const kind = world.random.pick(kinds)
  if (listing.broken) return 'oci'
  return draw < 0.025 ? kind : null
}

/** A machine that another user of the same account rents: any offer, running. */
export function rentForeign(world: World, label: string | null): Machine | undefined {
  const offer = world.market.offers()[0]
  if (!offer) return undefined
  const rented = created(world, {
    order: {
      image: 'someone/else:latest',
      args: [],
      runtype: 'ssh_proxy',
      env: [],
      onstart: null,
      label,
      diskGb: 8,
      price: null,
      targetState: 'running',
      cancelUnavailable: true,
      templateHash: null,
      vm: false,
      mounts: [],
    },
    ...(world.market.offer(offer.id) as { listing: Listing; size: number; offer: LiveOffer }),
    blocked: false,
  })
  const { machine } = rented
  machine.foreign = true
  machine.failure = null
  machine.listedAt = world.state.at
  machine.plan = { at: world.state.at, to: 'running' }
  return machine
}

function textOr(value: unknown, otherwise: string | null): string | null {
  return typeof value === 'string' && value !== '' ? value : otherwise
}
