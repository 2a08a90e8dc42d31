/**
 * /v2/billing and below: the same ledger in time buckets, as far as the last billing run (every five minutes) has seen it.
 * A record is answered for a pod in each bucket in which it was metered; a switch answers the full grid of buckets × pods,
 * as the OpenAPI file's wording also allows.
 */

import { type Meter, meterAmount } from '../../kit/bill.ts'
import type { SimReply } from '../../kit/simulator.ts'
import { usdFrom } from '../money.ts'
import { badRequest, ok } from '../problem.ts'
import { type Call, integerOf, listOf, timeOf } from '../request.ts'
import { isoSecond, type World } from '../state.ts'

type BucketSize = 'hour' | 'day' | 'week' | 'month' | 'year'

interface Window {
  startTime: number
  endTime: number
  bucketSize: BucketSize
  buckets: Array<[from: number, to: number]>
}

const sizes: readonly BucketSize[] = ['hour', 'day', 'week', 'month', 'year']
const defaultDays = 30

export function podBilling({ world, request: { query } }: Call): SimReply {
  const window = windowFrom(world, query)
  const podId = query.get('podId')
  const pods = new Map<string, Meter[]>()
  for (const meter of podMeters(world)) {
    if (podId === null || meter.machineId === podId)
      pods.set(meter.machineId, [...(pods.get(meter.machineId) ?? []), meter])
  }
  const totals = zeros('totalAmount', 'gpuAmount', 'cpuAmount', 'diskAmount')
  const records = window.buckets.flatMap((bucket) =>
    [...pods].flatMap(([id, meters]) => {
      if (!world.state.switches.billingGrid && !meters.some((meter) => touches(world, meter, bucket))) return []
      const amounts = { gpuAmount: 0n, cpuAmount: 0n, diskAmount: 0n }
      for (const meter of meters) amounts[podColumn(meter)] += within(world, meter, bucket)
      const record = { totalAmount: amounts.gpuAmount + amounts.cpuAmount + amounts.diskAmount, ...amounts }
      return [{ podId: id, ...timesOf(bucket), ...counted(totals, record) }]
    }),
  )
  return ok({
    records,
    metadata: {
      query: { ...queryOf(window), ...(podId === null ? {} : { podId }) },
      recordCount: records.length,
      uniquePodCount: new Set(records.map((record) => record.podId)).size,
      totals: inUsd(totals),
    },
  })
}

export function volumeBilling({ world, request: { query } }: Call): SimReply {
  const window = windowFrom(world, query)
  const wanted = query.get('networkVolumeId')
  const meters = volumeMeters(world).filter((meter) => wanted === null || meter.machineId === wanted)
  const totals = zeros('totalAmount', 'standardAmount', 'highPerformanceAmount')
  const records = window.buckets.flatMap((bucket) =>
    [...new Set(meters.map((meter) => meter.machineId))].flatMap((id) => {
      const own = meters.filter((meter) => meter.machineId === id)
      if (!own.some((meter) => touches(world, meter, bucket))) return []
      const amount = own.reduce((sum, meter) => sum + within(world, meter, bucket), 0n)
      const fast = isFast(world, id)
      const record = {
        totalAmount: amount,
        standardAmount: fast ? 0n : amount,
        highPerformanceAmount: fast ? amount : 0n,
      }
      return [{ networkVolumeId: id, ...timesOf(bucket), ...counted(totals, record) }]
    }),
  )
  return ok({
    records,
    metadata: {
      query: { ...queryOf(window), ...(wanted === null ? {} : { networkVolumeId: wanted }) },
      recordCount: records.length,
      uniqueNetworkVolumeCount: new Set(records.map((record) => record.networkVolumeId)).size,
      totals: inUsd(totals),
    },
  })
}

export function allBilling({ world, request: { query } }: Call): SimReply {
  const window = windowFrom(world, query)
  const columns = [
    ...['totalAmount', 'podGpuAmount', 'podCpuAmount', 'podDiskAmount'],
    ...['serverlessGpuAmount', 'serverlessCpuAmount', 'serverlessDiskAmount', 'serverlessFeeAmount'],
    ...['storageStandardAmount', 'storageHighPerformanceAmount', 'endpointAmount'],
    ...['clusterGpuAmount', 'clusterDiskAmount', 'clusterNetworkingAmount'],
  ]
  const totals = zeros(...columns)
  const podColumns = { gpuAmount: 'podGpuAmount', cpuAmount: 'podCpuAmount', diskAmount: 'podDiskAmount' } as const
  const records = window.buckets.flatMap((bucket) => {
    if (!world.state.meters.some((meter) => touches(world, meter, bucket))) return []
    const record = zeros(...columns)
    const add = (column: string, amount: bigint) => {
      record[column] = (record[column] ?? 0n) + amount
      record.totalAmount = (record.totalAmount ?? 0n) + amount
    }
    for (const meter of podMeters(world)) add(podColumns[podColumn(meter)], within(world, meter, bucket))
    for (const meter of volumeMeters(world)) {
      const column = isFast(world, meter.machineId) ? 'storageHighPerformanceAmount' : 'storageStandardAmount'
      add(column, within(world, meter, bucket))
    }
    return [{ ...timesOf(bucket), ...counted(totals, record) }]
  })
  return ok({ records, metadata: { query: queryOf(window), recordCount: records.length, totals: inUsd(totals) } })
}

