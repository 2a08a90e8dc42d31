/** What is known when one instance is decided on, and what a decision is. */

import type { Nanos } from '../money.ts'
import type { PolicyFacts } from '../policies/verdict.ts'
import type { Bidding } from '../spot/raise-bid.ts'
import type { Instant } from '../time.ts'
import type { Machine } from './machine.ts'
import type { Because, Status } from './status.ts'

/** What one look told us about the machine of a launch. */
export type Sighting =
  | { kind: 'seen'; machine: Machine }
  /** Confirmed by the marketplace's own rules, list lag included. */
  | { kind: 'absent' }
  | { kind: 'unknown'; why: string }

export interface Situation {
  sighting: Sighting
  /** `null`: not probed yet. */
  health: 'passing' | 'failing' | null
  /** Earlier launches of this instance whose machines may still be billed. */
  leftovers: number
  /** What is known of the bids for this machine; null or missing where there are none. */
  bidding?: Bidding | null
  /** What is known for its policies; missing where none is to be heard. */
  policies?: PolicyFacts
  now: Instant
  limits: Limits
}

/** What the machine's provider allows; see `Abilities`. */
export interface Limits {
  canStop: boolean
  startDeadlineMs: number
  lookEveryMs: number
  listLagMs: number
}

export type Order =
  | { kind: 'rent' } // choose the next offer, write the intent down, launch
  | { kind: 'terminate'; externalId: string }
  | { kind: 'stop'; externalId: string }
  | { kind: 'start'; externalId: string }
  | { kind: 'bid'; externalId: string; perHour: Nanos }

export interface Decision {
  status: Status
  because: Because
  message: string | null
  /** Give the current launch up: its machine has to end, whatever becomes of the instance. */
  abandon: Because | null
  /** Nothing of the current launch is left at the marketplace. */
  settle: boolean
  order: Order | null
  /** When to look again at the latest. */
  dueAt: Instant
}
