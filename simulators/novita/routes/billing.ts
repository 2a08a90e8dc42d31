/** `/openapi/v1/billing`: the account's own view of the ledger that the control panel shows. */

import type { Meter } from '../../kit/bill.ts'
import { json } from '../../kit/controlled.ts'
import { type Call, queryNumber, type Route } from '../call.ts'
import { cpuProducts } from '../market.ts'
import { amountUntil, availableNanos } from '../meters.ts'
import { takeToken } from '../rate-limit.ts'
import { refuse } from '../replies.ts'
import { dayMs, hourMs, type OneOff, type State, unixSeconds, type World } from '../state.ts'

const base = '/openapi/v1/billing'

export const billingRoutes: Route[] = [
  { method: 'GET', path: `${base}/balance/detail`, answer: balance },
  { method: 'GET', path: `${base}/bill/list`, answer: listBills },
  { method: 'GET', path: `${base}/bill/monthly/list`, answer: listTerms },
  { method: 'GET', path: `${base}/monthly/bill`, answer: listInvoices },
]

/** 1/10000 USD, ten times the unit of prices. */
const balanceNanos = 100_000n

function balance({ world }: Call) {
  const available = floorDiv(availableNanos(world), balanceNanos).toString()
  return json(200, {
    availableBalance: available,
    cashBalance: available,
    creditLimit: '0',
    outstandingInvoices: '0',
  })
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}

type Cycle = 'Hour' | 'Day' | 'Week' | 'Month'

function listBills(call: Call) {
  const { world, query } = call
  if (!takeToken(world, 'bills', 5, 1)) refuse('LIST_BILL_TOO_FAST')
  const cycle = query.get('cycleType') as Cycle
  if (!['Hour', 'Day', 'Week', 'Month'].includes(cycle)) refuse('INVALID_BILL_CYCLE')
  const category = query.get('productCategory') ?? ''
  if (!['', 'gpu', 'cpu', 'networkStorage'].includes(category)) refuse('INVALID_PRODUCT_CATEGORY')
  const from = queryNumber(call, 'startTime', 0)
  const until = queryNumber(call, 'endTime', 0) || Number.POSITIVE_INFINITY
  const ownerId = query.get('ownerId')
  const bills = world.state.meters
    .map((meter) => ({ meter, about: aboutMeter(world.state, meter) }))
    .filter(({ meter }) => !ownerId || meter.machineId === ownerId)
    .filter(({ about }) => category === '' || about.category === category)
    .flatMap(({ meter, about }) => billsOf(world, meter, about, cycle))
    .filter((bill) => Number(bill.startTime) >= from && Number(bill.startTime) < until)
  return json(200, { bills })
}

interface About {
  category: string
  productId: string
  productName: string
  billingMethod: string
  /** Cards, or gigabytes. */
  quantity: number
  /** 1/100000 USD per hour; a disk's is per day. */
  unitPrice: number
}

function aboutMeter(state: State, meter: Meter): About {
  const machine = state.machines.find((one) => one.id === meter.machineId)
  if (!machine) {
    return {
      category: 'networkStorage',
      productId: '',
      productName: 'Network Volume',
      billingMethod: 'onDemand',
      quantity: Math.round((Number(meter.ratePerHour) * 24) / 2_000_000),
      unitPrice: 200,
    }
  }
  const category = cpuProducts.some((product) => product.id === machine.productId) ? 'cpu' : 'gpu'
  if (meter.kind === 'disk') {
    return {
      category,
      productId: '',
      productName: 'Container Disk',
      billingMethod: 'onDemand',
      quantity: Math.round((Number(meter.ratePerHour) * 24) / 5_000_000),
      unitPrice: 500,
    }
  }
  return {
    category,
    productId: machine.productId,
    productName: machine.productName,
    billingMethod: machine.billingMode,
    quantity: Math.max(1, machine.gpuNum),
    unitPrice: meter.ratePerHour === '0' ? 0 : machine.unitPrice,
  }
}

