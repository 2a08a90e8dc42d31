/** The orders of tests and people, with this marketplace's faces. The `special` ones are listed in README.md. */

import { type Controls, NotPossibleHere } from '../kit/simulator.ts'
import { pageSizeFrom } from '../kit/things.ts'
import { setIpType } from './addresses.ts'
import { codeOfStatus } from './errors.ts'
import { refusals, startFailures } from './fate.ts'
import { foreignThing } from './foreign-things.ts'
import { addMachine, alreadyUp, bringUpToDate, forceOff, vanish } from './machines.ts'
import type { MachineRecord, Orders, World } from './state.ts'

export function controlsOf(world: World): Controls {
  /** Orders count from now: what was due before them has happened. */
  function ordering<T>(act: (orders: Orders) => T): T {
    bringUpToDate(world)
    return act(world.state.orders)
  }

  return {
    sellOut: ({ count = 1, matching, how = 'event' }) =>
      ordering((orders) => {
        oneOf(how, ['event', ...Object.keys(refusals)])
        orders.soldOut.push({ left: count, how, ...(matching ? { matching } : {}) })
      }),

    /** No list shows a price, so `listed` changes nothing: a new machine's `usageRate` is the only place it appears. */
    changePrice: ({ factor, matching }) =>
      ordering((orders) => {
        if (!(factor > 0)) throw new RangeError('factor must be above 0')
        orders.prices.push({ factor, ...(matching ? { matching } : {}) })
      }),

    interrupt: ({ machine }) =>
      ordering(() => {
        const found = existing(world, machine)
        if (found.state === 'off' || found.deactivating) throw new RangeError(`${machine} does not run`)
        forceOff(world, found)
      }),

    failStart: ({ count = 1, how = 'error', matching }) =>
      ordering((orders) => {
        if (how === 'capacity') orders.soldOut.push({ left: count, how: 'event', ...(matching ? { matching } : {}) })
        else {
          oneOf(how, ['capacity', ...startFailures])
          orders.failStarts.push({ left: count, how, ...(matching ? { matching } : {}) })
        }
      }),

    listLag: ({ ms }) =>
      ordering((orders) => {
        orders.listLagMs = ms
      }),

    pace: (order) =>
      ordering((orders) => {
        orders.pace = { ...orders.pace, ...order }
      }),

    /** The API shows no balance; what a debt does is documented: no new machines, and after 72 hours all are shut down. */
    balance: ({ usd }) =>
      ordering((orders) => {
        if (usd >= 0) orders.unpaidSince = null
        else orders.unpaidSince ??= world.clock.now()
      }),

    foreignMachine: ({ label }) =>
      ordering(() => {
        const machine = addMachine(world, {
          name: label ?? 'New Machine 1',
          machineType: 'A4000',
          os: 'Ubuntu 22.04',
          agentType: 'LinuxHeadless',
          diskGb: 50,
          region: 'ny2',
          networkId: null,
          settings: {
            autoShutdownEnabled: false,
            autoShutdownTimeout: null,
            autoShutdownForce: null,
            autoSnapshotEnabled: false,
            autoSnapshotFrequency: null,
            autoSnapshotSaveCount: null,
            restorePointEnabled: false,
            restorePointFrequency: null,
            restorePointSnapshotId: null,
          },
        })
        machine.listedAt = machine.createdAt
        setIpType(world, machine, 'dynamic', { at: machine.createdAt, powered: false })
        alreadyUp(world, machine)
        return { machine: machine.id }
      }),

    special: (name, order) => {
      const act = specials[name]
      if (!act) throw new NotPossibleHere(`no such control: ${name}; there are ${Object.keys(specials).join(', ')}`)
      return ordering((orders) => act(world, orders, order))
    },
  }
}

type Order = Record<string, unknown>

const specials: Record<string, (world: World, orders: Orders, order: Order) => unknown> = {
  calm: (_world, orders, order) => {
    orders.calm = flag(order)
  },
  availability: (_world, orders, order) => {
    const matching = typeof order.matching === 'string' ? { matching: order.matching } : {}
    if (order.available === null) orders.availability = []
    else orders.availability.push({ available: order.available === true, ...matching })
  },
  'name-match': (_world, orders, order) => {
    orders.nameMatch = oneOf(order.mode, ['contains', 'exact', 'prefix'] as const)
  },
  /** `size` is what a page has when nothing is asked for, `n` what no page exceeds. */
  'page-size': (_world, orders, order) => {
    if (order.size !== undefined) orders.pageSize = positive(order.size)
    if (order.n !== undefined) orders.pageCap = pageSizeFrom(order)
  },
  'foreign-thing': (world, _orders, order) => foreignThing(world, order),
  utilisation: () => {
    throw new NotPossibleHere("Paperspace's API shows no utilisation")
  },
  'region-names': (_world, orders, order) => {
    orders.regionNames = oneOf(order.form, ['long', 'short'] as const)
  },
  'busy-status': (_world, orders, order) => {
    const status = positive(order.status)
    codeOfStatus(status)
    orders.busyStatus = status
  },
  'delete-again': (_world, orders, order) => {
    orders.deleteAgain = oneOf(order.how, ['busy', 'same-event', 'not-found'] as const)
  },
  'rate-limit': (_world, orders, order) => {
    orders.requestsPerMinute = order.perMinute === null ? null : positive(order.perMinute)
    orders.retryAfterSeconds = typeof order.retryAfterSeconds === 'number' ? order.retryAfterSeconds : null
  },
  quota: (_world, orders, order) => {
    orders.maxMachines = atLeastZero(order.maxMachines)
  },
  'late-ip': (_world, orders, order) => {
    orders.ipLagMs = atLeastZero(order.ms)
  },
  linger: (_world, orders, order) => {
    orders.lingerMs = atLeastZero(order.ms)
  },
  'fail-stop': (_world, orders, order) => {
    orders.failStops.push({ left: positive(order.count ?? 1), how: oneOf(order.how ?? 'stuck', ['stuck', 'error']) })
  },
  'fail-delete': (_world, orders, order) => {
    orders.failDeletes.push({ left: positive(order.count ?? 1), how: oneOf(order.how ?? 'error', ['stuck', 'error']) })
  },
  vanish: (world, _orders, order) => {
    vanish(world, existing(world, String(order.machine)))
  },
  'events-vanish': (_world, orders, order) => {
    orders.eventsVanish = flag(order)
  },
  'validation-issues': (_world, orders, order) => {
    orders.validationIssues = flag(order)
  },
  'storage-rate': (_world, orders, order) => {
    orders.storageRatePeriod = oneOf(order.period, ['hour', 'month'] as const)
  },
}

function existing(world: World, id: string): MachineRecord {
  const machine = world.state.machines.find((each) => each.id === id && each.deletedAt === null)
  if (!machine) throw new RangeError(`no such machine: ${id}`)
  return machine
}

function flag(order: Order): boolean {
  return order.on !== false
}

function oneOf<T extends string>(value: unknown, choices: readonly T[]): T {
  const choice = choices.find((each) => each === value)
  if (choice === undefined) throw new RangeError(`one of ${choices.join(', ')}, not ${String(value)}`)
  return choice
}

function atLeastZero(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0)) throw new RangeError('a number from 0')
  return value
}

function positive(value: unknown): number {
  if (typeof value !== 'number' || !(value > 0)) throw new RangeError('a number above 0')
  return value
}