/** Serverless, public endpoints and clusters are not imitated: the account never had any. */
export function emptyBilling(columns: readonly string[], unique: string | null) {
  return ({ world, request: { query } }: Call): SimReply => {
    const window = windowFrom(world, query)
    return ok({
      records: [],
      metadata: {
        query: queryOf(window),
        recordCount: 0,
        ...(unique ? { [unique]: 0 } : {}),
        totals: inUsd(zeros(...columns)),
      },
    })
  }
}

function podMeters(world: World): Meter[] {
  return world.state.meters.filter((meter) => meter.machineId.length === podIdLength)
}

/** Pod ids have 14 characters, volume ids 10; a deleted volume is known by nothing else. */
const podIdLength = 14

function volumeMeters(world: World): Meter[] {
  return world.state.meters.filter((meter) => meter.machineId.length !== podIdLength)
}

function isFast(world: World, volumeId: string): boolean {
  return world.state.fastVolumes.includes(volumeId)
}

function podColumn(meter: Meter): 'gpuAmount' | 'cpuAmount' | 'diskAmount' {
  if (meter.kind === 'gpu') return 'gpuAmount'
  return meter.kind === 'disk' ? 'diskAmount' : 'cpuAmount'
}

function seenUntil(world: World): number {
  const lag = world.state.switches.billingLagMs
  const now = world.clock.now()
  return lag <= 0 ? now : Math.floor(now / lag) * lag
}

function touches(world: World, meter: Meter, [from, to]: [number, number]): boolean {
  const end = Math.min(meter.endedAt ?? Number.POSITIVE_INFINITY, seenUntil(world))
  return meter.startedAt < Math.min(to, end) && end > from
}

/** The difference of two sums from the meter's start, so that the buckets add up to the bill. */
function within(world: World, meter: Meter, [from, to]: [number, number]): bigint {
  const seen = seenUntil(world)
  return amountUntil(meter, Math.min(to, seen)) - amountUntil(meter, Math.min(from, seen))
}

function amountUntil(meter: Meter, until: number): bigint {
  return meterAmount({ ...meter, endedAt: Math.min(meter.endedAt ?? until, until) }, until)
}

function windowFrom(world: World, query: URLSearchParams): Window {
  const now = world.clock.now()
  const start = timeOf(query, 'startTime')
  const end = timeOf(query, 'endTime')
  const lastN = integerOf(query, 'lastN', { min: 1 })
  const bucketSize = (listOf(query, 'bucketSize', sizes)?.[0] ?? 'day') as BucketSize
  if (lastN !== null && (start !== null || end !== null))
    throw badRequest('lastN is mutually exclusive with startTime/endTime')
  let from = bucketStart(start ?? (end ?? now) - defaultDays * 86_400_000, bucketSize)
  const until = end ?? now
  const lastBucket = bucketStart(until, bucketSize)
  const endTime = lastBucket === until && end !== null ? until : nextBucket(lastBucket, bucketSize)
  if (lastN !== null) {
    from = bucketStart(now, bucketSize)
    for (let back = 1; back < lastN; back += 1) from = bucketStart(from - 1, bucketSize)
  }
  if (endTime < from) throw badRequest('endTime must be after startTime')
  const buckets: Window['buckets'] = []
  for (let at = from; at < endTime; at = nextBucket(at, bucketSize)) buckets.push([at, nextBucket(at, bucketSize)])
  return { startTime: from, endTime, bucketSize, buckets }
}

function bucketStart(at: number, size: BucketSize): number {
  const date = new Date(at)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  switch (size) {
    case 'hour':
      return Math.floor(at / 3_600_000) * 3_600_000
    case 'day':
      return Date.UTC(year, month, day)
    case 'week':
      return Date.UTC(year, month, day - ((date.getUTCDay() + 6) % 7))
    case 'month':
      return Date.UTC(year, month, 1)
    case 'year':
      return Date.UTC(year, 0, 1)
  }
}

function nextBucket(start: number, size: BucketSize): number {
  const date = new Date(start)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  switch (size) {
    case 'hour':
      return start + 3_600_000
    case 'day':
      return Date.UTC(year, month, day + 1)
    case 'week':
      return Date.UTC(year, month, day + 7)
    case 'month':
      return Date.UTC(year, month + 1, 1)
    case 'year':
      return Date.UTC(year + 1, 0, 1)
  }
}

function queryOf(window: Window): Record<string, string> {
  return {
    startTime: isoSecond(window.startTime),
    endTime: isoSecond(window.endTime),
    bucketSize: window.bucketSize,
  }
}

function timesOf([from, to]: [number, number]): { startTime: string; endTime: string } {
  return { startTime: isoSecond(from), endTime: isoSecond(to) }
}

function zeros(...columns: string[]): Record<string, bigint> {
  return Object.fromEntries(columns.map((column) => [column, 0n]))
}

function counted(totals: Record<string, bigint>, record: Record<string, bigint>): Record<string, number> {
  for (const [column, amount] of Object.entries(record)) totals[column] = (totals[column] ?? 0n) + amount
  return inUsd(record)
}

function inUsd(amounts: Record<string, bigint>): Record<string, number> {
  return Object.fromEntries(Object.entries(amounts).map(([column, amount]) => [column, usdFrom(amount)]))
}
