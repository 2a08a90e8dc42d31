import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { revokeKey } from '../../../app/keys.ts'
import { someone } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
let base: string
const over = new AbortController()

beforeEach(async () => {
  world = await httpWorld()
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}/api/vast/instances`
})
afterEach(() => world.close())

async function follow(id: string, headers: Record<string, string> = {}) {
  const reply = await fetch(`${base}/${id}/status-stream`, { headers, signal: over.signal })
  const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader()
  const next = async () => {
    const chunk = await reader?.read()
    return chunk === undefined || chunk.done ? 'the end' : JSON.parse(chunk.value.replace(/^data: /, ''))
  }
  return { type: reply.headers.get('content-type'), next }
}

test('begins with what is, tells of a change, and beats in between', async () => {
  const { id } = await world.hasInstance({ status: 'stopped', wish: { provider: 'vast' } as never }, {})
  const { type, next } = await follow(id)
  expect(type).toBe('text/event-stream')
  expect(await next()).toEqual({ instance_id: id, status: 'exited', timestamp: '2026-10-01T12:00:00.000Z' })
  await world.clock.advance(29_999)
  await world.clock.advance(1)
  expect(await next()).toEqual({ type: 'heartbeat' })
  await world.ask('POST', `/api/v1/instances/${id}/start`)
  world.changed.ring()
  expect(await next()).toMatchObject({ instance_id: id, status: 'creating' })
})

test('ends with the key that opened it', async () => {
  const key = await world.keyOf({ role: 'viewer' })
  const { id } = await world.hasInstance({ status: 'ready', wish: { provider: 'vast' } as never }, {})
  const { next } = await follow(id, key.headers)
  await next()
  await revokeKey(key.id, someone, world as never)
  world.changed.ring()
  expect(await next()).toBe('the end')
})

test('ends with the server', async () => {
  const { id } = await world.hasInstance({ status: 'ready', wish: { provider: 'vast' } as never }, {})
  const { next } = await follow(id)
  await next()
  const closed = world.app.close()
  expect(await next()).toBe('the end')
  await closed
})
