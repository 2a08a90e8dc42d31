import type { Sighting } from '../core/instances/decide.ts'
import type { Launch } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { type Clock, type Instant, minuteMs, secondMs } from '../core/time.ts'
import { type Provider, ProviderError } from '../providers/provider.ts'
import type { Fleet, FleetLook } from './fleet.ts'

/** A launch, its preparations and waits included, is given up after this; see `tryLaunch`. */
export const launchDeadlineMs = 3 * minuteMs

/** What was on its way to the marketplace when the deadline struck may still be carried out. */
const launchAftermathMs = 30 * secondMs

/** Looks closer together than this count as the same. */
const sameLookMs = secondMs

export interface Sight {
  sighting: Sighting
  /** When the marketplace was looked at; null when it did not answer. */
  at: Instant | null
  /** What is now known of the launch. */
  facts: Partial<Launch>
}

/**
 * What one look tells about the machine of a launch. Silence is not absence: it takes good looks without the machine,
 * past the marketplace's list lag, and the marketplace's own word for the single machine where we know its id.
 */
export async function sight(
  launch: Launch,
  provider: Provider | undefined,
  { fleet, clock }: { fleet: Fleet; clock: Clock },
): Promise<Sight> {
  if (launch.settledAt !== null) return { sighting: { kind: 'absent' }, at: launch.settledAt, facts: {} }
  if (provider === undefined) {
    return unknown(`there is no key for ${launch.provider} any more: set it, so that this machine can be looked after`)
  }

  const result = await fleet.look(provider, sameLookMs)
  if (result.kind === 'failed') return unknown(result.why)

  const { machines, at } = result.look
  const machine = machineOf(launch, machines)
  if (machine !== undefined) return seen(launch, machine, at)
  return missed(launch, provider, result, clock)
}

/** By its id, else by its label. What has ended does not hide another machine under the same label. */
function machineOf({ externalId, label }: Launch, machines: readonly Machine[]): Machine | undefined {
  const ours = machines.filter((one) => one.externalId === externalId || one.label === label)
  const live = ours.filter((one) => one.phase !== 'ended')
  return live.find((one) => one.externalId === externalId) ?? live[0] ?? ours[0]
}

async function missed(
  launch: Launch,
  provider: Provider,
  { look: { at }, begunAt }: Extract<FleetLook, { kind: 'good' }>,
  clock: Clock,
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
  if (launch.externalId === null) return { sighting: { kind: 'absent' }, at, facts }

  try {
    const alone = await provider.lookAt(launch.externalId)
    if (alone.kind === 'seen') return seen(launch, alone.machine, alone.at)
    if (alone.kind === 'absent') return { sighting: { kind: 'absent' }, at: clock.now(), facts }
    return { ...unknown(alone.why), at, facts }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { ...unknown(error.message), at, facts }
  }
}

function seen(launch: Launch, machine: Machine, at: Instant): Sight {
  const off = machine.meters.filter(({ state }) => state === 'off').map(({ kind }) => [kind, at] as const)
  return {
    sighting: { kind: 'seen', machine },
    at,
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
      ...(machine.pricePerHour !== null && { pricePerHour: machine.pricePerHour }),
    },
  }
}

function unknown(why: string): Sight {
  return { sighting: { kind: 'unknown', why }, at: null, facts: {} }
}
