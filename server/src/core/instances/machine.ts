import type { Nanos } from '../money.ts'
import type { Market } from '../offers/offer.ts'
import type { Instant } from '../time.ts'

/**
 * What a machine is doing, in our words. `unclear` is any word that we have not met, and any in-between state from which
 * nothing follows: look again, decide nothing.
 */
export type Phase =
  | 'pending' // ordered, nothing reported yet
  | 'starting' // being built or loading its image
  | 'running'
  | 'stopping'
  | 'stopped' // disk kept
  | 'interrupted' // the marketplace took it; its disk may still be there
  | 'failed' // will never come up by itself
  | 'ending' // being deleted
  | 'ended' // deleted; some marketplaces show it for a while
  | 'unclear'

export interface Endpoint {
  containerPort: number
  protocol: 'tcp' | 'udp' | 'http'
  host: string
  port: number
  /** Where it is reached by URL (an https proxy). */
  url: string | null
}

export interface SshAccess {
  host: string
  port: number
  user: string
}

export interface ToldStretch {
  since: Instant
  until: Instant
}

/** What one meter of a machine says. The ledger makes charges from successive readings. */
export interface MeterReading {
  kind: 'gpu' | 'disk'
  /** Nano-dollars per hour for the whole machine while the meter runs. */
  ratePerHour: Nanos
  state: 'on' | 'off' | 'unclear'
  /** When it was switched on, by the marketplace's own times; null when they do not tell. */
  since: Instant | null
  /** When it was switched off, by the marketplace's own times. */
  until: Instant | null
  /** Whole stretches before that one, oldest first, where the marketplace's own times tell of them. */
  earlier?: readonly ToldStretch[]
  /** The smallest billed step; a begun step counts whole. */
  stepMs: number
  /** It is on by all that is shown, and yet may not be billed: a machine whose host is lost. */
  doubtful?: boolean
}

/** A machine as one look shows it. */
export interface Machine {
  externalId: string
  /** The label or name that was given at launch. */
  label: string | null
  phase: Phase
  /** The marketplace's own words, for people. */
  providerStatus: string
  /** Its last message, where there is one: why it failed. */
  message: string | null
  market: Market
  gpu: { spelling: string; count: number } | null
  region: string | null
  /** GPU price as it stands now, for the whole machine; null when not shown. */
  pricePerHour: Nanos | null
  /** The lowest bid for its GPUs that wins now, where the marketplace takes bids and shows it. */
  lowestBid?: Nanos | null
  ssh: SshAccess | null
  endpoints: readonly Endpoint[]
  createdAt: Instant | null
  /** When a spot machine is going to be taken, where that is announced. */
  reclaimAt: Instant | null
  /** 0..100, where reported. */
  gpuUtilisation: number | null
  meters: readonly MeterReading[]
}
