/**
 * What must hold in every simulated world after every step, whatever failed and whoever died. Each takes what is known of
 * the world and throws `Broken`.
 */

import type { Status } from '../../server/src/core/instances/status.ts'
import { nanosFromUsd } from '../../server/src/core/money.ts'
import type { ProviderName } from '../../server/src/core/providers.ts'
import { type Instant, minuteMs, secondMs } from '../../server/src/core/time.ts'
import type { BillLine } from '../../simulators/kit/bill.ts'
import type { MachineReport, ThingReport } from '../../simulators/kit/simulator.ts'
import type { Calm } from './calm.ts'

export class Broken extends Error {
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

export interface MachineSeen extends MachineReport {
  provider: ProviderName
}

/** A launch as it is stored. */
export interface LaunchRow {
  instance_id: string
  attempt: number
  label: string
  provider: ProviderName
  external_id: string | null
  intended_at: number
  abandoned_at: number | null
  settled_at: number | null
  market: 'on_demand' | 'spot'
  comparable_price_nano: number
}

export interface InstanceRow {
  id: string
  wanted: string
  status: Status
  status_since: number
  attempt: number
}

export interface Facts {
  now: Instant
  calm: Calm
  /** Every machine that the marketplaces have or had. */
  machines: readonly MachineSeen[]
  /** What else they have and bill: volumes, addresses. */
  things: readonly (ThingReport & { provider: ProviderName })[]
  /** Of others: made by the scenario. */
  foreign: ReadonlySet<string>
  launches: ReadonlyMap<string, LaunchRow>
  instances: ReadonlyMap<string, InstanceRow>
  /** Since when a machine bills that nobody needs any more, by its id; kept from step to step. */
  unneededSince: Map<string, Instant>
  /** Since when each instance is shown as up without a break. */
  upSince: Map<string, Instant>
  firstUpAt: Map<string, Instant>
  billOf(provider: ProviderName): readonly BillLine[]
}

const installationPrefix = 'gf-simfleet-'

/**
 * A lost reply is settled by looking for the label, never by launching again: one label is on one machine at most, at
 * whatever marketplace, for ever.
 */
export function oneMachineForOneAttempt({ machines, foreign }: Facts): void {
  const byLabel = new Map<string, MachineSeen>()
  for (const machine of machines) {
    const { label } = machine
    if (label === null || !label.startsWith(installationPrefix) || foreign.has(machine.id)) continue
    const other = byLabel.get(label)
    if (other !== undefined && other.id !== machine.id) {
      throw new Broken('oneMachineForOneAttempt', `${label} is on ${other.id} and on ${machine.id}`)
    }
    byLabel.set(label, machine)
  }
}

/** Intent before effect: whatever machine there is, we wrote it down before it was made; and it carries our label. */
export function everyMachineIsWrittenDown({ machines, foreign, launches }: Facts): void {
  for (const { id, label, provider, billing } of machines) {
    if (foreign.has(id)) continue
    if (label !== null && launches.has(label)) continue
    throw new Broken(
      'everyMachineIsWrittenDown',
      `machine ${id} at ${provider} with the label ${label} was never intended${billing ? ', and bills' : ''}`,
    )
  }
}

/** Nobody stops looking after a machine that bills: its launch is not settled. */
export function noBillingMachineIsWrittenOff({ machines, foreign, launches, now }: Facts): void {
  for (const { id, label, provider, billing } of machines) {
    if (!billing || label === null || foreign.has(id)) continue
    const launch = launches.get(label)
    if (launch?.settled_at == null) continue
    throw new Broken(
      'noBillingMachineIsWrittenOff',
      `machine ${id} (${label}) at ${provider} bills, and its launch was settled ${(now - launch.settled_at) / 1000} s ago`,
    )
  }
}

/** Orders are repeated up to five minutes apart, a marketplace takes its time, and the end is looked for twice. */
export const endBoundMs = 12 * minuteMs

/** What the user ended, and what was given up, stops billing within its bound of calm. */
export function whatIsNotNeededEnds(facts: Facts): void {
  const { machines, foreign, launches, instances, now, calm, unneededSince } = facts
  for (const { id, label, provider, billing } of machines) {
    const launch = label === null ? undefined : launches.get(label)
    if (launch === undefined || foreign.has(id)) continue
    const instance = instances.get(launch.instance_id)
    const unneeded =
      launch.abandoned_at !== null || (instance !== undefined && (instance.wanted === 'ended' || isFinal(instance)))
    if (!billing || !unneeded) {
      unneededSince.delete(id)
      continue
    }
    const since = unneededSince.get(id) ?? now
    unneededSince.set(id, since)
    const calmForMs = now - Math.max(since, calm.since(provider))
    if (calmForMs > endBoundMs) {
      throw new Broken(
        'whatIsNotNeededEnds',
        `machine ${id} (${label}) at ${provider} bills for ${minutes(now - since)} since nobody needs it, ${minutes(calmForMs)} of them calm`,
      )
    }
  }
}

/** A machine that the marketplace took back while it was coming up. */
export interface TakenBack {
  id: string
  provider: ProviderName
  at: Instant
}

/** As long as a few looks take. */
const noticeBoundMs = 4 * minuteMs

/**
 * An interruption is seen in every state, also while starting: nobody waits for a spot machine that was taken back before it
 * was up, unless it has come back by itself.
 */
export function interruptionsAreNoticed(
  { machines, launches, instances, now, calm, billOf }: Facts,
  taken: readonly TakenBack[],
): void {
  for (const one of taken) {
    const label = machines.find(({ id }) => id === one.id)?.label
    const launch = label == null ? undefined : launches.get(label)
    const instance = launch && instances.get(launch.instance_id)
    if (launch === undefined || instance === undefined || launch.market !== 'spot') continue
    const stillWaits =
      instance.status === 'starting' &&
      instance.status_since <= one.at &&
      instance.attempt === launch.attempt &&
      launch.abandoned_at === null
    const calmForMs = now - Math.max(one.at, calm.since(one.provider))
    if (stillWaits && calmForMs > noticeBoundMs && !isComputing(one.id, billOf(one.provider))) {
      throw new Broken(
        'interruptionsAreNoticed',
        `${one.provider} took ${one.id} (${label}) back ${minutes(now - one.at)} ago, and ${instance.id} still waits for it`,
      )
    }
  }
}

function isComputing(id: string, billed: readonly BillLine[]): boolean {
  return billed.some((line) => line.machineId === id && line.kind === 'gpu' && line.endedAt === null)
}

/** Warnings, a marketplace that takes its time, and looks. */
const policyBoundMs = 15 * minuteMs

/** Nobody reports activity in these worlds: who asked for an end by idleness or by age gets it, whatever was relaunched. */
export function policiesAreKept(
  { instances, launches, upSince, firstUpAt, now, calm }: Facts,
  asked: ReadonlyMap<string, { idle_timeout_minutes?: number; max_lifetime_hours?: number }>,
): void {
  for (const launch of launches.values()) {
    const { instance_id: id, provider } = launch
    const { idle_timeout_minutes: idleMinutes, max_lifetime_hours: hours } = asked.get(id) ?? {}
    if (instances.get(id)?.attempt !== launch.attempt) continue
    const up = upSince.get(id)
    const overdue = (since: Instant | undefined, afterMs: number) =>
      since !== undefined && now - Math.max(since + afterMs, calm.since(provider)) > policyBoundMs
    if (idleMinutes !== undefined && overdue(up, idleMinutes * minuteMs)) {
      throw new Broken(
        'policiesAreKept',
        `${id} is up for ${minutes(now - (up ?? now))}, and was to end when idle for ${idleMinutes} min`,
      )
    }
    const ends = instances.get(id)?.wanted === 'ended'
    if (hours !== undefined && !ends && overdue(firstUpAt.get(id), hours * 60 * minuteMs)) {
      throw new Broken(
        'policiesAreKept',
        `${id} was to live for ${hours} h, and lives for ${minutes(now - (firstUpAt.get(id) ?? now))}`,
      )
    }
  }
}

/** For what is billed between the decision to launch and this look. */
const slack = 2_000_000n

/** What is spent, and an hour of everything under way, is within the budget when a launch is begun. */
export function noLaunchPassesABudget(
  { launches, instances, billOf }: Facts,
  begun: LaunchRow,
  { limit, since }: { limit: bigint; since: Instant },
): void {
  if (begun.intended_at < since) return
  let taken = 0n
  for (const launch of launches.values()) {
    const { label, provider, settled_at, abandoned_at, comparable_price_nano } = launch
    const rests = abandoned_at === null && instances.get(launch.instance_id)?.status === 'stopped'
    const billed = billOf(provider)
      .filter((line) => line.label === label && (line.kind === 'gpu' || line.kind === 'disk'))
      .reduce((total, line) => total + BigInt(line.amount), 0n)
    const held = settled_at === null && !rests ? BigInt(comparable_price_nano) : 0n
    taken += billed > held ? billed : held
  }
  if (taken > limit + slack) {
    throw new Broken(
      'noLaunchPassesABudget',
      `${begun.label} was begun with ${Number(taken) / 1e9} $ spent and held of ${Number(limit) / 1e9} $`,
    )
  }
}

/** What was acknowledged holds: instances that a launch was answered with exist, and ends are remembered. */
export function whatWasPromisedHolds(
  { instances }: Facts,
  promised: { instances: ReadonlySet<string>; ended: ReadonlyMap<string, Instant> },
): void {
  for (const id of promised.instances) {
    if (!instances.has(id)) throw new Broken('whatWasPromisedHolds', `instance ${id} was answered, and is gone`)
  }
  for (const id of promised.ended.keys()) {
    const instance = instances.get(id)
    if (instance === undefined || (instance.wanted !== 'ended' && !isFinal(instance))) {
      throw new Broken(
        'whatWasPromisedHolds',
        `the end of ${id} was acknowledged, and it is wanted ${instance?.wanted}`,
      )
    }
  }
}

const legal: Record<Status, readonly Status[]> = {
  requested: ['launching', 'terminating', 'terminated', 'failed'],
  launching: ['starting', 'requested', 'terminating'],
  starting: ['running', 'ready', 'requested', 'interrupted', 'stopping', 'stopped', 'terminating', 'failed'],
  running: ['ready', 'requested', 'interrupted', 'stopping', 'stopped', 'starting', 'terminating', 'failed'],
  ready: ['running', 'requested', 'interrupted', 'stopping', 'stopped', 'starting', 'terminating', 'failed'],
  interrupted: ['running', 'ready', 'requested', 'stopping', 'terminating', 'failed'],
  stopping: ['stopped', 'terminating', 'failed'],
  stopped: ['starting', 'running', 'stopping', 'terminating', 'failed'],
  terminating: ['terminated', 'failed'],
  terminated: [],
  failed: [],
}

/** Statuses only move as the picture in ARCHITECTURE.md shows it. */
export function statusesMoveLegally(from: Status | undefined, to: Status, id: string): void {
  if (from === undefined) {
    if (to !== 'requested' && to !== 'running') throw new Broken('statusesMoveLegally', `${id} began as ${to}`)
  } else if (from !== to && !legal[from].includes(to)) {
    throw new Broken('statusesMoveLegally', `${id} went from ${from} to ${to}`)
  }
}

/** We are never told that we ask too often, unless a fault says so. */
export function limitsAreKept(refusals: readonly string[]): void {
  const [first] = refusals
  if (first !== undefined) throw new Broken('limitsAreKept', `${refusals.length} times 429, first: ${first}`)
}

/** Machines of others are not ours to touch. */
export function foreignMachinesAreLeftAlone(
  foreign: ReadonlySet<string>,
  request: { method: string; path: string; body: string; provider: string },
): void {
  if (request.method === 'GET') return
  for (const id of foreign) {
    if (request.path.split(/[/?]/).includes(id) || request.body.includes(`"${id}"`)) {
      throw new Broken(
        'foreignMachinesAreLeftAlone',
        `${request.method} ${request.path} at ${request.provider} names ${id}`,
      )
    }
  }
}

/** In the end everything has ended, and nothing but what others made bills; that is still there. */
export function nothingIsLeft({ machines, things, foreign, instances, launches }: Facts): void {
  for (const { id, kind, name, provider, billing } of things) {
    if (billing && !foreign.has(id))
      throw new Broken('nothingIsLeft', `${kind} ${id} (${name}) at ${provider} bills on`)
    if (!billing && foreign.has(id)) throw new Broken('nothingIsLeft', `${kind} ${id} (${name}) of others is gone`)
  }
  for (const { id, label, provider, billing } of machines) {
    if (billing && !foreign.has(id)) {
      throw new Broken('nothingIsLeft', `machine ${id} (${label}) at ${provider} bills on`)
    }
  }
  for (const instance of instances.values()) {
    if (!isFinal(instance)) throw new Broken('nothingIsLeft', `${instance.id} is still ${instance.status}`)
  }
  for (const { label, settled_at } of launches.values()) {
    if (settled_at === null) throw new Broken('nothingIsLeft', `launch ${label} is not settled`)
  }
}

export function noSecretIsTold(secrets: readonly string[], where: string, text: string): void {
  for (const secret of secrets) {
    if (text.includes(secret)) {
      const at = text.indexOf(secret)
      throw new Broken('noSecretIsTold', `${where}: …${text.slice(Math.max(0, at - 160), at)}<here>`)
    }
  }
}

export interface ChargeView {
  attempt: number
  kind: 'gpu' | 'disk'
  rate_per_hour_usd: string
  started_after: string
  started_before: string
  ended_after: string | null
  ended_before: string | null
  amount_usd: string
  amount_at_least_usd: string
  exact: boolean
}

/** No stretch of time is charged twice for one meter. */
export function nothingIsChargedTwice(label: string, charges: readonly ChargeView[]): void {
  for (const kind of ['gpu', 'disk'] as const) {
    const sure = charges
      .filter((charge) => charge.kind === kind && charge.ended_after !== null)
      .map((charge) => [Date.parse(charge.started_before), Date.parse(String(charge.ended_after))] as const)
      .filter(([from, until]) => until > from)
      .sort(([one], [other]) => one - other)
    for (const [number, [from]] of sure.entries()) {
      const before = sure[number - 1]
      if (before !== undefined && before[1] > from) {
        throw new Broken(
          'nothingIsChargedTwice',
          `${label}: ${kind} until ${new Date(before[1]).toISOString()} and from ${new Date(from).toISOString()}`,
        )
      }
    }
  }
}

/** A look, the second one that an absence takes, a list that lags, and a step of the meter. */
export const widestChargeMs = 3 * minuteMs

/**
 * The ledger of one machine that has ended against the marketplace's bill for it: equal where its own times determine it,
 * else an interval with the bill inside, whose ends are no wider than the looks around them.
 */
export function ledgerHoldsTheBill(
  { label, provider }: LaunchRow,
  charges: readonly ChargeView[],
  billed: readonly BillLine[],
  { calm, hostWasLost }: { calm: Calm; hostWasLost: boolean },
): void {
  for (const kind of ['gpu', 'disk'] as const) {
    const ours = charges.filter((charge) => charge.kind === kind)
    const bill = billed.filter((line) => line.kind === kind).reduce((total, line) => total + BigInt(line.amount), 0n)
    const atLeast = ours.reduce((total, charge) => total + nanosFromUsd(charge.amount_at_least_usd), 0n)
    const atMost = ours.reduce((total, charge) => total + nanosFromUsd(charge.amount_usd), 0n)
    // What ran and stopped and ran again while nobody could look, only the marketplace knows.
    const unseen = ours.reduce((total, charge) => total + unseenOf(charge, provider, calm), 0n)
    // RunPod bills nothing while a host is lost, and shows that of no pod that was stopped meanwhile.
    const isTooMuch = bill < atLeast - unseen && !(hostWasLost && provider === 'runpod')
    if (isTooMuch || bill > atMost) {
      throw new Broken(
        'ledgerHoldsTheBill',
        `${label} at ${provider}: ${kind} is billed ${bill}, and we say ${atLeast} to ${atMost}\n${lines(ours, billed, kind)}`,
      )
    }
    for (const charge of ours) {
      // A run that may have been and that no look saw: the marketplace did not say so, or said that it does not know.
      if (nanosFromUsd(charge.amount_at_least_usd) === 0n) continue
      if (charge.ended_before === null || charge.ended_after === null) {
        throw new Broken('ledgerHoldsTheBill', `${label} at ${provider}: ${kind} still runs in the ledger`)
      }
      checkWidth(label, provider, `${kind} began`, charge.started_after, charge.started_before, calm)
      checkWidth(label, provider, `${kind} ended`, charge.ended_after, charge.ended_before, calm)
    }
  }
}

/** What a charge may have been spared while we were away. */
function unseenOf(charge: ChargeView, provider: ProviderName, calm: Calm): bigint {
  const from = Date.parse(charge.started_after)
  const until = Date.parse(charge.ended_before ?? charge.started_after)
  const awayMs = Math.max(0, until - from - calm.calmMs(provider, from, until))
  return (nanosFromUsd(charge.rate_per_hour_usd) * BigInt(awayMs)) / 3_600_000n
}

function checkWidth(
  label: string,
  provider: ProviderName,
  what: string,
  after: string,
  before: string,
  calm: Calm,
): void {
  const calmMs = calm.calmMs(provider, Date.parse(after), Date.parse(before))
  if (calmMs > widestChargeMs) {
    throw new Broken(
      'ledgerHoldsTheBill',
      `${label} at ${provider}: ${what} between ${after} and ${before}, of which ${calmMs / secondMs} s were calm`,
    )
  }
}

function lines(ours: readonly ChargeView[], billed: readonly BillLine[], kind: string): string {
  const iso = (at: number | null) => (at === null ? 'now' : new Date(at).toISOString())
  return [
    ...ours.map(
      (one) =>
        `  ours   ${one.rate_per_hour_usd}/h from ${one.started_after}..${one.started_before} to ${one.ended_after}..${one.ended_before} = ${one.amount_at_least_usd}..${one.amount_usd}`,
    ),
    ...billed
      .filter((line) => line.kind === kind)
      .map(
        (line) =>
          `  theirs ${Number(line.ratePerHour) / 1e9}/h from ${iso(line.startedAt)} to ${iso(line.endedAt)} = ${Number(line.amount) / 1e9}`,
      ),
  ].join('\n')
}

function isFinal({ status }: InstanceRow): boolean {
  return status === 'terminated' || status === 'failed'
}

function minutes(ms: number): string {
  return `${(ms / minuteMs).toFixed(1)} min`
}
