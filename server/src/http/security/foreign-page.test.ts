import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addressOf, type HttpWorld, httpWorld } from '../../testing/http-world.ts'
import { operations, statusOf } from '../../testing/operations.ts'

/** A page of somebody else, open in a browser on the machine of a server that asks for no key. */

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const attacks: [string, Record<string, string>][] = [
  ['fetch()', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['a sandboxed frame', { origin: 'null' }],
  ['a form as text/plain', { origin: 'https://evil.example', 'content-type': 'text/plain' }],
  ['a form', { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' }],
  ['an upload form', { origin: 'https://evil.example', 'content-type': 'multipart/form-data; boundary=x' }],
  ['a beacon', { origin: 'https://evil.example', 'content-type': 'application/json' }],
  ['an image, a script, a link', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ['a program on another port of this machine', { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' }],
  ['DNS rebinding', { host: 'evil.example:8080', origin: 'http://evil.example:8080', 'sec-fetch-site': 'same-origin' }],
  ['DNS rebinding without an Origin', { host: 'evil.example:8080' }],
  ['a name that looks like ours', { host: 'localhost.evil.example' }],
]

describe.each(attacks)('%s', (_name, headers) => {
  test('reaches no operation', async () => {
    for (const { method, template } of operations) {
      expect(await statusOf(world, { method, url: addressOf(template), headers }), `${method} ${template}`).toBe(401)
    }
    expect(await statusOf(world, { method: 'GET', url: '/metrics', headers })).toBe(401)
  })

  test('rents nothing, makes no key, and reads no answer', async () => {
    const launch = { provider: 'vast', offer_id: '4090' }
    for (const [url, body] of [
      ['/api/v1/instances', launch],
      ['/api/v1/keys', { name: 'evil', role: 'admin' }],
    ] as const) {
      const { status, text } = await world.send({ method: 'POST', url, headers, payload: JSON.stringify(body) })
      expect(status).toBe(401)
      expect(text).not.toContain('inst_')
    }
    expect(await world.instances.list({ limit: 1 })).toEqual([])
    expect(await world.keys.list({ revoked: true })).toEqual([])
  })
})

test('a preflight grants no credentials, and what follows it is refused', async () => {
  const { headers } = await world.send({
    method: 'OPTIONS',
    url: '/api/v1/instances',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
  })
  expect(headers['access-control-allow-credentials']).toBeUndefined()
  expect(headers['access-control-allow-origin']).not.toBe('*')
})

test('a page that embeds us sees nothing: frames are refused', async () => {
  const { headers } = await world.send({ method: 'GET', url: '/docs/' })
  expect(headers['x-frame-options']).toBe('DENY')
})

test('answers about what is ours are kept in no cache', async () => {
  expect((await world.ask('GET', '/api/v1/instances')).headers['cache-control']).toBe('no-store')
})
