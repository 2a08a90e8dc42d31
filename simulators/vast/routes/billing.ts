/** Charges by machine, payments, prepayment, and price rises that hosts ask for. All from the same meters as the bill. */

import { type Meter, meterAmount } from '../../kit/bill.ts'
import { json } from '../../kit/controlled.ts'
import type { SimReply } from '../../kit/simulator.ts'
import { failed, noSuchInstance, replyFrom } from '../errors.ts'
import { credit, hardwareOf, type Machine, machineOf, type PriceRise, type World } from '../state.ts'
import { existing, setPrice } from './instances.ts'
import {
  type Call,
  invalidToken,
  jsonParam,
  objectBody,
  ok,
  type Route,
  refuse,
  tokenFrom,
  valuesFrom,
} from './route.ts'

export const billingRoutes: Route[] = [
  {
    method: 'GET',
    path: /^\/api\/v0\/charges$/,
    endpoint: { name: 'charges', group: 'billing_read', threshold: 1, unknownKeyIs404: true },
    answer: charges,
  },
  {
    method: 'GET',
    path: /^\/api\/v1\/invoices$/,
    endpoint: { name: 'invoices', group: 'billing_read', threshold: 3, unknownKeyIs404: true },
    answer: invoices,
  },
  {
    method: 'GET',
    path: /^\/api\/v0\/instances\/balance\/([^/]+)$/,
    endpoint: { name: 'balance', group: 'billing_read', threshold: 3 },
    answer: (call) =>
      existing(call)
        ? ok({ success: true, refundable_deposit: 0, total_discount: 0, discount_months: 0 })
        : replyFrom(noSuchInstance(call.params[0] ?? '')),
  },
  {
    method: 'PUT',
    path: /^\/api\/v0\/instances\/prepay\/([^/]+)$/,
    endpoint: { name: 'prepay', group: 'billing_write', threshold: 2 },
    answer(call) {
      if (!existing(call)) return replyFrom(noSuchInstance(call.params[0] ?? ''))
      const { amount } = objectBody(call.request)
      const enough =
        typeof amount === 'number' &&
        amount > 0 &&
        credit(call.world, call.world.state.at) >= BigInt(Math.round(amount * 1e9))
      if (!enough) return refuse(411, 'insufficient_credit', 'Insufficient credit')
      return ok({ success: true, timescale: 1, discount_rate: 0 })
    },
  },
  {
    method: 'GET',
    path: /^\/api\/v0\/instances\/pending-price-increases$/,
    endpoint: { name: 'pending price increases', group: 'instance_read', threshold: 2 },
    answer({ world }) {
      const list = world.state.priceRises.map((rise) => priceRiseView(world, rise))
      return ok({ success: true, count: list.length, truncated: false, pending_price_increases: list })
    },
  },
  answerRise('accept'),
  answerRise('reject'),
]

function charges({ world, request }: Call): SimReply {
  const filters = (jsonParam(request, 'select_filters') ?? {}) as Record<string, Record<string, unknown> | undefined>
  const { gte: from, lte: to } = (filters.day ?? {}) as { gte?: unknown; lte?: unknown }
  if (typeof from !== 'number' || typeof to !== 'number') {
    return json(400, { success: false, msg: "Must provide both 'day' gte and lte filters for instance charges" })
  }
  const types = filters.type?.in
  const now = world.state.at
  const byMachine = Map.groupBy(world.state.meters, (meter) => meter.machineId)
  const rows = [...byMachine]
    .map(([id, meters]) => chargeRow(world, Number(id), meters, now))
    .filter((row) => !Array.isArray(types) || types.includes(row.type))
    .filter((row) => row.end >= from && row.start <= to)
  const latestFirst = request.query.get('latest_first') !== 'false'
  rows.sort((one, other) => (latestFirst ? other.id - one.id : one.id - other.id))
  const token = request.query.get('after_token')
  const after = token ? valuesFrom(token)?.id : undefined
  if (token && typeof after !== 'number') return replyFrom(invalidToken)
  const rest = typeof after === 'number' ? rows.filter(({ id }) => (latestFirst ? id < after : id > after)) : rows
  const asked = Number(request.query.get('limit') ?? 100)
  const page = rest.slice(0, Math.min(500, asked >= 1 ? asked : 100, world.state.settings.pageCap ?? 500))
  const last = page[page.length - 1]
  return ok({
    success: true,
    count: page.length,
    total: rows.length,
    next_token: last && rest.length > page.length ? tokenFrom({ id: last.id }) : null,
    results: page.map(({ id: _id, ...row }) => row),
  })
}

/** Seconds as billed: a begun one counts, so `end - start` is what the amount is for. */
function chargeRow(world: World, id: number, meters: Meter[], now: number) {
  const machine = machineOf(world, id)
  const type = machine ? 'instance' : 'volume'
  const label = meters.at(-1)?.label ?? null
  const items = meters.flatMap((meter) => itemsOf(meter, machine?.diskGb ?? gigabytesOf(world, meter), now))
  const start = Math.min(...items.map((item) => item.start))
  const end = Math.max(...items.map((item) => item.end))
  const nanos = meters.reduce((sum, meter) => sum + meterAmount(meter, now), 0n)
  return {
    id,
    start,
    end,
    type,
    source: `${type}-${id}`,
    description: `${machine ? 'Instance' : 'Volume'} ${id} Charges - ${spanOf(end - start)}`,
    amount: usd(nanos),
    metadata: label === null ? {} : { label },
    items,
  }
}

