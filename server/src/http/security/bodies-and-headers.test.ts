import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { addressOf, type HttpWorld, httpWorld } from '../../testing/http-world.ts'
import { operations } from '../../testing/operations.ts'

let world: HttpWorld
afterEach(() => world.close())

/** Sends the pieces as fast as the other side takes them, and reads until it hangs up. */
async function send(pieces: readonly string[]): Promise<string> {
  await world.app.listen({ host: '127.0.0.1', port: 0 }).catch(() => {})
  const { port } = world.app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  let seen = ''
  socket.on('data', (chunk) => {
    seen += String(chunk)
  })
  socket.on('error', () => {})
  for (const piece of pieces) socket.write(piece)
  await once(socket, 'close')
  return seen
}

const head = 'POST /api/v1/instances HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'

describe('whoever is slow', () => {
  const patience = { headersTimeout: 60, requestTimeout: 120, connectionsCheckingInterval: 20 }

  test('with the headers is answered 408 and let go', async () => {
    world = await httpWorld({ http: { patience } })
    const answer = await send(['GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow'])
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('"code":"request_timeout"')
  })

  test('with the body as well', async () => {
    world = await httpWorld({ http: { patience } })
    expect(await send([`${head}Content-Length: 100\r\n\r\n{"gpu_`])).toMatch(/^HTTP\/1\.1 408 /)
    expect(await world.instances.list({ limit: 1 })).toEqual([])
  })
})

describe('whoever sends too much', () => {
  test.each(operations.filter(({ method }) => method !== 'GET'))('to $method $template gets 413', async (one) => {
    world = await httpWorld()
    const { status, json } = await world.send({
      method: one.method,
      url: addressOf(one.template),
      payload: `{"a":"${'x'.repeat(1024 * 1024)}"}`,
    })
    expect([status, json.code]).toEqual([413, 'body_too_large'])
  })

  test('without saying how much is stopped in the middle', async () => {
    world = await httpWorld()
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const answer = await send([`${head}Transfer-Encoding: chunked\r\n\r\n`, ...Array<string>(40).fill(chunk)])
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('in headers gets 431', async () => {
    world = await httpWorld()
    expect(await send([`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`])).toMatch(
      /^HTTP\/1\.1 431 /,
    )
  })

  test('as a very deep body does not exhaust the stack', async () => {
    world = await httpWorld()
    const payload = '['.repeat(200_000) + ']'.repeat(200_000)
    expect((await world.send({ method: 'POST', url: '/api/v1/instances', payload })).status).toBe(400)
  })
})

describe('smuggling', () => {
  test.each([
    ['two lengths', `${head}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}`],
    ['a length and chunks', `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a header folded over lines', `${head}X-A: b\r\n c\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`],
    ['a blank before the colon', `${head}X-A : b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`],
  ])('with %s is not read as a request', async (_name, text) => {
    world = await httpWorld()
    expect(await send([text])).toMatch(/^HTTP\/1\.1 400 /)
    expect(await world.instances.list({ limit: 1 })).toEqual([])
  })
})
