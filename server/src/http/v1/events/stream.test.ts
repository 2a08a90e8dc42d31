import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anEvent } from '../../../testing/builders.ts'
import { adminKey, type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
let base: string
let listening = 0
const opened: { close(): void }[] = []

beforeEach(async () => {
  world = await httpWorld()
  listening = 0
  const listen = world.changed.listen
  world.changed.listen = (onRing) => {
    listening += 1
    const silence = listen(onRing)
    return () => {
      listening -= 1
      silence()
    }
  }
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`
})
afterEach(async () => {
  for (const stream of opened.splice(0)) stream.close()
  await world.close()
})

async function follow(query = '', headers: Record<string, string> = {}) {
  const { body, statusCode, headers: answered } = await request(`${base}/api/v1/events${query}`, { headers })
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => void events.push(event) })
  let ended = false
  let cut = false
  body.on('data', (chunk) => parser.feed(String(chunk)))
  body.on('error', () => {
    cut = true
  })
  body.on('close', () => {
    ended = true
  })
  const stream = {
    status: statusCode,
    headers: answered,
    events,
    ended: () => ended,
    /** Ended without a farewell. */
    cut: () => cut,
    close: () => void body.destroy(),
    has: (count: number) =>
      until(
        () => events.length >= count,
        () => `${events.length} of ${count} events`,
      ),
  }
  opened.push(stream)
  return stream
}

async function until(done: () => boolean, what: () => string): Promise<void> {
  for (let turn = 0; turn < 400; turn += 1) {
    if (done()) return
    await wait(5)
  }
  throw new Error(`waited in vain: ${what()}`)
}

async function happens(count = 1): Promise<void> {
  await world.events.record(
    Array.from({ length: count }, (_, at) => anEvent({ at: 0, instanceId: null, message: `event ${at}` })),
  )
  world.changed.ring()
}

describe('200', () => {
  test('what happens from now on arrives, with its id and as JSON', async () => {
    await happens()
    const stream = await follow()
    expect(stream.status).toBe(200)
    expect(stream.headers['content-type']).toBe('text/event-stream')
    await happens()
    await stream.has(1)
    expect(stream.events[0]).toMatchObject({ id: '2', event: 'status' })
    expect(JSON.parse(stream.events[0]?.data ?? '')).toMatchObject({ id: 2, kind: 'status', status: 'requested' })
    const made = await world.ask('POST', '/api/v1/instances', { provider: 'vast', offer_id: '4090' })
    world.changed.ring()
    await stream.has(2)
    expect(JSON.parse(stream.events[1]?.data ?? '').instance_id).toBe(made.json.data.id)
  })

  test('Last-Event-ID resumes where a client was cut off, without a gap or a double', async () => {
    await happens(5)
    const stream = await follow('', { 'last-event-id': '2' })
    await stream.has(3)
    expect(stream.events.map((event) => event.id)).toEqual(['3', '4', '5'])
  })

  test('the header wins over `after`: a browser reconnects to the address it was given', async () => {
    await happens(5)
    const stream = await follow('?after=1', { 'last-event-id': '4' })
    await stream.has(1)
    expect(stream.events.map((event) => event.id)).toEqual(['5'])
  })

  test.each(['', '-1', 'abc', '1e3', '9'.repeat(40)])('Last-Event-ID %j is none, not the beginning', async (id) => {
    await happens(3)
    const stream = await follow('', { 'last-event-id': id })
    await happens()
    await stream.has(1)
    expect(stream.events.map((event) => event.id)).toEqual(['4'])
  })

  test('many events come in one go and in order', async () => {
    await happens(450)
    const stream = await follow('?after=0')
    await happens(20)
    await stream.has(470)
    expect(stream.events.map((event) => Number(event.id))).toEqual(Array.from({ length: 470 }, (_, at) => at + 1))
  })

  test('only one instance', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    const stream = await follow(`?instance_id=${id}`)
    await happens(3)
    await world.ask('POST', `/api/v1/instances/${id}/stop`)
    world.changed.ring()
    await stream.has(1)
    expect(JSON.parse(stream.events[0]?.data ?? '')).toMatchObject({ instance_id: id, status: 'stopping' })
  })

  test('has the headers of any answer, so that a page elsewhere may follow with a key', async () => {
    const stream = await follow('', { 'x-api-key': adminKey, origin: 'https://panel.example' })
    expect(stream.headers).toMatchObject({
      'access-control-allow-origin': 'https://panel.example',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^req_/),
    })
  })

  test('no ring is lost, also one that comes when we have just looked', async () => {
    const stream = await follow('?after=0')
    await happens()
    await stream.has(1)
    let once = true
    world.onListed = async () => {
      if (!once) return
      once = false
      await happens()
    }
    world.changed.ring()
    await stream.has(2)
  })
})

describe('its end', () => {
  test('who leaves is not listened for any more', async () => {
    const streams = await Promise.all(Array.from({ length: 30 }, () => follow()))
    await until(
      () => listening === 30,
      () => `${listening} listen`,
    )
    for (const stream of streams) stream.close()
    await until(
      () => listening === 0,
      () => `${listening} still listen`,
    )
  })

  test('who leaves before we have begun is not either', async () => {
    let tell = () => {}
    let asked = 0
    const slow = new Promise<void>((resolve) => {
      tell = resolve
    })
    world.onNewest = async () => {
      asked += 1
      await slow
    }
    const gone = new AbortController()
    const call = request(`${base}/api/v1/events`, { signal: gone.signal }).catch(() => 'gone')
    await until(
      () => asked === 1,
      () => 'not asked',
    )
    gone.abort()
    expect(await call).toBe('gone')
    await wait(30)
    tell()
    await wait(30)
    expect(listening).toBe(0)
  })

  test('closing the server ends open streams at once', async () => {
    const streams = await Promise.all(Array.from({ length: 5 }, () => follow()))
    const start = performance.now()
    await world.app.close()
    expect(performance.now() - start).toBeLessThan(2_000)
    await until(
      () => streams.every((stream) => stream.ended()),
      () => 'still open',
    )
    expect(streams.map((stream) => stream.cut())).toEqual([false, false, false, false, false])
    expect(listening).toBe(0)
  })

  test('a store that fails ends the stream, so that the client comes again', async () => {
    const stream = await follow('?after=0')
    await world.database.schema.dropTable('events').execute()
    world.changed.ring()
    await until(
      () => stream.ended(),
      () => 'still open',
    )
    expect(listening).toBe(0)
  })
})

describe('400', () => {
  test.each(['after=-1', 'after=x', 'after=', 'since=1', 'instance_id='])('%s', async (query) => {
    expect((await world.ask('GET', `/api/v1/events?${query}`)).status).toBe(400)
    expect(listening).toBe(0)
  })
})

describe('401', () => {
  test('a foreign page without a key follows nothing', async () => {
    const { status } = await world.ask('GET', '/api/v1/events', undefined, { origin: 'https://evil.example' })
    expect(status).toBe(401)
    expect(listening).toBe(0)
  })
})

describe('a key that ends while it listens', () => {
  test.each([
    ['revoked', (id: string) => world.ask('DELETE', `/api/v1/keys/${id}`)],
    ['rotated', (id: string) => world.ask('POST', `/api/v1/keys/${id}/rotate`, {})],
  ] as const)('%s: hears nothing more', async (_how, end) => {
    const { id, headers } = await world.keyOf({ role: 'viewer' })
    const stream = await follow('', headers)
    await happens()
    await stream.has(1)

    await world.clock.advance(1_000)
    expect((await end(id)).status).toBe(200)
    await happens()
    await until(stream.ended, () => 'the end of the stream')
    expect(stream.events).toHaveLength(1)
    expect(stream.cut()).toBe(false)
  })
})
