/**
 * One flat shape for every error. Codes and their statuses as in the official CLI (Paperspace/cli `errors.ts`); texts
 * other than those of UNAUTHORIZED and NOT_FOUND are not verbatim.
 */

const statuses = {
  PARSE_ERROR: 400,
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  TOO_MANY_REQUESTS: 429,
} as const

export type ErrorCode = keyof typeof statuses

export class ApiError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly issues: string[] | undefined
  readonly headers: Record<string, string>

  constructor(code: ErrorCode, message: string, more: { issues?: string[]; headers?: Record<string, string> } = {}) {
    super(message)
    this.code = code
    this.status = statuses[code]
    this.issues = more.issues
    this.headers = more.headers ?? {}
  }
}

export const notFound = () => new ApiError('NOT_FOUND', 'Not found')

/** The spec's error schema is closed and has no `issues`; the official CLI reads them all the same. */
export const issue = (...issues: string[]) => new ApiError('BAD_REQUEST', 'Input validation failed', { issues })

export function codeOfStatus(status: number): ErrorCode {
  const codes: Record<number, ErrorCode> = {
    400: 'BAD_REQUEST',
    403: 'FORBIDDEN',
    409: 'CONFLICT',
    412: 'PRECONDITION_FAILED',
  }
  const code = codes[status]
  if (!code) throw new RangeError(`not a status of a business failure: ${status} (400, 403, 409 or 412)`)
  return code
}
