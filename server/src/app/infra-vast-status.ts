import { type AuditLine, auditLineFrom } from '../core/infra-vast/audit-entry.ts'
import { type Totals, totalsOf } from '../core/infra-vast/figures.ts'
import { idleMs, minutesLeft } from '../core/infra-vast/idle.ts'
import { rateFrom, type Session } from '../core/infra-vast/sessions.ts'
import { messageFor, type PowerWord, wordOf, wordOfMachine } from '../core/infra-vast/words.ts'
import type { Instance } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { finalStatuses } from '../core/instances/status.ts'
import { type Nanos, sum } from '../core/money.ts'
import type { Activity } from '../core/policies/activity.ts'
import type { Instant } from '../core/time.ts'
import type { InfraVastState } from '../store/infra-vast.ts'
import { reportActivity } from './activity.ts'
import { AppError, appErrorFrom } from './errors.ts'
import {
  baseUrlOf,
  currentSessions,
  hasKey,
  type InfraVastDeps,
  isGone,
  namedInstance,
  note,
  sessionsOf,
} from './infra-vast.ts'
import type { Who } from './who.ts'

export interface PowerStatus {
  machineId: string | null
  word: PowerWord
  gpuName: string | null
  ratePerHour: Nanos | null
  baseUrl: string | null
  lastActivityAt: Instant | null
  autoShutdownMinutes: number | null
  totals: Totals
  message: string | null
}

export async function powerStatus(deps: InfraVastDeps): Promise<PowerStatus> {
  const { infraVast, infraVastState, providers, clock } = deps
  const state = await infraVastState.get()
  const instance = await namedInstance(deps)
  const sessions = await sessionsOf(state, instance, deps)
  const common = {
    machineId: infraVast.machineId ?? null,
    lastActivityAt: state.lastActivityAt,
    totals: totalsOf(sessions, clock.now()),
    ...nothingKnown,
  }
  if (!hasKey(providers)) return { ...common, word: 'unconfigured', message: 'VAST_API_KEY not configured' }
  if (infraVast.machineId === undefined) {
    return { ...common, word: 'unconfigured', message: 'VAST_INSTANCE_ID not configured' }
  }
  if (instance === undefined) return { ...common, ...(await unadopted(infraVast.machineId, deps)) }
  return { ...common, ...(await ours(instance, state, deps)) }
}

const nothingKnown = { gpuName: null, ratePerHour: null, baseUrl: null, autoShutdownMinutes: null }

type Shown = Omit<PowerStatus, 'machineId' | 'lastActivityAt' | 'totals'>

async function ours(instance: Instance, state: InfraVastState, deps: InfraVastDeps): Promise<Shown> {
  const { infraVast, charges, activity, clock } = deps
  const { launch } = instance
  const now = clock.now()
  const isOther = instance.status !== 'failed' && isGone(instance, infraVast.machineId)
  const word = isOther ? 'not_found' : wordOf(instance)
  const said = { providerMessage: launch?.providerMessage ?? null, lastSeenAt: launch?.lastSeenAt ?? null }
  const message = messageFor({ word, ...said, now })
  if (launch === null || word === 'not_found') return { ...nothingKnown, word, message }
  const session = (await currentSessions(instance, deps)).at(-1)
  const facts = { state, session, activity: await activity.of(instance.id) }
  return {
    word,
    gpuName: launch.offer.gpu.spelling,
    ratePerHour: rateFrom(await charges.ofInstances([instance.id]), null) ?? launch.comparablePrice,
    baseUrl: baseUrlOf(launch, infraVast.healthPort),
    autoShutdownMinutes: minutesUntilShutdown(facts, now, infraVast),
    message,
  }
}

function minutesUntilShutdown(
  { state, session, activity }: { state: InfraVastState; session: Session | undefined; activity: Activity },
  now: Instant,
  { autoShutdown, autoShutdownMs }: InfraVastDeps['infraVast'],
): number | null {
  if (!autoShutdown || session === undefined || session.endedAt !== null) return null
  return minutesLeft(idleMs({ ...state, session, activity }, now), autoShutdownMs)
}

/** It was not taken over yet: the marketplace is asked. */
async function unadopted(machineId: string, { infraVast, providers }: InfraVastDeps): Promise<Shown> {
  const machine = await machineOf(machineId, providers)
  const word = machine === undefined ? 'not_found' : wordOfMachine(machine)
  const message = messageFor({ word, providerMessage: machine?.message ?? null, lastSeenAt: null, now: 0 })
  if (machine === undefined || word === 'not_found') return { ...nothingKnown, word, message }
  return {
    word,
    gpuName: machine.gpu?.spelling ?? null,
    ratePerHour: sum(machine.meters.map(({ ratePerHour }) => ratePerHour)),
    baseUrl: baseUrlOf(machine, infraVast.healthPort),
    autoShutdownMinutes: null,
    message,
  }
}

/** In whichever account it is. @throws AppError when one that may have it does not tell */
async function machineOf(machineId: string, providers: InfraVastDeps['providers']): Promise<Machine | undefined> {
  let trouble: unknown
  for (const provider of providers.all().filter(({ name }) => name === 'vast')) {
    try {
      const sighting = await provider.lookAt(machineId)
      if (sighting.kind === 'seen') return sighting.machine
      if (sighting.kind === 'unknown') {
        trouble ??= new AppError('provider_unavailable', sighting.why, { fix: 'try again in a minute' })
      }
    } catch (error) {
      trouble ??= appErrorFrom(error)
    }
  }
  if (trouble !== undefined) throw trouble
  return undefined
}

export async function powerCosts(deps: InfraVastDeps): Promise<Totals> {
  const sessions = await sessionsOf(await deps.infraVastState.get(), await namedInstance(deps), deps)
  return totalsOf(sessions, deps.clock.now())
}

/** Somebody uses it now, which also counts for an idle policy of the instance. A machine that is off stays off. */
export async function powerActivity(who: Who, deps: InfraVastDeps): Promise<Instant> {
  const now = deps.clock.now()
  await deps.infraVastState.put({ lastActivityAt: now })
  const instance = await namedInstance(deps)
  if (instance !== undefined && !finalStatuses.has(instance.status)) {
    await reportActivity(instance.id, { inFlight: null, kind: null }, who, deps)
  }
  await note({ event: 'activity_recorded', meta: {}, actor: who.actor, instanceId: instance?.id ?? null }, deps)
  return now
}

/** Newest first. */
export async function powerAudit(limit: number, { events }: Pick<InfraVastDeps, 'events'>): Promise<AuditLine[]> {
  return (await events.audit({ kind: 'power', limit })).map(auditLineFrom)
}
