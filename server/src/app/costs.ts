import { amountIn, type Range, shareIn, timeIn } from '../core/charges/within.ts'
import { type Nanos, nanos, noMoney } from '../core/money.ts'
import { publicProviderNames } from '../core/providers.ts'
import { type Clock, dayMs, type Instant, isoFrom } from '../core/time.ts'
import type { BillStore } from '../store/bills.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { CostFilter, CostOwner, OwnedCharge } from '../store/cost-owners.ts'
import { projectAsked, type Who } from './who.ts'

export const costGroups = ['instance', 'provider', 'gpu', 'label', 'project', 'market', 'day'] as const
export type CostGroup = (typeof costGroups)[number]

export type { CostFilter, CostOwner }

export interface CostQuery extends CostFilter {
  /** Default: the beginning of the month in which the range ends. */
  from?: Instant
  /** Default: now. */
  until?: Instant
}

export interface CostSums {
  /** The most that can have been billed, traffic included. */
  atMost: Nanos
  atLeast: Nanos
  gpu: Nanos
  disk: Nanos
  /** As far as the marketplace has billed it. */
  traffic: Nanos
  /** For how long GPU machines were billed, at most. */
  gpuMs: number
  instances: number
}

export interface CostRow extends CostSums {
  /** Null: those without a label. */
  key: string | null
}

export interface Costs extends Range {
  by: CostGroup
  rows: readonly CostRow[]
  total: CostSums
  at: Instant
}

/** One charge, or traffic that was billed: the part of it within the range. */
export interface CostEntry {
  owner: CostOwner
  kind: 'gpu' | 'disk' | 'traffic'
  /** Null where nothing but the amount is told. */
  ratePerHour: Nanos | null
  startedAfter: Instant
  startedBefore: Instant
  endedAfter: Instant | null
  endedBefore: Instant | null
  atMost: Nanos
  atLeast: Nanos
}

export interface CostsDeps {
  charges: Pick<ChargeStore, 'within'>
  bills: Pick<BillStore, 'traffic'>
  clock: Clock
}

/** What was spent within a range of time, added up by anything. Days are UTC. */
export async function costs(query: CostQuery, by: CostGroup, who: Who, deps: CostsDeps): Promise<Costs> {
  const { range, filter, now } = asked(query, who, deps)
  const groups = new Map<string | null, Adder>()
  const total = adder()
  const add = (key: string | null, part: Part) => {
    const group = groups.get(key) ?? adder()
    groups.set(key, group)
    group.add(part)
    total.add(part)
  }
  // A charge of many days is added day by day: the parts are the whole.
  const places = (owner: CostOwner, span: Range): { key: string | null; range: Range }[] =>
    by === 'day' ? daysOf(span) : [{ key: keyOf(owner, by), range: span }]

  for await (const page of deps.charges.within(range, filter)) {
    for (const owned of page) {
      const { charge, owner } = owned
      const span = {
        from: Math.max(range.from, charge.startedAfter),
        until: Math.min(range.until, charge.endedBefore ?? Math.max(now, charge.lastOnAt)),
      }
      for (const { key, range: part } of places(owner, span)) add(key, partOf(owned, part, now))
    }
  }
  for (const line of await deps.bills.traffic(range, filter)) {
    const span = {
      from: Math.max(range.from, line.from),
      until: Math.min(range.until, Math.max(line.until, line.from + 1)),
    }
    for (const { key, range: part } of places(line.owner, span)) {
      const amount = shareIn(line, part)
      add(key, { owner: line.owner, atMost: amount, atLeast: amount, traffic: amount })
    }
  }
  const rows = [...groups].map(([key, group]) => ({ key, ...group.sums() }))
  return { ...range, by, rows: rows.sort(by === 'day' ? byKey : dearestFirst), total: total.sums(), at: now }
}

/** The same, charge by charge, as they are read. */
export async function* costEntries(query: CostQuery, who: Who, deps: CostsDeps): AsyncGenerator<CostEntry> {
  const { range, filter, now } = asked(query, who, deps)
  for await (const page of deps.charges.within(range, filter)) {
    for (const { charge, owner } of page) yield { ...charge, owner, ...amountIn(charge, range, now) }
  }
  for (const line of await deps.bills.traffic(range, filter)) {
    const amount = shareIn(line, range)
    yield {
      owner: line.owner,
      kind: 'traffic',
      ratePerHour: null,
      startedAfter: line.from,
      startedBefore: line.from,
      endedAfter: line.until,
      endedBefore: line.until,
      atMost: amount,
      atLeast: amount,
    }
  }
}

/** Nothing is known of what is to come: the range ends now at the latest. */
function asked({ from, until, project, ...filter }: CostQuery, who: Who, { clock }: Pick<CostsDeps, 'clock'>) {
  const now = clock.now()
  const end = Math.max(0, Math.min(until ?? now, now))
  const whose = projectAsked(who, project)
  return {
    range: { from: Math.max(0, Math.min(from ?? monthOf(end), end)), until: end },
    filter: { ...filter, ...(whose !== null && { project: whose }) },
    now,
  }
}

function monthOf(instant: Instant): Instant {
  const at = new Date(instant)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth())
}

function keyOf({ instanceId, provider, gpu, label, project, market }: CostOwner, by: Exclude<CostGroup, 'day'>) {
  switch (by) {
    case 'instance':
      return instanceId
    case 'provider':
      return publicProviderNames[provider]
    case 'gpu':
      return gpu
    case 'label':
      return label
    case 'project':
      return project
    case 'market':
      return market
  }
}

/** The UTC days that a span touches. */
function daysOf({ from, until }: Range): { key: string; range: Range }[] {
  const days = []
  for (let at = from; at < until; ) {
    const next = Math.min(until, (Math.floor(at / dayMs) + 1) * dayMs)
    days.push({ key: isoFrom(at).slice(0, 10), range: { from: at, until: next } })
    at = next
  }
  return days
}

interface Part {
  owner: CostOwner
  atMost: Nanos
  atLeast: Nanos
  gpu?: Nanos
  disk?: Nanos
  traffic?: Nanos
  gpuMs?: number
}

function partOf({ charge, owner }: OwnedCharge, range: Range, now: Instant): Part {
  const { atMost, atLeast } = amountIn(charge, range, now)
  if (charge.kind === 'disk') return { owner, atMost, atLeast, disk: atMost }
  return { owner, atMost, atLeast, gpu: atMost, gpuMs: timeIn(charge, range, now) }
}

interface Adder {
  add(part: Part): void
  sums(): CostSums
}

function adder(): Adder {
  let [atMost, atLeast, gpu, disk, traffic] = [0n, 0n, 0n, 0n, 0n]
  let gpuMs = 0
  const instances = new Set<string>()
  return {
    add(part) {
      atMost += part.atMost
      atLeast += part.atLeast
      gpu += part.gpu ?? noMoney
      disk += part.disk ?? noMoney
      traffic += part.traffic ?? noMoney
      gpuMs += part.gpuMs ?? 0
      instances.add(part.owner.instanceId)
    },
    sums: () => ({
      atMost: nanos(atMost),
      atLeast: nanos(atLeast),
      gpu: nanos(gpu),
      disk: nanos(disk),
      traffic: nanos(traffic),
      gpuMs,
      instances: instances.size,
    }),
  }
}

function byKey(one: CostRow, other: CostRow): number {
  return (one.key ?? '') < (other.key ?? '') ? -1 : 1
}

function dearestFirst(one: CostRow, other: CostRow): number {
  return one.atMost === other.atMost ? byKey(one, other) : one.atMost > other.atMost ? -1 : 1
}
