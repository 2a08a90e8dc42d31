import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hourMs, minuteMs, secondMs } from '../../core/time.ts'
import type { DeliveryResult } from '../../core/webhooks/webhook.ts'
import { collectingLog } from '../../observability/collecting-log.ts'
import { createMetrics } from '../../observability/metrics.ts'
import type { SendWebhook, WebhookMessage } from '../../outbound/webhook-sender.ts'
import { addEvents } from '../../store/events.ts'
import type { Webhook } from '../../store/webhooks.ts'
import { anEntry, anEvent } from '../../testing/builders.ts'
import { type TestStores, testStores } from '../../testing/database.ts'
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts'
import { webhookMetrics } from '../webhook-metrics.ts'
import { createWebhookDeliverer } from './deliver-webhooks.ts'
import { pruneWebhooks } from './prune-webhooks.ts'

let stores: TestStores
let clock: VirtualClock
let sent: WebhookMessage[]
beforeEach(async () => {
  stores = await testStores()
  clock = virtualClock()
  sent = []
})
afterEach(() => stores.close())

const taken: DeliveryResult = { kind: 'delivered', status: 204 }
const refused: DeliveryResult = { kind: 'failed', status: 503, error: 'HTTP 503', final: false }

function aDeliverer(answer: SendWebhook = async () => taken, metrics = createMetrics()) {
  const deliverer = createWebhookDeliverer({
    webhooks: stores.webhooks,
    send: (message, signal) => {
      sent.push(message)
      return answer(message, signal)
    },
    clock,
    random: (bytes) => new Uint8Array(bytes),
    log: collectingLog(),
    metrics,
  })
  return Object.assign(deliverer, {
    async round() {
      await deliverer.begin()
      await clock.drive(deliverer.idle())
    },
  })
}

async function hasWebhook(id: string, change: Partial<Webhook> = {}): Promise<void> {
  const webhook: Webhook = {
    id,
    url: `https://${id.replace('_', '-')}.example/hook`,
    style: 'standard',
    events: ['instance.*'],
    enabled: true,
    disabledBecause: null,
    createdAt: clock.now(),
    ...change,
  }
  const event = anEvent({ instanceId: null, kind: 'changed', status: null, at: clock.now() })
  await stores.webhooks.add(webhook, 'whsec_c2VjcmV0', event)
}

const happens = (change: Parameters<typeof anEvent>[0] = {}) =>
  stores.events.record([anEvent({ at: clock.now(), status: 'ready', ...change })])
const deliveries = (webhookId = 'wh_one') => stores.webhooks.deliveries({ webhookId, limit: 100 })

describe('the outbox', () => {
  test('gets one row per endpoint that wants the event, in the transaction of the event', async () => {
    await hasWebhook('wh_one')
    await hasWebhook('wh_two', { events: ['instance.terminated'] })
    await hasWebhook('wh_off', { enabled: false })
    await stores.instances.add(anEntry())
    expect(await deliveries()).toMatchObject([{ type: 'instance.requested', state: 'pending', tries: 0 }])
    expect(await deliveries('wh_two')).toEqual([])
    expect(await deliveries('wh_off')).toEqual([])
  })

  test('has nothing of a change that was rolled back', async () => {
    await hasWebhook('wh_one')
    const failing = stores.database.transaction().execute(async (transaction) => {
      await addEvents(transaction, [anEvent()])
      throw new Error('the disk is full')
    })
    await expect(failing).rejects.toThrow()
    expect(await deliveries()).toEqual([])
  })

  test('holds what the event says, under an id that stays', async () => {
    await hasWebhook('wh_one')
    await happens({ message: 'it is ready', data: { from: 'running' } })
    await aDeliverer().round()
    const [message] = sent as [WebhookMessage]
    expect(message).toMatchObject({ id: expect.stringMatching(/^msg_\d+_.{8}_one$/), style: 'standard' })
    expect(JSON.parse(message.body)).toMatchObject({
      type: 'instance.ready',
      timestamp: '2026-10-01T12:00:00.000Z',
      data: { status: 'ready', message: 'it is ready', actor: 'system', data: { from: 'running' } },
    })
  })

  test('leaves out data that would make a message too long', async () => {
    await hasWebhook('wh_one')
    await happens({ data: { long: 'ü'.repeat(40_000) } })
    const [delivery] = await deliveries()
    expect(Buffer.byteLength(delivery?.body ?? '')).toBeLessThan(64 * 1024)
    expect(JSON.parse(delivery?.body ?? '').data.data).toEqual({ left_out: 'too long' })
  })

  test('speaks to an endpoint of contract 002 in its words', async () => {
    await hasWebhook('wh_one', { style: 'contract002' })
    await happens()
    expect(JSON.parse((await deliveries())[0]?.body ?? '')).toMatchObject({ event: 'instance.ready', status: 'ready' })
  })
})

