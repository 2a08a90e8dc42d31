import type { NovitaFaceSettings } from '../core/novita-face/settings.ts'
import type { ProviderHealth } from '../core/provider-health.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Instant } from '../core/time.ts'
import type { BreakerState } from '../outbound/breaker.ts'
import type { Providers } from '../providers/provider.ts'

export interface NovitaHealthDeps {
  providers: Pick<Providers, 'all'>
  isEnabled: (provider: ProviderName) => boolean
  breakerOf: (provider: ProviderName, account: string) => BreakerState
  healthOf: (provider: ProviderName) => ProviderHealth
  /** Throws when the store does not answer. */
  checkStore: () => Promise<void>
  novita: Pick<NovitaFaceSettings, 'provider'>
}

export interface ServiceHealth {
  /** `unused`: there is no key, so nobody waits for it. */
  marketplace: 'healthy' | 'unhealthy' | 'unused'
  store: 'healthy' | 'unhealthy'
  marketplaceCheckedAt: Instant | null
}

/**
 * Whether this service can do its work: by what the last calls showed, since asking the marketplace anew each time would use
 * up its rate limit.
 */
export async function serviceHealth(deps: NovitaHealthDeps): Promise<ServiceHealth> {
  const store = await deps.checkStore().then(
    () => 'healthy' as const,
    () => 'unhealthy' as const,
  )
  const used = deps.providers
    .all()
    .filter(({ name }) => deps.isEnabled(name) && (deps.novita.provider === 'any' || name === 'novita'))
  const up = used.filter(({ name, account }) => deps.breakerOf(name, account) !== 'open')
  const checked = used.flatMap(({ name }) => deps.healthOf(name).lastCheckedAt ?? [])
  return {
    marketplace: used.length === 0 ? 'unused' : up.length > 0 ? 'healthy' : 'unhealthy',
    store,
    marketplaceCheckedAt: checked.length === 0 ? null : Math.max(...checked),
  }
}
