import type { AppError } from '../../../app/errors.ts'
import type { Face } from '../../face.ts'
import { type HttpError, type HttpErrorCode, statusOf } from '../../problem.ts'

const prefix = '/infra/vast'

/** What the marketplace refused or did not answer: clients of the contract look for these words. */
const theirs: ReadonlySet<HttpErrorCode> = new Set([
  'provider_refused',
  'provider_unreadable',
  'provider_unavailable',
  'not_found',
  'offer_gone',
  'not_possible_here',
])

export const infraVastFace: Face = {
  owns: (path) => path === prefix || path.startsWith(`${prefix}/`),
  problem(error: AppError | HttpError) {
    if (theirs.has(error.code)) return { status: 502, body: { detail: `vast CLI failed: ${error.message}` } }
    // A setting is missing, which is not the caller's fault.
    const status = error.code === 'provider_not_configured' ? 500 : statusOf[error.code]
    return { status, body: { detail: error.message } }
  },
}
