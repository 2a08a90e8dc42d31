import { z } from 'zod'
import { AppError, type AppErrorCode } from '../app/errors.ts'

/** What a face can answer beside the verbs' own errors. */
export type HttpErrorCode =
  | AppErrorCode
  | 'malformed_json'
  | 'body_too_large'
  | 'unauthorized'
  | 'no_such_route'
  | 'method_not_allowed'
  | 'too_many_requests'
  | 'internal'

export const statusOf: Record<HttpErrorCode, number> = {
  invalid_request: 400,
  unknown_gpu: 400,
  unknown_provider: 400,
  provider_not_configured: 400,
  not_possible_here: 400,
  malformed_json: 400,
  unauthorized: 401,
  not_found: 404,
  no_such_route: 404,
  method_not_allowed: 405,
  not_allowed_now: 409,
  offer_gone: 409,
  no_offer: 409,
  idempotency_key_reused: 409,
  body_too_large: 413,
  too_many_requests: 429,
  internal: 500,
  provider_refused: 502,
  provider_unreadable: 502,
  provider_unavailable: 503,
}

/** One internal error, rendered for `/api/v1`. */
export const ProblemView = z
  .object({
    success: z.literal(false),
    error: z.string().describe('What went wrong, in a sentence.'),
    code: z.enum(Object.keys(statusOf) as [HttpErrorCode, ...HttpErrorCode[]]).describe('What to branch on.'),
    fix: z.string().describe('What to do about it.'),
    request_id: z.string().describe('Names this request in the server’s log.'),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem' })

export type Problem = z.infer<typeof ProblemView>

export class HttpError extends Error {
  readonly code: HttpErrorCode
  readonly fix: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: HttpErrorCode, message: string, fix: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.fix = fix
    this.details = details
  }
}

export function problemFrom(error: AppError | HttpError, requestId: string): Problem {
  return {
    success: false,
    error: error.message,
    code: error.code,
    fix: error.fix,
    request_id: requestId,
    ...(Object.keys(error.details).length > 0 && { details: { ...error.details } }),
  }
}

export interface Mistake {
  field: string
  problem: string
}

/** Bad input: every mistake by name, in one answer. */
export function invalidRequest(mistakes: readonly Mistake[]): HttpError {
  const named = mistakes.map(({ field, problem }) => `${field}: ${problem}`).join('; ')
  return new HttpError(
    'invalid_request',
    `the request is not valid: ${named}`,
    'correct the named fields; /docs shows what each takes',
    {
      mistakes,
    },
  )
}

export { AppError }
