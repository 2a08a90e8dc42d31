import type { Phase, ToldStretch } from '../../core/instances/machine.ts'
import { type Instant, minuteMs } from '../../core/time.ts'
import type { PaperspaceEvent, PaperspaceMachine } from './wire.ts'

/** The events of one machine, oldest first. */
export interface History {
  events: readonly PaperspaceEvent[]
  /** true: from its creation on. */
  whole: boolean
}

export function historyFrom(newestFirst: readonly PaperspaceEvent[], whole: boolean): History {
  return { events: newestFirst.toSorted((one, other) => one.dtCreated - other.dtCreated), whole }
}

/** @source providers/paperspace.md 3. `upgrading` can end in either: look again. */
const phases: ReadonlyMap<string, Phase> = new Map<string, Phase>([
  ['provisioning', 'starting'],
  ['starting', 'starting'],
  ['serviceready', 'starting'],
  ['restarting', 'starting'],
  ['ready', 'running'],
  ['stopping', 'stopping'],
])

/**
 * There is no state for a failure: a machine that got no capacity sits in `off` like one that was switched off, and only
 * its events tell them apart. null: they could not be read, so that `off` is `unclear`.
 */
export function phaseFromPaperspace(
  machine: Pick<PaperspaceMachine, 'state' | 'dtDeleted'>,
  history: History | null,
): Phase {
  if (machine.dtDeleted != null) return 'ended'
  const end = history && deactivation(history)
  if (end && !failed(end)) return 'ending'
  if (history && isComingUp(machine.state) && neverCameUp(history)) return 'failed'
  if (machine.state !== 'off') return phases.get(machine.state) ?? 'unclear'
  if (history === null) return 'unclear'
  const last = lastPowerEvent(history)
  return last && turnsOn(last) && !finished(last) ? 'starting' : 'stopped'
}

/** Why it is not running, in their words. */
export function messageFromHistory(history: History | null): string | null {
  const last = history && [...history.events].reverse().find((event) => powerNames.has(event.name))
  if (!last || !failed(last)) return null
  return last.error?.trim() || `${last.name} ${last.state === 'cancelled' ? 'was cancelled' : 'failed'}`
}

/** Whether the next look can find the same events: nothing is under way. */
export function isSettled(history: History): boolean {
  return history.events.every(finished)
}

/** When a deletion was done; null when it was not, or they do not say. */
export function deletedAt(history: History | null): Instant | null {
  const end = history && deactivation(history)
  return end?.state === 'done' ? (end.dtFinished ?? null) : null
}

export function isDeleted(history: History | null): boolean {
  return history !== null && deactivation(history)?.state === 'done'
}

/** The last stretch of time in which compute was billed. null: not told. */
export interface PowerStretch {
  on: boolean
  since: Instant | null
  until: Instant | null
  /** Those before it of which both ends are told, oldest first. */
  earlier: readonly ToldStretch[]
}

/**
 * From the events: on from the machine's creation, off when a stop is done or a start has failed, on again from the moment
 * a start is asked for, since `starting` is billed like every state but `off`.
 */
export function lastPowerStretch(createdAt: Instant | null, history: History): PowerStretch {
  const { events, whole } = history
  const earlier: ToldStretch[] = []
  let stretch: Omit<PowerStretch, 'earlier'> = { on: true, since: whole ? createdAt : null, until: null }
  for (const event of events) {
    // Only what is off is started, also where the events before it are not shown.
    const wasOff = !stretch.on || (event.name === 'start' && stretch.since === null)
    if (wasOff && turnsOn(event)) {
      const { since, until } = stretch
      if (since !== null && until !== null) earlier.push({ since, until })
      stretch = { on: true, since: event.dtCreated, until: null }
    }
    if (stretch.on && turnedOff(event) && !wasOverruled(event, events)) {
      stretch = { ...stretch, on: false, until: event.dtFinished ?? null }
    }
  }
  return { ...stretch, earlier }
}

/** A stop or a deletion cancels what is under way; until it is done itself the machine is not `off`, and bills. */
function wasOverruled({ state, dtCreated, dtFinished }: PaperspaceEvent, events: readonly PaperspaceEvent[]): boolean {
  return (
    state === 'cancelled' &&
    events.some(
      (other) => offNames.has(other.name) && other.dtCreated >= dtCreated && other.dtCreated <= (dtFinished ?? 0),
    )
  )
}

export function isStartUnderWay(history: History): boolean {
  const last = lastPowerEvent(history)
  return last !== undefined && turnsOn(last) && !finished(last)
}

const onNames: ReadonlySet<string> = new Set(['create', 'start', 'restart'])
const offNames: ReadonlySet<string> = new Set(['stop', 'vm-shutdown-force', 'deactivate'])
const powerNames: ReadonlySet<string> = new Set([...onNames, ...offNames])

function turnsOn({ name }: PaperspaceEvent): boolean {
  return onNames.has(name)
}

function turnedOff(event: PaperspaceEvent): boolean {
  if (offNames.has(event.name)) return event.state === 'done'
  return (event.name === 'create' || event.name === 'start') && failed(event)
}

/** A failed deletion leaves the machine as it was. */
function lastPowerEvent({ events }: History): PaperspaceEvent | undefined {
  return events.findLast(({ name }) => powerNames.has(name) && name !== 'deactivate')
}

function deactivation({ events }: History): PaperspaceEvent | undefined {
  return events.findLast(({ name }) => name === 'deactivate')
}

function finished({ state }: PaperspaceEvent): boolean {
  return state === 'done' || state === 'error' || state === 'cancelled'
}

function failed({ state }: PaperspaceEvent): boolean {
  return state === 'error' || state === 'cancelled'
}

function isComingUp(state: string): boolean {
  return state === 'off' || state === 'provisioning' || state === 'starting'
}

/** A first start belongs to the create when it follows it this closely; later ones are of a machine that had run. */
const firstStartMs = 16 * minuteMs

/**
 * The create failed, or the start that belongs to it. A later start that fails leaves a stopped machine with its disk:
 * that one can be started again.
 */
function neverCameUp(history: History): boolean {
  const last = lastPowerEvent(history)
  if (!last || !failed(last) || !turnsOn(last)) return false
  if (last.name === 'create') return true
  if (!history.whole) return false
  const earlier = history.events.slice(0, history.events.indexOf(last))
  const hadRun = earlier.some(({ name, state }) => powerNames.has(name) && name !== 'create' && state === 'done')
  const created = earlier.find(({ name }) => name === 'create')
  return (
    !hadRun && (created === undefined || last.dtCreated - (created.dtFinished ?? created.dtCreated) <= firstStartMs)
  )
}
