import { afterEach, expect, test } from 'vitest'
import { type HttpWorld, httpWorld } from '../../testing/http-world.ts'

let world: HttpWorld
afterEach(() => world.close())

test('healthz says that we are alive, and whether the market is simulated', async () => {
  world = await httpWorld({ http: { marketLabel: 'simulated' } })
  const { status, json, headers } = await world.ask('GET', '/healthz')
  expect(status).toBe(200)
  expect(json).toEqual({ status: 'ok', version: '1.2.3', market: 'simulated' })
  expect(headers['x-market']).toBe('simulated')
})

test('readyz follows the store', async () => {
  world = await httpWorld()
  expect(await world.ask('GET', '/readyz')).toMatchObject({ status: 200, json: { status: 'ready' } })
  world.storeAnswers = false
  const { status, text } = await world.ask('GET', '/readyz')
  expect(status).toBe(503)
  expect(text).not.toContain('the disk is gone')
})

test('S003-46 metrics are there while they are switched on', async () => {
  world = await httpWorld()
  const { status, headers } = await world.ask('GET', '/metrics')
  expect(status).toBe(200)
  expect(headers['content-type']).toContain('text/plain')
  await world.close()
  world = await httpWorld({ http: { metrics: false } })
  expect(await world.ask('GET', '/metrics')).toMatchObject({ status: 404, json: { code: 'no_such_route' } })
})

test('every answer carries a request id and the security headers', async () => {
  world = await httpWorld()
  for (const [method, url] of [
    ['GET', '/api/v1/gpu-models'],
    ['GET', '/nowhere'],
    ['POST', '/api/v1/instances'],
  ] as const) {
    const { headers, json } = await world.ask(method, url, method === 'POST' ? {} : undefined)
    expect(headers['x-request-id']).toMatch(/^req_[0-9a-f]{16}$/)
    if (json.success === false) expect(json.request_id).toBe(headers['x-request-id'])
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    })
    expect(headers['content-security-policy']).toContain("script-src 'self'")
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests')
    expect(headers['strict-transport-security']).toBeUndefined()
  }
})
