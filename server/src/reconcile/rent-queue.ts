import type { InstanceId } from '../core/instances/instance.ts'
import { type Offer, offerId } from '../core/offers/offer.ts'
import { type Clock, type Instant, minuteMs, secondMs } from '../core/time.ts'
import type { Provider } from '../providers/provider.ts'

/**
 * Who is renting at this moment. Many wishes at once would all check the same cheapest offer, and wait for a marketplace's
 * rate limit until our own HTTP client turns them away; so they take turns here, and each has an offer of its own in hand.
 *
 * It is kept in memory: after a restart nobody is renting.
 */
export interface RentQueue {
  /** A turn at this marketplace, with the offer in hand; undefined while as many as it can serve soon have theirs. */
  take(provider: Provider, offer: Offer, id: InstanceId): Turn | undefined
  /** Offers that other wishes have in hand, or had a moment ago, and until when. */
  heldFromOthers(id: InstanceId): ReadonlyMap<string, Instant>
  /** No marketplace answered this wish. @returns how long that has been so */
  silentForMs(id: InstanceId): number
  /** The wish is not waiting for a silent marketplace, or not any more. */
  heard(id: InstanceId): void
}

export interface Turn {
  /** `rented`: the list shows the offer for a while longer, although it is most likely gone. */
  end(outcome: 'rented' | 'not_rented'): void
}

/** Below the longest wait for a limit (60 s), so that nobody is turned away by ourselves. */
const longestTurnsMs = 30 * secondMs
const mostTurns = 16
/** By then the list has been refreshed. */
const heldAfterwardsMs = 2 * minuteMs
/** Wishes that ended meanwhile are forgotten. */
const silenceForgottenAfterMs = 60 * minuteMs

export function createRentQueue(clock: Pick<Clock, 'now'>): RentQueue {
  const turns = new Map<string, number>()
  const held = new Map<string, { by: InstanceId; since: Instant; until: Instant | null }>()
  const silentSince = new Map<InstanceId, Instant>()

  return {
    take(provider, offer, id) {
      const account = `${provider.name}/${provider.account}`
      const taken = turns.get(account) ?? 0
      if (taken >= turnsAt(provider)) return undefined
      turns.set(account, taken + 1)
      const key = offerId(offer)
      const holds = isOneMachine(provider)
      if (holds) held.set(key, { by: id, since: clock.now(), until: null })
      return {
        end(outcome) {
          turns.set(account, (turns.get(account) ?? 1) - 1)
          if (!holds) return
          const since = clock.now()
          if (outcome === 'rented') held.set(key, { by: id, since, until: since + heldAfterwardsMs })
          else held.delete(key)
        },
      }
    },

    heldFromOthers(id) {
      const now = clock.now()
      const others = new Map<string, Instant>()
      for (const [key, { by, since, until }] of held) {
        // A clock that was turned back must not keep an offer from sale.
        if (until !== null && (until <= now || since > now)) held.delete(key)
        else if (by !== id) others.set(key, until ?? now + heldAfterwardsMs)
      }
      return others
    },

    silentForMs(id) {
      const now = clock.now()
      for (const [other, since] of silentSince) {
        if (since > now || now - since > silenceForgottenAfterMs) silentSince.delete(other)
      }
      const since = silentSince.get(id) ?? now
      silentSince.set(id, since)
      return now - since
    },

    heard(id) {
      silentSince.delete(id)
    },
  }
}

/** As many as its own limit for launches lets through soon. */
function turnsAt(provider: Provider): number {
  const launch = provider.limits().find(({ scope }) => scope === 'launch')
  if (launch === undefined) return mostTurns
  return Math.min(mostTurns, Math.max(1, Math.floor((longestTurnsMs * launch.calls) / launch.windowMs)))
}

/** Where a search shows single machines, the first who rents one has it; elsewhere an offer is a pool with room for many. */
function isOneMachine(provider: Provider): boolean {
  return provider.describe().abilities.search === 'sample'
}
