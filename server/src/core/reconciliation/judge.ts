/**
 * What follows from one look at all that an account bills, compared with every launch we know. Pure: the caller carries
 * the actions out and writes the verdicts down.
 */

import type { BilledThing } from '../billed-thing.ts'
import { launchFromLabel } from '../ids.ts'
import type { InstanceId, Launch } from '../instances/instance.ts'
import type { Machine } from '../instances/machine.ts'
import { finalStatuses, type Status } from '../instances/status.ts'
import type { Nanos } from '../money.ts'
import type { Instant } from '../time.ts'
import type { Finding, FindingKind, UnknownMachinePolicy, Verdict } from './finding.ts'
import { rateOf } from './rates.ts'

export interface Seen {
  machines: readonly Machine[]
  things: readonly BilledThing[]
  /** When the look began: what was settled later may still be shown. */
  begunAt: Instant
}

export type KnownLaunch = Pick<Launch, 'instanceId' | 'attempt' | 'label' | 'externalId' | 'abandonedAt' | 'settledAt'>

export interface KnownInstance {
  id: InstanceId
  status: Status
  attempt: number
}

/** Read after the look: an intent is written down before its machine can exist. */
export interface Known {
  launches: readonly KnownLaunch[]
  instances: readonly KnownInstance[]
}

export interface Rules {
  installation: string
  unknown: UnknownMachinePolicy
  /** The machine that a setting names: never ended for not being known. */
  namedMachine?: string | undefined
}

export type SweepAction =
  /** The launch was settled, and here is a machine of it: it is looked after again, until it has ended. */
  | { kind: 'reopen'; launch: KnownLaunch; machine: Machine }
  /** Nobody else asks for its end. */
  | { kind: 'end' }
  /** The database has lost the instance: it is made again. */
  | { kind: 'adopt'; instanceId: InstanceId; attempt: number; machine: Machine; wanted: 'up' | 'ended' }
  /** The database has lost only this launch of it. */
  | { kind: 'take'; instanceId: InstanceId; attempt: number; machine: Machine; wanted: 'up' | 'ended' }

export interface Judged
  extends Pick<Finding, 'kind' | 'externalId' | 'label' | 'attachedTo' | 'region' | 'verdict' | 'why' | 'owner'> {
  ratePerHour: Nanos | null
  action: SweepAction | null
}

type Judgement = Pick<Judged, 'verdict' | 'why' | 'owner' | 'action'>

export function judge(seen: Seen, known: Known, rules: Rules): Judged[] {
  // What has ended is shown by some for a while; it bills nothing.
  const machines = seen.machines.filter(({ phase }) => phase !== 'ended')
  const context: Context = {
    ...indexOf(known),
    newest: newestOfEach(machines, rules),
    machineById: new Map(machines.map((one) => [one.externalId, one])),
    machineByLabel: firstByLabel(machines),
    begunAt: seen.begunAt,
    rules,
  }
  const judgedMachines = machines.map((machine) => ({ machine, judgement: judgeMachine(machine, context) }))
  const judgements = new Map(judgedMachines.map(({ machine, judgement }) => [machine, judgement]))
  return [
    ...judgedMachines.map(({ machine, judgement }) => ({
      kind: 'machine' as FindingKind,
      externalId: machine.externalId,
      label: machine.label,
      attachedTo: null,
      region: machine.region,
      ratePerHour: rateOf(machine),
      ...judgement,
    })),
    ...seen.things.map((thing) => ({
      kind: thing.kind,
      externalId: thing.externalId,
      label: thing.name,
      attachedTo: thing.attachedTo,
      region: thing.region,
      ratePerHour: thing.ratePerHour,
      ...(partOf(thing, judgements, context) ?? judgeThing(thing, context)),
    })),
  ]
}

interface Context {
  byId: ReadonlyMap<string, KnownLaunch>
  byLabel: ReadonlyMap<string, KnownLaunch>
  instances: ReadonlyMap<InstanceId, KnownInstance>
  /** Of the machines under our label the last attempt of each instance. */
  newest: ReadonlyMap<InstanceId, Machine>
  machineById: ReadonlyMap<string, Machine>
  machineByLabel: ReadonlyMap<string, Machine>
  begunAt: Instant
  rules: Rules
}

function firstByLabel(machines: readonly Machine[]): ReadonlyMap<string, Machine> {
  const first = new Map<string, Machine>()
  for (const machine of machines) {
    if (machine.label !== null && !first.has(machine.label)) first.set(machine.label, machine)
  }
  return first
}

