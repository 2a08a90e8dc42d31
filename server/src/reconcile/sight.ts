import type { Sighting } from '../core/instances/decide.ts'
import type { Launch } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { type Clock, type Instant, minuteMs, secondMs } from '../core/time.ts'
import { type Provider, ProviderError } from '../providers/provider.ts'
import type { Fleet } from './fleet.ts'

/** No launch call is under way longer than this; see the timeouts in the clients. */
export const longestLaunchCallMs = 3 * minuteMs

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
  const machine = machines.find(
    (one) => (launch.externalId !== null && one.externalId === launch.externalId) || one.label === launch.label,
  )
  if (machine !== undefined) return seen(machine, at)
  return missed(launch, provider, at, clock)
}

async function missed(launch: Launch, provider: Provider, at: Instant, clock: Clock): Promise<Sight> {
  const missedSince = launch.missedSince ?? at
  const missedLooks = launch.missedLooks + (launch.missedLooks === 0 || at > missedSince ? 1 : 0)
  const facts: Partial<Launch> = { missedLooks, missedSince }
  const { listLagMs, looksForAbsence } = provider.describe().abilities

  const couldBeListedFrom = launch.rentedAt ?? launch.answeredAt ?? launch.intendedAt + longestLaunchCallMs
  if (launch.lastSeenAt === null && at < couldBeListedFrom + listLagMs) {
    return { ...unknown('too new to be listed'), at, facts }
  }
  if (missedLooks < looksForAbsence) return { ...unknown('not in the last list; looking again'), at, facts }
  if (launch.externalId === null) return { sighting: { kind: 'absent' }, at, facts }

  try {
    const alone = await provider.lookAt(launch.externalId)
    if (alone.kind === 'seen') return seen(alone.machine, alone.at)
    if (alone.kind === 'absent') return { sighting: { kind: 'absent' }, at: clock.now(), facts }
    return { ...unknown(alone.why), at, facts }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { ...unknown(error.message), at, facts }
  }
}

function seen(machine: Machine, at: Instant): Sight {
  return {
    sighting: { kind: 'seen', machine },
    at,
    facts: {
      externalId: machine.externalId,
      lastSeenAt: at,
      missedLooks: 0,
      missedSince: null,
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
