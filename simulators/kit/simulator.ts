/**
 * What every simulated marketplace is to the world: a function from request to reply on a clock that somebody else
 * turns. The same object runs in process (thousands of seeded scenarios) or behind a listener.
 *
 * State is plain JSON, so that it can be saved beside the database and restored after a restart.
 */

import type { Bill, ThingKind } from './bill.ts'
import type { SimClock } from './clock.ts'

export interface SimRequest {
  /** Upper case. */
  method: string
  /** Path without the query, percent-encoding kept. */
  path: string
  query: URLSearchParams
  /** Lower-case names. */
  headers: Record<string, string>
  body: string
}

export interface SimReply {
  status: number
  headers: Record<string, string>
  body: string
  /** How long the marketplace takes to answer, in milliseconds of wall time. */
  delayMs?: number
  /** The connection breaks before any answer; whatever the request did stays done. */
  dropped?: boolean
}

export interface SimulatorOptions {
  clock: SimClock
  /** The same seed makes the same market. */
  seed: number
  /** What `snapshot()` returned earlier. */
  restored?: unknown
  /** The accepted API key; `sim-<name>` unless told otherwise. */
  apiKey?: string
}

/** A marketplace's own world, without the control routes that every simulator shares (see `controlled.ts`). */
export interface Marketplace {
  readonly name: string
  /** Answers one API request. Time is read from the clock; due transitions happen first. */
  handle(request: SimRequest): SimReply
  /** What this marketplace charges so far, to the nano-dollar. */
  bill(): Bill
  /** Every machine it has or had, for tests and for people. */
  machines(): MachineReport[]
  /** Everything else that is there and can bill by itself. */
  things(): ThingReport[]
  /** Plain JSON from which `restored` continues. */
  snapshot(): unknown
  /** The orders that tests give; see `controls.ts`. */
  readonly controls: Controls
}

export interface MachineReport {
  id: string
  /** The label or name that the customer gave. */
  label: string | null
  /** The marketplace's own word. */
  state: string
  /** True while any meter runs, also a disk's. */
  billing: boolean
}

/** What bills besides machines, and can outlive every one of them. */
export interface ThingReport {
  id: string
  kind: ThingKind
  name: string | null
  billing: boolean
  /** The machine that uses it, if any. */
  attachedTo: string | null
}

/**
 * Orders under `POST /_control/<kebab-case-name>`, with the same meaning at all five. A control that a marketplace has
 * no place for (a price at one without prices) throws `NotPossibleHere`, which answers 409.
 */
export interface Controls {
  /**
   * The next `count` attempts to rent fail with the marketplace's real answer for missing capacity, although offers
   * stay listed. `how` picks among several real disguises where there are any. `matching` narrows it to offers, GPU
   * names or product ids that contain the text (any case).
   */
  sellOut(order: { count?: number; matching?: string; how?: string }): void
  /** Multiplies the prices of all offers that match. `listed: false`: only a rental costs it, the list still shows the old. */
  changePrice(order: { factor: number; matching?: string; listed?: boolean }): void
  /** The marketplace takes a running machine back in its own way. */
  interrupt(order: { machine: string }): void
  /** The next `count` machines never come up: `how` is a failure this marketplace has (`stuck` everywhere). */
  failStart(order: { count?: number; how?: string; matching?: string }): void
  /** New machines are missing from lists for this long. */
  listLag(order: { ms: number }): void
  /** Fixed durations instead of drawn ones; in milliseconds of the clock, not divided by the speed. */
  pace(order: { loadingMs?: number; stoppingMs?: number; startingMs?: number; terminatingMs?: number }): void
  /** Money on the account. */
  balance(order: { usd: number }): void
  /** A machine that somebody else made with the same account: never ours to touch. */
  foreignMachine(order: { label: string | null }): { machine: string }
  /**
   * Anything else, by name. All five have `deprecate` (`deprecation.ts`) and `foreign-thing` (`things.ts`); `page-size`
   * {n} caps every page, `null` lifts it; `utilisation` {machine, percent} fixes what a GPU shows, `null` frees it.
   */
  special(name: string, order: Record<string, unknown>): unknown
}

export class NotPossibleHere extends Error {}
