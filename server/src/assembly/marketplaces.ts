import type { Config } from '../config/config.ts'
import { gpuModelsFrom } from '../config/gpu-models-file.ts'
import { createGpuCatalogue } from '../core/gpus/catalogue.ts'
import { createGpuLayers } from '../core/gpus/layers.ts'
import type { OfferIndex } from '../core/offers/offer-index.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Secret } from '../core/secret.ts'
import type { Clock } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Redactor } from '../observability/redaction.ts'
import type { BreakerState } from '../outbound/breaker.ts'
import { createOutbound, type OutboundDeps } from '../outbound/http-client.ts'
import type { Transport } from '../outbound/transport.ts'
import { createHealthWatch } from '../reconcile/provider-health.ts'
import type { NewEvent } from '../store/events.ts'
import { createAccountsInForce } from './account-settings.ts'
import { type Accounts, createAccounts } from './accounts.ts'
import type { Stores } from './stores.ts'

export interface MarketplaceDeps {
  stores: Pick<Stores, 'busyBefore' | 'gpuModels' | 'providerHealth' | 'providerKeys'>
  index: Pick<OfferIndex, 'rename'>
  clock: Clock
  transport: Transport
  metrics: Metrics
  log: Log
  redactor: Redactor
  secretsKey: Secret
  version: string
  onOperation: NonNullable<OutboundDeps['onOperation']>
}

/** The way out, the accounts that are used on it, and what is known of the marketplaces' APIs. */
export async function openMarketplaces(config: Config, deps: MarketplaceDeps) {
  const { stores, clock, transport, metrics, log, redactor, secretsKey } = deps
  const breakers = new Map<string, BreakerState>()
  const outbound = createOutbound({
    clock,
    transport,
    metrics,
    log,
    redactor,
    userAgent: `gpufleet/${deps.version}`,
    // What the process before us has sent counts at the marketplaces, and nobody wrote it down.
    settings: { busyUntil: stores.busyBefore },
    onNotice: (notice) => health.noticed(notice),
    onBreaker: (target, account, state) => breakers.set(`${target}/${account}`, state),
    onOperation: deps.onOperation,
  })
  const gpus = createGpuCatalogue()
  const gpuLayers = createGpuLayers(gpus, deps.index)
  if (config.gpuModelsFile !== undefined) gpuLayers.useFile(gpuModelsFrom(config.gpuModelsFile))
  gpuLayers.useOwn(await stores.gpuModels.all())
  const health = createHealthWatch({
    store: stores.providerHealth,
    providers: () => accounts,
    isEnabled: (name) => accounts.isEnabled(name),
    clock,
    log,
    metrics,
  })
  const accounts: Accounts = createAccounts(config, { outbound, clock, gpus, redactor, secretsKey, watcher: health })
  await health.begin()
  const inForce = createAccountsInForce(config, {
    accounts,
    switches: stores.providerHealth,
    keys: stores.providerKeys,
    log,
  })
  await inForce.use(config)

  return {
    outbound,
    gpus,
    gpuLayers,
    health,
    accounts,
    inForce,
    breakerOf: (name: ProviderName, account: string): BreakerState => breakers.get(`${name}/${account}`) ?? 'closed',
    async switchProvider(name: ProviderName, enabled: boolean | null, event: NewEvent): Promise<void> {
      await stores.providerHealth.switchTo(name, enabled, event)
      await inForce.refresh()
    },
  }
}
