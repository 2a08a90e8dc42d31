import { z } from 'zod'
import {
  type Delivery,
  deliveryStates,
  type IssuedWebhook,
  type Webhook,
  webhookStyles,
} from '../../../app/webhooks.ts'
import { isoFrom } from '../../../core/time.ts'

export const WebhookView = z
  .object({
    id: z.string(),
    url: z.string(),
    style: z.enum(webhookStyles).describe('standard: as standardwebhooks.com says. contract002: X-Webhook-Signature.'),
    events: z.array(z.string()).describe('Types that it wants; empty: all.'),
    enabled: z.boolean(),
    disabled_because: z.string().nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Webhook' })

export const IssuedWebhookView = WebhookView.extend({
  secret: z.string().describe('What its receiver checks signatures with. Shown this once.'),
}).meta({ id: 'IssuedWebhook' })

export const DeliveryView = z
  .object({
    id: z.string().describe('What the receiver sees as `webhook-id`, the same for every try.'),
    event_id: z.int(),
    type: z.string(),
    state: z.enum(deliveryStates).describe('dead: given up; it can be replayed.'),
    tries: z.int(),
    created_at: z.iso.datetime(),
    next_try_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
    last_status: z.int().nullable().describe('HTTP; null without a reply.'),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'WebhookDelivery' })

export function webhookView(webhook: Webhook): z.infer<typeof WebhookView> {
  return {
    id: webhook.id,
    url: webhook.url,
    style: webhook.style,
    events: [...webhook.events],
    enabled: webhook.enabled,
    disabled_because: webhook.disabledBecause,
    created_at: isoFrom(webhook.createdAt),
  }
}

export function issuedWebhookView({ webhook, secret }: IssuedWebhook): z.infer<typeof IssuedWebhookView> {
  return { ...webhookView(webhook), secret: secret.reveal() }
}

export function deliveryView(delivery: Delivery): z.infer<typeof DeliveryView> {
  const time = (at: number | null) => (at === null ? null : isoFrom(at))
  return {
    id: delivery.id,
    event_id: delivery.eventId,
    type: delivery.type,
    state: delivery.state,
    tries: delivery.tries,
    created_at: isoFrom(delivery.createdAt),
    next_try_at: time(delivery.dueAt),
    ended_at: time(delivery.endedAt),
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
  }
}