function indexOf({ launches, instances }: Known): Pick<Context, 'byId' | 'byLabel' | 'instances'> {
  const byId = new Map<string, KnownLaunch>()
  for (const launch of launches) {
    if (launch.externalId === null) continue
    const other = byId.get(launch.externalId)
    // A machine that was adopted anew belongs to the launch that still looks after it.
    if (other === undefined || other.settledAt !== null) byId.set(launch.externalId, launch)
  }
  return {
    byId,
    byLabel: new Map(launches.map((launch) => [launch.label, launch])),
    instances: new Map(instances.map((one) => [one.id, one])),
  }
}

function judgeMachine(machine: Machine, context: Context): Judgement {
  const { byId, byLabel } = context
  const launch = byId.get(machine.externalId) ?? (machine.label === null ? undefined : byLabel.get(machine.label))
  return launch === undefined ? judgeUnknown(machine, context) : judgeKnown(machine, launch, context)
}

function judgeKnown(machine: Machine, launch: KnownLaunch, context: Context): Judgement {
  const owner = { instanceId: launch.instanceId, attempt: launch.attempt }
  const says = (verdict: Verdict, why: string, action: SweepAction | null = null) => ({ verdict, why, owner, action })
  const standing = standingOf(launch, context)
  const main = mainMachineOf(launch, context)
  switch (standing) {
    case 'just_settled':
      return says('ending', 'its end was confirmed while we looked')
    case 'given_up':
      return says('ending', 'its launch was given up')
    case 'terminating':
      return says('ending', 'its instance is being ended')
    case 'settled':
    case 'orphaned': {
      const why =
        standing === 'settled'
          ? 'it is there although its end was confirmed before'
          : 'its instance has ended or has another machine now'
      return says('ours_unwanted', why, machine === main ? { kind: 'reopen', launch, machine } : null)
    }
    case 'live':
      if (machine === main) return says('wanted', 'it is the machine of a live instance')
      return says(
        'ours_unwanted',
        `it is a second machine under the label of ${main?.externalId}`,
        // Before the instance has settled on one of them, the wrong one could be ended.
        main?.externalId === launch.externalId ? { kind: 'end' } : null,
      )
  }
}

type Standing = 'live' | 'terminating' | 'given_up' | 'just_settled' | 'settled' | 'orphaned'

function standingOf(launch: KnownLaunch, { instances, begunAt }: Context): Standing {
  if (launch.settledAt !== null) return launch.settledAt < begunAt ? 'settled' : 'just_settled'
  if (launch.abandonedAt !== null) return 'given_up'
  const instance = instances.get(launch.instanceId)
  if (instance === undefined || finalStatuses.has(instance.status) || instance.attempt !== launch.attempt) {
    return 'orphaned'
  }
  return instance.status === 'terminating' ? 'terminating' : 'live'
}

/** The one that looks at the launch show: by its id, else the first under its label. */
function mainMachineOf(
  { externalId, label }: KnownLaunch,
  { machineById, machineByLabel }: Context,
): Machine | undefined {
  return (externalId === null ? undefined : machineById.get(externalId)) ?? machineByLabel.get(label)
}

function judgeUnknown(machine: Machine, { instances, newest, rules }: Context): Judgement {
  const named = launchFromLabel(machine.label)
  if (named === undefined) return foreign('it carries no label of ours')
  if (named.installation !== rules.installation) return foreign(`it belongs to installation ${named.installation}`)

  const { instance: instanceId, attempt } = named
  const owner = { instanceId, attempt }
  const instance = instances.get(instanceId)
  if (instance !== undefined && !wantsAnother(instance, attempt)) {
    const why = 'its instance has ended or has another machine now, and this launch is not in the database'
    const action: SweepAction = { kind: 'take', instanceId, attempt, machine, wanted: 'ended' }
    return { verdict: 'ours_unwanted', why, owner, action }
  }
  const why =
    instance === undefined
      ? 'the database does not know its instance'
      : 'the database knows its instance, and not this launch of it'
  // One at a time: what is left over is judged again when its instance is known.
  const isNewest = machine === newest.get(instanceId)
  const action: SweepAction | null =
    rules.unknown === 'ask' || !isNewest
      ? null
      : {
          kind: instance === undefined ? 'adopt' : 'take',
          instanceId,
          attempt,
          machine,
          wanted: rules.unknown === 'adopt' || machine.externalId === rules.namedMachine ? 'up' : 'ended',
        }
  return { verdict: 'ours_unknown', why, owner, action }
}

