import type { Event } from './api.gen.ts'
import { GpufleetError, ServerUnreachableError } from './errors.ts'
import { serverSentEvents } from './server-sent-events.ts'

export interface StreamOptions {
  /** Only this instance; without it, everything. */
  instanceId?: string | undefined
  /** The id of the last event you have; 0 for all there are. Without it, what happens from now on. */
  after?: number | undefined
  /** Ends the stream quietly. */
  signal?: AbortSignal | undefined
  /** Called when the connection is lost, before the next try. */
  onLost?: ((error: Error) => void) | undefined
  /** How long to go on trying without a connection before the error is thrown; without it, for ever. */
  giveUpAfterMs?: number | undefined
}

export interface StreamDeps {
  /** Opens the stream; throws as every call does. */
  open(
    query: { instance_id?: string | undefined; after?: number | undefined },
    options: { headers: Record<string, string>; signal: AbortSignal },
  ): Promise<Response>
  url: string
}

/** The server says something at least every 15 s; a connection that says nothing for longer is dead. */
const silenceMs = 45_000
const defaultRetryMs = 2_000
const longestRetryMs = 30_000

/**
 * Follows the events, over lost connections too: each new connection goes on after the last event that arrived. The
 * first connection has to succeed, and a refusal (a wrong key, a wrong request) ends it with an error.
 */
export async function* eventStream(options: StreamOptions, deps: StreamDeps): AsyncGenerator<Event, void, undefined> {
  const { signal, giveUpAfterMs = Number.POSITIVE_INFINITY } = options
  let lastId = ''
  let retryMs = defaultRetryMs
  let connectedAt: number | null = null
  let failures = 0

  while (signal?.aborted !== true) {
    try {
      for await (const block of connection(options, lastId, deps)) {
        connectedAt = Date.now()
        failures = 0
        retryMs = block.retryMs ?? retryMs
        if (block.id !== '') lastId = block.id
        if (block.data !== null) yield JSON.parse(block.data) as Event
        if (signal?.aborted) return
      }
      throw new ServerUnreachableError(deps.url, 'the connection was cut', undefined)
    } catch (error) {
      if (signal?.aborted) return
      const mayPass = error instanceof ServerUnreachableError || (error instanceof GpufleetError && isPassing(error))
      if (!mayPass || connectedAt === null || Date.now() - connectedAt > giveUpAfterMs) throw error
      options.onLost?.(error)
    }
    await pause(Math.min(retryMs * 2 ** failures, longestRetryMs), signal)
    failures += 1
  }
}

interface Block {
  id: string
  data: string | null
  retryMs: number | undefined
}

async function* connection(
  { instanceId, after, signal }: StreamOptions,
  lastId: string,
  { open, url }: StreamDeps,
): AsyncGenerator<Block, void, undefined> {
  const dead = new AbortController()
  const either = signal === undefined ? dead.signal : AbortSignal.any([signal, dead.signal])
  let timer = setTimeout(() => dead.abort(), silenceMs)
  try {
    // `after` is where the first connection began; the last id is newer.
    const response = await open(
      { instance_id: instanceId, after: lastId === '' ? after : undefined },
      {
        headers: { accept: 'text/event-stream', ...(lastId !== '' && { 'last-event-id': lastId }) },
        signal: either,
      },
    )
    const parser = serverSentEvents()
    for await (const piece of piecesOf(response, either)) {
      clearTimeout(timer)
      timer = setTimeout(() => dead.abort(), silenceMs)
      for (const block of parser.read(piece)) yield { ...block, retryMs: parser.retryMs() }
    }
  } catch (error) {
    if (error instanceof GpufleetError || error instanceof ServerUnreachableError) throw error
    throw new ServerUnreachableError(url, dead.signal.aborted ? 'it fell silent' : 'the connection was cut', error)
  } finally {
    clearTimeout(timer)
    // Also when the reader walks away in the middle: nothing may keep the connection open.
    dead.abort()
  }
}

async function* piecesOf(response: Response, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const reader = response.body?.getReader()
  if (reader === undefined || signal.aborted) return
  // Not every fetch ends a body that is under way when its call is aborted.
  signal.addEventListener('abort', () => void reader.cancel().catch(() => {}), { once: true })
  const decoder = new TextDecoder()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield decoder.decode(value, { stream: true })
  }
}

function isPassing({ status }: GpufleetError): boolean {
  return status >= 500 || status === 429
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done) => {
    const finish = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      done()
    }
    const timer = setTimeout(finish, ms)
    signal?.addEventListener('abort', finish)
  })
}
