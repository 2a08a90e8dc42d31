import {
  type Deprecation,
  isSupported,
  nextEnd,
  type ProviderHealth,
  strangeVersions,
} from '../core/provider-health.ts'
import { type ProviderName, providerNames } from '../core/providers.ts'
import type { Clock } from '../core/time.ts'
import type { ProviderDescription, Providers } from '../providers/provider.ts'

export interface ProviderVersionsDeps {
  providers: Providers
  isEnabled: (provider: ProviderName) => boolean
  descriptions: Readonly<Record<ProviderName, ProviderDescription>>
  healthOf: (provider: ProviderName) => ProviderHealth
  clock: Pick<Clock, 'now'>
}

export interface ProviderVersion extends ProviderHealth {
  provider: ProviderName
  /** The version that we speak. */
  version: string
  supported: boolean
  /** What ends first. */
  deprecation: Deprecation | null
  /** Versions that it answers from and that we are not written for. */
  unexpected: readonly string[]
  /** Others that could be used instead. */
  alternatives: ProviderName[]
}

/** Which version of each marketplace's API we speak, what it says of it, and whether we still understand it. */
export function providerVersions(deps: ProviderVersionsDeps): ProviderVersion[] {
  const now = deps.clock.now()
  return providerNames.map((provider) => {
    const spoken = deps.providers.find(provider)?.describe() ?? deps.descriptions[provider]
    const health = withKnownEnd(deps.healthOf(provider), spoken)
    return {
      ...health,
      provider,
      version: spoken.apiVersion,
      supported: isSupported(health, now, spoken.expectedVersions),
      deprecation: nextEnd(health),
      unexpected: strangeVersions(health, spoken.expectedVersions),
      alternatives: alternativesTo(provider, deps),
    }
  })
}

/** What they announced in their documents counts until they say it in a reply. */
function withKnownEnd(health: ProviderHealth, { deprecated }: ProviderDescription): ProviderHealth {
  if (health.deprecations.length > 0 || deprecated === undefined) return health
  const { since, sunsetAt, text, link } = deprecated
  return { ...health, deprecations: [{ noticedAt: since, sunsetAt, operations: [], text, link }] }
}

/** Others that have a key here and are switched on. */
export function alternativesTo(
  provider: ProviderName,
  { providers, isEnabled }: Pick<ProviderVersionsDeps, 'providers' | 'isEnabled'>,
): ProviderName[] {
  const usable = new Set(providers.all().map((one) => one.name))
  return providerNames.filter((name) => name !== provider && usable.has(name) && isEnabled(name))
}
