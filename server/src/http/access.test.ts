import { afterEach, describe, expect, test } from 'vitest'
import { Secret } from '../core/secret.ts'
import { addressOf, adminKey, type HttpWorld, httpWorld, openApi } from '../testing/http-world.ts'

let world: HttpWorld
afterEach(() => world.close())

const url = '/api/v1/gpu-models'
const get = (headers: Record<string, string> = {}, remoteAddress = '127.0.0.1') =>
  world.send({ method: 'GET', url, headers, remoteAddress })

describe('without a key', () => {
  test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])('from %s', async (address) => {
    world = await httpWorld()
    expect((await get({}, address)).status).toBe(200)
  })

  test.each(['localhost', 'localhost:8080', '127.0.0.1:8001', '[::1]:8080', 'LOCALHOST:1'])('Host %s', async (host) => {
    world = await httpWorld()
    expect((await get({ host })).status).toBe(200)
    expect((await get({ host, origin: `http://${host}` })).status).toBe(200)
  })

  test.each<[string, Record<string, string>, string?]>([
    ['another machine', {}, '192.168.1.7'],
    ['an address that only looks like ours', {}, '::ffff:192.168.1.7'],
    ['a rebound name', { host: 'evil.example' }],
    ['a name that begins like ours', { host: 'localhost.evil.example' }],
    ['an address that begins like ours', { host: '127.0.0.1.evil.example' }],
    ['a user in front of the name', { host: 'localhost:8080@evil.example' }],
    ['a Host that is none', { host: '?' }],
    ['a foreign page', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['another port of this machine', { origin: 'http://localhost:3000' }],
    ['https of the same name', { origin: 'https://localhost:8080' }],
    ['an image in a foreign page', { 'sec-fetch-site': 'cross-site' }],
    ['an image in a page of another port', { 'sec-fetch-site': 'same-site' }],
    ['a proxy', { 'x-forwarded-for': '1.2.3.4' }],
    ['an empty forwarding header', { 'x-forwarded-for': '' }],
    ['a proxy by its standard name', { forwarded: 'for=1.2.3.4' }],
    ['a proxy that names the host', { 'x-forwarded-host': 'gpus.example' }],
    ['a proxy that names the port', { 'x-forwarded-port': '443' }],
    ['a tunnel', { 'cf-connecting-ip': '1.2.3.4' }],
    ['nginx', { 'x-real-ip': '1.2.3.4' }],
    ['a load balancer', { 'true-client-ip': '1.2.3.4' }],
    ['a proxy on the way', { via: '1.1 varnish' }],
  ])('not with %s', async (_name, headers, address) => {
    world = await httpWorld()
    const { status, json } = await get(headers, address)
    expect(status).toBe(401)
    expect(json).toMatchObject({ success: false, code: 'unauthorized', fix: expect.stringContaining('Bearer') })
  })

  test('from our own page', async () => {
    world = await httpWorld()
    expect((await get({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    expect((await get({ 'sec-fetch-site': 'none' })).status).toBe(200)
  })

  test('from an address that was said to be this machine, and from that one only', async () => {
    const access = { adminKey: new Secret(adminKey), keyless: 'loopback' as const, keylessFrom: ['172.30.93.1'] }
    world = await httpWorld({ http: { access } })
    expect((await get({ host: 'localhost:3000' }, '172.30.93.1')).status).toBe(200)
    expect((await get({ host: 'localhost:3000' }, '::ffff:172.30.93.1')).status).toBe(200)
    expect((await get({ host: 'localhost:3000' }, '172.30.93.2')).status).toBe(401)
    expect((await get({ host: '192.168.1.7:3000' }, '172.30.93.1')).status).toBe(401)
    expect((await get({ host: 'localhost:3000', 'x-forwarded-for': '1.2.3.4' }, '172.30.93.1')).status).toBe(401)
  })

  test('not at all when that is switched off', async () => {
    world = await httpWorld({ http: { access: { adminKey: new Secret(adminKey), keyless: 'off' } } })
    expect((await get()).status).toBe(401)
  })

  test('a page that is not let in rents nothing', async () => {
    world = await httpWorld()
    const refused = await world.ask(
      'POST',
      '/api/v1/instances',
      { provider: 'vast', offer_id: '4090' },
      { origin: 'https://evil.example' },
    )
    expect(refused.status).toBe(401)
    expect(await world.instances.list({ limit: 1 })).toEqual([])
  })
})

describe('with a key', () => {
  test.each([
    { authorization: `Bearer ${adminKey}` },
    { authorization: `bearer  ${adminKey}` },
    { 'x-api-key': adminKey },
  ])('R003-06 from anywhere, as %j', async (headers) => {
    world = await httpWorld({ http: { access: { adminKey: new Secret(adminKey), keyless: 'off' } } })
    const from = { ...headers, host: 'gpus.example', origin: 'https://panel.example', 'x-forwarded-for': '1.2.3.4' }
    expect((await get(from, '203.0.113.9')).status).toBe(200)
  })

  test.each([
    { authorization: 'Bearer wrong' },
    { authorization: `Bearer ${adminKey}x` },
    { authorization: `Bearer ${adminKey.slice(1)}` },
    { 'x-api-key': 'wrong' },
    { 'x-api-key': 'wrong', authorization: 'Basic abc' },
  ])('a wrong one is refused also on this machine: %j', async (headers) => {
    world = await httpWorld()
    const { status, json } = await get(headers)
    expect(status).toBe(401)
    expect(json.error).toBe('this API key is not valid')
    expect(JSON.stringify(json)).not.toContain(adminKey)
  })

  test('none is set here: says so', async () => {
    world = await httpWorld({ http: { access: { adminKey: undefined, keyless: 'loopback' } } })
    const { status, json } = await get({ authorization: 'Bearer something' })
    expect(status).toBe(401)
    expect(json.fix).toContain('CONTROL_API_KEY is not set')
  })
})

describe('every operation', () => {
  const operations = Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), addressOf(path)] as const),
  )
  test.each(operations)('%s %s needs a key from elsewhere', async (method, path) => {
    world = await httpWorld()
    const answer = await world.send({ method: method as 'GET', url: path, remoteAddress: '203.0.113.9' })
    expect(answer.status).toBe(401)
  })

  test('and the metrics; the probes and the docs do not', async () => {
    world = await httpWorld()
    const status = async (path: string) =>
      (await world.send({ method: 'GET', url: path, remoteAddress: '203.0.113.9' })).status
    expect(await status('/metrics')).toBe(401)
    for (const open of ['/healthz', '/readyz', '/docs/', '/openapi.json']) expect(await status(open), open).toBe(200)
  })
})
