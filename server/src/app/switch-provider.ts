import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import type { Clock } from '../core/time.ts'
import type { NewEvent } from '../store/events.ts'
import type { Who } from './who.ts'

export interface SwitchProviderDeps {
  isEnabled: (provider: ProviderName) => boolean
  switchProvider: (provider: ProviderName, enabled: boolean | null, event: NewEvent) => Promise<void>
  clock: Pick<Clock, 'now'>
}

/**
 * Switches a provider on or off for new launches and searches; what runs there is looked after all the same.
 *
 * @param enabled  null: as the settings say
 */
export async function switchProvider(
  provider: ProviderName,
  enabled: boolean | null,
  who: Who,
  deps: SwitchProviderDeps,
): Promise<void> {
  const before = deps.isEnabled(provider)
  const name = publicProviderNames[provider]
  const what = enabled === null ? 'is as the settings say again' : `was switched ${enabled ? 'on' : 'off'}`
  await deps.switchProvider(provider, enabled, {
    at: deps.clock.now(),
    instanceId: null,
    kind: 'changed',
    status: null,
    because: null,
    message: `${name} ${what}`,
    data: { what: 'provider', provider: name },
    actor: who.actor,
    before: { enabled: before },
    after: { enabled: enabled ?? 'as the settings say' },
  })
}
