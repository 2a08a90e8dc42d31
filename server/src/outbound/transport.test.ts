import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type TransportRequest, type UndiciTransportOptions, undiciTransport } from './transport.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function listening(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function send(request: Partial<TransportRequest> & { url: string }, options: UndiciTransportOptions = {}) {
  const transport = undiciTransport(options)
  closers.push(() => transport.close())
  return transport({ method: 'GET', headers: {}, body: undefined, signal: new AbortController().signal, ...request })
}

async function textOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await request.toArray()).toString()
}

test('carries method, path, query, headers and body there, and status, headers and body back', async () => {
  const origin = await listening(async (request, response) => {
    response.writeHead(418, { 'X-Told': ['a', 'b'], 'Set-Cookie': 'c=1' })
    response.end(`${request.method} ${request.url} ${request.headers['x-asked']} ${await textOf(request)} ü`)
  })
  const reply = await send({ method: 'PUT', url: `${origin}/a/?q=1`, headers: { 'x-asked': 'yes' }, body: '{"ü":1}' })
  expect(reply).toMatchObject({ status: 418, headers: { 'x-told': 'a, b', 'set-cookie': 'c=1' } })
  expect(reply.body).toBe('PUT /a/?q=1 yes {"ü":1} ü')
})

test('does not follow redirects', async () => {
  const asked: (string | undefined)[] = []
  const origin = await listening((request, response) => {
    asked.push(request.url)
    response.writeHead(308, { location: '/elsewhere' }).end()
  })
  expect(await send({ url: `${origin}/here` })).toMatchObject({ status: 308, headers: { location: '/elsewhere' } })
  expect(asked).toEqual(['/here'])
})

test('a refused connection is "not sent"', async () => {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  await expect(send({ url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({
    trouble: 'not_sent',
    message: expect.stringContaining('ECONNREFUSED'),
  })
})

test('a name that nobody has, TLS that does not come about and a header that cannot be written are "not sent"', async () => {
  await expect(send({ url: 'http://nowhere.invalid/' })).rejects.toMatchObject({ trouble: 'not_sent' })

  const origin = await listening((_, response) => response.end())
  await expect(send({ url: `${origin.replace('http', 'https')}/` })).rejects.toMatchObject({ trouble: 'not_sent' })
  await expect(send({ url: origin, headers: { 'x-bad': 'a\r\nb' } })).rejects.toMatchObject({ trouble: 'not_sent' })
})

test('a connection that breaks after the request is "network", before the reply and within it', async () => {
  let asked = 0
  const early = await listening((request) => {
    asked++
    request.socket.resetAndDestroy()
  })
  await expect(send({ method: 'POST', url: early, body: '{}' })).rejects.toMatchObject({ trouble: 'network' })
  expect(asked).toBe(1)

  const within = await listening((request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => request.socket.destroy())
  })
  await expect(send({ url: within })).rejects.toMatchObject({ trouble: 'network' })
})

test('the signal ends it: as "not sent" beforehand, as "network" once it is under way', async () => {
  let arrived = () => {}
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const origin = await listening(() => arrived())
  const caller = new AbortController()
  const flying = send({ url: origin, signal: caller.signal })
  flying.catch(() => {})
  await arrival
  caller.abort()
  await expect(flying).rejects.toMatchObject({ trouble: 'network' })
  await expect(send({ url: origin, signal: AbortSignal.abort() })).rejects.toMatchObject({ trouble: 'not_sent' })
})

test('a reply that is too long is not read to the end', async () => {
  const origin = await listening((_, response) => response.end('x'.repeat(2_000)))
  expect((await send({ url: origin }, { longestReplyBytes: 2_000 })).body).toHaveLength(2_000)
  await expect(send({ url: origin }, { longestReplyBytes: 1_999 })).rejects.toMatchObject({
    trouble: 'reply_too_large',
  })
})

test('of a stream without an end it hands over what came in the given time, and hangs up', async () => {
  const hungUp = Promise.withResolvers<void>()
  const origin = await listening((request, response) => {
    request.once('close', () => hungUp.resolve())
    response.write('first line\n')
  })
  const reply = await send({ url: origin, readForMs: 20 })
  expect(reply).toMatchObject({ status: 200, body: 'first line\n' })
  await hungUp.promise
})

test('hands over what has arrived when it is enough, and hangs up', async () => {
  let closed = false
  const origin = await listening((request, response) => {
    request.socket.once('close', () => {
      closed = true
    })
    response.writeHead(200)
    const more = () => response.write('x'.repeat(1_000), () => !closed && setImmediate(more))
    more()
  })
  const reply = await send({ url: origin, readBytes: 8_192 })
  expect(reply.status).toBe(200)
  expect(reply.body.length).toBeGreaterThanOrEqual(8_192)
  expect(reply.body.length).toBeLessThan(200_000)
})
