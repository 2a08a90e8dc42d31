import { describe, expect, test } from 'vitest'
import { createClient, GpufleetError, ServerUnreachableError } from './client.ts'

const baseUrl = 'http://fleet.test/'

interface Call {
  url: string
  method: string | undefined
  headers: Record<string, string>
  body: unknown
}

function clientOf(answer: (call: Call) => Response | Promise<Response>, options: { apiKey?: string } = {}) {
  const calls: Call[] = []
  const fetch = async (url: string | URL | Request, init: RequestInit = {}) => {
    const call = {
      url: String(url),
      method: init.method,
      headers: init.headers as Record<string, string>,
      body: init.body === undefined ? undefined : JSON.parse(String(init.body)),
    }
    calls.push(call)
    return answer(call)
  }
  return { client: createClient({ baseUrl, fetch, ...options }), calls }
}

const good = (data: unknown, more: object = {}) => Response.json({ success: true, message: 'fine', data, ...more })

describe('a call', () => {
  test('sends what is stated and answers data and what stands beside it', async () => {
    const { client, calls } = clientOf(() => good([{ id: 'inst_1' }], { next_cursor: 'abc' }), { apiKey: 'k' })

    const reply = await client.listInstances({ status: 'active', label: undefined, limit: 2 })

    expect(reply).toEqual({ message: 'fine', data: [{ id: 'inst_1' }], next_cursor: 'abc' })
    expect(calls[0]).toMatchObject({
      url: 'http://fleet.test/api/v1/instances?status=active&limit=2',
      method: 'GET',
      headers: { authorization: 'Bearer k' },
    })
  })

  test('exports costs piece by piece, and a file that breaks off is an error', async () => {
    const pieces = (breaks: boolean) =>
      new Response(
        new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('a,b'))
            if (breaks) controller.error(new Error('the connection broke'))
            else controller.close()
          },
        }),
      )
    const { client, calls } = clientOf(({ url }) => pieces(url.includes('label=broken')))

    const text = async (label: string) => {
      let all = ''
      for await (const piece of client.exportCosts({ group_by: 'day', label })) all += new TextDecoder().decode(piece)
      return all
    }
    expect(await text('fine')).toBe('a,b')
    expect(calls[0]).toMatchObject({
      url: 'http://fleet.test/api/v1/costs.csv?group_by=day&label=fine',
      headers: { accept: 'text/csv' },
    })
    await expect(text('broken')).rejects.toBeInstanceOf(ServerUnreachableError)
  })

  test('launches with an Idempotency-Key', async () => {
    const { client, calls } = clientOf(() => good({ id: 'inst_1' }))

    const { data } = await client.launchInstance({ gpu_model: 'RTX 4090' }, { idempotencyKey: 'once' })

    expect(data.id).toBe('inst_1')
    expect(calls[0]).toMatchObject({
      method: 'POST',
      url: 'http://fleet.test/api/v1/instances',
      headers: { 'idempotency-key': 'once' },
      body: { gpu_model: 'RTX 4090' },
    })
  })

  test('keeps an id inside its place in the path', async () => {
    const { client, calls } = clientOf(() => good({}))

    await client.getInstance('a/b?c')

    expect(calls[0]?.url).toBe('http://fleet.test/api/v1/instances/a%2Fb%3Fc')
    for (const id of ['', '.', '..']) {
      await expect(client.terminateInstance(id)).rejects.toMatchObject({ code: 'invalid_request' })
    }
    expect(calls).toHaveLength(1)
  })
})

describe('an answer that is not good', () => {
  test('a problem is an error with its code and its way forward', async () => {
    const problem = {
      success: false,
      error: 'cannot stop it',
      code: 'not_allowed_now',
      fix: 'wait',
      request_id: 'req_1',
      details: { status: 'launching' },
    }
    const { client } = clientOf(() => Response.json(problem, { status: 409 }))

    const error = await client.stopInstance('inst_1').catch((caught) => caught)

    expect(error).toBeInstanceOf(GpufleetError)
    expect(error).toMatchObject({
      status: 409,
      code: 'not_allowed_now',
      message: 'cannot stop it',
      fix: 'wait',
      requestId: 'req_1',
      details: { status: 'launching' },
    })
  })

  test.each([
    ['a page of a proxy', () => new Response('<html>Bad Gateway</html>', { status: 502 }), 502],
    ['a page with status 200', () => new Response('<html>hello</html>'), 200],
    ['the JSON of somebody else', () => Response.json({ hello: 1 }), 200],
  ])('%s is named as what it is', async (_, answer, status) => {
    const { client } = clientOf(answer)

    await expect(client.listProviders()).rejects.toMatchObject({ code: 'unexpected_reply', status })
  })

  test('no answer names the address and the reason', async () => {
    const { client } = clientOf(() => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) })
    })

    const error = await client.listProviders().catch((caught) => caught)

    expect(error).toBeInstanceOf(ServerUnreachableError)
    expect(error.message).toBe('no answer from http://fleet.test: nothing listens there')
  })

  test('an abort of the caller stays an abort', async () => {
    const ended = new AbortController()
    const { client } = clientOf(() => {
      ended.abort()
      throw ended.signal.reason
    })

    await expect(client.listProviders({}, { signal: ended.signal })).rejects.toThrow(ended.signal.reason)
  })

  test('a server that never answers is given up', async () => {
    const fetch = (_: unknown, init: RequestInit = {}) =>
      new Promise<Response>((_, failed) => {
        init.signal?.addEventListener('abort', () => failed(init.signal?.reason))
      })
    const client = createClient({ baseUrl, fetch, timeoutMs: 5 })

    await expect(client.listProviders()).rejects.toThrow('no answer from http://fleet.test: it took too long')
  })
})
