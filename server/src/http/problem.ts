import { z } from 'zod'
import type { AppError, AppErrorCode } from '../app/errors.ts'

/** What a face can answer beside the verbs' own errors. */
export type HttpErrorCode =
  | AppErrorCode
  | 'malformed_json'
  | 'body_too_large'
  | 'unauthorized'
  | 'no_such_route'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'headers_too_large'
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
  forbidden: 403,
  not_found: 404,
  no_such_route: 404,
  method_not_allowed: 405,
  not_allowed_now: 409,
  offer_gone: 409,
  no_offer: 409,
  budget_spent: 409,
  idempotency_key_reused: 409,
  idempotency_in_progress: 409,
  request_timeout: 408,
  body_too_large: 413,
  headers_too_large: 431,
  too_many_requests: 429,
  internal: 500,
  provider_refused: 502,
  provider_unreadable: 502,
  provider_unavailable: 503,
  not_in_time: 504,
}

/** What each means, for the descriptions of an operation's answers. */
export const meaningOf: Record<HttpErrorCode, string> = {
  invalid_request: 'the request is not valid; every mistake is named',
  unknown_gpu: 'no GPU is known by that name; near names are given',
  unknown_provider: 'no provider is known by that name',
  provider_not_configured: 'there is no key for that provider',
  not_possible_here: 'the provider cannot do this',
  malformed_json: 'the body is not JSON',
  unauthorized: 'an API key is missing or wrong',
  forbidden: 'the key’s role or project does not allow it; the fix names what does',
  not_found: 'there is nothing with that id',
  no_such_route: 'there is no such path',
  method_not_allowed: 'the path takes another method',
  not_allowed_now: 'the status forbids it; the message says why',
  offer_gone: 'the offer is not on sale any more',
  no_offer: 'nothing on sale fits; the message says which filter is to blame',
  budget_spent: 'a budget does not pay for it; the message names it',
  idempotency_key_reused: 'the Idempotency-Key was used with another request',
  idempotency_in_progress: 'the first call with this Idempotency-Key is under way',
  request_timeout: 'the request did not arrive in time',
  body_too_large: 'the body is too large',
  headers_too_large: 'the address or the headers are too large',
  too_many_requests: 'too many requests in this minute; Retry-After says when to go on',
  internal: 'our fault; the log has it under request_id',
  provider_refused: 'the provider refuses; it is named',
  provider_unreadable: 'the provider answered in a way we do not understand; it is named',
  provider_unavailable: 'the provider does not answer; it is named',
  not_in_time: 'it did not happen within the time that was given for it',
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
    { mistakes },
  )
}
