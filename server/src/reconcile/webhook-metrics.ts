import type { Instant } from '../core/time.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { WebhookStore } from '../store/webhooks.ts'

/** Gauges of what waits to be delivered, read when they are asked for. */
export function webhookMetrics(
  metrics: Metrics,
  { webhooks, clock }: { webhooks: Pick<WebhookStore, 'counts'>; clock: { now(): Instant } },
): { refresh(): Promise<void> } {
  const pending = metrics.gauge('gpufleet_webhook_outbox_pending', 'Webhooks that wait to be delivered.', [])
  const dead = metrics.gauge('gpufleet_webhook_outbox_dead', 'Webhooks that were given up; they can be replayed.', [])
  const oldest = metrics.gauge(
    'gpufleet_webhook_outbox_oldest_seconds',
    'Age of the oldest that waits; 0 when none does.',
    [],
  )
  return {
    async refresh() {
      const counts = await webhooks.counts()
      pending.set(counts.pending)
      dead.set(counts.dead)
      oldest.set(counts.oldestAt === null ? 0 : Math.max(0, clock.now() - counts.oldestAt) / 1000)
    },
  }
}
