import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { collectingLog } from '../observability/collecting-log.ts'
import { createMetrics } from '../observability/metrics.ts'
import { createRedactor } from '../observability/redaction.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { createOutbound } from './http-client.ts'
import { undiciTransport } from './transport.ts'
import { createWebhookSender, sendContractWebhook, type WebhookMessage } from './webhook-sender.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Received {
  url: string | undefined
  headers: IncomingHttpHeaders
  body: string
}

/** A real receiver on this machine. */
async function receiver(answer: RequestListener = (_, response) => response.writeHead(204).end()) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    received.push({ url: request.url, headers: request.headers, body })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { received, port: (server.address() as AddressInfo).port }
}

function aSender({ allowPrivate = true } = {}) {
  const clock = virtualClock()
  const transport = undiciTransport()
  closers.push(() => transport.close())
  const redactor = createRedactor()
  const deps = {
    clock,
    transport,
    metrics: createMetrics(),
    log: collectingLog(),
    redactor,
    userAgent: 'gpufleet/test',
  }
  return { clock, send: createWebhookSender({ outbound: createOutbound(deps), clock, allowPrivate }) }
}

const key = Buffer.alloc(32, 5)
const secret = `whsec_${key.toString('base64')}`
const aMessage = (change: Partial<WebhookMessage>): WebhookMessage => ({
  id: 'msg_1',
  url: 'http://127.0.0.1:1',
  style: 'standard',
  body: '{"type":"instance.ready","ü":1}',
  secrets: [secret],
  ...change,
})

