/** The orders of tests and demonstrations. */

import { nanosFromUsd } from '../kit/bill.ts'
import { type Controls, NotPossibleHere } from '../kit/simulator.ts'
import { pageSizeFrom, percentFrom, thingOrderFrom } from '../kit/things.ts'
import { goneDisguises } from './errors.ts'
import { authAnswerNames } from './gate.ts'
import * as machines from './machines.ts'
import { matches, refusalNames, rentForeign } from './rent.ts'
import {
  chargeOnce,
  credit,
  failureKinds,
  hardwareOf,
  type Machine,
  machineOf,
  type Settings,
  type World,
} from './state.ts'
import { anyPlace, rentVolume } from './volumes.ts'

export function controlsOf(world: World): Controls {
  const { state, market } = world
  /** Everything due comes first, and whatever an order changes is looked at. */
  const ordered = <T>(act: () => T): T => {
    machines.catchUp(world)
    const answer = act()
    machines.lookAtBids(world)
    return answer
  }

  return {
    sellOut: ({ count = 1, matching = '', how = 'gone' }) =>
      ordered(() => void state.orders.sellOuts.push({ left: count, matching, how: oneOf(goneDisguises, how) })),
    changePrice: ({ factor, matching = '', listed = true }) =>
      ordered(() => {
        if (!(factor > 0)) throw new RangeError('factor must be above 0')
        market.changePrice((listing, ids) => matches(matching, listing, ids), factor, listed)
      }),
    interrupt: ({ machine: id }) =>
      ordered(() => {
        const machine = existing(world, id)
        if (!machine.isBid) {
          machines.goOffline(world, machine, null)
          return
        }
        outbidBy(world, machine, 1.22)
      }),
    failStart: ({ count = 1, how = 'stuck', matching = '' }) =>
      ordered(() => void state.orders.failStarts.push({ left: count, matching, how: oneOf(failureKinds, how) })),
    listLag: ({ ms }) =>
      ordered(() => {
        state.orders.listLagMs = ms
      }),
    pace: (order) =>
      ordered(() => {
        state.orders.pace = { ...state.orders.pace, ...order }
      }),
    balance: ({ usd }) => ordered(() => setCredit(world, usd)),
    foreignMachine: ({ label }) =>
      ordered(() => {
        const machine = rentForeign(world, label)
        if (!machine) throw new NotPossibleHere('nothing is on sale')
        machines.catchUp(world)
        return { machine: String(machine.id) }
      }),
    special: (name, order) =>
      ordered(() => {
        const act = specials[name]
        if (!act) throw new RangeError(`no special control ${name}; there are ${Object.keys(specials).join(', ')}`)
        return act(world, order)
      }),
  }
}

type Special = (world: World, order: Record<string, unknown>) => unknown

/** Switches of `Settings` by name of the control; each order is `{ value }`. */
const switches: Record<string, { field: keyof Settings; among: readonly unknown[] | 'number' | 'boolean' }> = {
  'v0-list': { field: 'v0List', among: ['410', '200'] },
  'rate-limits': { field: 'rateLimited', among: 'boolean' },
  'rate-limit-shape': {
    field: 'rateShape',
    among: ['documented', 'text', 'text_threshold', 'detail', 'envelope', 'message'],
  },
  'retry-after': { field: 'retryAfter', among: 'boolean' },
  'search-quota': { field: 'rowsPerDay', among: 'number' },
  'gone-disguise': { field: 'goneDisguise', among: goneDisguises },
  'low-bid': { field: 'lowBid', among: ['200', '400'] },
  'outbid-shape': { field: 'outbidShape', among: ['stopped', 'waiting', 'exited'] },
  'destroyed-get': { field: 'destroyedGet', among: ['null', '404'] },
  'ssh-list': { field: 'sshList', among: ['array', 'object', '404'] },
  'log-upload': { field: 'uploadMisses', among: 'number' },
  'leaky-filters': { field: 'leakyRows', among: 'number' },
  mishaps: { field: 'mishaps', among: 'boolean' },
}

