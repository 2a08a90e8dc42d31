import { Secret } from '../core/secret.ts'
import { type Clock, type Instant, isoFrom } from '../core/time.ts'
import { type DeliveryResult, rotationMs, type WebhookStyle, webhookStyles } from '../core/webhooks/webhook.ts'
import type { SendWebhook } from '../outbound/webhook-sender.ts'
import type { NewEvent, Values } from '../store/events.ts'
import {
  type Delivery,
  type DeliveryQuery,
  deliveryStates,
  type Webhook,
  type WebhookStore,
} from '../store/webhooks.ts'
import { AppError } from './errors.ts'
import { requireReachable } from './webhook-address.ts'
import { doneBefore, doneBy, type Who } from './who.ts'

export type { Delivery, Webhook }
export { deliveryStates, webhookStyles }

export interface WebhookDeps {
  webhooks: WebhookStore
  sendWebhook: SendWebhook
  /** Whether addresses of our own network may be named. */
  webhooksMayStayInside: boolean
  clock: Pick<Clock, 'now'>
  random: (bytes: number) => Uint8Array
}

export interface NewWebhook {
  url: string
  style: WebhookStyle
  events: readonly string[]
  /** One that a receiver knows already; without it one is made. */
  secret: string | null
}

/** A webhook and what its receiver checks with: the only moment at which that is known. */
export interface IssuedWebhook {
  webhook: Webhook
  secret: Secret
}

const mostWebhooks = 50

export async function addWebhook(wanted: NewWebhook, who: Who, deps: WebhookDeps): Promise<IssuedWebhook> {
  const made = doneBefore(who)
  if (made !== null) return issuedBefore(made, deps)
  requireReachable(wanted.url, { allowPrivate: deps.webhooksMayStayInside })
  requireUsable(wanted.secret, wanted.style)
  if ((await deps.webhooks.list()).length >= mostWebhooks) {
    throw new AppError('not_allowed_now', `there are ${mostWebhooks} webhooks already`, { fix: 'remove one first' })
  }
  const webhook: Webhook = {
    id: webhookIdFrom(deps.random(12)),
    url: wanted.url,
    style: wanted.style,
    events: wanted.events,
    enabled: true,
    disabledBecause: null,
    createdAt: deps.clock.now(),
  }
  const secret = new Secret(wanted.secret ?? newSecret(deps.random))
  const event = changedEvent(webhook, 'added', { before: null, after: valuesOf(webhook) }, who, webhook.createdAt)
  await deps.webhooks.add(webhook, secret.reveal(), event)
  return { webhook, secret }
}

export function listWebhooks({ webhooks }: Pick<WebhookDeps, 'webhooks'>): Promise<Webhook[]> {
  return webhooks.list()
}

export async function getWebhook(id: string, { webhooks }: Pick<WebhookDeps, 'webhooks'>): Promise<Webhook> {
  const webhook = await webhooks.get(id)
  if (webhook !== undefined) return webhook
  throw new AppError('not_found', `there is no webhook ${id}`, { fix: 'GET /api/v1/webhooks lists the ones there are' })
}

export async function changeWebhook(
  id: string,
  change: Partial<Pick<Webhook, 'url' | 'events' | 'enabled'>>,
  who: Who,
  deps: WebhookDeps,
): Promise<Webhook> {
  if (change.url !== undefined) requireReachable(change.url, { allowPrivate: deps.webhooksMayStayInside })
  const webhook = await getWebhook(id, deps)
  if (doneBefore(who) !== null) return webhook
  const values = { before: valuesOf(webhook), after: valuesOf({ ...webhook, ...change }) }
  await deps.webhooks.change(id, change, changedEvent(webhook, 'changed', values, who, deps.clock.now()))
  return getWebhook(id, deps)
}

/** A new secret. For a day both sign, so that no delivery is refused while the receiver is being told. */
export async function rotateWebhookSecret(id: string, who: Who, deps: WebhookDeps): Promise<IssuedWebhook> {
  const webhook = await getWebhook(id, deps)
  // Yet another secret would push out the one that receivers still know.
  if (doneBefore(who) !== null) return issuedBefore(id, deps)
  const now = deps.clock.now()
  const { current } = await deps.webhooks.secretsOf(id)
  const secret = new Secret(newSecret(deps.random))
  const secrets = { current: secret.reveal(), previous: { secret: current, until: now + rotationMs } }
  const values = { before: null, after: null }
  await deps.webhooks.replaceSecrets(id, secrets, changedEvent(webhook, 'given a new secret', values, who, now))
  return { webhook, secret }
}

