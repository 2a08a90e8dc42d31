import { z } from 'zod'
import {
  addWebhook,
  changeWebhook,
  deliveryStates,
  getWebhook,
  listWebhooks,
  removeWebhook,
  replayDelivery,
  rotateWebhookSecret,
  testWebhook,
  type WebhookDeps,
  webhookDeliveries,
  webhookStyles,
} from '../../../app/webhooks.ts'
import { route } from '../../route.ts'
import { OneWord, WholeText } from '../inputs.ts'
import { DeliveryView, deliveryView, IssuedWebhookView, issuedWebhookView, WebhookView, webhookView } from './view.ts'

const tag = 'admin'
const access = 'admin'

const WebhookParams = z.strictObject({ id: OneWord.describe('The webhook’s id: wh_…') })
const DeliveryParams = WebhookParams.extend({ delivery_id: OneWord.describe('The delivery’s id: msg_…') })

const Url = z.string().min(1).max(2_000).describe('Where to deliver, by http(s). Redirects are not followed.')
const Events = z
  .array(z.string().regex(/^(\*|[a-z_]+\.(\*|[a-z_]+))$/, 'takes *, instance.*, or a type such as instance.ready'))
  .max(100)
  .describe('Types to deliver: `instance.ready`, `instance.*`, `fleet.changed` …; empty: all.')
const NoBody = z.strictObject({}).nullish()

export const listWebhooksRoute = route({
  operationId: 'listWebhooks',
  method: 'GET',
  path: '/api/v1/webhooks',
  tag,
  access,
  summary: 'The webhooks, oldest first, without their secrets.',
  reply: { status: 200, message: 'Webhooks retrieved successfully', data: z.array(WebhookView) },
  errors: [],
  handle: async (_, deps: WebhookDeps) => ({ data: (await listWebhooks(deps)).map(webhookView) }),
})

export const addWebhookRoute = route({
  operationId: 'addWebhook',
  method: 'POST',
  path: '/api/v1/webhooks',
  tag,
  access,
  summary: 'Have events delivered to an address. The secret is shown this once.',
  body: z
    .strictObject({
      url: Url,
      events: Events.optional(),
      style: z.enum(webhookStyles).optional().describe('Default standard.'),
      secret: z.string().max(200).optional().describe('One that the receiver knows already. Without it one is made.'),
    })
    .meta({ id: 'NewWebhook' }),
  reply: { status: 201, message: 'Webhook added; its secret is shown only now', data: IssuedWebhookView },
  errors: ['not_allowed_now'],
  async handle({ body, who }, deps: WebhookDeps) {
    const { url, events = [], style = 'standard', secret = null } = body
    return { data: issuedWebhookView(await addWebhook({ url, events, style, secret }, who, deps)) }
  },
})

export const getWebhookRoute = route({
  operationId: 'getWebhook',
  method: 'GET',
  path: '/api/v1/webhooks/:id',
  tag,
  access,
  summary: 'One webhook.',
  params: WebhookParams,
  reply: { status: 200, message: 'Webhook retrieved successfully', data: WebhookView },
  errors: ['not_found'],
  handle: async ({ params }, deps: WebhookDeps) => ({ data: webhookView(await getWebhook(params.id, deps)) }),
})

export const changeWebhookRoute = route({
  operationId: 'changeWebhook',
  method: 'PUT',
  path: '/api/v1/webhooks/:id',
  tag,
  access,
  summary: 'Change where a webhook goes or what it wants, or switch it off and on. What is left out stays.',
  params: WebhookParams,
  body: z
    .strictObject({ url: Url.optional(), events: Events.optional(), enabled: z.boolean().optional() })
    .meta({ id: 'WebhookChange' }),
  reply: { status: 200, message: 'Webhook changed', data: WebhookView },
  errors: ['not_found'],
  async handle({ params, body, who }, deps: WebhookDeps) {
    const { url, events, enabled } = body
    const change = {
      ...(url !== undefined && { url }),
      ...(events !== undefined && { events }),
      ...(enabled !== undefined && { enabled }),
    }
    return { data: webhookView(await changeWebhook(params.id, change, who, deps)) }
  },
})

