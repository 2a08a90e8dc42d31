import type { Launch } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import type { Sighting } from '../core/instances/situation.ts'
import { publicProviderNames } from '../core/providers.ts'
import { type Clock, type Instant, minuteMs, secondMs } from '../core/time.ts'
import type { Providers } from '../providers/provider.ts'
import { type Look, type Provider, ProviderError } from '../providers/provider.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'
import type { Fleet, FleetLook } from './fleet.ts'
import { masked } from './masking.ts'

/** A launch, its preparations and waits included, is given up after this; see `tryLaunch`. */
export const launchDeadlineMs = 3 * minuteMs

/** What was on its way to the marketplace when the deadline struck may still be carried out. */
const launchAftermathMs = 30 * secondMs

/** Looks closer together than this count as the same. */
const sameLookMs = secondMs

/**
 * A keyed fingerprint of an account's API key. With a key of another account the list is good and our machines are not in
 * it: that is no proof that they are gone.
 */
export type KeyMarks = (provider: Provider) => string

export interface SightDeps {
  providers: Providers
  keyMarkOf: KeyMarks
  instances: Pick<InstanceStore, 'secretsOf'>
  launches: Pick<LaunchStore, 'adoptKey'>
  fleet: Fleet
  clock: Clock
}

export interface Sight {
  sighting: Sighting
  /** When the marketplace had answered; null when it did not. */
  at: Instant | null
  /** When it was asked: what it shows was so at this moment or later. */
  begunAt: Instant | null
  /** What is now known of the launch. */
  facts: Partial<Launch>
  /** Why nobody here can look after the machine, and what to do: no order would reach it. */
  outOfReach?: string
}

/** The account with the key that rented it, whatever the account is called now; else the one of the same name. */
export function accountOf(
  { provider: name, account, keyMark }: Launch,
  { providers, keyMarkOf }: Pick<SightDeps, 'providers' | 'keyMarkOf'>,
): Provider | undefined {
  const named = providers.find(name, account)
  if (named !== undefined && keyMarkOf(named) === keyMark) return named
  return providers.all().find((one) => one.name === name && keyMarkOf(one) === keyMark) ?? named
}

/**
 * What one look tells about the machine of a launch. Silence is not absence: it takes good looks without the machine,
 * past the marketplace's list lag, and the marketplace's own word for the single machine where we know its id.
 */
export async function sight(launch: Launch, provider: Provider | undefined, deps: SightDeps): Promise<Sight> {
  const { settledAt } = launch
  if (settledAt !== null) return { sighting: { kind: 'absent' }, at: settledAt, begunAt: settledAt, facts: {} }
  if (provider === undefined) {
    return outOfReach(`there is no key for the account ${accountName(launch)} any more: set it`)
  }

  const result = await deps.fleet.look(provider, sameLookMs)
  if (result.kind === 'failed') return unknown(result.why)

  const { begunAt } = result
  const { at } = result.look
  const machine = machineOf(launch, result.look)
  const keyMark = deps.keyMarkOf(provider)
  const isSameKey = launch.keyMark === keyMark
  if (machine !== undefined) {
    const { account } = provider
    if (!isSameKey || launch.account !== account) await deps.launches.adoptKey(launch, { account, keyMark })
    return seen(launch, machine, { begunAt, at }, deps)
  }
  if (isSameKey) return missed(launch, provider, result, deps)
  const name = accountName(launch)
  return outOfReach(`the key for ${name} is another one, and shows none of its machines: set the one that rented them`)
}

/** By its id, else by its label. What has ended does not hide another machine under the same label. */
function machineOf({ externalId, label }: Launch, look: Look): Machine | undefined {
  const { byId, byLabel } = indexOf(look)
  const named = externalId === null ? undefined : byId.get(externalId)
  const labelled = byLabel.get(label) ?? []
  const ours = named === undefined || labelled.includes(named) ? labelled : [named, ...labelled]
  const live = ours.filter((one) => one.phase !== 'ended')
  return live.find((one) => one.externalId === externalId) ?? live[0] ?? ours[0]
}

interface LookIndex {
  byId: ReadonlyMap<string, Machine>
  byLabel: ReadonlyMap<string, readonly Machine[]>
}

