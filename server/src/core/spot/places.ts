/**
 * Places that took a machine back lately. For some minutes nothing is rented there; afterwards their price counts as
 * higher than it is, less and less. It follows from the launches that are written down, so a restart forgets nothing.
 */

import { dividedBy, type Nanos, nanos } from '../money.ts'
import type { Offer } from '../offers/offer.ts'
import { hourMs, type Instant, minuteMs } from '../time.ts'

export interface Interruption {
  place: string
  at: Instant
}

/** By place: when it last took a machine back. */
export type Interruptions = ReadonlyMap<string, Instant>

export const noInterruptions: Interruptions = new Map()

/** Nothing is rented there at all: whoever took the machine is still there. */
export const bannedForMs = 5 * minuteMs
/** Right after an interruption the price counts double; the surcharge halves in this time. */
const halfLifeMs = 30 * minuteMs
/** By then what is left of the surcharge is less than a hundredth. */
export const rememberedForMs = 4 * hourMs

/** A place and the market that it was rented on: an on-demand machine is not outbid. */
export function placeOf({ provider, market, placeKey }: Pick<Offer, 'provider' | 'market' | 'placeKey'>): string {
  return `${provider}|${market}|${placeKey}`
}

export function interruptionsBy(list: readonly Interruption[]): Interruptions {
  const latest = new Map<string, Instant>()
  for (const { place, at } of list) latest.set(place, Math.max(at, latest.get(place) ?? at))
  return latest
}

export function isBanned(offer: Offer, interruptions: Interruptions, now: Instant): boolean {
  const sinceMs = sinceInterruption(offer, interruptions, now)
  return sinceMs !== null && sinceMs < bannedForMs
}

/** The price by which an offer is ranked; nobody pays it. */
export function weighedPrice(price: Nanos, offer: Offer, interruptions: Interruptions, now: Instant): Nanos {
  const sinceMs = sinceInterruption(offer, interruptions, now)
  if (sinceMs === null) return price
  const permille = Math.round(1000 * (1 + 2 ** (-sinceMs / halfLifeMs)))
  return dividedBy(nanos(price * BigInt(permille)), 1000n)
}

/** For people; null where nothing is held against the place. */
export function whyAvoided(offer: Offer, interruptions: Interruptions, now: Instant): string | null {
  const sinceMs = sinceInterruption(offer, interruptions, now)
  if (sinceMs === null) return null
  const minutes = Math.floor(sinceMs / minuteMs)
  const ago = minutes < 1 ? 'less than a minute ago' : `${minutes} min ago`
  return `${sinceMs < bannedForMs ? 'avoided' : 'ranked lower'}: interrupted ${ago}`
}

/** A clock that was set back makes an interruption recent, not negative. */
function sinceInterruption(offer: Offer, interruptions: Interruptions, now: Instant): number | null {
  const at = interruptions.get(placeOf(offer))
  if (at === undefined) return null
  const sinceMs = Math.max(0, now - at)
  return sinceMs < rememberedForMs ? sinceMs : null
}
