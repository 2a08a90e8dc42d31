import type { SeenPart } from '../../core/market-history/look.ts'
import type { MarketInterest, MarketKeeper, MarketWarning, OfferSnapshot } from '../../core/offers/market-view.ts'
import type { Market } from '../../core/offers/offer.ts'
import type { ProviderName } from '../../core/providers.ts'
import { type Clock, type Instant, minuteMs } from '../../core/time.ts'
import type { Log } from '../../observability/log.ts'
import type { Providers } from '../../providers/provider.ts'
import { type OfferQuery, type Provider, ProviderError } from '../../providers/provider.ts'

/** A part of the market that nobody asked for in this time is not refreshed any more. */
const watchedForMs = 10 * minuteMs
/** Older than this, an answer is worth waiting for. */
const worthWaitingAfterMs = 5 * minuteMs
/** What was asked for at one moment is not refreshed at one moment for ever: each wait is longer by up to this share. */
const spread = 0.2
/** Offers this old say nothing about now. */
const forgottenAfterMs = 20 * minuteMs

export interface MarketKeeperDeps {
  providers: Providers
  isEnabled: (provider: ProviderName) => boolean
  /** What people should know before they rent there: that its API is going to end. */
  noticeOf?: (provider: ProviderName) => string | null
  index: { replace(snapshot: OfferSnapshot): void }
  clock: Clock
  log: Log
  /** From 0 to 1, drawn anew each time. */
  chance?: () => number
}

interface Part {
  provider: Provider
  scope: string
  query: OfferQuery
  askedAt: Instant
  seenAt: Instant | null
  triedAt: Instant | null
  error: string | null
  isRefusal: boolean
  sampled: boolean
  skipped: Record<string, number>
  /** By how much the next refresh comes later than the marketplace's pace. */
  spreadMs: number
  underWay: Promise<void> | null
}

/** `isRefusal`: the marketplace refuses our key, or has no money of ours; waiting does not help. */
export interface KeptWarning extends MarketWarning {
  isRefusal: boolean
}

export interface RefreshingMarketKeeper extends MarketKeeper {
  freshen(...asked: Parameters<MarketKeeper['freshen']>): Promise<KeptWarning[]>
  /** Refreshes whatever is watched and due. Called on a timer. */
  refreshWatched(): Promise<void>
  /** The parts that have been looked at. */
  seen(): SeenPart[]
}

/**
 * Keeps the offer index fresh. Marketplaces that show everything are asked for everything; where one search shows only
 * the cheapest rows, each wish that people look at is asked for by itself.
 */
