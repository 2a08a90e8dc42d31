import type { ProviderName } from '../core/providers.ts'
import type { Instant } from '../core/time.ts'
import { type Look, type Provider, ProviderError } from '../providers/provider.ts'

/** The marketplaces' accounts we may use now. */
export interface Providers {
  all(): readonly Provider[]
  find(name: ProviderName, account?: string): Provider | undefined
}

/** `begunAt`: what came to be after it may be missing from the look. */
export type FleetLook = { kind: 'good'; look: Look; begunAt: Instant } | { kind: 'failed'; at: Instant; why: string }

/**
 * Looks at whole fleets: one bulk call per account answers for all its instances that ask at about the same time.
 */
export interface Fleet {
  /** A look that is at most `maxAgeMs` old. Never throws: a provider that does not answer has told us nothing. */
  look(provider: Provider, maxAgeMs: number): Promise<FleetLook>
}

export function createFleet({ now }: { now: () => Instant }): Fleet {
  const latest = new Map<string, { begun: Instant; result: Promise<FleetLook> }>()

  async function lookNow(provider: Provider, begunAt: Instant): Promise<FleetLook> {
    try {
      return { kind: 'good', look: await provider.look(), begunAt }
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      return { kind: 'failed', at: now(), why: error.message }
    }
  }

  return {
    look(provider, maxAgeMs) {
      const account = `${provider.name}/${provider.account}`
      const known = latest.get(account)
      const begun = now()
      // A clock that was turned back must not keep an old look alive.
      if (known !== undefined && begun >= known.begun && begun - known.begun <= maxAgeMs) return known.result
      const fresh = { begun, result: lookNow(provider, begun) }
      latest.set(account, fresh)
      return fresh.result
    },
  }
}