async function issuedBefore(id: string, { webhooks }: Pick<WebhookDeps, 'webhooks'>): Promise<IssuedWebhook> {
  const webhook = await getWebhook(id, { webhooks })
  const { current } = await webhooks.secretsOf(id)
  return { webhook, secret: new Secret(current) }
}

export async function removeWebhook(id: string, who: Who, deps: WebhookDeps): Promise<Webhook> {
  const webhook = await getWebhook(id, deps)
  const values = { before: valuesOf(webhook), after: null }
  await deps.webhooks.remove(id, changedEvent(webhook, 'removed', values, who, deps.clock.now()))
  return webhook
}

/** Sends one message now, once, and says what came of it. Nothing is kept of it. */
export async function testWebhook(id: string, deps: WebhookDeps): Promise<DeliveryResult> {
  const webhook = await getWebhook(id, deps)
  const now = deps.clock.now()
  const { current } = await deps.webhooks.secretsOf(id)
  return deps.sendWebhook({
    id: `msg_test_${webhookIdFrom(deps.random(12)).slice('wh_'.length)}`,
    url: webhook.url,
    style: webhook.style,
    body: testBody(webhook, now),
    secrets: [current],
  })
}

function testBody({ id, style }: Webhook, now: Instant): string {
  const timestamp = isoFrom(now)
  return style === 'standard'
    ? JSON.stringify({ type: 'webhook.test', timestamp, data: { webhook_id: id } })
    : JSON.stringify({ event: 'webhook.test', instanceId: null, status: null, timestamp })
}

export async function webhookDeliveries(
  query: DeliveryQuery,
  { webhooks }: Pick<WebhookDeps, 'webhooks'>,
): Promise<{ deliveries: Delivery[]; next: number | null }> {
  await getWebhook(query.webhookId, { webhooks })
  const found = await webhooks.deliveries({ ...query, limit: query.limit + 1 })
  const deliveries = found.slice(0, query.limit)
  return { deliveries, next: found.length > query.limit ? (deliveries.at(-1)?.eventId ?? null) : null }
}

/** Has a dead letter tried again, under the id it had. */
export async function replayDelivery(
  webhookId: string,
  id: string,
  { webhooks, clock }: Pick<WebhookDeps, 'webhooks' | 'clock'>,
): Promise<Delivery> {
  await getWebhook(webhookId, { webhooks })
  const replayed = await webhooks.replay(webhookId, id, clock.now())
  const delivery = await webhooks.delivery(webhookId, id)
  if (delivery === undefined) {
    throw new AppError('not_found', `there is no delivery ${id}`, {
      fix: `GET /api/v1/webhooks/${webhookId}/deliveries lists the ones there are`,
    })
  }
  if (replayed || delivery.state === 'pending') return delivery
  throw new AppError('not_allowed_now', `delivery ${id} was taken by its receiver`, {
    fix: 'only dead letters are replayed',
    details: { state: delivery.state },
  })
}

function requireUsable(secret: string | null, style: WebhookStyle): void {
  if (secret === null) return
  const usable =
    style === 'standard'
      ? /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret) && keyBytes(secret) >= 24 && keyBytes(secret) <= 64
      : /^[\u0020-\u007e]{8,200}$/.test(secret)
  if (usable) return
  const problem =
    style === 'standard'
      ? 'the secret is whsec_ and 24 to 64 bytes in base64'
      : 'the secret is 8 to 200 printable characters'
  throw new AppError('invalid_request', problem, {
    fix: 'leave it out: one is made and shown once',
    details: { mistakes: [{ field: 'secret', problem }] },
  })
}

function keyBytes(secret: string): number {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64').length
}

function newSecret(random: WebhookDeps['random']): string {
  return `whsec_${Buffer.from(random(32)).toString('base64')}`
}

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz'

function webhookIdFrom(random: Uint8Array): string {
  return `wh_${Array.from(random, (byte) => alphabet[byte % alphabet.length]).join('')}`
}

/** For the log. Of the address only where it leads: some receivers have their key in the rest. */
function valuesOf({ url, style, events, enabled }: Webhook): Values {
  return { host: new URL(url).host, style, events, enabled }
}

function changedEvent(
  { id }: Webhook,
  done: string,
  values: { before: Values | null; after: Values | null },
  who: Who,
  at: Instant,
): NewEvent {
  return {
    at,
    ...doneBy(who, id),
    instanceId: null,
    kind: 'changed',
    status: null,
    because: null,
    message: `webhook ${id} was ${done}`,
    data: { what: 'webhook', webhook_id: id },
    ...values,
  }
}
