/** Instances as contract 002 shows them: those at Novita, whichever face made them. */

import type { Instance, InstanceId } from '../core/instances/instance.ts'
import { statuses } from '../core/instances/status.ts'
import type { TimedCache } from '../core/novita-face/cache.ts'
import type { NovitaRequest } from '../core/novita-face/request.ts'
import type { NovitaFaceSettings } from '../core/novita-face/settings.ts'
import { type NovitaStatus, novitaStatusOf } from '../core/novita-face/status.ts'
import { type Clock, dayMs, type Instant } from '../core/time.ts'
import type { ActivityStore } from '../store/activity.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { NovitaRequestStore } from '../store/novita-face.ts'
import { noSuchInstance } from './errors.ts'
import { getInstance } from './instances.ts'
import { projectAsked, type Who } from './who.ts'

export interface NovitaInstance {
  instance: Instance
  /** What was asked for, where it was asked for in this contract's words. */
  request: NovitaRequest | undefined
  status: NovitaStatus
  readyAt: Instant | null
}

export interface NovitaInstanceDeps {
  instances: Pick<InstanceStore, 'get' | 'byMachine' | 'list'>
  activity: Pick<ActivityStore, 'ofInstances'>
  novitaRequests: Pick<NovitaRequestStore, 'ofInstances' | 'late'>
  novitaInstances: TimedCache<NovitaInstance>
  novita: Pick<NovitaFaceSettings, 'provider'>
  clock: Pick<Clock, 'now'>
}

const mostListed = 10_000
const mostLate = 500
const lateShownMs = dayMs
const notGone = statuses.filter((status) => status !== 'terminated')

export async function getNovitaInstance(id: string, who: Who, deps: NovitaInstanceDeps): Promise<NovitaInstance> {
  const key = `${who.project ?? '*'}|${id}`
  const cached = deps.novitaInstances.get(key, deps.clock.now())
  if (cached !== undefined) return cached
  const instance = await getInstance(id, who, deps)
  if (!isServed(instance, deps)) throw noSuchInstance(id)
  const [shown] = await withFacts([instance], deps)
  if (shown === undefined) throw noSuchInstance(id)
  deps.novitaInstances.put(key, shown, deps.clock.now())
  return shown
}

/** @throws AppError `not_found` when none, or more than one, has that name */
export async function novitaInstanceNamed(name: string, who: Who, deps: NovitaInstanceDeps): Promise<NovitaInstance> {
  const found = (await allNovitaInstances(who, deps)).filter(({ instance }) => instance.label === name)
  const [only] = found
  if (only === undefined || found.length > 1) throw noSuchInstance(name)
  return only
}

/** All that are not gone, the newest first; what came up too late stays for a day, as failed. */
export async function allNovitaInstances(who: Who, deps: NovitaInstanceDeps): Promise<NovitaInstance[]> {
  const project = projectAsked(who, null)
  const found = await deps.instances.list({
    statuses: notGone,
    ...(deps.novita.provider === 'novita' && { provider: 'novita' }),
    ...(project !== null && { project }),
    limit: mostListed,
  })
  const known = new Set<string>(found.map(({ id }) => id))
  const late = await deps.novitaRequests.late({ since: deps.clock.now() - lateShownMs, project, limit: mostLate })
  const ids = late.filter((id) => !known.has(id))
  const gone = ids.length === 0 ? [] : await deps.instances.list({ ids, limit: mostLate })
  const shown = await withFacts([...found, ...gone.filter((one) => isServed(one, deps))], deps)
  return shown.sort((one, other) => other.instance.createdAt - one.instance.createdAt)
}

function isServed({ wish, launch }: Instance, { novita }: NovitaInstanceDeps): boolean {
  if (novita.provider === 'any') return true
  return (launch?.provider ?? wish.provider ?? wish.expected?.offer.provider) === 'novita'
}

async function withFacts(found: readonly Instance[], deps: NovitaInstanceDeps): Promise<NovitaInstance[]> {
  const ids = found.map(({ id }): InstanceId => id)
  const [activity, requests] = await Promise.all([deps.activity.ofInstances(ids), deps.novitaRequests.ofInstances(ids)])
  return found.map((instance) => {
    const request = requests.get(instance.id)
    const readyAt = activity.get(instance.id)?.readyAt ?? (request?.outcome === 'ready' ? request.outcomeAt : null)
    return {
      instance,
      request,
      readyAt,
      status: novitaStatusOf(instance, { readyAt, outcome: request?.outcome ?? null }),
    }
  })
}

const requestsKeptMs = 90 * dayMs

/** Forgets what was asked for in this contract's words, long after it was told and once its instance has ended. */
export async function forgetNovitaRequests({
  novitaRequests,
  clock,
}: {
  novitaRequests: Pick<NovitaRequestStore, 'prune'>
  clock: Pick<Clock, 'now'>
}): Promise<void> {
  await novitaRequests.prune(clock.now() - requestsKeptMs)
}
