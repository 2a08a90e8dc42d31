/** Starting, stopping, ending: what the user wants from now on is written down; the reconciler makes it so. */

import type { Bell } from '../core/bell.ts'
import type { Instance, Launch } from '../core/instances/instance.ts'
import {
  allowedStatuses,
  finalStatuses,
  type InstanceAction,
  isAllowed,
  reasons,
  type Status,
} from '../core/instances/status.ts'
import { type ProviderName, providerNamed, publicProviderNames } from '../core/providers.ts'
import type { Clock } from '../core/time.ts'
import type { Provider, Providers } from '../providers/provider.ts'
import { BudgetRefused } from '../store/budgets.ts'
import type { InstanceStore } from '../store/instances.ts'
import { budgetSpent } from './budget-gate.ts'
import { AppError, noSuchInstance } from './errors.ts'
import { doneBefore, doneBy, maySee, type Who } from './who.ts'

export interface ActionDeps {
  instances: Pick<InstanceStore, 'get' | 'byMachine' | 'want'>
  providers: Providers
  clock: Clock
  /** Tells the worker that there is something to do. */
  bell: Bell
}

/** What `who` may see; what is another project's does not exist for them. */
export async function getInstance(
  id: string,
  who: Who,
  { instances }: { instances: Pick<InstanceStore, 'get' | 'byMachine'> },
): Promise<Instance> {
  const instance = (await instances.get(id)) ?? (await byAlias(id, instances))
  if (instance === undefined || !maySee(who, instance)) throw noSuchInstance(id)
  return instance
}

/**
 * As `getInstance`, for what changes it. Whoever names a machine means that machine, not the one that has replaced it since.
 */
export async function instanceToChange(
  id: string,
  who: Who,
  deps: { instances: Pick<InstanceStore, 'get' | 'byMachine'> },
): Promise<Instance> {
  const instance = await getInstance(id, who, deps)
  if (instance.id === id || doneBefore(who) !== null) return instance
  const named = machineNamed(id)
  const { launch } = instance
  if (launch === null || launch.provider !== named?.provider || launch.externalId !== named.externalId) {
    throw new AppError('not_found', `there is no instance with machine ${id} any more`, {
      fix: `it was one of ${instance.id}, which goes by that id`,
    })
  }
  return instance
}

async function byAlias(id: string, instances: Pick<InstanceStore, 'byMachine'>): Promise<Instance | undefined> {
  const named = machineNamed(id)
  return named && instances.byMachine(named.provider, named.externalId)
}

/** `vast_27453221`: a marketplace's id of the machine, with the marketplace in front. */
function machineNamed(id: string): { provider: ProviderName; externalId: string } | undefined {
  const at = id.indexOf('_')
  const provider = at < 1 ? undefined : providerNamed(id.slice(0, at))
  return provider && { provider, externalId: id.slice(at + 1) }
}

export interface TerminateOptions {
  /** At once: without saving the work, or waiting for that. */
  force?: boolean | undefined
}

/** Ends it for good. Allowed in every status; repeated on an ended one it changes nothing. */
export async function terminateInstance(
  id: string,
  who: Who,
  deps: ActionDeps,
  { force = false }: TerminateOptions = {},
): Promise<Instance> {
  for (let left = terminateTries; ; left -= 1) {
    const instance = await instanceToChange(id, who, deps)
    if (doneBefore(who) !== null) return instance
    const skip = force && mayWaitForCheckpoint(instance)
    if (finalStatuses.has(instance.status) || (instance.wanted === 'ended' && !skip)) return instance
    // What is asking for a machine at this moment is settled first: a launch whose answer is open cannot be ended by name.
    const status: Status = instance.status === 'requested' && instance.attempt === 0 ? 'requested' : 'terminating'
    try {
      const launch = skip ? { checkpointEndedAt: deps.clock.now(), checkpointResult: 'skipped' as const } : {}
      await want(instance, { wanted: 'ended', status, action: 'terminate', launch }, who, deps)
    } catch (error) {
      // The worker moved it between our look and our wish. Whoever wants an end must not have to ask twice.
      if (left > 1 && error instanceof AppError && error.code === 'not_allowed_now') continue
      throw error
    }
    return getInstance(id, who, deps)
  }
}

const terminateTries = 5

function mayWaitForCheckpoint({ launch, wish }: Instance): boolean {
  return wish.policies.checkpoint !== null && launch !== null && launch.checkpointResult !== 'skipped'
}

