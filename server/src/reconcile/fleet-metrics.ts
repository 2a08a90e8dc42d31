import { statuses } from '../core/instances/status.ts'
import type { MarketKeeper } from '../core/offers/market-view.ts'
import type { OfferIndex } from '../core/offers/offer-index.ts'
import { providerNames } from '../core/providers.ts'
import type { Instant } from '../core/time.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'

export interface FleetMetricsDeps {
  instances: Pick<InstanceStore, 'countByStatus'>
  launches: Pick<LaunchStore, 'countOpen'>
  market: Pick<MarketKeeper, 'state'>
  index: Pick<OfferIndex, 'counts'>
  clock: { now(): Instant }
}

/** Gauges of what there is, read when they are asked for. */
export function fleetMetrics(metrics: Metrics, deps: FleetMetricsDeps): { refresh(): Promise<void> } {
  const instances = metrics.gauge('gpufleet_instances', 'Instances by status.', ['status'])
  const machines = metrics.gauge(
    'gpufleet_open_launches',
    'Launches whose machine may be billed, by provider and market.',
    ['provider', 'market', 'abandoned'],
  )
  const offers = metrics.gauge('gpufleet_offers', 'Offers held, by provider.', ['provider'])
  const age = metrics.gauge('gpufleet_offers_age_seconds', 'Time since offers were last seen, by provider.', [
    'provider',
  ])

  return {
    async refresh() {
      const counts = await deps.instances.countByStatus()
      for (const status of statuses) instances.set({ status }, counts[status] ?? 0)

      machines.reset()
      for (const { provider, market, abandoned, count } of await deps.launches.countOpen()) {
        machines.set({ provider, market, abandoned: String(abandoned) }, count)
      }
      const { byProvider } = deps.index.counts()
      for (const provider of providerNames) offers.set({ provider }, byProvider[provider] ?? 0)
      for (const { provider, lastSeenAt } of deps.market.state()) {
        if (lastSeenAt !== null) age.set({ provider }, (deps.clock.now() - lastSeenAt) / 1000)
      }
    },
  }
}
