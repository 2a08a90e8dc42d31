import { nanosFromUsd } from '../kit/bill.ts'
import { type Controls, NotPossibleHere } from '../kit/simulator.ts'
import { pageSizeFrom, percentFrom, thingOrderFrom } from '../kit/things.ts'
import { breakDown, foreignMachine, giveNotice } from './machines.ts'
import { clusters } from './market.ts'
import { setBalance } from './meters.ts'
import { addStorage } from './routes/storage.ts'
import { failStartHows, type Machine, type Settings, type SoldOutHow, soldOutHows, type World } from './state.ts'
import { bringUpToDate, computing } from './time.ts'

export function controlsFor(world: World): Controls {
  const { state } = world
  return {
    sellOut({ count = 1, matching = '', how = 'insufficient' }) {
      state.soldOut.push({ left: count, matching, how: oneOf<SoldOutHow>(how, soldOutHows) })
    },
    changePrice({ factor, matching = '', listed = true }) {
      if (!(factor > 0)) throw new RangeError('factor must be above 0')
      state.priceChanges.push({ factor, matching, listed })
    },
    interrupt({ machine: id }) {
      bringUpToDate(world)
      const machine = find(world, id)
      const starting = ['toCreate', 'creating', 'toStart'].includes(machine.status)
      if (!starting && !computing.has(machine.status)) throw new NotPossibleHere(`${id} is ${machine.status}`)
      if (machine.spotStatus === 'notified') throw new NotPossibleHere(`${id} has its notice already`)
      if (machine.billingMode !== 'spot') breakDown(world, machine)
      // Before it has a card there is nothing to take back: the notice waits until it has.
      else if (starting) machine.noticeAt = world.clock.now()
      else giveNotice(world, machine, world.clock.now())
    },
    failStart({ count = 1, how = 'stuck', matching = '' }) {
      state.failing.push({ left: count, matching, how: oneOf(how, failStartHows) })
    },
    listLag({ ms }) {
      state.listLagMs = ms
    },
    pace(order) {
      state.pace = { ...state.pace, ...order }
    },
    balance({ usd }) {
      bringUpToDate(world)
      setBalance(world, nanosFromUsd(usd))
    },
    foreignMachine({ label }) {
      bringUpToDate(world)
      return { machine: foreignMachine(world, label).id }
    },
    special(name, order) {
      bringUpToDate(world)
      const act = specials[name]
      if (!act) throw new Error(`no such special control: ${name}; there are ${Object.keys(specials).join(', ')}`)
      return act(world, order)
    },
  }
}

type Special = (world: World, order: Record<string, unknown>) => unknown

/** Each sets what its name says; the README has the list with the choices. */
const specials: Record<string, Special> = {
  'gone-as': choice('goneAs', ['404', '400', 'removed']),
  'refuses-key-with': choice('refusesKeyWith', ['401', '403', '400']),
  'last-started-at-means': choice('lastStartedAtMeans', ['pulling', 'running']),
  'v2-stopped-word': choice('v2StoppedWord', ['exited', 'stopped']),
  'numbers-as': choice('numbersAs', ['string', 'number']),
  'total-as': choice('totalAs', ['number', 'string']),
  'region-names': choice('regionNames', ['place', 'code']),
  'shared-ids': flag('sharedIds'),
  'empty-bodies': flag('emptyBodies'),
  'stopped-disk-free-gb': amount('stoppedDiskFreeGb'),
  'bill-precision': amount('billPrecision'),
  'page-cap': amount('pageCap'),
  'page-size': (world, order) => {
    world.state.settings.pageCap = pageSizeFrom(order)
  },
  utilisation: (world, order) => {
    find(world, String(order.machine)).utilisation = percentFrom(order)
  },
  /** With `attachedTo`, that machine mounts it. */
  'foreign-thing': (world, order) => {
    const { name, sizeGb, attachedTo } = thingOrderFrom(order, ['volume'])
    const machine = attachedTo === null ? null : find(world, attachedTo)
    const clusterId = machine?.clusterId ?? clusters.find(({ storage }) => storage)?.id ?? ''
    const storage = addStorage(world, { name, sizeGb, clusterId })
    machine?.volumes.push({ id: storage.id, mountPath: '/network' })
    return { thing: storage.id }
  },
  'spot-timeline': (world, order) => {
    if (order.noticeMs !== undefined) world.state.settings.spotNoticeMs = numberIn(order, 'noticeMs')
    if (order.reclaimingMs !== undefined) world.state.settings.spotReclaimingMs = numberIn(order, 'reclaimingMs')
  },
  'ready-delays': (world, order) => {
    if (order.sshMs !== undefined) world.state.settings.sshDelayMs = numberIn(order, 'sshMs')
    if (order.appMs !== undefined) world.state.settings.appDelayMs = numberIn(order, 'appMs')
  },
  'fail-migration': (world, order) => {
    const how = order.how === 'refuse' ? 'refuse' : 'stuck'
    world.state.settings.failedMigrations = { left: order.count === undefined ? 1 : numberIn(order, 'count'), how }
  },
  quota: (world, order) => {
    const { settings } = world.state
    settings.quotaInstances = order.instances === undefined ? null : numberIn(order, 'instances')
    settings.quotaGpus = order.gpus === undefined ? null : numberIn(order, 'gpus')
    settings.quotaAs = order.how === '429' ? '429' : '400'
  },
  'rate-limit': (world, order) => {
    const { state } = world
    if (order.burst !== undefined) state.settings.rateBurst = numberIn(order, 'burst')
    if (order.perSecond !== undefined) state.settings.ratePerSecond = numberIn(order, 'perSecond')
    state.settings.retryAfterSeconds =
      order.retryAfterSeconds === undefined ? null : numberIn(order, 'retryAfterSeconds')
    delete state.buckets.api
  },
  /** Chances of things going wrong on their own; `{"calm": true}` sets all of them to zero first. */
  chances: (world, order) => {
    const { chances } = world.state.settings
    for (const name of Object.keys(chances) as (keyof typeof chances)[]) {
      if (order.calm === true) chances[name] = 0
      if (order[name] !== undefined) chances[name] = numberIn(order, name)
    }
    if (chances.spotMeanHours === 0) for (const machine of world.state.machines) machine.noticeAt = null
    return { ...chances }
  },
}

function choice<K extends keyof Settings>(setting: K, words: readonly (Settings[K] & string)[]): Special {
  return (world, order) => {
    world.state.settings[setting] = oneOf(String(order.how), words)
  }
}

function flag(setting: 'sharedIds' | 'emptyBodies'): Special {
  return (world, order) => {
    world.state.settings[setting] = order.on === true
  }
}

function amount(setting: 'stoppedDiskFreeGb' | 'billPrecision' | 'pageCap'): Special {
  return (world, order) => {
    world.state.settings[setting] = numberIn(order, 'value')
  }
}

function numberIn(order: Record<string, unknown>, name: string): number {
  const value = order[name]
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw new RangeError(`${name}: a number from 0`)
  return value
}

function oneOf<T extends string>(word: string, words: readonly T[]): T {
  if (!words.includes(word as T)) throw new RangeError(`${word} is not one of ${words.join(', ')}`)
  return word as T
}

function find(world: World, id: string): Machine {
  const machine = world.state.machines.find((one) => one.id === id)
  if (!machine) throw new Error(`no such machine: ${id}`)
  return machine
}