export const removeWebhookRoute = route({
  operationId: 'removeWebhook',
  method: 'DELETE',
  path: '/api/v1/webhooks/:id',
  tag,
  access,
  summary: 'Remove a webhook, with whatever waits to be delivered to it.',
  params: WebhookParams,
  body: NoBody,
  bodyOptional: true,
  reply: { status: 200, message: 'Webhook removed', data: WebhookView },
  errors: ['not_found'],
  handle: async ({ params, who }, deps: WebhookDeps) => ({
    data: webhookView(await removeWebhook(params.id, who, deps)),
  }),
})

export const rotateWebhookSecretRoute = route({
  operationId: 'rotateWebhookSecret',
  method: 'POST',
  path: '/api/v1/webhooks/:id/rotate',
  tag,
  access,
  summary: 'Give a webhook a new secret. For 24 hours the old one signs as well.',
  params: WebhookParams,
  body: NoBody,
  bodyOptional: true,
  reply: { status: 200, message: 'Secret rotated; the new one is shown only now', data: IssuedWebhookView },
  errors: ['not_found'],
  handle: async ({ params, who }, deps: WebhookDeps) => ({
    data: issuedWebhookView(await rotateWebhookSecret(params.id, who, deps)),
  }),
})

export const testWebhookRoute = route({
  operationId: 'testWebhook',
  method: 'POST',
  path: '/api/v1/webhooks/:id/test',
  tag,
  access,
  summary: 'Send a `webhook.test` now, once, and say what came of it.',
  params: WebhookParams,
  body: NoBody,
  bodyOptional: true,
  reply: {
    status: 200,
    message: 'Message tried once',
    data: z
      .object({
        delivered: z.boolean(),
        status: z.int().nullable().describe('HTTP; null without a reply.'),
        error: z.string().nullable(),
      })
      .meta({ id: 'WebhookTest' }),
  },
  errors: ['not_found'],
  async handle({ params }, deps: WebhookDeps) {
    const result = await testWebhook(params.id, deps)
    const error = result.kind === 'failed' ? result.error : result.kind === 'gone' ? 'HTTP 410' : null
    return { data: { delivered: result.kind === 'delivered', status: result.status, error } }
  },
})

export const listWebhookDeliveriesRoute = route({
  operationId: 'listWebhookDeliveries',
  method: 'GET',
  path: '/api/v1/webhooks/:id/deliveries',
  tag,
  access,
  summary: 'What was delivered to it, what waits, and what was given up, newest first.',
  params: WebhookParams,
  query: z.strictObject({
    state: z.enum(deliveryStates).optional(),
    limit: WholeText(1, 200).optional().describe('Default 50.'),
    cursor: WholeText(1, Number.MAX_SAFE_INTEGER).optional().describe('`next_cursor` of the page before.'),
  }),
  reply: {
    status: 200,
    message: 'Deliveries retrieved successfully',
    data: z.array(DeliveryView),
    more: { next_cursor: z.int().nullable().describe('null on the last page.') },
  },
  errors: ['not_found'],
  async handle({ params, query }, deps: WebhookDeps) {
    const { deliveries, next } = await webhookDeliveries(
      {
        webhookId: params.id,
        limit: query.limit ?? 50,
        ...(query.state !== undefined && { state: query.state }),
        ...(query.cursor !== undefined && { before: query.cursor }),
      },
      deps,
    )
    return { data: deliveries.map(deliveryView), more: { next_cursor: next } }
  },
})

export const replayWebhookDeliveryRoute = route({
  operationId: 'replayWebhookDelivery',
  method: 'POST',
  path: '/api/v1/webhooks/:id/deliveries/:delivery_id/replay',
  tag,
  access,
  summary: 'Have a dead letter tried again, under the id it had.',
  params: DeliveryParams,
  body: NoBody,
  bodyOptional: true,
  reply: { status: 200, message: 'It will be tried again', data: DeliveryView },
  errors: ['not_found', 'not_allowed_now'],
  handle: async ({ params }, deps: WebhookDeps) => ({
    data: deliveryView(await replayDelivery(params.id, params.delivery_id, deps)),
  }),
})
