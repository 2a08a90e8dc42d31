import { type Clock, dayMs } from '../../core/time.ts'
import type { WebhookStore } from '../../store/webhooks.ts'

const keepDeliveredMs = 7 * dayMs
const keepDeadMs = 30 * dayMs

/** Deliveries that have ended are of use for a while. */
export async function pruneWebhooks({
  webhooks,
  clock,
}: {
  webhooks: Pick<WebhookStore, 'prune'>
  clock: Pick<Clock, 'now'>
}): Promise<void> {
  const now = clock.now()
  await webhooks.prune({ delivered: now - keepDeliveredMs, dead: now - keepDeadMs })
}
