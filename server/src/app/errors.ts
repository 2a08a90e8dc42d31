import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import { ProviderError } from '../providers/provider.ts'

/** The end of a request: a code to branch on, a sentence, and a way forward. */
export type AppErrorCode =
  | 'invalid_request'
  | 'unknown_gpu'
  | 'unknown_provider'
  | 'provider_not_configured'
  | 'offer_gone'
  | 'no_offer'
  | 'budget_spent'
  | 'not_found'
  | 'forbidden'
  | 'not_allowed_now'
  | 'not_possible_here'
  | 'not_in_time'
  | 'idempotency_key_reused'
  | 'idempotency_in_progress'
  | 'provider_unavailable'
  | 'provider_refused'
  | 'provider_unreadable'

export class AppError extends Error {
  readonly code: AppErrorCode
  /** What to do about it. */
  readonly fix: string
  /** Facts for machines: near names, the mistakes by field, the filters that emptied a result. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: AppErrorCode,
    message: string,
    { fix, details = {}, cause }: { fix: string; details?: Readonly<Record<string, unknown>>; cause?: unknown },
  ) {
    super(message, { cause })
    this.name = 'AppError'
    this.code = code
    this.fix = fix
    this.details = details
  }
}

export function noSuchInstance(id: string): AppError {
  return new AppError('not_found', `there is no instance ${id}`, {
    fix: 'GET /api/v1/instances lists the ones there are',
  })
}

/** A provider's trouble as the end of a request. The provider is named; its words are kept, secrets are already out. */
export function appErrorFrom(error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error
  const name = publicProviderNames[error.provider satisfies ProviderName]
  const details = { provider: name, kind: error.kind }
  switch (error.kind) {
    case 'unavailable':
    case 'rate_limited':
    case 'outcome_unknown':
      return new AppError('provider_unavailable', `${name} does not answer: ${error.message}`, {
        fix: 'try again in a minute; what runs there goes on and is looked after',
        details,
        cause: error,
      })
    case 'unauthorized':
      return new AppError('provider_refused', `${name} refuses our key: ${error.message}`, {
        fix: `check the API key set for ${name}`,
        details,
        cause: error,
      })
    case 'no_money':
      return new AppError('provider_refused', `${name} wants money on the account: ${error.message}`, {
        fix: `top up the account at ${name}`,
        details,
        cause: error,
      })
    case 'not_now':
      return new AppError('not_allowed_now', `${name} does not allow this now: ${error.message}`, {
        fix: 'look at the instance again in a moment',
        details,
        cause: error,
      })
    case 'no_capacity':
      return new AppError('offer_gone', `${name} has no capacity for this now: ${error.message}`, {
        fix: 'choose another offer',
        details,
        cause: error,
      })
    case 'rejected':
      return new AppError('not_possible_here', `${name} cannot do this: ${error.message}`, {
        fix: 'see the message; another provider may be able to',
        details,
        cause: error,
      })
    case 'unexpected_reply':
      return new AppError('provider_unreadable', `${name} answered in a way we do not understand: ${error.message}`, {
        fix: 'its API may have changed; the server log has the particulars',
        details,
        cause: error,
      })
  }
}
