import { afterEach, describe, expect, test } from 'vitest'
import { adminKey, type HttpWorld, httpWorld } from '../testing/http-world.ts'

let world: HttpWorld
afterEach(() => world.close())

const url = '/api/v1/gpu-models'
const limited = (perMinute: number) => httpWorld({ http: { rateLimit: { enabled: true, perMinute } } })

describe('RATE_LIMIT_ENABLED=true', () => {
  test('S003-48 R003-07 the 101st call in a minute is refused, in our shape', async () => {
    world = await limited(100)
    const resetAt = Math.ceil((world.clock.now() + 60_000) / 1000)
    for (let call = 1; call <= 100; call += 1) {
      const { status, headers } = await world.ask('GET', url)
      expect(status).toBe(200)
      expect(headers).toMatchObject({ 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': String(100 - call) })
      expect(Math.abs(Number(headers['x-ratelimit-reset']) - resetAt)).toBeLessThanOrEqual(60)
    }
    const { status, headers, json } = await world.ask('GET', url)
    expect(status).toBe(429)
    expect(json).toMatchObject({
      success: false,
      code: 'too_many_requests',
      fix: expect.stringContaining('RATE_LIMIT_RPM'),
    })
    expect(headers['x-ratelimit-remaining']).toBe('0')
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(headers['x-ratelimit-reset'])).toBeGreaterThan(world.clock.now() / 1000)
  })

  test('both loopback addresses are one caller', async () => {
    world = await limited(1)
    expect((await world.send({ method: 'GET', url, remoteAddress: '::1' })).status).toBe(200)
    expect((await world.send({ method: 'GET', url, remoteAddress: '127.0.0.1' })).status).toBe(429)
  })

  test('a key has ten times as much, and its own count', async () => {
    world = await limited(1)
    await world.ask('GET', url)
    expect((await world.ask('GET', url)).status).toBe(429)
    for (let call = 1; call <= 10; call += 1) {
      expect((await world.ask('GET', url, undefined, { 'x-api-key': adminKey })).status).toBe(200)
    }
    expect((await world.ask('GET', url, undefined, { 'x-api-key': adminKey })).status).toBe(429)
  })

  test('keys cannot be tried out', async () => {
    world = await limited(3)
    const guess = async (from: string) =>
      (await world.send({ method: 'GET', url, remoteAddress: from, headers: { 'x-api-key': 'guess' } })).status
    expect([await guess('1.1.1.1'), await guess('1.1.1.1'), await guess('1.1.1.1'), await guess('1.1.1.1')]).toEqual([
      401, 401, 401, 429,
    ])
    expect(await guess('2.2.2.2')).toBe(401)
    expect((await world.ask('GET', url)).status).toBe(200)
  })

  test('bad requests and unknown paths count, probes and preflights do not', async () => {
    world = await limited(2)
    for (let call = 0; call < 5; call += 1) {
      expect((await world.ask('GET', '/healthz')).status).toBe(200)
      expect((await world.ask('OPTIONS', url)).status).toBe(204)
    }
    expect((await world.ask('GET', `${url}?x=1`)).status).toBe(400)
    expect((await world.ask('GET', '/nowhere')).status).toBe(404)
    expect((await world.ask('GET', '/nowhere')).status).toBe(429)
  })

  test('a refused launch writes nothing', async () => {
    world = await limited(1)
    await world.ask('GET', url)
    expect((await world.ask('POST', '/api/v1/instances', { provider: 'vast', offer_id: '4090' })).status).toBe(429)
    expect(await world.instances.list({ limit: 1 })).toEqual([])
  })
})

describe('RATE_LIMIT_ENABLED=false', () => {
  test('S003-48 no refusal and no headers', async () => {
    world = await httpWorld({ http: { rateLimit: { enabled: false, perMinute: 1 } } })
    for (let call = 0; call < 5; call += 1) {
      const { status, headers } = await world.ask('GET', url)
      expect(status).toBe(200)
      expect(headers['x-ratelimit-limit']).toBeUndefined()
    }
  })
})