describe('a standard webhook', () => {
  test('is signed over id, timestamp and the very bytes that are sent', async () => {
    const { received, port } = await receiver()
    const { send, clock } = aSender()
    expect(await send(aMessage({ url: `http://127.0.0.1:${port}/hook?a=1` }))).toEqual({
      kind: 'delivered',
      status: 204,
    })
    const [{ headers, body, url }] = received as [Received]
    expect(url).toBe('/hook?a=1')
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(clock.now() / 1000),
    })
    const signed = `msg_1.${headers['webhook-timestamp']}.${body}`
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
  })

  test('carries two signatures while its secret changes, the new one first', async () => {
    const { received, port } = await receiver()
    const other = `whsec_${Buffer.alloc(32, 6).toString('base64')}`
    await aSender().send(aMessage({ url: `http://127.0.0.1:${port}`, secrets: [other, secret] }))
    const signatures = String(received[0]?.headers['webhook-signature']).split(' ')
    expect(signatures).toHaveLength(2)
    expect(signatures[0]).not.toBe(signatures[1])
  })

  /** @source the example of the specification: github.com/standard-webhooks/standard-webhooks, libraries' tests */
  test('matches the signature of the published libraries', async () => {
    const { signatureHeaders } = await import('./webhook-signature.ts')
    const headers = signatureHeaders(
      {
        style: 'standard',
        id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        body: '{"test": 2432232314}',
        secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      },
      1_614_265_330_000,
    )
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  test.each([
    [410, { kind: 'gone', status: 410 }],
    [404, { kind: 'failed', status: 404, error: 'HTTP 404', final: false }],
    [302, { kind: 'failed', status: 302, error: 'HTTP 302: redirects are not followed', final: false }],
    [500, { kind: 'failed', status: 500, error: 'HTTP 500', final: false }],
  ])('answered %i', async (status, result) => {
    const { received, port } = await receiver((_, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
    expect(await aSender().send(aMessage({ url: `http://127.0.0.1:${port}` }))).toEqual(result)
    expect(received).toHaveLength(1)
  })

  test('an answer without an end is read no further than it takes', async () => {
    const { port } = await receiver((_, response) => {
      response.writeHead(200)
      const more = () => void (response.destroyed || response.write('x'.repeat(4_096), () => setImmediate(more)))
      more()
    })
    expect(await aSender().send(aMessage({ url: `http://127.0.0.1:${port}` }))).toMatchObject({ kind: 'delivered' })
  })

  test('says what went wrong without the address, which may hold a key', async () => {
    const { port } = await receiver()
    const result = await aSender({ allowPrivate: false }).send(
      aMessage({ url: `http://127.0.0.1:${port}/key-of-mine` }),
    )
    expect(result).toMatchObject({ kind: 'failed', status: null, error: '127.0.0.1 is not a public address' })
  })

  test('one that hangs is given up after ten seconds', async () => {
    const { port } = await receiver(() => {})
    const { send, clock } = aSender()
    const begun = clock.now()
    const result = await clock.drive(send(aMessage({ url: `http://127.0.0.1:${port}` })))
    expect(result).toMatchObject({ kind: 'failed', error: expect.stringContaining('within 10 s') })
    expect(clock.now() - begun).toBe(10_000)
  })
})

describe.each([
  'http://127.0.0.1',
  'http://localhost',
  'http://10.0.0.7',
  'http://192.168.1.1',
  'http://169.254.169.254/latest/meta-data/',
  'http://[::1]',
  'http://[::ffff:169.254.169.254]',
  'http://[fd00:ec2::254]',
  'http://2130706433',
  'http://0x7f.1',
])('%s', (url) => {
  test('is not delivered to', async () => {
    const { received, port } = await receiver()
    const target = new URL(url)
    target.port = String(port)
    const result = await aSender({ allowPrivate: false }).send(aMessage({ url: target.href }))
    expect(result).toMatchObject({
      kind: 'failed',
      status: null,
      error: expect.stringContaining('is not a public address'),
    })
    expect(received).toEqual([])
  })
})

describe('a webhook of contract 002', () => {
  test('is signed over the body alone, under each name that its texts use', async () => {
    const { received, port } = await receiver()
    const { send, clock } = aSender()
    const payload = { event: 'instance.ready', instanceId: 'inst_1', status: 'ready' }
    const url = `http://127.0.0.1:${port}/hook`
    expect(await sendContractWebhook({ url, payload, secret: 'a-secret-of-theirs' }, { send, clock })).toMatchObject({
      kind: 'delivered',
    })
    const [{ headers, body }] = received as [Received]
    const signature = `sha256=${createHmac('sha256', 'a-secret-of-theirs').update(body).digest('hex')}`
    expect(JSON.parse(body)).toEqual(payload)
    expect(headers).toMatchObject({
      'x-webhook-signature': signature,
      'x-signature': signature,
      'x-signature-sha256': signature,
      'x-webhook-timestamp': String(clock.now() / 1000),
    })
  })

  test('without a secret there is no signature', async () => {
    const { received, port } = await receiver()
    const { send, clock } = aSender()
    await sendContractWebhook({ url: `http://127.0.0.1:${port}`, payload: {}, secret: null }, { send, clock })
    expect(received[0]?.headers).not.toHaveProperty('x-webhook-signature')
  })

  test('is tried three times, after one second and two', async () => {
    const { clock } = aSender()
    const at: number[] = []
    const begun = clock.now()
    const send = async () => {
      at.push(clock.now() - begun)
      return { kind: 'failed', status: 503, error: 'HTTP 503', final: false } as const
    }
    await clock.drive(sendContractWebhook({ url: 'http://x.example', payload: {}, secret: null }, { send, clock }))
    expect(at).toEqual([0, 1_000, 3_000])
  })

  test('a 4xx is final', async () => {
    const { received, port } = await receiver((_, response) => response.writeHead(410).end())
    const { send, clock } = aSender()
    const result = await sendContractWebhook(
      { url: `http://127.0.0.1:${port}`, payload: {}, secret: null },
      { send, clock },
    )
    expect(result).toEqual({ kind: 'failed', status: 410, error: 'HTTP 410', final: true })
    expect(received).toHaveLength(1)
  })
})
