/** The orders of tests and people; `special` has what only Lambda knows (see README.md). */

import type { SimClock } from '../kit/clock.ts'
import { type Controls, NotPossibleHere } from '../kit/simulator.ts'
import { pageSizeFrom, thingOrderFrom } from '../kit/things.ts'
import { defaultImageFamily, images, instanceTypes, type PriceListName, regionNamed } from './catalogue.ts'
import { meterUse } from './filesystem-meter.ts'
import { addMachine, fallIll, lives, preempt, wakeNow } from './machines.ts'
import { pinWindow, priceCents, releaseWindow, typeNamed } from './market.ts'
import { addFilesystem } from './routes/filesystems.ts'
import { changedSettings, defaultSettings } from './settings.ts'
import { type LambdaState, type Machine, type SellOutFace, type StartFailure, step } from './state.ts'
import { defaultMountPoint } from './views.ts'

type Order = Record<string, unknown>

export function lambdaControls(state: LambdaState, clock: SimClock): Controls {
  const current = () => step(state, clock)

  return {
    sellOut({ count = 1, matching, how }) {
      const face = oneOf<SellOutFace>(how ?? 'insufficient-capacity', ['insufficient-capacity', 'provider'])
      state.sellOuts.push({ left: count, matching: matching ?? null, how: face })
    },
    changePrice({ factor, matching, listed }) {
      if (!(factor >= 0)) throw new RangeError('factor is a number from 0')
      state.priceChanges.push({ factor, matching: matching ?? null, listed: listed ?? true })
    },
    interrupt({ machine }) {
      current()
      const found = machineNamed(state, machine)
      if (!lives(found)) throw new RangeError(`${machine} is ${found.status}`)
      preempt(state, found, clock)
    },
    failStart({ count = 1, how, matching }) {
      const failure = oneOf<StartFailure>(how ?? 'stuck', ['stuck', 'unhealthy', 'terminated', 'no_gpu'])
      state.failStarts.push({ left: count, matching: matching ?? null, how: failure })
    },
    listLag({ ms }) {
      state.listLagMs = ms
    },
    pace(order) {
      state.pace = { ...state.pace, ...order }
    },
    balance() {
      throw new NotPossibleHere('Lambda bills by invoice: its API knows no balance')
    },
    foreignMachine({ label }) {
      current()
      return { machine: foreign(state, clock, label).id }
    },
    special(name, order) {
      current()
      const act = specials[name]
      if (!act) throw new RangeError(`no special control ${name}; there are ${Object.keys(specials).join(', ')}`)
      return act(state, order, clock)
    },
  }
}

const specials: Record<string, (state: LambdaState, order: Order, clock: SimClock) => unknown> = {
  settings(state, order) {
    state.settings = changedSettings(state.settings, order)
    return state.settings
  },
  capacity(state, order, clock) {
    const type = String(order.type)
    const region = String(order.region)
    if (!typeNamed(type)) throw new RangeError(`no instance type ${type}`)
    if (!regionNamed(region)) throw new RangeError(`no region ${region}`)
    if (order.release === true) return releaseWindow(state, { type, region }, clock.now())
    const stock = typeof order.stock === 'number' ? order.stock : 1_000
    return pinWindow(state, { type, region, available: order.available !== false, stock })
  },
  'price-list'(state, order) {
    state.priceList = oneOf<PriceListName>(order.name, ['2026-02', '2026-08'])
  },
  cloudflare(state, order) {
    state.cloudflarePages.push({ left: count(order), kind: oneOf(order.kind ?? '1010', ['1010', '1015'] as const) })
  },
  'upstream-failure'(state, order) {
    state.upstreamFailures.push({
      left: count(order),
      kind: oneOf(order.kind ?? 'provider', ['provider', 'internal'] as const),
      applied: order.applied === true,
      path: typeof order.path === 'string' ? order.path : null,
    })
  },
  'page-size'(state, order) {
    state.settings.auditPageSize = pageSizeFrom(order) ?? defaultSettings.auditPageSize
  },
  utilisation() {
    throw new NotPossibleHere("Lambda's API shows no utilisation")
  },
  'foreign-thing'(state, order, clock) {
    const { name, sizeGb, attachedTo } = thingOrderFrom(order, ['filesystem'])
    const machine = attachedTo === null ? undefined : machineNamed(state, attachedTo)
    const filesystem = addFilesystem(state, { name, region: machine?.region ?? 'us-east-1' }, clock)
    meterUse(state, filesystem, sizeGb, clock.now())
    machine?.fileSystems.push({ id: filesystem.id, name, mountPoint: defaultMountPoint(filesystem) })
    return { thing: filesystem.id }
  },
  /** Somebody writes to a filesystem, or clears it. */
  'filesystem-usage'(state, order, clock) {
    const filesystem = state.filesystems.find(({ id }) => id === order.filesystem)
    if (!filesystem) throw new RangeError(`no filesystem ${String(order.filesystem)}`)
    if (typeof order.gib !== 'number' || !(order.gib >= 0)) throw new RangeError('gib is a number from 0')
    meterUse(state, filesystem, order.gib, clock.now())
  },
  unhealthy(state, order, clock) {
    const machine = machineNamed(state, order.machine)
    if (!lives(machine)) throw new RangeError(`${machine.id} is ${machine.status}`)
    fallIll(state, machine, clock, typeof order.forMs === 'number' ? order.forMs : null)
  },
  'lose-gpu'(state, order) {
    machineNamed(state, order.machine).gpuSeen = false
  },
  /** What somebody inside the machine would see; the API never shows any of it. */
  guest(state, order, clock) {
    const machine = machineNamed(state, order.machine)
    const up = machine.status === 'active' || machine.status === 'unhealthy'
    return {
      ssh: up && machine.sshReadyAt !== null && machine.sshReadyAt <= clock.now(),
      gpus: up && machine.gpuSeen ? (typeNamed(machine.type)?.gpus ?? 0) : 0,
      hostname: machine.hostname ?? machine.ip.replaceAll('.', '-'),
      image: images.find((image) => image.id === machine.imageId)?.name ?? null,
      user_data: machine.userData,
    }
  },
}

/** An A10 in Virginia that a colleague launched from the console. It is on the same bill. */
function foreign(state: LambdaState, clock: SimClock, label: string | null): Machine {
  const type = instanceTypes.get('gpu_1x_a10')
  if (!type) throw new RangeError('no A10 in the catalogue')
  const region = 'us-east-1'
  const machine = addMachine(
    state,
    {
      name: label,
      type,
      region,
      centsPerHour: priceCents(state, type, 'listed'),
      sshKeyNames: ['colleague'],
      fileSystems: [],
      tags: [],
      rulesetIds: [],
      hostname: null,
      userData: null,
      imageId: images.find((image) => image.region.name === region && image.family === defaultImageFamily)?.id ?? '',
    },
    clock,
  )
  machine.listedAt = clock.now()
  machine.gpuSeen = true
  wakeNow(state, machine, clock)
  return machine
}

function machineNamed(state: LambdaState, id: unknown): Machine {
  const machine = state.machines.find((candidate) => candidate.id === id)
  if (!machine) throw new RangeError(`no machine ${String(id)}`)
  return machine
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value)
  if (found === undefined) throw new RangeError(`${String(value)} is none of ${allowed.join(', ')}`)
  return found
}

function count(order: Order): number {
  return typeof order.count === 'number' ? order.count : 1
}
