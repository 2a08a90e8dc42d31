import { expect, test } from 'vitest'
import { createClient, GpufleetError, ServerUnreachableError } from './client.ts'

const baseUrl = 'http://fleet.test'

interface Opened {
  url: string
  lastEventId: string | undefined
}

/** A server whose connections are these, in this order: text to send, `'stay'` to stay open after it, or an error. */
function streamOf(connections: { text?: string; stay?: boolean; error?: Response | Error }[]) {
  const opened: Opened[] = []
  const fetch = async (url: string | URL | Request, init: RequestInit = {}) => {
    const { 'last-event-id': lastEventId } = init.headers as Record<string, string>
    opened.push({ url: String(url), lastEventId })
    const { text = '', stay = false, error } = connections[opened.length - 1] ?? { stay: true }
    if (error instanceof Error) throw error
    if (error instanceof Response) return error
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`retry: 1\n\n${text}`))
        if (!stay) controller.close()
        init.signal?.addEventListener('abort', () => stay && controller.error(init.signal?.reason))
      },
    })
    return new Response(body)
  }
  return { client: createClient({ baseUrl, fetch }), opened }
}

const event = (id: number) => `id: ${id}\nevent: status\ndata: ${JSON.stringify({ id, message: `event ${id}` })}\n\n`

test('goes on after the last event when the connection is lost', async () => {
  const { client, opened } = streamOf([
    { text: event(5) + event(6) },
    { error: new TypeError('fetch failed') },
    { text: event(7), stay: true },
  ])
  const lost: string[] = []
  const ids: number[] = []

  for await (const { id } of client.streamEvents({
    instanceId: 'inst_1',
    after: 4,
    onLost: ({ message }) => lost.push(message),
  })) {
    ids.push(id)
    if (id === 7) break
  }

  expect(ids).toEqual([5, 6, 7])
  expect(opened).toEqual([
    { url: `${baseUrl}/api/v1/events?instance_id=inst_1&after=4`, lastEventId: undefined },
    { url: `${baseUrl}/api/v1/events?instance_id=inst_1`, lastEventId: '6' },
    { url: `${baseUrl}/api/v1/events?instance_id=inst_1`, lastEventId: '6' },
  ])
  expect(lost).toHaveLength(2)
})

test('asks for the same beginning again when nothing arrived yet', async () => {
  const { client, opened } = streamOf([{ text: '' }, { text: event(1), stay: true }])

  for await (const _ of client.streamEvents({ after: 0 })) break

  expect(opened.map(({ url }) => url)).toEqual([`${baseUrl}/api/v1/events?after=0`, `${baseUrl}/api/v1/events?after=0`])
})

test('ends quietly on abort', async () => {
  const { client } = streamOf([{ text: event(1), stay: true }])
  const ended = new AbortController()
  const ids: number[] = []

  for await (const { id } of client.streamEvents({ signal: ended.signal })) {
    ids.push(id)
    setTimeout(() => ended.abort(), 5)
  }

  expect(ids).toEqual([1])
})

test('a refusal is an error, at the start and later', async () => {
  const refusal = () =>
    Response.json(
      { success: false, error: 'no key', code: 'unauthorized', fix: 'send it', request_id: 'req_1' },
      { status: 401 },
    )
  const read = async (connections: Parameters<typeof streamOf>[0]) => {
    for await (const _ of streamOf(connections).client.streamEvents());
  }

  await expect(read([{ error: refusal() }])).rejects.toBeInstanceOf(GpufleetError)
  await expect(read([{ text: event(1) }, { error: refusal() }])).rejects.toMatchObject({ code: 'unauthorized' })
})

test('a server that cannot be reached at the start is an error', async () => {
  const { client } = streamOf([{ error: new TypeError('fetch failed') }])

  await expect(client.streamEvents()[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(ServerUnreachableError)
})

test('gives up after the time it was given', async () => {
  const down = { error: new TypeError('fetch failed') }
  const { client } = streamOf([{ text: event(1) }, ...Array.from({ length: 20 }, () => down)])

  const read = async () => {
    for await (const _ of client.streamEvents({ giveUpAfterMs: 30 }));
  }

  await expect(read()).rejects.toBeInstanceOf(ServerUnreachableError)
})
