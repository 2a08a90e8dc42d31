import type { ProviderName } from '../../server/src/core/providers.ts'
import type { Instant } from '../../server/src/core/time.ts'

/**
 * Since when each marketplace could be reached without trouble, by a process that was up, on a clock that was not touched.
 * Bounds count from there: nobody can hear from who does not answer.
 */
export interface Calm {
  since(provider: ProviderName): Instant
  /** Trouble has gone on for so long until now, with one marketplace or with everything. */
  disturb(provider?: ProviderName, forMs?: number): void
  /** How much of a stretch was calm. */
  calmMs(provider: ProviderName, after: Instant, before: Instant): number
}

interface Trouble {
  from: Instant
  until: Instant
}

/** Whoever was disturbed needs so long to be back at their usual pace. */
const mendsWithinMs = 60_000

export function createCalm(now: () => Instant, names: readonly ProviderName[]): Calm {
  const troubles = new Map<ProviderName, Trouble[]>(names.map((name) => [name, [{ from: now(), until: now() }]]))
  return {
    since: (provider) => troubles.get(provider)?.at(-1)?.until ?? now(),
    disturb(provider, forMs = 0) {
      const until = now()
      for (const name of provider === undefined ? names : [provider]) {
        const list = troubles.get(name) ?? []
        const last = list.at(-1)
        if (last !== undefined && until - forMs <= last.until + mendsWithinMs) {
          last.from = Math.min(last.from, until - forMs)
          last.until = until
        } else list.push({ from: until - forMs, until })
      }
    },
    calmMs(provider, after, before) {
      let disturbedMs = 0
      for (const { from, until } of troubles.get(provider) ?? []) {
        disturbedMs += Math.max(0, Math.min(before, until + mendsWithinMs) - Math.max(after, from))
      }
      return Math.max(0, before - after - disturbedMs)
    },
  }
}
