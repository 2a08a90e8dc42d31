import type { Event } from '@gpufleet/sdk/api'
import { runCli } from '../program.ts'
import type { World } from '../world.ts'
import { startOfTime } from './builders.ts'

interface Request {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string>
  body: unknown
}

/** Answers of the server by `METHOD /path`: data, or a whole response. A list is answered one by one, its last for ever. */
export type Answers = Record<string, ((request: Request) => unknown) | object>

interface Ran {
  exitCode: number
  out: string[]
  err: string[]
  requests: Request[]
  /** What was run as a program of this machine. */
  ran: string[][]
}

/** Runs the CLI against such answers, and says what came of it. */
export async function cli(
  args: readonly string[],
  { answers = {}, world = {} }: { answers?: Answers; world?: Partial<World> } = {},
): Promise<Ran> {
  const result: Ran = { exitCode: -1, out: [], err: [], requests: [], ran: [] }
  result.exitCode = await runCli(args, {
    env: {},
    home: '/home/me',
    fetch: (url, init = {}) => answerTo(url, init),
    out: (line) => void result.out.push(line),
    err: (line) => void result.err.push(line),
    terminal: { input: false, output: false, errors: false },
    now: () => startOfTime + 100_000,
    newKey: () => 'key-1',
    ask: async () => '',
    readFile: () => undefined,
    writeFile: async () => {},
    run: async (program, given) => {
      result.ran.push([program, ...given])
      return 0
    },
    interrupted: new AbortController().signal,
    ...world,
  })
  return result

  async function answerTo(url: string | URL | globalThis.Request, init: RequestInit): Promise<Response> {
    init.signal?.throwIfAborted()
    const { pathname, searchParams } = new URL(String(url))
    const request: Request = {
      method: init.method ?? 'GET',
      path: pathname,
      query: searchParams,
      headers: init.headers as Record<string, string>,
      body: init.body == null ? undefined : JSON.parse(String(init.body)),
    }
    result.requests.push(request)
    const answer = answers[`${request.method} ${pathname}`]
    if (answer === undefined) return problem('not_found', `there is no ${request.method} ${pathname}`, 404)
    const value = typeof answer === 'function' ? answer(request) : answer
    return value instanceof Response ? value : good(value)
  }
}

/** Data as the server wraps it; `more` stands beside it. */
export function good(data: unknown, more: object = {}): Response {
  return Response.json({ success: true, message: 'fine', data, ...more })
}

export function problem(code: string, error: string, status: number, details?: object): Response {
  return Response.json(
    { success: false, error, code, fix: `do something about ${code}`, request_id: 'req_1', details },
    { status },
  )
}

/** A stream that sends these events and stays open, as the server's does. */
export function streamOf(events: readonly Event[], { stay = true } = {}): () => Response {
  return () => {
    const text = events.map((event) => `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`)
    return new Response(
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(`retry: 1\n\n${text.join('')}`))
          if (!stay) controller.close()
        },
      }),
    )
  }
}
