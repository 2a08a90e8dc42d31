import type { Instant } from '../core/time.ts'
import { type Look, type Provider, ProviderError } from '../providers/provider.ts'

/** `begunAt`: what came to be after it may be missing from the look. */
export type FleetLook = { kind: 'good'; look: Look; begunAt: Instant } | { kind: 'failed'; at: Instant; why: string }

/**
 * Looks at whole fleets: one bulk call per account answers for all its instances that ask at about the same time.
 */
export interface Fleet {
  /**
   * A look that is under way, or ended at most `maxAgeMs` ago: a long list takes longer to read than looks are apart. Never
   * throws: a provider that does not answer has told us nothing.
   */
  look(provider: Provider, maxAgeMs: number): Promise<FleetLook>
}

interface Shared {
  endedAt: Instant | null
  result: Promise<FleetLook>
}

export function createFleet({ now }: { now: () => Instant }): Fleet {
  /** By the client, not by its name: what another key shows is another fleet. */
  const latest = new WeakMap<Provider, Shared>()

  async function lookNow(provider: Provider, begunAt: Instant): Promise<FleetLook> {
    try {
      return { kind: 'good', look: await provider.look(), begunAt }
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      return { kind: 'failed', at: now(), why: error.message }
    }
  }

  /** A clock that was turned back must not keep an old look alive. */
  function isFresh(endedAt: Instant | null, maxAgeMs: number): boolean {
    if (endedAt === null) return true
    const ageMs = now() - endedAt
    return ageMs >= 0 && ageMs <= maxAgeMs
  }

  return {
    look(provider, maxAgeMs) {
      const known = latest.get(provider)
      if (known !== undefined && isFresh(known.endedAt, maxAgeMs)) return known.result

      const fresh: Shared = { endedAt: null, result: lookNow(provider, now()) }
      const ended = () => {
        fresh.endedAt = now()
      }
      fresh.result.then(ended, ended)
      latest.set(provider, fresh)
      return fresh.result
    },
  }
}
