import type { Nanos } from '../core/money.ts'
import type { MarketKeeper, ProviderMarketState } from '../core/offers/market-view.ts'
import type { OfferIndex } from '../core/offers/offer-index.ts'
import { type ProviderName, providerNames } from '../core/providers.ts'
import type { Clock } from '../core/time.ts'
import type { BreakerState } from '../outbound/breaker.ts'
import type { Provider, ProviderDescription, Providers, RateLimit } from '../providers/provider.ts'
import { type ProviderVersion, type ProviderVersionsDeps, providerVersions } from './provider-versions.ts'

export interface ListProvidersDeps {
  providers: Providers
  isEnabled: (provider: ProviderName) => boolean
  isConfigured: (provider: ProviderName) => boolean
  /** What each marketplace is, also where there is no key for it. */
  descriptions: Readonly<Record<ProviderName, ProviderDescription>>
  market: Pick<MarketKeeper, 'state'>
  index: Pick<OfferIndex, 'all'>
  breakerOf: (provider: ProviderName, account: string) => BreakerState
  healthOf: ProviderVersionsDeps['healthOf']
  clock: Pick<Clock, 'now'>
}

export interface ProviderEntry {
  name: ProviderName
  description: ProviderDescription
  configured: boolean
  enabled: boolean
  accounts: { name: string; breaker: BreakerState }[]
  version: ProviderVersion
  limits: readonly RateLimit[]
  /** Models it has on sale now, as far as we have seen. */
  models: string[]
  offers: number
  market: ProviderMarketState | undefined
}

export function listProviders(deps: ListProvidersDeps): ProviderEntry[] {
  const states = new Map(deps.market.state().map((state) => [state.provider, state]))
  const offers = deps.index.all()
  const versions = providerVersions(deps)
  return providerNames.map((name) => {
    const accounts = deps.providers.all().filter((one) => one.name === name)
    const sold = offers.filter((offer) => offer.provider === name && offer.available)
    return {
      name,
      description: deps.descriptions[name],
      configured: deps.isConfigured(name),
      enabled: deps.isEnabled(name),
      accounts: accounts.map(({ account }) => ({ name: account, breaker: deps.breakerOf(name, account) })),
      version: versions.find((one) => one.provider === name) as ProviderVersion,
      limits: accounts[0]?.limits() ?? [],
      models: [...new Set(sold.map((offer) => offer.gpu.model))].sort(),
      offers: sold.length,
      market: states.get(name),
    }
  })
}

/** Spendable money per account; null where the marketplace does not tell or does not answer. */
export async function providerBalances(
  providers: Providers,
): Promise<{ provider: ProviderName; account: string; balance: Nanos | null }[]> {
  const ask = async (provider: Provider) => ({
    provider: provider.name,
    account: provider.account,
    balance: await provider.balance().catch(() => null),
  })
  return Promise.all(providers.all().map(ask))
}
