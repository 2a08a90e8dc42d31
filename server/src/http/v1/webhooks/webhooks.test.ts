import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { WebhookMessage } from '../../../outbound/webhook-sender.ts'
import { anEvent } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const url = 'https://receiver.example/hooks/a-key-in-the-path'
const add = async (body: object = {}) => world.ask('POST', '/api/v1/webhooks', { url, ...body })
const added = async (body: object = {}) => (await add(body)).json.data
const deadOne = async (id: string) => {
  await world.events.record([anEvent({ at: world.clock.now(), status: 'ready' })])
  const claim = await world.webhooks.claimNext(id, world.clock.now(), 1_000)
  if (claim === undefined) throw new Error('nothing is due')
  const result = { kind: 'failed', status: 400, error: 'HTTP 400', final: true } as const
  await world.webhooks.record(claim, result, { style: 'standard', now: world.clock.now(), chance: 0 })
  return claim.delivery
}

describe('addWebhook', () => {
  test('201 shows the secret this once, and keeps it sealed', async () => {
    const { status, json } = await add({ events: ['instance.ready'] })
    expect(status).toBe(201)
    expect(json.data).toMatchObject({
      id: expect.stringMatching(/^wh_[0-9a-z]{12}$/),
      url,
      style: 'standard',
      events: ['instance.ready'],
      enabled: true,
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    })
    const { secret, id } = json.data
    expect((await world.ask('GET', `/api/v1/webhooks/${id}`)).text).not.toContain(secret)
    const [row] = await world.database.selectFrom('webhooks').selectAll().execute()
    expect(JSON.stringify(row)).not.toContain(secret.slice(6))
    expect(await world.webhooks.secretsOf(id)).toEqual({ current: secret, previous: null })
  })

  test('201 takes a secret that the receiver knows already', async () => {
    const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
    expect((await added({ secret })).secret).toBe(secret)
    expect((await added({ style: 'contract002', secret: 'shared with them' })).secret).toBe('shared with them')
  })

  test('the audit log knows who added it and where it leads, but neither secret nor path', async () => {
    const { secret } = await added()
    const [event] = await world.events.audit({ limit: 1 })
    expect(event).toMatchObject({ actor: 'keyless', kind: 'changed', after: { host: 'receiver.example' } })
    expect(JSON.stringify(event)).not.toMatch(/a-key-in-the-path/)
    expect(JSON.stringify(event)).not.toContain(secret)
  })

  test.each([
    'http://127.0.0.1/hook',
    'http://localhost:9000/hook',
    'http://10.1.2.3/hook',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/hook',
    'http://[::ffff:10.0.0.1]/hook',
    'http://0x7f.1/hook',
    'https://user:password@receiver.example/hook',
    'ftp://receiver.example/hook',
    'receiver.example/hook',
  ])('400 for %s', async (refused) => {
    const { status, json } = await add({ url: refused })
    expect([status, json.code]).toEqual([400, 'invalid_request'])
    expect(json.details.mistakes[0].field).toBe('url')
    expect(await world.webhooks.list()).toEqual([])
  })

  test.each([
    { events: ['ready'] },
    { style: 'another' },
    { secret: 'too-short' },
    { secret: 'whsec_c2hvcnQ=' },
    { enabled: false },
  ])('400 for %j', async (body) => {
    expect((await add(body)).status).toBe(400)
  })

  test('409 when there are very many', async () => {
    for (let count = 0; count < 50; count += 1) await add()
    expect((await add()).json.code).toBe('not_allowed_now')
  })
})

describe('listWebhooks and getWebhook', () => {
  test('200 without secrets', async () => {
    const { id } = await added()
    const { json } = await world.ask('GET', '/api/v1/webhooks')
    expect(json.data).toMatchObject([{ id, url, enabled: true, disabled_because: null }])
    expect(json.data[0]).not.toHaveProperty('secret')
    expect((await world.ask('GET', `/api/v1/webhooks/${id}`)).json.data).toEqual(json.data[0])
  })

  test('404', async () => {
    expect((await world.ask('GET', '/api/v1/webhooks/wh_none')).json.code).toBe('not_found')
  })
})

describe('changeWebhook', () => {
  test('200 changes what is named and leaves the rest', async () => {
    const { id } = await added({ events: ['instance.ready'] })
    const { json } = await world.ask('PUT', `/api/v1/webhooks/${id}`, { enabled: false })
    expect(json.data).toMatchObject({ url, events: ['instance.ready'], enabled: false })
    const [event] = await world.events.audit({ limit: 1 })
    expect(event).toMatchObject({ before: { enabled: true }, after: { enabled: false } })
  })

  test('400 for an address inside, 404 for one that is not there', async () => {
    const { id } = await added()
    expect((await world.ask('PUT', `/api/v1/webhooks/${id}`, { url: 'http://10.0.0.1/' })).status).toBe(400)
    expect((await world.ask('PUT', '/api/v1/webhooks/wh_none', { enabled: true })).status).toBe(404)
  })
})