/** Many launches ask the same look. */
const indexes = new WeakMap<Look, LookIndex>()

function indexOf(look: Look): LookIndex {
  const known = indexes.get(look)
  if (known !== undefined) return known
  const byLabel = new Map<string, Machine[]>()
  for (const machine of look.machines) {
    if (machine.label === null) continue
    const labelled = byLabel.get(machine.label)
    if (labelled === undefined) byLabel.set(machine.label, [machine])
    else labelled.push(machine)
  }
  const index = { byId: new Map(look.machines.map((one) => [one.externalId, one])), byLabel }
  indexes.set(look, index)
  return index
}

async function missed(
  launch: Launch,
  provider: Provider,
  { look: { at }, begunAt }: Extract<FleetLook, { kind: 'good' }>,
  deps: SightDeps,
): Promise<Sight> {
  const { listLagMs, looksForAbsence } = provider.describe().abilities
  const couldBeListedFrom =
    launch.rentedAt ?? launch.answeredAt ?? launch.intendedAt + launchDeadlineMs + launchAftermathMs
  if (launch.lastSeenAt === null && begunAt < couldBeListedFrom + listLagMs) {
    return { ...unknown('too new to be listed'), at }
  }
  const isNews = launch.missedLooks === 0 || launch.missedAt === null || at > launch.missedAt
  const missedLooks = launch.missedLooks + (isNews ? 1 : 0)
  const facts: Partial<Launch> = { missedLooks, missedAt: at }
  if (missedLooks < looksForAbsence) return { ...unknown('not in the last list; looking again'), at, facts }
  if (launch.externalId === null) return { sighting: { kind: 'absent' }, at, begunAt, facts }

  try {
    const askedAt = deps.clock.now()
    const alone = await provider.lookAt(launch.externalId)
    const when = { begunAt: askedAt, at: deps.clock.now() }
    if (alone.kind === 'seen') return seen(launch, alone.machine, when, deps)
    if (alone.kind === 'absent') return { sighting: { kind: 'absent' }, ...when, facts }
    return { ...unknown(alone.why), at, facts }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { ...unknown(error.message), at, facts }
  }
}

async function seen(
  launch: Launch,
  shown: Machine,
  { begunAt, at }: { begunAt: Instant; at: Instant },
  deps: SightDeps,
): Promise<Sight> {
  const machine = { ...shown, message: await wordsFor(launch, shown, deps) }
  const off = machine.meters.filter(({ state }) => state === 'off').map(({ kind }) => [kind, begunAt] as const)
  return {
    sighting: { kind: 'seen', machine },
    at,
    begunAt,
    facts: {
      externalId: machine.externalId,
      lastSeenAt: at,
      missedLooks: 0,
      missedAt: null,
      ...(off.length > 0 && { metersOffAt: { ...launch.metersOffAt, ...Object.fromEntries(off) } }),
      providerStatus: machine.providerStatus,
      providerMessage: machine.message,
      ssh: machine.ssh,
      endpoints: machine.endpoints,
      ...((machine.ssh !== null || machine.endpoints.length > 0) && {
        lastAddresses: { ssh: machine.ssh, endpoints: machine.endpoints },
      }),
      // Zero is said by some until they know.
      ...(machine.pricePerHour !== null && machine.pricePerHour > 0n && { pricePerHour: machine.pricePerHour }),
    },
  }
}

/** What the marketplace says about the machine, fit to be kept and shown. */
async function wordsFor(launch: Launch, { message }: Machine, { instances }: SightDeps): Promise<string | null> {
  // What is kept has been masked: the same words again hide nothing.
  if (message === null || message === launch.providerMessage) return message
  try {
    return masked(message, await instances.secretsOf(launch.instanceId))
  } catch {
    // The machine is looked after all the same.
    return 'its message is not shown: the secrets of this instance do not open with this SECRETS_KEY'
  }
}

function accountName({ provider, account }: Launch): string {
  return `${publicProviderNames[provider]} (${account})`
}

function outOfReach(why: string): Sight {
  return { ...unknown(why), outOfReach: why }
}

function unknown(why: string): Sight {
  return { sighting: { kind: 'unknown', why }, at: null, begunAt: null, facts: {} }
}
