import { type Clock, type Instant, secondMs } from '../../core/time.ts'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { SendWebhook } from '../../outbound/webhook-sender.ts'
import type { NewEvent } from '../../store/events.ts'
import type { Webhook, WebhookSecrets, WebhookStore } from '../../store/webhooks.ts'

export interface WebhookDeliverer {
  /** Begins with whatever is due, and waits for nothing: a slow endpoint holds up no other. */
  begin(): Promise<void>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
  /** Gives up what is under way; it is delivered again, under the same id. */
  stop(): Promise<void>
}

export interface WebhookDelivererDeps {
  webhooks: Pick<WebhookStore, 'waiting' | 'get' | 'secretsOf' | 'claimNext' | 'record' | 'recordGone'>
  send: SendWebhook
  clock: Pick<Clock, 'now'>
  random: (bytes: number) => Uint8Array
  log: Log
  metrics: Metrics
}

/** Longer than one try may take. */
const claimMs = 30 * secondMs
const mostInARow = 100

export function createWebhookDeliverer(deps: WebhookDelivererDeps): WebhookDeliverer {
  const { webhooks, send, clock, log } = deps
  const tried = deps.metrics.counter('gpufleet_webhook_tries_total', 'Tries to deliver, by how they ended.', [
    'outcome',
  ])
  const delivered = deps.metrics.counter('gpufleet_webhooks_delivered_total', 'Webhooks that were taken.', [])
  const lanes = new Map<string, Promise<void>>()
  const stopped = new AbortController()

  async function deliverAll(id: string): Promise<void> {
    for (let left = mostInARow; left > 0 && !stopped.signal.aborted; left -= 1) {
      const webhook = await webhooks.get(id)
      if (!webhook?.enabled || !(await deliverNext(webhook))) return
    }
  }

  /** @returns whether to go on: after a failure the next one waits for the next round */
  async function deliverNext(webhook: Webhook): Promise<boolean> {
    const claim = await webhooks.claimNext(webhook.id, clock.now(), claimMs)
    if (claim === undefined) return false
    const { id, body } = claim.delivery
    const secrets = secretsNow(await webhooks.secretsOf(webhook.id), clock.now())
    const result = await send({ id, body, url: webhook.url, style: webhook.style, secrets }, stopped.signal)
    // The claim runs out, and whoever is next tries again.
    if (stopped.signal.aborted && result.kind === 'failed') return false

    const now = clock.now()
    tried.inc({ outcome: result.kind })
    if (result.kind === 'gone') {
      log.warn('webhook switched off', { webhook: webhook.id, because: 'it answered 410 Gone' })
      await webhooks.recordGone(claim, now, goneEvent(webhook, now))
      return false
    }
    await webhooks.record(claim, result, { style: webhook.style, now, chance: chanceFrom(deps.random) })
    if (result.kind === 'delivered') delivered.inc()
    return result.kind === 'delivered'
  }

  function guarded(id: string): Promise<void> {
    return deliverAll(id)
      .catch((error: unknown) => log.error('webhook not delivered', { webhook: id, error }))
      .finally(() => void lanes.delete(id))
  }

  return {
    async begin() {
      for (const id of await webhooks.waiting(clock.now())) {
        if (!lanes.has(id) && !stopped.signal.aborted) lanes.set(id, guarded(id))
      }
    },
    async idle() {
      while (lanes.size > 0) await Promise.all(lanes.values())
    },
    async stop() {
      stopped.abort()
      await Promise.all(lanes.values())
    },
  }
}

export function secretsNow({ current, previous }: WebhookSecrets, now: Instant): string[] {
  return previous !== null && previous.until > now ? [current, previous.secret] : [current]
}

function chanceFrom(random: (bytes: number) => Uint8Array): number {
  return (random(1)[0] ?? 0) / 255
}

function goneEvent({ id }: Webhook, at: Instant): NewEvent {
  return {
    at,
    instanceId: null,
    kind: 'changed',
    status: null,
    because: null,
    message: `webhook ${id} was switched off: its receiver answered 410 Gone`,
    data: { what: 'webhook', webhook_id: id },
    before: { enabled: true },
    after: { enabled: false },
  }
}
