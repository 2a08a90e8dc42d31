import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Simulator } from './controlled.ts'
import type { SimRequest } from './simulator.ts'

export interface Listening {
  name: string
  port: number
  url: string
  close(): Promise<void>
}

const bodyLimitBytes = 4 * 1024 * 1024

/** Puts a simulator on 127.0.0.1. Port 0 takes a free one. `onChange` is called after every request that may change state. */
export async function listen(simulator: Simulator, port: number, onChange: () => void = () => {}): Promise<Listening> {
  const server = createServer((incoming, outgoing) => {
    answer(simulator, incoming, outgoing, onChange).catch((error: unknown) => {
      outgoing.writeHead(500, { 'content-type': 'text/plain' })
      outgoing.end(`the simulator failed: ${error instanceof Error ? error.stack : String(error)}`)
    })
  })
  await started(server, port)
  const address = server.address() as AddressInfo
  return {
    name: simulator.name,
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}

async function answer(
  simulator: Simulator,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onChange: () => void,
): Promise<void> {
  const request = await readRequest(incoming)
  const reply = simulator.handle(request)
  if (request.method !== 'GET') onChange()
  if (reply.delayMs) await new Promise((resolve) => setTimeout(resolve, reply.delayMs).unref())
  if (reply.dropped) {
    incoming.socket.destroy()
    return
  }
  outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': String(Buffer.byteLength(reply.body)) })
  outgoing.end(reply.body)
}

function started(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function readRequest(incoming: IncomingMessage): Promise<SimRequest> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length
    if (size > bodyLimitBytes) throw new Error('request body over 4 MiB')
    chunks.push(chunk as Buffer)
  }
  const url = new URL(incoming.url ?? '/', 'http://simulator')
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return {
    method: (incoming.method ?? 'GET').toUpperCase(),
    path: url.pathname,
    query: url.searchParams,
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
  }
}