describe('rotateWebhookSecret', () => {
  test('200 with a new secret; the old one signs for a day more', async () => {
    const { id, secret } = await added()
    const { json } = await world.ask('POST', `/api/v1/webhooks/${id}/rotate`)
    expect(json.data.secret).not.toBe(secret)
    const until = world.clock.now() + 24 * 3_600_000
    expect(await world.webhooks.secretsOf(id)).toEqual({ current: json.data.secret, previous: { secret, until } })
  })

  test('404', async () => {
    expect((await world.ask('POST', '/api/v1/webhooks/wh_none/rotate')).status).toBe(404)
  })
})

describe('removeWebhook', () => {
  test('200, with whatever waited for it', async () => {
    const { id } = await added()
    await deadOne(id)
    expect((await world.ask('DELETE', `/api/v1/webhooks/${id}`)).json.data.id).toBe(id)
    expect(await world.webhooks.counts()).toMatchObject({ pending: 0, dead: 0 })
    expect((await world.ask('DELETE', `/api/v1/webhooks/${id}`)).status).toBe(404)
  })
})

describe('testWebhook', () => {
  test('200 says what came of it', async () => {
    const sent: WebhookMessage[] = []
    world.sendWebhook = async (message) => {
      sent.push(message)
      return { kind: 'failed', status: 500, error: 'HTTP 500', final: false }
    }
    const { id, secret } = await added()
    const { json } = await world.ask('POST', `/api/v1/webhooks/${id}/test`)
    expect(json.data).toEqual({ delivered: false, status: 500, error: 'HTTP 500' })
    expect(sent).toMatchObject([{ url, secrets: [secret], id: expect.stringMatching(/^msg_test_/) }])
    expect(JSON.parse(sent[0]?.body ?? '')).toMatchObject({ type: 'webhook.test', data: { webhook_id: id } })
  })

  test('404', async () => {
    expect((await world.ask('POST', '/api/v1/webhooks/wh_none/test')).status).toBe(404)
  })
})

describe('listWebhookDeliveries', () => {
  test('200 by state, newest first, page by page', async () => {
    const { id } = await added({ events: ['instance.*'] })
    const dead = await deadOne(id)
    await world.events.record([anEvent(), anEvent()])
    const list = async (query: string) => (await world.ask('GET', `/api/v1/webhooks/${id}/deliveries${query}`)).json
    expect((await list('?state=dead')).data).toMatchObject([
      { id: dead.id, state: 'dead', tries: 1, last_status: 400, last_error: 'HTTP 400', next_try_at: null },
    ])
    const first = await list('?limit=2')
    expect(first.data.map((one: { state: string }) => one.state)).toEqual(['pending', 'pending'])
    expect((await list(`?limit=2&cursor=${first.next_cursor}`)).data).toMatchObject([{ id: dead.id }])
  })

  test('404', async () => {
    expect((await world.ask('GET', '/api/v1/webhooks/wh_none/deliveries')).status).toBe(404)
  })
})

describe('replayWebhookDelivery', () => {
  const replay = (id: string, delivery: string) =>
    world.ask('POST', `/api/v1/webhooks/${id}/deliveries/${delivery}/replay`)

  test('200 puts a dead letter back; once more changes nothing', async () => {
    const { id } = await added({ events: ['instance.*'] })
    const dead = await deadOne(id)
    expect((await replay(id, dead.id)).json.data).toMatchObject({ id: dead.id, state: 'pending', tries: 0 })
    expect((await replay(id, dead.id)).status).toBe(200)
  })

  test('409 for one that was taken', async () => {
    const { id } = await added({ events: ['instance.*'] })
    await world.events.record([anEvent({ at: world.clock.now() })])
    const claim = await world.webhooks.claimNext(id, world.clock.now(), 1_000)
    if (claim === undefined) throw new Error('nothing is due')
    const retry = { style: 'standard', now: world.clock.now(), chance: 0 } as const
    await world.webhooks.record(claim, { kind: 'delivered', status: 200 }, retry)
    expect((await replay(id, claim.delivery.id)).json.code).toBe('not_allowed_now')
  })

  test('404', async () => {
    const { id } = await added()
    expect((await replay(id, 'msg_none')).status).toBe(404)
    expect((await replay('wh_none', 'msg_none')).status).toBe(404)
  })
})