describe('delivering', () => {
  test('in the order of the events, each once', async () => {
    await hasWebhook('wh_one')
    for (const message of ['first', 'second', 'third']) await happens({ message })
    const deliverer = aDeliverer()
    await deliverer.round()
    await deliverer.round()
    expect(sent.map(({ body }) => JSON.parse(body).data.message)).toEqual(['first', 'second', 'third'])
    expect((await deliveries()).map(({ state, tries }) => [state, tries])).toEqual(Array(3).fill(['delivered', 1]))
  })

  test('tries again over days with the same id and the same bytes, then it is a dead letter', async () => {
    await hasWebhook('wh_one')
    await happens()
    const deliverer = aDeliverer(async () => refused)
    const begun = clock.now()
    const at: number[] = []
    for (;;) {
      const before = sent.length
      await deliverer.round()
      if (sent.length > before) at.push(clock.now() - begun)
      const [delivery] = await deliveries()
      if (delivery?.dueAt == null) break
      await clock.advance(delivery.dueAt - clock.now())
    }
    expect(at.slice(0, 4)).toEqual([0, 5 * secondMs, 5 * minuteMs + 5_000, 35 * minuteMs + 5_000])
    expect(at.at(-1)).toBeGreaterThan(75 * hourMs)
    expect(new Set(sent.map(({ id, body }) => id + body)).size).toBe(1)
    expect(await deliveries()).toMatchObject([{ state: 'dead', tries: 10, lastStatus: 503, lastError: 'HTTP 503' }])
  })

  test('a dead letter that is replayed is delivered under its id', async () => {
    await hasWebhook('wh_one', { style: 'contract002' })
    await happens()
    const refusing = aDeliverer(async () => ({ ...refused, status: 400, final: true }))
    await refusing.round()
    const [dead] = await deliveries()
    expect(dead).toMatchObject({ state: 'dead', tries: 1 })
    expect(await stores.webhooks.replay('wh_two', dead?.id ?? '', clock.now())).toBe(false)
    expect(await stores.webhooks.replay('wh_one', dead?.id ?? '', clock.now())).toBe(true)
    expect(await stores.webhooks.replay('wh_one', dead?.id ?? '', clock.now())).toBe(false)
    await aDeliverer().round()
    expect(sent[1]?.id).toBe(sent[0]?.id)
    expect(await deliveries()).toMatchObject([{ state: 'delivered' }])
  })

  test('a slow endpoint holds up no other', async () => {
    await hasWebhook('wh_slow')
    await hasWebhook('wh_one')
    for (let count = 0; count < 3; count += 1) await happens()
    const deliverer = aDeliverer(async ({ url }) => {
      if (url.includes('slow')) await clock.sleep(10_000)
      return taken
    })
    await deliverer.begin()
    await clock.advance(1)
    expect((await deliveries()).map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered'])
    expect((await deliveries('wh_slow')).map(({ state }) => state)).toEqual(['pending', 'pending', 'pending'])
    await clock.drive(deliverer.idle())
  })

  test('410 switches the endpoint off, with an event, and nothing more is sent', async () => {
    await hasWebhook('wh_one')
    await happens()
    await happens()
    const deliverer = aDeliverer(async () => ({ kind: 'gone', status: 410 }))
    await deliverer.round()
    await deliverer.round()
    await happens()
    await deliverer.round()
    expect(sent).toHaveLength(1)
    expect(await stores.webhooks.get('wh_one')).toMatchObject({
      enabled: false,
      disabledBecause: 'it answered 410 Gone',
    })
    expect(await stores.events.audit({ kind: 'changed', limit: 1 })).toMatchObject([
      { actor: 'system', data: { webhook_id: 'wh_one' }, before: { enabled: true }, after: { enabled: false } },
    ])
  })

  test('signs with both secrets while they change, and with the new one afterwards', async () => {
    await hasWebhook('wh_one')
    const until = clock.now() + 24 * hourMs
    const secrets = { current: 'whsec_new', previous: { secret: 'whsec_old', until } }
    await stores.webhooks.replaceSecrets('wh_one', secrets, anEvent({ instanceId: null, kind: 'changed' }))
    await happens()
    await aDeliverer().round()
    await clock.advance(24 * hourMs)
    await happens()
    await aDeliverer().round()
    expect(sent.map((message) => message.secrets)).toEqual([['whsec_new', 'whsec_old'], ['whsec_new']])
  })
})

describe('a process that dies', () => {
  test('before it was told of the delivery: the next one delivers again, same id', async () => {
    await hasWebhook('wh_one')
    await happens()
    const dying = aDeliverer(() => new Promise(() => {}))
    await dying.begin()
    await clock.advance(0)
    const next = aDeliverer()
    await next.round()
    // The claim of the dead still holds.
    expect(sent).toHaveLength(1)
    await clock.advance(30 * secondMs)
    await next.round()
    expect(sent).toHaveLength(2)
    expect(sent[1]?.id).toBe(sent[0]?.id)
    expect(await deliveries()).toMatchObject([{ state: 'delivered', tries: 1 }])
  })

  test('and wakes up late: what it says under its old claim is refused', async () => {
    await hasWebhook('wh_one')
    await happens()
    const late = await stores.webhooks.claimNext('wh_one', clock.now(), 30 * secondMs)
    await clock.advance(30 * secondMs)
    const current = await stores.webhooks.claimNext('wh_one', clock.now(), 30 * secondMs)
    if (late === undefined || current === undefined) throw new Error('nothing is due')
    const retry = { style: 'standard', now: clock.now(), chance: 0 } as const
    expect(await stores.webhooks.record(late, refused, retry)).toBe(false)
    expect(await deliveries()).toMatchObject([{ state: 'pending', tries: 0 }])
    expect(await stores.webhooks.record(current, taken, retry)).toBe(true)
    expect(await stores.webhooks.record(late, refused, retry)).toBe(false)
    expect(await deliveries()).toMatchObject([{ state: 'delivered', tries: 1 }])
  })

  test('a stop gives up what is under way, and counts no try', async () => {
    await hasWebhook('wh_one')
    await happens()
    const deliverer = aDeliverer(
      (_, signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve(refused))),
    )
    await deliverer.begin()
    await clock.advance(0)
    await deliverer.stop()
    expect(await deliveries()).toMatchObject([{ state: 'pending', tries: 0 }])
  })
})

