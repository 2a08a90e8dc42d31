import { type HttpErrorCode, meaningOf, statusOf } from '../../server/src/http/problem.ts'
import { madeFrom, rows } from './page.ts'

/** docs/reference/errors.md: every code that a call can end with. */
export function errorsPage(): string {
  const codes = Object.keys(statusOf) as HttpErrorCode[]
  return [
    '# Errors',
    madeFrom('server/src/http/problem.ts'),
    'An error of `/api/v1` is `{"success": false, "error", "code", "fix", "request_id"}`: a sentence, the code to branch on, what to do about it, and the name of the request in the log.',
    rows(
      ['status', 'code', 'what it means'],
      codes.map((code) => [String(statusOf[code]), `\`${code}\``, meaningOf[code]]),
    ),
  ]
    .join('\n\n')
    .concat('\n')
}
