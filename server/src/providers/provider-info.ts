import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import type { ProviderName } from '../core/providers.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import { type BillingModel, billingModelOf } from './normalised-pricing.ts'
import type { Provider } from './provider.ts'
import { features, supportsFeature } from './supports-feature.ts'

/** What a provider is, as contract 004 asks for it. */
export interface ProviderInfo {
  name: string
  apiVersion: string
  /** Our names. */
  supportedRegions: readonly string[]
  /** Our names of the GPUs that it has words for; what is on sale now is another question. */
  supportedGpuTypes: readonly string[]
  supportsSpotInstances: boolean
  billingGranularity: BillingModel
  minBillingPeriodSeconds: number
  supportedFeatures: readonly string[]
  rateLimits: readonly RateLimitInfo[]
}

export interface RateLimitInfo {
  /** Which calls. */
  scope: string
  requestsPerSecond: number
  requestsPerMinute: number
  burstCapacity: number
  /** Between the tries of a call that may be repeated; what a reply says about waiting goes first. */
  backoffStrategy: 'exponential'
  resetWindowSeconds: number
  /** Document and date. */
  source: string
}

/** Contract 004 calls three of them otherwise than our own API does. */
const contractNames: Readonly<Record<ProviderName, string>> = {
  vast: 'vast.ai',
  runpod: 'runpod',
  lambda: 'lambda-labs',
  paperspace: 'paperspace',
  novita: 'novita',
}

export function providerInfo(provider: Provider, gpus: Pick<GpuCatalogue, 'models' | 'spellingsOf'>): ProviderInfo {
  const description = provider.describe()
  const sold = gpus.models().filter(({ name }) => gpus.spellingsOf(name, provider.name).length > 0)
  return {
    name: contractNames[provider.name],
    apiVersion: description.apiVersion,
    supportedRegions: description.regions,
    supportedGpuTypes: sold.map(({ name }) => name),
    supportsSpotInstances: description.abilities.hasSpot,
    billingGranularity: billingModelOf(description.billing),
    minBillingPeriodSeconds: description.billing.minimumMs / secondMs,
    supportedFeatures: features.filter((feature) => supportsFeature(description, feature)),
    rateLimits: rateLimitInfo(provider),
  }
}

export function rateLimitInfo(provider: Pick<Provider, 'limits'>): RateLimitInfo[] {
  return provider.limits().map(({ scope, calls, windowMs, burst, source }) => ({
    scope,
    requestsPerSecond: (calls * secondMs) / windowMs,
    requestsPerMinute: (calls * minuteMs) / windowMs,
    burstCapacity: burst,
    backoffStrategy: 'exponential',
    resetWindowSeconds: windowMs / secondMs,
    source,
  }))
}
