import type { Bell } from '../core/bell.ts'
import { withEnd } from '../core/charges/charge.ts'
import type { Instance, Launch } from '../core/instances/instance.ts'
import { finalStatuses, statuses } from '../core/instances/status.ts'
import { publicProviderNames } from '../core/providers.ts'
import type { Clock, Instant } from '../core/time.ts'
import type { Provider } from '../providers/provider.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { NewEvent } from '../store/events.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'
import type { StrayStore } from '../store/strays.ts'
import { AppError } from './errors.ts'
import { getInstance } from './instances.ts'
import { doneBefore, doneBy, type Who } from './who.ts'

export interface ReleaseDeps {
  instances: Pick<InstanceStore, 'get' | 'byMachine' | 'want'>
  launches: Pick<LaunchStore, 'ofInstance'>
  charges: Pick<ChargeStore, 'change'>
  strays: Pick<StrayStore, 'settle'>
  /** The account that would be asked about a launch, if there is one. */
  accountOf: (launch: Launch) => Provider | undefined
  keyMarkOf: (provider: Provider) => string
  clock: Clock
  bell: Bell
}

/**
 * Settles machines by the user's word that they are gone, where no key of ours shows them any more. While the marketplace
 * can be asked, only its word counts.
 */
export async function releaseInstance(id: string, reason: string, who: Who, deps: ReleaseDeps): Promise<Instance> {
  const instance = await getInstance(id, who, deps)
  if (doneBefore(who) !== null) return instance
  const open = (await deps.launches.ofInstance(instance.id)).filter(({ settledAt }) => settledAt === null)
  const lost: Launch[] = []
  for (const launch of open) if (await isOutOfReach(launch, deps)) lost.push(launch)
  if (lost.length === 0) throw nothingToRelease(instance, open)

  const now = deps.clock.now()
  for (const launch of lost) {
    await deps.charges.change(launch.instanceId, launch.attempt, (known) => withEnd(known, now))
  }
  const current = instance.launch
  // First its wish to be up: it must not take the end of its machine for a reason to rent another one.
  if (current !== null && lost.some(({ attempt }) => attempt === current.attempt)) await wantEnded(instance, who, deps)
  await deps.strays.settle(lost, now, releasedEvent(instance, lost, reason, who, now))
  deps.bell.ring()
  return getInstance(id, who, deps)
}

/** No key; or another key, and a good list that does not show it. @throws ProviderError when it cannot be asked now */
async function isOutOfReach(launch: Launch, { accountOf, keyMarkOf }: ReleaseDeps): Promise<boolean> {
  const provider = accountOf(launch)
  if (provider === undefined) return true
  if (keyMarkOf(provider) === launch.keyMark) return false
  const { machines } = await provider.look()
  return !machines.some(({ externalId, label }) => externalId === launch.externalId || label === launch.label)
}

async function wantEnded(instance: Instance, who: Who, { instances, clock }: ReleaseDeps): Promise<void> {
  const at = clock.now()
  await instances.want(
    instance.id,
    {
      from: statuses.filter((status) => !finalStatuses.has(status)),
      wanted: 'ended',
      status: 'terminating',
      because: 'asked',
      at,
    },
    {
      at,
      actor: who.actor,
      instanceId: instance.id,
      kind: 'status',
      status: 'terminating',
      because: 'asked',
      message: 'release was asked for',
      data: { from: instance.status, action: 'release' },
    },
  )
}

function releasedEvent(instance: Instance, lost: readonly Launch[], reason: string, who: Who, at: Instant): NewEvent {
  const machines = lost.map(({ provider, externalId, label }) => ({
    provider: publicProviderNames[provider],
    machine: externalId,
    label,
  }))
  const named = machines.map(({ provider, machine, label }) => `${provider} ${machine ?? label}`).join(', ')
  return {
    at,
    ...doneBy(who, instance.id),
    instanceId: instance.id,
    kind: 'released',
    status: null,
    because: null,
    message: `${who.actor} says that ${named} is gone: ${reason}`,
    data: { reason, machines },
  }
}

function nothingToRelease(instance: Instance, open: readonly Launch[]): AppError {
  const names = [...new Set(open.map(({ provider }) => publicProviderNames[provider]))].join(', ')
  return new AppError(
    'not_allowed_now',
    open.length === 0
      ? `instance ${instance.id} has no machine that could be released`
      : `${names} can be asked about the machines of ${instance.id}, so its word counts`,
    {
      fix:
        open.length === 0
          ? 'nothing of it is billed any more'
          : 'terminate it; we ask until its end is confirmed. If that account is closed for good, take its key away first',
      details: { status: instance.status },
    },
  )
}
