/** The one machine that VAST_INSTANCE_ID names: an instance like any other, with sessions and an audit of its own. */

import { rateFrom, type Session, sessionsFrom } from '../core/infra-vast/sessions.ts'
import { healthUrl } from '../core/instances/health-url.ts'
import type { HealthCheck, Instance, InstanceId, Launch } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { finalStatuses } from '../core/instances/status.ts'
import { noMoney } from '../core/money.ts'
import type { ActivityStore } from '../store/activity.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { EventStore } from '../store/events.ts'
import type { InfraVastState, InfraVastStore } from '../store/infra-vast.ts'
import { type AdoptDeps, adoptInstance } from './adopt-instance.ts'
import { AppError, appErrorFrom } from './errors.ts'
import type { ActionDeps } from './instances.ts'
import type { Who } from './who.ts'

export interface InfraVastSettings {
  /** VAST_INSTANCE_ID */
  machineId: string | undefined
  healthPort: number
  healthPath: string
  waitTimeoutMs: number
  autoShutdown: boolean
  autoShutdownMs: number
}

export interface InfraVastDeps extends ActionDeps, Omit<AdoptDeps, 'instances'> {
  infraVast: InfraVastSettings
  infraVastState: InfraVastStore
  events: Pick<EventStore, 'audit' | 'record'>
  charges: Pick<ChargeStore, 'ofInstances'>
  activity: ActivityStore
  /** Asks the machine whether what runs on it is ready. */
  probe: (machine: Pick<Machine, 'endpoints'>, check: HealthCheck) => Promise<'passing' | 'failing'>
}

type PowerEvent =
  | 'power_on_requested'
  | 'power_on_complete'
  | 'power_on_health_timeout'
  | 'power_off_requested'
  | 'power_off_complete'
  | 'activity_recorded'
  | 'auto_shutdown'
  | 'auto_shutdown_complete'

/** For what the server does by itself with that machine. */
export const ownDoing: Who = { actor: 'VAST_INSTANCE_ID', project: null }

/** @throws AppError `provider_not_configured` */
export function requireConfigured({ infraVast, providers }: Pick<InfraVastDeps, 'infraVast' | 'providers'>): string {
  if (!hasKey(providers)) throw notConfigured('VAST_API_KEY')
  if (infraVast.machineId === undefined) throw notConfigured('VAST_INSTANCE_ID')
  return infraVast.machineId
}

export function hasKey(providers: InfraVastDeps['providers']): boolean {
  return providers.all().some(({ name }) => name === 'vast')
}

function notConfigured(setting: string): AppError {
  return new AppError('provider_not_configured', `${setting} not configured`, {
    fix: `set ${setting} and start the server again`,
  })
}

/** What has, or had, this machine; undefined while it was not taken over. */
export function namedInstance({
  infraVast,
  instances,
}: Pick<InfraVastDeps, 'infraVast' | 'instances'>): Promise<Instance | undefined> {
  return infraVast.machineId === undefined
    ? Promise.resolve(undefined)
    : instances.byMachine('vast', infraVast.machineId)
}

/** The machine has ended, or its instance has another one by now. */
export function isGone({ status, launch }: Instance, machineId: string | undefined): boolean {
  return finalStatuses.has(status) || launch?.externalId !== machineId
}

/**
 * The instance to act on. One that was not taken over yet is taken over now.
 *
 * @throws AppError `not_found` when there is no such machine (any more)
 */
export async function theNamed(deps: InfraVastDeps): Promise<Instance & { launch: Launch }> {
  const machineId = requireConfigured(deps)
  const instance = (await namedInstance(deps)) ?? (await takenOver(machineId, deps))
  const { launch } = instance
  if (launch === null || isGone(instance, machineId)) {
    throw new AppError('not_found', `Vast.ai has no instance ${machineId} any more`, {
      fix: 'set VAST_INSTANCE_ID to a machine that there is',
    })
  }
  return { ...instance, launch }
}

async function takenOver(machineId: string, deps: InfraVastDeps): Promise<Instance> {
  try {
    return await adoptInstance({ provider: 'vast', machineId }, ownDoing, deps)
  } catch (error) {
    // It may have been taken over at the same moment.
    const known = await namedInstance(deps)
    if (known !== undefined) return known
    throw appErrorFrom(error)
  }
}

/** Where a port of the machine is reached from outside; null while it is not. */
export function baseUrlOf({ endpoints }: Pick<Machine, 'endpoints'>, port: number): string | null {
  const url = healthUrl({ endpoints }, { path: '/', port })
  return url === undefined ? null : new URL(url).origin
}

/** Of every machine that was named so far, oldest first. */
export async function sessionsOf(
  { instanceIds }: Pick<InfraVastState, 'instanceIds'>,
  current: Instance | undefined,
  { events, charges }: Pick<InfraVastDeps, 'events' | 'charges'>,
): Promise<Session[]> {
  const ids = [...new Set([...instanceIds, ...(current === undefined ? [] : [current.id])])]
  const ledger = Map.groupBy(await charges.ofInstances(ids), ({ instanceId }) => instanceId)
  const sessions = await Promise.all(
    ids.map(async (id) => {
      const changes = await events.audit({ instanceId: id, kind: 'status', limit: mostChanges })
      // Before the ledger has begun: what was seen when it became ours.
      const first = current?.id === id ? current.launch?.comparablePrice : undefined
      return sessionsFrom(changes.toReversed(), (end) => rateFrom(ledger.get(id) ?? [], end) ?? first ?? noMoney)
    }),
  )
  return sessions.flat().sort((one, other) => one.startedAt - other.startedAt)
}

/** Of the machine that is named now alone, oldest first. */
export function currentSessions(
  current: Instance | undefined,
  deps: Pick<InfraVastDeps, 'events' | 'charges'>,
): Promise<Session[]> {
  return sessionsOf({ instanceIds: [] }, current, deps)
}

/** Some decades of days on which it is switched on and off. */
const mostChanges = 100_000

export interface PowerNote {
  event: PowerEvent
  meta: Readonly<Record<string, unknown>>
  actor?: string
  instanceId: InstanceId | null
}

/** Into the audit, where `GET /infra/vast/audit` finds it. */
export async function note(
  { event, meta, actor, instanceId }: PowerNote,
  { events, clock }: Pick<InfraVastDeps, 'events' | 'clock'>,
): Promise<void> {
  await events.record([
    {
      at: clock.now(),
      instanceId,
      kind: 'power',
      status: null,
      because: null,
      message: event.replaceAll('_', ' '),
      data: { event, meta },
      ...(actor !== undefined && { actor }),
    },
  ])
}
