/** A user who wants answers: what was asked is asked again, with the same Idempotency-Key, until it is answered. */

import { sleep } from './ask.ts'

export interface Asked {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: unknown
  /** The same for every repetition. */
  key?: string
}

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
  body: any
  text: string
  /** How often nobody answered before. */
  silences: number
}

export interface Patience {
  /** Where the server listens now; waits while none is up. */
  url: () => Promise<string>
  headers: Record<string, string>
  withinMs: number
}

const pauseMs = 50

/** @throws Error when there is no answer in time */
export async function insist(asked: Asked, { url, headers, withinMs }: Patience): Promise<Answer> {
  const end = Date.now() + withinMs
  for (let silences = 0; ; ) {
    const answer = await once(asked, await url(), headers)
    if (answer !== undefined && !isWorthRepeating(answer)) return { ...answer, silences }
    if (answer === undefined) silences += 1
    if (Date.now() > end) {
      throw new Error(`${asked.method} ${asked.path} was not answered in time; last: ${answer?.text ?? 'nothing'}`)
    }
    await sleep(answer === undefined ? pauseMs : 10 * pauseMs)
  }
}

async function once(asked: Asked, url: string, headers: Record<string, string>) {
  try {
    const reply = await fetch(`${url}${asked.path}`, {
      method: asked.method,
      headers: {
        ...headers,
        ...(asked.body !== undefined && { 'content-type': 'application/json' }),
        ...(asked.key !== undefined && { 'idempotency-key': asked.key }),
      },
      ...(asked.body !== undefined && { body: JSON.stringify(asked.body) }),
      signal: AbortSignal.timeout(30_000),
    })
    const text = await reply.text()
    return { status: reply.status, text, body: text.startsWith('{') ? JSON.parse(text) : null }
  } catch {
    return undefined
  }
}

/** The same call is under way, or the marketplace did not answer our server in time: both pass. */
function isWorthRepeating({ status, body }: { status: number; body: { code?: string } | null }): boolean {
  return status === 503 || body?.code === 'idempotency_in_progress'
}
