import type { AppError } from '../../../app/errors.ts'
import { isoFrom } from '../../../core/time.ts'
import type { Face } from '../../face.ts'
import { type HttpError, type HttpErrorCode, type Mistake, statusOf } from '../../problem.ts'

const prefixes = ['/api/instances', '/api/metrics', '/api/cache', '/health']

export const novitaFace: Face = {
  owns: isNovitaPath,
  problem(error, { id, method, path, at }) {
    const { code, status } = wordFor(error)
    const seconds = error.details.retry_after_seconds
    return {
      status,
      body: {
        error: {
          code,
          message: error.code === 'no_such_route' ? `Route ${method} ${path.slice(0, 200)} not found` : error.message,
          details: detailsOf(error),
          timestamp: isoFrom(at),
          requestId: id,
          ...(mistakesOf(error).length > 0 && {
            validationErrors: mistakesOf(error).map(({ field, problem }) => ({ field, message: problem })),
          }),
          ...(retryable.has(status) && { retryable: true }),
          ...(typeof seconds === 'number' && { retryAfter: seconds }),
        },
      },
    }
  },
}

export function isNovitaPath(path: string): boolean {
  return prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
}

/** The contract's words; its statuses differ from ours where it names one. */
const words: Readonly<Record<HttpErrorCode, { code: string; status?: number }>> = {
  invalid_request: { code: 'VALIDATION_ERROR' },
  malformed_json: { code: 'VALIDATION_ERROR' },
  unknown_provider: { code: 'VALIDATION_ERROR' },
  unknown_gpu: { code: 'PRODUCT_NOT_FOUND', status: 404 },
  no_offer: { code: 'NO_AVAILABLE_PRODUCTS', status: 404 },
  offer_gone: { code: 'NO_AVAILABLE_PRODUCTS', status: 404 },
  not_found: { code: 'INSTANCE_NOT_FOUND' },
  not_possible_here: { code: 'BAD_REQUEST' },
  provider_not_configured: { code: 'SERVICE_UNAVAILABLE', status: 503 },
  unauthorized: { code: 'AUTHENTICATION_ERROR' },
  forbidden: { code: 'FORBIDDEN' },
  no_such_route: { code: 'NOT_FOUND' },
  method_not_allowed: { code: 'METHOD_NOT_ALLOWED' },
  not_allowed_now: { code: 'RESOURCE_CONFLICT' },
  budget_spent: { code: 'BUDGET_SPENT' },
  idempotency_key_reused: { code: 'RESOURCE_CONFLICT' },
  idempotency_in_progress: { code: 'RESOURCE_CONFLICT' },
  request_timeout: { code: 'REQUEST_TIMEOUT' },
  body_too_large: { code: 'PAYLOAD_TOO_LARGE' },
  headers_too_large: { code: 'BAD_REQUEST' },
  too_many_requests: { code: 'RATE_LIMIT_EXCEEDED' },
  internal: { code: 'INTERNAL_ERROR' },
  provider_refused: { code: 'NOVITA_API_ERROR' },
  provider_unreadable: { code: 'NOVITA_API_ERROR' },
  provider_unavailable: { code: 'NOVITA_API_ERROR' },
  not_in_time: { code: 'REQUEST_TIMEOUT', status: 408 },
}

const retryable: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

function wordFor({ code, details }: AppError | HttpError): { code: string; status: number } {
  if (code === 'not_found' && details.what === 'product') return { code: 'PRODUCT_NOT_FOUND', status: 404 }
  if (code === 'not_found' && details.what === 'template') return { code: 'TEMPLATE_NOT_FOUND', status: 404 }
  if (code === 'not_found' && details.what === 'cache') return { code: 'NOT_FOUND', status: 404 }
  if (code === 'provider_unavailable' && details.breaker === 'open') {
    return { code: 'CIRCUIT_BREAKER_OPEN', status: 503 }
  }
  // The caller's key is not asked for; the one that is refused is ours at the marketplace.
  if (code === 'provider_refused' && details.kind === 'unauthorized') {
    return { code: 'AUTHENTICATION_ERROR', status: 401 }
  }
  const word = words[code]
  return { code: word.code, status: word.status ?? statusOf[code] }
}

/** `field` and `reason` are the contract's; of several mistakes the first is there, and all in `validationErrors`. */
function detailsOf(error: AppError | HttpError): Record<string, unknown> {
  const [first] = mistakesOf(error)
  const { mistakes: _, ...more } = error.details
  return { ...more, ...(first !== undefined && { field: first.field, reason: first.problem }), fix: error.fix }
}

function mistakesOf({ details }: AppError | HttpError): readonly Mistake[] {
  return Array.isArray(details.mistakes) ? (details.mistakes as Mistake[]) : []
}
