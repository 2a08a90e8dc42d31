import { type AddressInfo, connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addressOf, type HttpWorld, httpWorld, openApi } from '../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const ourKeys = ['code', 'error', 'fix', 'request_id', 'success']
const operations = Object.entries(openApi.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map(
    (method) => [method.toUpperCase() as 'GET' | 'POST' | 'PUT' | 'DELETE', addressOf(path)] as const,
  ),
)
const withBody = operations.filter(([method]) => method !== 'GET')

/** Sends the bytes as they are and reads until the server hangs up. */
async function raw(text: string): Promise<{ status: number; json: Record<string, unknown> }> {
  await world.app.listen({ host: '127.0.0.1', port: 0 }).catch(() => {})
  const { port } = world.app.server.address() as AddressInfo
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let seen = ''
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no end after ${seen}`)))
    socket.on('data', (chunk) => {
      seen += String(chunk)
    })
    socket.on('end', () => resolve(seen))
    socket.on('error', reject)
  })
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  expect(head.toLowerCase()).toContain('content-type: application/json')
  return { status: Number(head.split(' ')[1]), json: JSON.parse(body) }
}

describe('400', () => {
  test.each(operations)('%s %s names an unknown query field', async (method, url) => {
    const { status, json } = await world.ask(method, `${url}?no_such_field=1`, /^P/.test(method) ? {} : undefined)
    // A body is looked at before the query.
    if (json.details.mistakes[0].field !== 'no_such_field') expect(method).toMatch(/^P/)
    expect(status).toBe(400)
  })

  test.each(withBody)('%s %s with malformed JSON', async (method, url) => {
    for (const payload of ['{', '{"a":}', "{'a':1}", '{"a":1} x', 'a=1&b=2', '\u0000', 'NaN']) {
      const { status, json } = await world.send({ method, url, payload })
      expect(status).toBe(400)
      expect(json).toMatchObject({ code: 'malformed_json', fix: expect.stringContaining('send one JSON object') })
    }
  })

  test.each(withBody)('%s %s with a body that is no object', async (method, url) => {
    for (const payload of ['[]', '7', '"x"', 'true', `${'['.repeat(100_000)}${']'.repeat(100_000)}`]) {
      const { status, json } = await world.send({ method, url, payload })
      expect(status).toBe(400)
      expect(json.error).toContain('send one JSON object')
    }
  })

  test.each(withBody)('%s %s with a key that objects have by themselves', async (method, url) => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const { status, json } = await world.send({ method, url, payload: `{"${key}": {"x": 1}}` })
      expect(status).toBe(400)
      expect(json.error).toContain(key)
    }
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test('bad percent-encoding in the path', async () => {
    for (const url of ['/api/v1/instances/%zz', '/api/v1/instances/%', '/%c3%28/x', '/api/v1/%E0%A4%A']) {
      const { status, json, headers } = await world.send({ method: 'GET', url })
      expect(status).toBe(400)
      expect(
        Object.keys(json)
          .filter((key) => key !== 'details')
          .sort(),
      ).toEqual(ourKeys)
      expect(headers['x-request-id']).toBe(json.request_id)
    }
  })

  test('a Content-Length that is none, or does not fit', async () => {
    const head = 'POST /api/v1/instances HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
    expect(await raw(`${head}Content-Length: ten\r\n\r\n{}`)).toMatchObject({
      status: 400,
      json: { code: 'invalid_request' },
    })
    expect(await raw(`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`)).toMatchObject({ status: 400 })
    expect(await raw(`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatchObject({
      status: 400,
    })
    const { status, json } = await world.send({
      method: 'POST',
      url: '/api/v1/instances',
      payload: '{}',
      headers: { 'content-length': '7' },
    })
    expect(status).toBe(400)
    expect(Object.keys(json).sort()).toEqual(ourKeys)
  })

  test('what is not HTTP at all', async () => {
    for (const text of ['hello\r\n\r\n', 'FOO / HTTP/1.1\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\x16\x03\x01\x02\x00']) {
      const { status, json } = await raw(text)
      expect(status).toBe(400)
      expect(Object.keys(json).sort()).toEqual(ourKeys)
    }
  })
})

describe('404', () => {
  test.each(['/api/v1', '/api/v1/nothing', '/api/v2/instances', '/favicon.ico', '//'])('%s', async (url) => {
    const { status, json } = await world.send({ method: 'GET', url })
    expect(status).toBe(404)
    expect(json).toMatchObject({ success: false, code: 'no_such_route', fix: expect.stringContaining('/docs') })
  })

  test('a part of the path that is longer than any id', async () => {
    const { status, json } = await world.send({ method: 'GET', url: `/api/v1/instances/${'x'.repeat(5_000)}` })
    expect(status).toBe(404)
    expect(Object.keys(json).sort()).toEqual(ourKeys)
  })
})

describe('405', () => {
  test.each([
    ['PUT', '/api/v1/instances', 'GET, HEAD, POST'],
    ['PATCH', '/api/v1/instances/inst_1', 'DELETE, GET, HEAD'],
    ['POST', '/api/v1/gpu-models/', 'GET, HEAD'],
    ['GET', '/api/v1/offers/search/advanced', 'POST'],
    ['GET', '/api/v1/instances/inst_1/stop', 'POST'],
    ['HEAD', '/api/v1/events', 'GET'],
    ['DELETE', '/healthz', 'GET, HEAD'],
  ] as const)('%s %s', async (method, url, allowed) => {
    const { status, headers, json } = await world.send({ method, url })
    expect(status).toBe(405)
    expect(headers.allow).toBe(allowed)
    if (method !== 'HEAD') expect(json).toMatchObject({ code: 'method_not_allowed', fix: `this path takes ${allowed}` })
  })
})

describe('413', () => {
  test.each(withBody)('%s %s', async (method, url) => {
    const { status, json } = await world.send({ method, url, payload: `{"a":"${'x'.repeat(1024 * 1024)}"}` })
    expect(status).toBe(413)
    expect(json.code).toBe('body_too_large')
  })

  test('also when the length is not told beforehand', async () => {
    const chunk = `${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n`
    const head = 'POST /api/v1/instances HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await raw(`${head}${chunk.repeat(16)}0\r\n\r\n`)).toMatchObject({
      status: 413,
      json: { code: 'body_too_large' },
    })
  })
})

describe('431', () => {
  test('an address or headers beyond measure', async () => {
    for (const text of [
      `GET /api/v1/offers/search?gpu_model=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`,
    ]) {
      expect(await raw(text)).toMatchObject({ status: 431, json: { success: false, code: 'headers_too_large' } })
    }
  })
})

describe('500', () => {
  test('an answer that breaks its own promise is our fault, and no inner words get out', async () => {
    world.market.states.push({ provider: 'vast', lastSeenAt: 0, lastError: 7 as never, sampled: false, skipped: {} })
    const { status, json, text } = await world.ask('GET', '/api/v1/providers')
    expect(status).toBe(500)
    expect(json.code).toBe('internal')
    expect(text).not.toMatch(/FST_|schema|expected/i)
    expect(world.log.lines.at(-1)).toMatchObject({ level: 'error', fields: { path: '/api/v1/providers' } })
  })
})

test('after all of that nothing is left behind', async () => {
  for (const [method, url] of withBody) await world.send({ method, url, payload: '{"__proto__":1' })
  expect(await world.instances.list({ limit: 1 })).toEqual([])
  expect(await world.listEvents()).toEqual([])
  expect(world.rung).toBe(0)
})