function gigabytesOf(world: World, meter: Meter): number {
  return world.state.volumes.find((volume) => String(volume.id) === meter.machineId)?.sizeGb ?? 0
}

function itemsOf(meter: Meter, diskGb: number, now: number) {
  const ended = meter.endedAt ?? now
  const traffic = meter.kind === 'traffic'
  const start = Math.floor((traffic ? ended : meter.startedAt) / 1_000)
  const seconds = traffic ? 0 : Math.ceil((ended - meter.startedAt) / 1_000)
  const hours = (seconds / 3_600).toFixed(3)
  return [
    {
      start,
      end: start + seconds,
      type: traffic ? 'bwd' : meter.kind,
      source: null,
      description: traffic
        ? 'bandwidth'
        : meter.kind === 'gpu'
          ? `${hours} hours at $${(Number(meter.ratePerHour) / 1e9).toFixed(3)}/hour`
          : `${diskGb} GB`,
      amount: usd(meterAmount(meter, now)),
      metadata: {},
      items: [],
    },
  ]
}

function spanOf(seconds: number): string {
  return seconds < 86_400 ? `${Math.round(seconds / 3_600)} hours` : `${Math.round(seconds / 86_400)} days`
}

/** Three decimals. */
function usd(nanos: bigint): number {
  return Number((nanos + 500_000n) / 1_000_000n) / 1_000
}

function invoices({ world, request }: Call): SimReply {
  const filters = (jsonParam(request, 'select_filters') ?? {}) as { when?: Record<string, unknown> }
  const from = filters.when?.gte ?? filters.when?.gt
  const to = filters.when?.lte ?? filters.when?.lt
  if (typeof from !== 'number' || typeof to !== 'number') {
    return ok({ success: false, error: 'Invalid date range', count: 0, total: 0, results: [], next_token: null })
  }
  const token = request.query.get('after_token')
  const after = token ? valuesFrom(token)?.id : undefined
  if (token && typeof after !== 'number') return replyFrom(invalidToken)
  const all = world.state.topUps.filter(({ at }) => at / 1_000 >= from && at / 1_000 <= to).toReversed()
  const rest = typeof after === 'number' ? all.filter(({ id }) => id < after) : all
  const asked = Number(request.query.get('limit') ?? 60)
  const page = rest.slice(0, Math.min(asked >= 1 ? asked : 60, world.state.settings.pageCap ?? 500))
  const last = page[page.length - 1]
  return ok({
    success: true,
    count: page.length,
    total: all.length,
    next_token: last && rest.length > page.length ? tokenFrom({ id: last.id }) : null,
    results: page.map(({ id, at, usd: amount }) => ({
      start: at / 1_000,
      end: at / 1_000,
      type: 'credit',
      source: 'stripe',
      description: 'Manual Billing from MASTERCARD ...7376',
      amount: -amount,
      metadata: { invoice_id: id, service: 'stripe_payments' },
      items: [],
    })),
  })
}

/** Dollars per second, unlike everything else. */
function priceRiseView(world: World, rise: PriceRise): Record<string, unknown> {
  const machine = machineOf(world, rise.machine) as Machine
  const disk = machine.storagePerHour / 3_600
  return {
    pending_price_increase_id: rise.id,
    contract_id: machine.id,
    host_id: hardwareOf(world, machine).host_id,
    new_gpu_costpersec: (machine.dphBase * rise.factor) / 3_600,
    old_gpu_costpersec: machine.dphBase / 3_600,
    new_disk_ram_costpersec: disk,
    old_disk_ram_costpersec: disk,
    contract_end_date: machine.endsAt / 1_000,
    ask_end_date: machine.endsAt / 1_000,
    created_at: rise.createdAt / 1_000,
  }
}

function answerRise(verb: 'accept' | 'reject'): Route {
  return {
    method: 'PUT',
    path: new RegExp(`^/api/v0/instances/${verb}-price-increase$`),
    endpoint: { name: `${verb} price increase`, group: 'instance_write', threshold: 2 },
    answer({ world, request }) {
      const id = objectBody(request).pending_price_increase_id
      const rise = world.state.priceRises.find((each) => each.id === id)
      if (!rise) return replyFrom(failed(404, 'no_pending_price_increase', 'No pending price increase.'))
      world.state.priceRises = world.state.priceRises.filter((each) => each !== rise)
      const machine = machineOf(world, rise.machine)
      // The new price is kept to nine decimals, as the bill is.
      if (verb === 'accept' && machine) setPrice(world, machine, Math.round(machine.dphBase * rise.factor * 1e9) / 1e9)
      return ok({ success: true })
    },
  }
}