const specials: Record<string, Special> = {
  ...Object.fromEntries(
    Object.entries(switches).map(([name, { field, among }]): [string, Special] => [
      name,
      ({ state }, { value }) => {
        const valid = typeof among === 'string' ? typeof value === among : among.includes(value)
        if (!valid) throw new RangeError(`value must be ${typeof among === 'string' ? `a ${among}` : among.join(', ')}`)
        Object.assign(state.settings, { [field]: value })
      },
    ]),
  ),
  /** No drift, no bad luck, no lag: a market that stands still. */
  calm({ state }, { on = true }) {
    state.settings.mishaps = on !== true
    state.market.still = on === true
  },
  'refuse-create'({ state }, { how, count = 1 }) {
    state.orders.refusals.push({ left: Number(count), how: oneOf(refusalNames, how) })
  },
  auth({ state }, { how, count = 1 }) {
    state.orders.authAnswers.push({ left: Number(count), how: oneOf(authAnswerNames, how) })
  },
  'missing-groups'({ state }, { groups }) {
    if (!Array.isArray(groups)) throw new RangeError('groups must be a list')
    state.settings.missingGroups = groups.map(String)
  },
  offline(world, { machine, ms }) {
    const until = typeof ms === 'number' ? world.state.at + ms : null
    machines.goOffline(world, existing(world, machine), until)
  },
  online(world, { machine }) {
    const found = existing(world, machine)
    if (found.offline) machines.comeBackOnline(world, found)
  },
  /** No heartbeat: the status says so, and the GPU is not billed. */
  unknown(world, { machine }) {
    const found = existing(world, machine)
    machines.exit(world, found)
    found.actual = 'unknown'
  },
  exit(world, { machine }) {
    machines.exit(world, existing(world, machine))
  },
  /** The rival gives up; where the market has moved above the bid meanwhile, it comes back for an hour. */
  'bid-wins'(world, { machine }) {
    const found = existing(world, machine)
    const listing = machines.listingOf(world, found)
    world.market.clearRival(listing)
    if (machines.bidWins(world, found)) return
    world.market.setRival(listing, Math.floor(Number(nanosFromUsd(found.dphBase)) / found.gpus), 6)
  },
  /** Others rent everything that is free on the machine's host: a start after a stop is queued. */
  'gpus-taken'(world, { machine }) {
    world.market.takeFree(machines.listingOf(world, existing(world, machine)))
  },
  'gpus-freed'(world, { machine }) {
    const found = existing(world, machine)
    const listing = machines.listingOf(world, found)
    if (world.market.free(listing) < found.gpus) world.market.displace(listing, found.gpus)
  },
  /** The winning bid for its place becomes `factor` times its own, until `bid-wins` or a bid of at least that. */
  outbid(world, { machine, factor = 1.22 }) {
    const found = existing(world, machine)
    if (!found.isBid) throw new NotPossibleHere(`${found.id} is not a bid`)
    if (typeof factor !== 'number' || !(factor > 1)) throw new RangeError('factor is a number above 1')
    outbidBy(world, found, factor)
  },
  'contract-end'(world, { machine }) {
    machines.end(world, existing(world, machine))
  },
  utilisation(world, order) {
    existing(world, order.machine).utilisation = percentFrom(order)
  },
  'page-size'({ state }, order) {
    state.settings.pageCap = pageSizeFrom(order)
  },
  'foreign-thing'(world, order) {
    const { name, sizeGb, attachedTo } = thingOrderFrom(order, ['volume'])
    const machine = attachedTo === null ? undefined : existing(world, attachedTo)
    const place = machine ? { listing: machine.listing, facts: hardwareOf(world, machine) } : anyPlace(world)
    const volume = rentVolume(world, place, { label: name, sizeGb })
    machine?.volumes.push({ id: volume.id, mountPath: '/data' })
    return { thing: String(volume.id) }
  },
  traffic(world, { machine, downGb = 0, upGb = 0 }) {
    const found = existing(world, machine)
    const facts = hardwareOf(world, found)
    const usd = Number(downGb) * facts.inet_down_cost + Number(upGb) * facts.inet_up_cost
    chargeOnce(world, found, nanosFromUsd(usd), world.state.at)
  },
  'price-increase'({ state }, { machine, factor }) {
    const id = 900_001 + state.priceRises.length + ((state.priceRises.at(-1)?.id ?? 0) % 900_001)
    state.priceRises.push({ id, machine: Number(machine), factor: Number(factor), createdAt: state.at })
    return { pending_price_increase_id: id }
  },
}

/** A rival bids more per GPU and keeps at it. */
function outbidBy(world: World, machine: Machine, factor: number): void {
  const perGpu = Math.ceil((Number(nanosFromUsd(machine.dphBase)) * factor) / machine.gpus)
  const { market } = world
  market.setRival(machines.listingOf(world, machine), perGpu, Number.MAX_SAFE_INTEGER - market.state.step)
}

function oneOf<T extends string>(names: readonly T[], name: unknown): T {
  const found = names.find((each) => each === name)
  if (found === undefined) throw new RangeError(`how must be one of ${names.join(', ')}`)
  return found
}

function existing(world: World, id: unknown): Machine {
  const machine = machineOf(world, String(id))
  if (!machine || machine.destroyedAt !== null) throw new RangeError(`no machine ${id}`)
  return machine
}

/** So that the account shows exactly this much now. */
function setCredit(world: World, usd: number): void {
  const { state } = world
  const wanted = nanosFromUsd(usd.toFixed(9))
  const more = wanted - credit(world, state.at)
  state.funds = (BigInt(state.funds) + more).toString()
  if (more > 0n) state.topUps.push({ id: (state.topUps.at(-1)?.id ?? 0) + 1, at: state.at, usd: Number(more) / 1e9 })
  world.brokeAt = undefined
  machines.catchUp(world)
}
