import { type DeadManHere, deadManAt } from '../core/dead-man/possible.ts'
import { deadManScript } from '../core/dead-man/script.ts'
import type { Instance, InstanceSecrets, Launch } from '../core/instances/instance.ts'
import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import { type Instant, minuteMs } from '../core/time.ts'
import type { Provider } from '../providers/provider.ts'
import type { NewEvent } from '../store/events.ts'
import type { Sight } from './sight.ts'

export interface DeadManSetup {
  /** Where machines reach us; undefined: nowhere. */
  publicUrl: string | undefined
  /** Origin of a marketplace's API. */
  apiOriginOf: (provider: ProviderName) => string
  tokenFor: (label: string) => string
}

/** Null when none was asked for. */
export function deadManFor(
  { wish }: Pick<Instance, 'wish'>,
  provider: Provider,
  { onstartScript }: Pick<InstanceSecrets, 'onstartScript'>,
  setup: DeadManSetup | undefined,
): DeadManHere | null {
  if (wish.policies.deadManMs === null) return null
  return deadManAt({
    provider: provider.name,
    ability: provider.describe().abilities.deadMan,
    runsScript: wish.sshPublicKey !== null || onstartScript !== null,
    hasPublicUrl: setup?.publicUrl !== undefined,
  })
}

/** The user's start script, with the switch in front of it where this launch has one. */
export function withDeadMan(
  { deadManMs, label, provider }: Launch,
  onstartScript: string | null,
  setup: DeadManSetup | undefined,
): string | null {
  if (deadManMs === null || setup?.publicUrl === undefined) return onstartScript
  const script = deadManScript({
    provider,
    apiOrigin: setup.apiOriginOf(provider),
    checkUrl: `${setup.publicUrl}/api/dead-man/${setup.tokenFor(label)}`,
    silentMs: deadManMs,
  })
  return onstartScript === null ? script : `${script}\n${onstartScript}`
}

/** It was asked for, and this machine cannot have it. */
export function noDeadManEvent({ id }: Instance, provider: ProviderName, why: string, at: Instant): NewEvent {
  const name = publicProviderNames[provider]
  return {
    at,
    instanceId: id,
    kind: 'warning',
    status: null,
    because: null,
    message: `the machine at ${name} will not end itself when it does not hear of us: not possible here, ${why}`,
    data: { provider: name, dead_man: 'not_possible_here' },
  }
}

/** Its first question comes within a minute of the start script. */
const firstHeardWithinMs = 15 * minuteMs

/**
 * A switch that has not heard us once ends nothing, so whoever relies on it is told. Null: there is nothing to tell, or it was
 * told before.
 */
export function unheardDeadMan(
  { instanceId, attempt, externalId, provider, upAt, deadManMs, deadManHeardAt, deadManWarnedAt }: Launch,
  { sighting }: Pick<Sight, 'sighting'>,
  now: Instant,
): { facts: Partial<Launch>; event: NewEvent } | null {
  if (deadManMs === null || deadManHeardAt !== null || deadManWarnedAt !== null || upAt === null) return null
  if (now - upAt < firstHeardWithinMs || sighting.kind !== 'seen' || sighting.machine.phase !== 'running') return null
  const event: NewEvent = {
    at: now,
    instanceId,
    kind: 'warning',
    status: null,
    because: null,
    message: `the dead-man switch of the machine has not reached us since it is up, so it will not end the machine: see that PUBLIC_URL is reached from the internet, and that curl is in the image`,
    data: { provider: publicProviderNames[provider], attempt, machine: externalId, dead_man: 'not_heard' },
  }
  return { facts: { deadManWarnedAt: now }, event }
}