/** Only full hours are settled, so that the running hour has no bill yet. The parts add up to the whole. */
function billsOf(world: World, meter: Meter, about: About, cycle: Cycle) {
  const { settledUntil, settings, userId } = world.state
  const end = Math.min(meter.endedAt ?? settledUntil, settledUntil)
  const bills = []
  for (let start = cycleStart(meter.startedAt, cycle); start < end; start = cycleEnd(start, cycle)) {
    const stop = Math.min(cycleEnd(start, cycle), settledUntil)
    const nanos = amountUntil(meter, stop) - amountUntil(meter, start)
    const seconds = Math.round((Math.min(stop, end) - Math.max(start, meter.startedAt)) / 1_000)
    const amount = inPrecision(nanos, settings.billPrecision)
    bills.push({
      userId,
      startTime: String(unixSeconds(start)),
      endTime: String(unixSeconds(cycleEnd(start, cycle))),
      billingMethod: about.billingMethod,
      productName: about.productName,
      category: about.category,
      ownerID: meter.machineId,
      billNum0: String(about.quantity * seconds),
      basePrice0: String(about.unitPrice),
      discountPrice0: String(about.unitPrice),
      amount,
      voucherAmount: '0',
      payAmount: amount,
      payAmountDisplay: dollars(nanos),
      pricePrecision: String(settings.billPrecision),
      productId: about.productId,
    })
  }
  return bills
}

function inPrecision(nanos: bigint, precision: number): string {
  return ((nanos * BigInt(precision) + 500_000_000n) / 1_000_000_000n).toString()
}

function dollars(nanos: bigint): string {
  return `${nanos / 1_000_000_000n}.${(nanos % 1_000_000_000n).toString().padStart(9, '0')}`
}

function cycleStart(ms: number, cycle: Cycle): number {
  const day = Math.floor(ms / dayMs) * dayMs
  const date = new Date(ms)
  switch (cycle) {
    case 'Hour':
      return Math.floor(ms / hourMs) * hourMs
    case 'Day':
      return day
    case 'Week':
      // Monday is the first day.
      return day - ((date.getUTCDay() + 6) % 7) * dayMs
    case 'Month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  }
}

function cycleEnd(start: number, cycle: Cycle): number {
  const date = new Date(start)
  switch (cycle) {
    case 'Hour':
      return start + hourMs
    case 'Day':
      return start + dayMs
    case 'Week':
      return start + 7 * dayMs
    case 'Month':
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
  }
}

function listTerms({ world }: Call) {
  return json(200, { bills: world.state.oneOffs.map((term) => termView(world, term)) })
}

function termView(world: World, term: OneOff) {
  const machine = world.state.machines.find((one) => one.id === term.machineId)
  const amount = inPrecision(BigInt(term.amount), world.state.settings.billPrecision)
  return {
    userId: world.state.userId,
    startTime: String(unixSeconds(term.at)),
    endTime: String(unixSeconds(term.at + term.months * 30 * dayMs)),
    billingMethod: 'monthly',
    tradeType: term.tradeType === 'monthly_re_buy' ? 're_buy' : term.tradeType,
    productName: machine?.productName ?? '',
    category: machine?.kind ?? 'gpu',
    ownerID: term.machineId,
    amount,
    voucherAmount: '0',
    payAmount: amount,
    payAmountDisplay: dollars(BigInt(term.amount)),
    pricePrecision: String(world.state.settings.billPrecision),
    productId: machine?.productId ?? '',
  }
}

/** Invoices of the months in which something was charged; the running month is still `pending`. */
function listInvoices({ world }: Call) {
  const { state } = world
  const months = new Map<number, bigint>()
  for (const meter of state.meters) {
    const end = Math.min(meter.endedAt ?? state.settledUntil, state.settledUntil)
    for (let start = cycleStart(meter.startedAt, 'Month'); start < end; start = cycleEnd(start, 'Month')) {
      const stop = Math.min(cycleEnd(start, 'Month'), state.settledUntil)
      months.set(start, (months.get(start) ?? 0n) + amountUntil(meter, stop) - amountUntil(meter, start))
    }
  }
  for (const term of state.oneOffs) {
    const start = cycleStart(term.at, 'Month')
    months.set(start, (months.get(start) ?? 0n) + BigInt(term.amount))
  }
  const current = cycleStart(world.clock.now(), 'Month')
  const data = [...months].map(([start, nanos]) => {
    const billingMonth = new Date(start).toISOString().slice(0, 7)
    return {
      billId: `inv-${billingMonth}`,
      billingMonth,
      totalAmount: (nanos / balanceNanos).toString(),
      status: start === current ? 'pending' : 'paid',
      invoiceUrl: '',
    }
  })
  return json(200, { data })
}