export function createMarketKeeper(deps: MarketKeeperDeps): RefreshingMarketKeeper {
  const { providers, isEnabled, index, clock, log, chance = () => 0 } = deps
  const parts = new Map<string, Part>()

  function selling(): Provider[] {
    const first = new Map<ProviderName, Provider>()
    for (const provider of providers.all()) {
      if (isEnabled(provider.name) && !first.has(provider.name)) first.set(provider.name, provider)
    }
    return [...first.values()]
  }

  /** Accounts whose key was taken away are not asked any more, and what they showed cannot be rented. */
  function followAccounts(): void {
    for (const [key, part] of parts) {
      const { name, account } = part.provider
      const now = providers.all().find((one) => one.name === name && one.account === account)
      if (now === undefined) forget(key, part)
      else part.provider = now
    }
  }

  function forget(key: string, { provider, scope }: Part): void {
    index.replace({ provider: provider.name, account: provider.account, scope, offers: [] })
    parts.delete(key)
  }

  function partsOf(interest: MarketInterest): Part[] {
    const now = clock.now()
    return selling()
      .filter((provider) => interest.providers.length === 0 || interest.providers.includes(provider.name))
      .flatMap((provider) =>
        queriesFor(provider, interest).map(({ scope, query }) => {
          const key = `${provider.name}/${provider.account}/${scope}`
          const known = parts.get(key)
          const part: Part = known ?? {
            provider,
            scope,
            query,
            askedAt: now,
            seenAt: null,
            triedAt: null,
            error: null,
            isRefusal: false,
            sampled: false,
            skipped: {},
            spreadMs: 0,
            underWay: null,
          }
          part.provider = provider
          part.askedAt = now
          parts.set(key, part)
          return part
        }),
      )
  }

  function refresh(part: Part): Promise<void> {
    part.underWay ??= refreshNow(part).finally(() => {
      part.underWay = null
    })
    return part.underWay
  }

  async function refreshNow(part: Part): Promise<void> {
    const { provider, scope, query } = part
    part.triedAt = clock.now()
    part.spreadMs = chance() * spread * provider.describe().abilities.refreshEveryMs
    try {
      const { offers, sampled, skipped } = await provider.searchOffers(query)
      index.replace({ provider: provider.name, account: provider.account, scope, offers })
      Object.assign(part, { seenAt: clock.now(), error: null, isRefusal: false, sampled, skipped })
    } catch (error) {
      // A mistake of ours in reading one marketplace is not to keep the others from being searched.
      if (!(error instanceof ProviderError)) {
        Object.assign(part, { error: 'its answer could not be processed here', isRefusal: false })
        log.error('offers not refreshed', { provider: provider.name, scope, error })
        return
      }
      part.error = error.message
      part.isRefusal = error.kind === 'unauthorized' || error.kind === 'no_money'
      log.warn('offers not refreshed', { provider: provider.name, scope, kind: error.kind, error: error.message })
    }
  }

  function isFresh(part: Part, maxAgeMs: number): boolean {
    return part.seenAt !== null && clock.now() - part.seenAt <= maxAgeMs
  }

  function warningsOf(wanted: readonly Part[], maxAgeMs: number): KeptWarning[] {
    const warnings = new Map<ProviderName, KeptWarning>()
    for (const part of wanted) {
      const provider = part.provider.name
      const name = part.provider.describe().displayName
      const old =
        part.seenAt === null ? 'some or all of its offers are missing here' : 'its offers here are older than usual'
      if (part.error !== null) {
        warnings.set(provider, {
          provider,
          kind: 'down',
          isRefusal: part.isRefusal,
          message: `${name} could not be searched (${part.error}); ${old}`,
        })
      } else if (!isFresh(part, maxAgeMs)) {
        warnings.set(provider, {
          provider,
          kind: 'slow',
          isRefusal: false,
          message: `${name} has not answered yet; ${old}. Ask again in a moment`,
        })
      }
    }
    const asked = new Set(wanted.map((part) => part.provider.name))
    const notices = [...asked].flatMap((provider): KeptWarning[] => {
      const message = deps.noticeOf?.(provider) ?? null
      return message === null ? [] : [{ provider, kind: 'deprecated', isRefusal: false, message }]
    })
    return [...warnings.values(), ...notices]
  }

  return {
    async freshen(interest, { maxAgeMs, waitMs }) {
      followAccounts()
      const wanted = partsOf(interest)
      // A failure counts as tried: while a marketplace is down, searches do not wait for it each time.
      const due = wanted.filter(
        (part) =>
          !isFresh(part, Math.max(maxAgeMs, 0)) &&
          (part.triedAt === null || clock.now() - part.triedAt > pauseMs(part)),
      )
      const refreshed = Promise.all(due.map((part) => refresh(part)))
      // What is known is used at once and refreshed meanwhile; only what was never seen, or long ago, is worth waiting for.
      const missing = wanted.filter((part) => part.underWay !== null && !isFresh(part, worthWaitingAfterMs))
      if (missing.length > 0 && waitMs > 0) {
        const patience = new AbortController()
        const waited = Promise.all(missing.map((part) => part.underWay))
        await Promise.race([waited, clock.sleep(waitMs, patience.signal).catch(() => {})])
        patience.abort()
      }
      refreshed.catch((error: unknown) => log.error('market refresh failed', { error }))
      return warningsOf(wanted, worthWaitingAfterMs)
    },

    async refreshWatched() {
      followAccounts()
      const now = clock.now()
      const due: Part[] = []
      for (const [key, part] of parts) {
        if (now - part.askedAt > forgottenAfterMs) {
          forget(key, part)
          continue
        }
        const every = part.provider.describe().abilities.refreshEveryMs
        if (now - part.askedAt <= watchedForMs && now - (part.triedAt ?? 0) >= every + part.spreadMs) due.push(part)
      }
      await Promise.all(due.map((part) => refresh(part)))
    },

    seen() {
      return [...parts.values()].flatMap(({ provider, query, sampled, seenAt }) => {
        if (seenAt === null) return []
        const bounded = query.gpuCount !== undefined || query.minVramGb !== undefined
        return [{ provider: provider.name, models: query.models, markets: query.markets, sampled, bounded, seenAt }]
      })
    },

    state() {
      const states = new Map<ProviderName, ReturnType<MarketKeeper['state']>[number]>()
      for (const part of parts.values()) {
        const known = states.get(part.provider.name)
        states.set(part.provider.name, {
          provider: part.provider.name,
          lastSeenAt: Math.max(known?.lastSeenAt ?? 0, part.seenAt ?? 0) || null,
          lastError: part.error ?? known?.lastError ?? null,
          sampled: (known?.sampled ?? false) || part.sampled,
          skipped: { ...known?.skipped, ...part.skipped },
        })
      }
      return [...states.values()]
    },
  }
}

function pauseMs(part: Part): number {
  return part.error === null ? 0 : 15_000
}

const bothMarkets: readonly Market[] = ['on_demand', 'spot']
/** More models than this in one wish are asked for together, as "whatever there is". */
const mostModels = 8

function queriesFor(provider: Provider, interest: MarketInterest): { scope: string; query: OfferQuery }[] {
  const { abilities } = provider.describe()
  const base: OfferQuery = { models: [], markets: bothMarkets, diskGb: interest.diskGb }
  if (abilities.search === 'whole') return [{ scope: 'all', query: base }]

  const markets = abilities.hasSpot ? interest.markets : (['on_demand'] as const)
  const fit: Partial<OfferQuery> = {
    ...(interest.gpuCount !== null && { gpuCount: interest.gpuCount }),
    ...(interest.minVramGb !== null && { minVramGb: interest.minVramGb }),
  }
  const shape = `${markets.join('+')}|${interest.gpuCount ?? ''}|${interest.minVramGb ?? ''}`
  const sold = interest.models.filter((model) => sells(provider, model))
  if (interest.models.length > 0 && sold.length === 0) return []
  const groups = sold.length === 0 || sold.length > mostModels ? [[]] : sold.map((model) => [model])
  return groups.map((models) => ({
    scope: `${models[0] ?? 'any'}|${shape}`,
    query: { ...base, ...fit, models, markets: [...markets] },
  }))
}

function sells(provider: Provider, model: string): boolean {
  try {
    return provider.gpuSpellings(model).length > 0
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