export async function stopInstance(id: string, who: Who, deps: ActionDeps): Promise<Instance> {
  const instance = await instanceToChange(id, who, deps)
  if (doneBefore(who) !== null || instance.status === 'stopped' || instance.status === 'stopping') return instance
  requireAllowed('stop', instance)
  const provider = providerOf(instance, deps.providers)
  if (!provider.describe().abilities.canStop) {
    const name = publicProviderNames[provider.name]
    throw new AppError('not_possible_here', `${name} cannot stop a machine and keep it`, {
      fix: 'terminate it, or leave it running; what is on its disk is lost when it is terminated',
      details: { provider: name },
    })
  }
  await want(instance, { wanted: 'stopped', status: 'stopping', action: 'stop' }, who, deps)
  return getInstance(id, who, deps)
}

export async function startInstance(id: string, who: Who, deps: ActionDeps): Promise<Instance> {
  const instance = await instanceToChange(id, who, deps)
  if (doneBefore(who) !== null || (instance.wanted === 'up' && alreadyUp.has(instance.status))) return instance
  requireAllowed('start', instance)
  providerOf(instance, deps.providers)
  const launch = { startOrderedAt: deps.clock.now() }
  await want(instance, { wanted: 'up', status: 'starting', action: 'start', launch }, who, deps)
  return getInstance(id, who, deps)
}

const alreadyUp: ReadonlySet<Status> = new Set(['starting', 'running', 'ready'])

export async function restartInstance(id: string, who: Who, deps: ActionDeps): Promise<Instance> {
  const instance = await instanceToChange(id, who, deps)
  if (doneBefore(who) !== null) return instance
  requireAllowed('restart', instance)
  const provider = providerOf(instance, deps.providers)
  const { launch } = instance
  if (launch?.externalId == null) throw notAllowed('restart', instance)
  // Written down first, like every order; it changes nothing that is wanted.
  await want(instance, { wanted: 'up', status: instance.status, action: 'restart' }, who, deps)
  await provider.restart(launch.externalId)
  return getInstance(id, who, deps)
}

function requireAllowed(action: InstanceAction, instance: Instance): void {
  if (!isAllowed(action, instance.status)) throw notAllowed(action, instance)
}

function notAllowed(action: InstanceAction, instance: Instance): AppError {
  const possible = allowedStatuses(action).join(', ')
  return new AppError(
    'not_allowed_now',
    `cannot ${action} instance ${instance.id}: it is ${instance.status} (${reasons[instance.because]})`,
    {
      fix: finalStatuses.has(instance.status)
        ? 'it has ended; launch a new one'
        : `${action} is possible while it is ${possible}`,
      details: { status: instance.status, because: instance.because, possible_while: allowedStatuses(action) },
    },
  )
}

export function providerOf(instance: Instance, providers: Providers): Provider {
  const { launch } = instance
  if (launch === null) {
    throw new AppError('not_allowed_now', `instance ${instance.id} has no machine now: it is ${instance.status}`, {
      fix: 'wait until it is running',
      details: { status: instance.status },
    })
  }
  const provider = providers.find(launch.provider, launch.account)
  if (provider === undefined) {
    const name = publicProviderNames[launch.provider]
    throw new AppError('provider_not_configured', `there is no key for ${name} any more`, {
      fix: `set the API key for ${name} again; its machine may still be billed`,
      details: { provider: name },
    })
  }
  return provider
}

async function want(
  instance: Instance,
  change: { wanted: Instance['wanted']; status: Status; action: InstanceAction; launch?: Partial<Launch> },
  who: Who,
  { instances, clock, bell }: ActionDeps,
): Promise<void> {
  const now = clock.now()
  const moved = change.status !== instance.status
  const done = await instances
    .want(
      instance.id,
      {
        from: [instance.status],
        wanted: change.wanted,
        because: 'asked',
        at: now,
        ...(moved && { status: change.status }),
        ...(change.launch !== undefined && { launch: change.launch }),
      },
      {
        at: now,
        ...doneBy(who, instance.id),
        instanceId: instance.id,
        kind: moved ? 'status' : 'order',
        status: moved ? change.status : null,
        because: 'asked',
        message: `${change.action} was asked for`,
        data: { from: instance.status, action: change.action },
      },
    )
    .catch((error: unknown) => {
      throw error instanceof BudgetRefused ? budgetSpent(error.refusal) : error
    })
  if (!done) {
    throw new AppError('not_allowed_now', `instance ${instance.id} has just changed`, {
      fix: 'look at it again, then decide',
    })
  }
  bell.ring()
}
