import type { ProviderName } from '../providers.ts'
import type { Instant } from '../time.ts'
import type { Market, Offer } from './offer.ts'

/** Which part of the market somebody is interested in. Where a marketplace shows only a sample, it is asked for just this. */
export interface MarketInterest {
  /** Empty: all. */
  providers: readonly ProviderName[]
  /** Canonical model names; empty: any. */
  models: readonly string[]
  markets: readonly Market[]
  gpuCount: number | null
  minVramGb: number | null
  diskGb: number
}

/** What a person should know about an answer: a marketplace that is slow or down, offers that are old. */
export interface MarketWarning {
  provider: ProviderName
  kind: 'slow' | 'down' | 'sampled' | 'switched_off' | 'deprecated'
  /** The marketplace refuses our key, or has no money of ours: waiting does not help. */
  isRefusal?: boolean
  message: string
}

/** Brings the offer index up to date, within each marketplace's limits. */
export interface MarketKeeper {
  /**
   * Resolves when the offers of this interest are at most `maxAgeMs` old, or after `waitMs` with what there is; the
   * refresh then goes on by itself. One slow marketplace never delays the answer of another.
   */
  freshen(interest: MarketInterest, patience: { maxAgeMs: number; waitMs: number }): Promise<MarketWarning[]>
  /** Per provider: when offers were last seen, and what its last search skipped. */
  state(): readonly ProviderMarketState[]
}

export interface ProviderMarketState {
  provider: ProviderName
  lastSeenAt: Instant | null
  lastError: string | null
  sampled: boolean
  skipped: Record<string, number>
}

/** The offers of one search, for the index. */
export interface OfferSnapshot {
  provider: ProviderName
  account: string
  /** Replaces what an earlier search of the same scope found. */
  scope: string
  offers: readonly Offer[]
}
