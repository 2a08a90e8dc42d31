import type { Bell } from '../core/bell.ts'
import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import { launchFromLabel } from '../core/ids.ts'
import type { Instance, InstanceId, ProjectName } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import { type Adoption, adoptedFrom, adoptedLaunch } from '../core/reconciliation/adopted.ts'
import { wantsAnother } from '../core/reconciliation/judge.ts'
import type { Clock } from '../core/time.ts'
import type { Provider, Providers } from '../providers/provider.ts'
import type { NewEvent } from '../store/events.ts'
import type { FindingStore } from '../store/findings.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { StrayStore } from '../store/strays.ts'
import { AppError, noSuchInstance } from './errors.ts'
import { requireAllProjects } from './reconciliation.ts'
import { doneBefore, doneBy, type Who } from './who.ts'

export interface AdoptInput {
  provider: ProviderName
  machineId: string
  /** Undefined: whichever of ours has it. */
  account?: string
  label?: string | null
  project?: ProjectName
}

export interface AdoptDeps {
  instances: Pick<InstanceStore, 'get'>
  findings: Pick<FindingStore, 'knownAs' | 'recordAdoption'>
  strays: Pick<StrayStore, 'adopt' | 'take'>
  providers: Providers
  keyMarkOf: (provider: Provider) => string
  gpus: Pick<GpuCatalogue, 'recognise' | 'find'>
  installation: string
  newInstanceId: () => InstanceId
  clock: Clock
  bell: Bell
}

/**
 * Takes a machine over that was not launched from here, whoever made it: from now on it is an instance like any other.
 * What its label tells of us is kept; another one is left as it is, and the machine is known by its id.
 */
export async function adoptInstance(input: AdoptInput, who: Who, deps: AdoptDeps): Promise<Instance> {
  requireAllProjects(who)
  const adopted = doneBefore(who)
  if (adopted !== null) return existing(adopted, deps)
  const { machine, provider } = await theMachine(input, deps)
  const named = launchFromLabel(machine.label)
  const isOurs = named?.installation === deps.installation
  const known = await deps.findings.knownAs(provider.name, {
    externalIds: [machine.externalId],
    labels: machine.label === null ? [] : [machine.label],
    instanceIds: isOurs ? [named.instance] : [],
  })
  const launch = known.launches[0]
  if (launch !== undefined) throw knownAlready(machine, launch.instanceId)
  const owner = isOurs ? known.instances.find(({ id }) => id === named.instance) : undefined
  if (owner !== undefined && named !== undefined && !wantsAnother(owner, named.attempt)) {
    throw knownAlready(machine, owner.id)
  }

  const { label, project } = input
  const adoption: Adoption = {
    machine,
    provider: provider.name,
    account: provider.account,
    keyMark: deps.keyMarkOf(provider),
    installation: deps.installation,
    instanceId: isOurs ? named.instance : deps.newInstanceId(),
    attempt: isOurs ? named.attempt : 1,
    wanted: 'up',
    ...(label !== undefined && { label }),
    ...(project !== undefined && { project }),
  }
  const context = { now: deps.clock.now(), gpus: deps.gpus }
  const event = adoptedEvent(adoption, who, context.now)
  const done =
    owner === undefined
      ? await deps.strays.adopt(adoptedFrom(adoption, context), event)
      : await deps.strays.take(adoptedLaunch(adoption, context), 'up', context.now, event)
  // Another call, or the sweep, was quicker.
  if (!done) throw knownAlready(machine, adoption.instanceId)
  await deps.findings.recordAdoption({ ...adoption, externalId: machine.externalId }, adoption)
  deps.bell.ring()
  return existing(adoption.instanceId, deps)
}

async function existing(id: string, { instances }: Pick<AdoptDeps, 'instances'>): Promise<Instance> {
  const instance = await instances.get(id)
  if (instance === undefined) throw noSuchInstance(id)
  return instance
}

async function theMachine(
  { provider: name, machineId, account }: AdoptInput,
  { providers }: AdoptDeps,
): Promise<{ machine: Machine; provider: Provider }> {
  const shown = publicProviderNames[name]
  const accounts = providers
    .all()
    .filter((one) => one.name === name && (account === undefined || one.account === account))
  if (accounts.length === 0) {
    const which = account === undefined ? shown : `${shown} (${account})`
    throw new AppError('provider_not_configured', `there is no key for ${which}`, {
      fix: `set the API key of the account that has the machine`,
      details: { provider: shown },
    })
  }
  let trouble: unknown
  for (const provider of accounts) {
    try {
      const machine = await machineAt(provider, machineId)
      if (machine !== undefined) return { machine, provider }
    } catch (error) {
      // The next account may have it.
      trouble ??= error
    }
  }
  if (trouble !== undefined) throw trouble
  throw new AppError('not_found', `${shown} shows no machine ${machineId}`, {
    fix: 'GET /api/v1/reconciliation lists the machines of every account',
    details: { provider: shown, machine_id: machineId },
  })
}

/** @throws AppError when it cannot be taken over, ProviderError when that cannot be told */
async function machineAt(provider: Provider, machineId: string): Promise<Machine | undefined> {
  const shown = publicProviderNames[provider.name]
  const sighting = await provider.lookAt(machineId)
  if (sighting.kind === 'unknown') {
    throw new AppError(
      'provider_unavailable',
      `${shown} does not say whether it has machine ${machineId}: ${sighting.why}`,
      { fix: 'try again in a minute', details: { provider: shown } },
    )
  }
  if (sighting.kind === 'absent') return undefined
  const { machine } = sighting
  if (machine.phase !== 'ended' && machine.phase !== 'ending') return machine
  throw new AppError('not_allowed_now', `machine ${machineId} is being deleted at ${shown}`, {
    fix: 'there is nothing left to take over',
    details: { provider: shown, machine_id: machineId },
  })
}

function knownAlready({ externalId }: Machine, instanceId: InstanceId): AppError {
  return new AppError('not_allowed_now', `machine ${externalId} is known already: it belongs to ${instanceId}`, {
    fix: `GET /api/v1/instances/${instanceId} shows it`,
    details: { instance_id: instanceId, machine_id: externalId },
  })
}

function adoptedEvent({ machine, provider, account, instanceId }: Adoption, who: Who, at: number): NewEvent {
  const name = publicProviderNames[provider]
  return {
    at,
    ...doneBy(who, instanceId),
    instanceId,
    kind: 'adopted',
    status: null,
    because: 'asked',
    message: `machine ${machine.externalId} at ${name} (${machine.label ?? 'without a name'}) was adopted; its image, its disk’s size and its environment are not known here`,
    data: { provider: name, account, what: 'machine', id: machine.externalId, label: machine.label },
  }
}
