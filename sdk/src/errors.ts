import type { Problem } from './api.gen.ts'

/** `unexpected_reply` is ours: what answered is not gpufleet, or not one that this SDK understands. */
export type ErrorCode = Problem['code'] | 'unexpected_reply'

/** The server said no. Branch on `code`; show `message` and `fix`. */
export class GpufleetError extends Error {
  override readonly name = 'GpufleetError'
  readonly status: number
  readonly code: ErrorCode
  /** What to do about it. */
  readonly fix: string
  /** Names the request in the server's log. */
  readonly requestId: string | null
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    message: string,
    facts: {
      status: number
      code: ErrorCode
      fix: string
      requestId: string | null
      details?: Record<string, unknown> | undefined
    },
  ) {
    super(message)
    this.status = facts.status
    this.code = facts.code
    this.fix = facts.fix
    this.requestId = facts.requestId
    this.details = facts.details ?? {}
  }
}

/** Nothing answered. Whether the call arrived is not known: repeat a launch only with the same Idempotency-Key. */
export class ServerUnreachableError extends Error {
  override readonly name = 'ServerUnreachableError'
  readonly url: string
  readonly fix = 'check that the server runs and that its address is right'

  constructor(url: string, why: string, cause: unknown) {
    super(`no answer from ${url}: ${why}`, { cause })
    this.url = url
  }
}

/** The error that an answer stands for. Anything but our own problems is named as what it is. */
export async function errorFrom(response: Response, url: string): Promise<GpufleetError> {
  const text = await response.text().catch(() => '')
  const problem = problemFrom(text)
  return problem === undefined
    ? unexpectedReply(response, url, text)
    : new GpufleetError(problem.error, {
        status: response.status,
        code: problem.code,
        fix: problem.fix,
        requestId: problem.request_id,
        details: problem.details,
      })
}

export function unexpectedReply(response: Response, url: string, text: string): GpufleetError {
  const start = text.trim().replace(/\s+/g, ' ').slice(0, 80)
  return new GpufleetError(
    `${url} answered ${response.status} in a way that gpufleet does not${start === '' ? '' : `: ${start}`}`,
    {
      status: response.status,
      code: 'unexpected_reply',
      fix: 'check that the address is that of a gpufleet server of this version, and what stands in between',
      requestId: response.headers.get('x-request-id'),
    },
  )
}

function problemFrom(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null
    return typeof value?.error === 'string' && typeof value.code === 'string' && typeof value.fix === 'string'
      ? (value as Problem)
      : undefined
  } catch {
    return undefined
  }
}

/** What went wrong below HTTP, in words: `fetch` itself only says "fetch failed". */
export function reasonOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as { code?: unknown }).code
    if (typeof code === 'string') return words.get(code) ?? code
    if (at.name === 'TimeoutError') return 'it took too long'
    if (at.cause === undefined) return at.message
  }
  return String(error)
}

const words = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ECONNRESET', 'the connection was cut'],
  ['UND_ERR_SOCKET', 'the connection was cut'],
  ['ENOTFOUND', 'there is no host of that name'],
  ['EAI_AGAIN', 'the host’s name could not be looked up'],
  ['ETIMEDOUT', 'it took too long'],
  ['UND_ERR_CONNECT_TIMEOUT', 'it took too long'],
  ['UND_ERR_HEADERS_TIMEOUT', 'it took too long'],
  ['EHOSTUNREACH', 'there is no way to that host'],
  ['ENETUNREACH', 'there is no network'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is not trusted here'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
])
