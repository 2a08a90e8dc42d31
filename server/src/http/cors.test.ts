import { afterEach, describe, expect, test } from 'vitest'
import { adminKey, type HttpWorld, httpWorld } from '../testing/http-world.ts'

let world: HttpWorld
afterEach(() => world.close())

const origin = 'https://panel.example'
const preflight = {
  origin,
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization, content-type, idempotency-key',
}
const options = (headers: Record<string, string>) =>
  world.send({ method: 'OPTIONS', url: '/api/v1/instances', headers })

describe('ENABLE_CORS=true', () => {
  test('S003-47 a preflight is answered without a key', async () => {
    world = await httpWorld()
    const { status, headers, text } = await options(preflight)
    expect(status).toBe(204)
    expect(text).toBe('')
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST, PUT, DELETE',
      'access-control-allow-headers': 'authorization, content-type, idempotency-key',
    })
    expect(headers['access-control-allow-credentials']).toBeUndefined()
  })

  test('an OPTIONS that is no preflight is not an error in another shape', async () => {
    world = await httpWorld()
    expect((await options({})).status).toBe(204)
  })

  test('with a key another origin may read', async () => {
    world = await httpWorld()
    const { status, headers } = await world.ask('GET', '/api/v1/gpu-models', undefined, {
      origin,
      authorization: `Bearer ${adminKey}`,
    })
    expect(status).toBe(200)
    expect(headers['access-control-allow-origin']).toBe(origin)
    expect(headers.vary).toContain('Origin')
    expect(headers['access-control-expose-headers']).toContain('x-ratelimit-remaining')
  })

  test('without one it may not, and is never told *', async () => {
    world = await httpWorld()
    const { status, headers } = await world.ask('GET', '/api/v1/gpu-models', undefined, { origin })
    expect(status).toBe(401)
    expect(headers['access-control-allow-origin']).not.toBe('*')
  })
})

describe('ENABLE_CORS=false', () => {
  test('S003-47 no header, and OPTIONS is a method like any other', async () => {
    world = await httpWorld({ http: { cors: false } })
    const { status, headers, json } = await options(preflight)
    expect(status).toBe(405)
    expect(json.code).toBe('method_not_allowed')
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})