function isLive({ status }: KnownInstance): boolean {
  return !finalStatuses.has(status) && status !== 'terminating'
}

/** Attempts only grow: one that is newer than the newest in the database was made by a database that knew more. */
export function wantsAnother(instance: KnownInstance, attempt: number): boolean {
  return isLive(instance) && attempt > instance.attempt
}

/** Of several attempts of an instance the last one is the one that was not given up. */
function newestOfEach(machines: readonly Machine[], { installation }: Rules): ReadonlyMap<InstanceId, Machine> {
  const newest = new Map<InstanceId, { machine: Machine; attempt: number }>()
  for (const machine of machines) {
    const named = launchFromLabel(machine.label)
    if (named?.installation !== installation) continue
    const known = newest.get(named.instance)
    if (known === undefined || named.attempt > known.attempt) {
      newest.set(named.instance, { machine, attempt: named.attempt })
    }
  }
  return new Map([...newest].map(([id, { machine }]) => [id, machine]))
}

function foreign(why: string): Judgement {
  return { verdict: 'foreign', why, owner: null, action: null }
}

/** What is attached to a machine, or carries its name, shares its fate: the machine's end takes it along. */
function partOf(
  { attachedTo, name }: BilledThing,
  judgements: ReadonlyMap<Machine, Judgement>,
  { machineById, machineByLabel }: Context,
): Judgement | undefined {
  const label = labelIn(name)
  const holder =
    (attachedTo === null ? undefined : machineById.get(attachedTo)) ??
    (label === null ? undefined : machineByLabel.get(label))
  const judgement = holder === undefined ? undefined : judgements.get(holder)
  if (holder === undefined || judgement === undefined) return undefined
  const { verdict, owner } = judgement
  return { verdict, owner, why: `it is part of machine ${holder.externalId}`, action: null }
}

/** Its machine is not there. */
function judgeThing({ kind, attachedTo, name }: BilledThing, context: Context): Judgement {
  const label = labelIn(name)
  const { byId, byLabel, instances, rules } = context
  // Only an address comes with a machine and without a name. A snapshot or a volume that somebody named was made by somebody.
  const machine = kind === 'static_ip' ? attachedTo : null
  const launch = (machine === null ? undefined : byId.get(machine)) ?? (label === null ? undefined : byLabel.get(label))
  // An address is of no use to another machine. On a disk may be all that is left of the work.
  const stays = (instance: KnownInstance | undefined) =>
    kind !== 'static_ip' && instance !== undefined && isLive(instance)
  const waits = { verdict: 'wanted', why: 'its instance lives on, and may need what is on it', action: null } as const
  if (launch !== undefined) {
    const owner = { instanceId: launch.instanceId, attempt: launch.attempt }
    switch (standingOf(launch, context)) {
      case 'live':
        return { verdict: 'wanted', why: 'it belongs to a live instance', owner, action: null }
      case 'terminating':
      case 'given_up':
      case 'just_settled':
        return { verdict: 'ending', why: 'it belongs to a machine that is being ended', owner, action: null }
      case 'settled':
      case 'orphaned':
        if (stays(instances.get(launch.instanceId))) return { ...waits, owner }
        return {
          verdict: 'ours_unwanted',
          why: 'its machine has ended, and it is left',
          owner,
          action: { kind: 'end' },
        }
    }
  }

  const named = launchFromLabel(label)
  if (named === undefined) return foreign('it carries no name of ours')
  if (named.installation !== rules.installation) return foreign(`it belongs to installation ${named.installation}`)
  const { instance: instanceId, attempt } = named
  const owner = { instanceId, attempt }
  const instance = instances.get(instanceId)
  if (stays(instance)) return { ...waits, owner }
  if (instance !== undefined && !wantsAnother(instance, attempt)) {
    return { verdict: 'ours_unwanted', why: 'its instance does not need it any more', owner, action: { kind: 'end' } }
  }
  // There is no machine that it could be adopted with, and what is on it may be all that is left.
  const action: SweepAction | null = rules.unknown === 'end' ? { kind: 'end' } : null
  return { verdict: 'ours_unknown', why: 'no machine and no launch that we know belongs to it', owner, action }
}

/** A launch's label and nothing else: what a person named after a machine of ours is theirs. */
export function labelIn(name: string | null): string | null {
  return launchFromLabel(name) === undefined ? null : name
}