test('the outbox is to be seen in the metrics', async () => {
  await hasWebhook('wh_one', { style: 'contract002' })
  await happens()
  const metrics = createMetrics()
  await aDeliverer(async () => ({ ...refused, final: true }), metrics).round()
  await happens()
  await aDeliverer(async () => taken, metrics).round()
  await happens()
  await clock.advance(90 * secondMs)
  await webhookMetrics(metrics, { webhooks: stores.webhooks, clock }).refresh()
  const text = await metrics.text()
  expect(text).toContain('gpufleet_webhook_outbox_pending 1')
  expect(text).toContain('gpufleet_webhook_outbox_dead 1')
  expect(text).toContain('gpufleet_webhook_outbox_oldest_seconds 90')
  expect(text).toContain('gpufleet_webhooks_delivered_total 1')
})

test('what was delivered is kept for a week, dead letters for a month', async () => {
  await hasWebhook('wh_one', { style: 'contract002' })
  await happens()
  await aDeliverer().round()
  await happens()
  await aDeliverer(async () => ({ ...refused, final: true })).round()
  const prune = () => pruneWebhooks({ webhooks: stores.webhooks, clock })
  await clock.advance(8 * 24 * hourMs)
  await prune()
  expect(await deliveries()).toMatchObject([{ state: 'dead' }])
  await clock.advance(23 * 24 * hourMs)
  await prune()
  expect(await deliveries()).toEqual([])
})
