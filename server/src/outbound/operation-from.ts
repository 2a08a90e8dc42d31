import { labelIn, type Operation, pathTemplate } from '../core/operations/operation.ts'
import type { Instant } from '../core/time.ts'
import type { Redactor } from '../observability/redaction.ts'
import type { OutboundRequest } from './outbound.ts'
import { nameOf, type Outcome } from './outcome.ts'

const longestError = 300

/** One try, for the operations log: what was asked and how it ended, without what was sent and what came back. */
export function operationFrom(
  request: OutboundRequest,
  outcome: Outcome,
  { sentAt, now, attempt, redactor }: { sentAt: Instant; now: Instant; attempt: number; redactor: Redactor },
): Operation {
  const { pathname } = new URL(request.url)
  return {
    at: sentAt,
    provider: request.target,
    account: request.account,
    operation: request.operation,
    method: request.method,
    path: redactor.text(pathTemplate(pathname)),
    parts: pathname.split('/').filter((part) => part !== ''),
    label: request.method === 'GET' || request.json === undefined ? null : labelIn(JSON.stringify(request.json)),
    durationMs: Math.max(0, now - sentAt),
    status: outcome.kind === 'reply' ? outcome.reply.status : null,
    outcome: nameOf(outcome),
    error: outcome.kind === 'trouble' ? redactor.text(outcome.error.message).slice(0, longestError) : null,
    attempt,
  }
}
