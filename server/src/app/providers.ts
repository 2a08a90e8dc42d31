import type { ProviderName } from '../core/providers.ts'
import type { Provider } from '../providers/provider.ts'

/** The marketplaces' accounts we may use now. */
export interface Providers {
  all(): readonly Provider[]
  find(name: ProviderName, account?: string): Provider | undefined
}
