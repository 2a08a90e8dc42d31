import { z } from 'zod'
import { type AuditDeps, listAudit, verifyAudit } from '../../../app/audit.ts'
import { eventKinds } from '../../../app/instance-events.ts'
import { route } from '../../route.ts'
import { WholeText } from '../inputs.ts'
import { AuditEntryView, AuditVerdictView, auditEntryView, auditVerdictView } from './view.ts'

const Moment = z.iso.datetime({ offset: true, error: 'takes a time such as 2027-01-31T12:00:00Z' })

export const listAuditRoute = route({
  operationId: 'listAudit',
  method: 'GET',
  path: '/api/v1/audit',
  tag: 'admin',
  access: 'admin',
  summary: 'Who changed what, when and why, newest first.',
  query: z.strictObject({
    instance_id: z.string().min(1).max(64).optional(),
    actor: z.string().min(1).max(80).optional().describe('The name of a key, `admin`, `keyless` or `system`.'),
    kind: z.enum(eventKinds).optional(),
    from: Moment.optional().describe('At this moment or later.'),
    until: Moment.optional().describe('Before this moment.'),
    limit: WholeText(1, 1_000).optional().describe('Default 100.'),
    cursor: WholeText(1, Number.MAX_SAFE_INTEGER).optional().describe('`next_cursor` of the page before.'),
  }),
  reply: {
    status: 200,
    message: 'Audit log retrieved successfully',
    data: z.array(AuditEntryView),
    more: { next_cursor: z.int().nullable().describe('null on the last page.') },
  },
  errors: [],
  async handle({ query }, deps: AuditDeps) {
    const { entries, next } = await listAudit(
      {
        limit: query.limit ?? 100,
        ...(query.instance_id !== undefined && { instanceId: query.instance_id }),
        ...(query.actor !== undefined && { actor: query.actor }),
        ...(query.kind !== undefined && { kind: query.kind }),
        ...(query.from !== undefined && { from: Date.parse(query.from) }),
        ...(query.until !== undefined && { until: Date.parse(query.until) }),
        ...(query.cursor !== undefined && { before: query.cursor }),
      },
      deps,
    )
    return { data: entries.map(auditEntryView), more: { next_cursor: next } }
  },
})

export const verifyAuditRoute = route({
  operationId: 'verifyAudit',
  method: 'GET',
  path: '/api/v1/audit/verify',
  tag: 'admin',
  access: 'admin',
  summary:
    'Check that nobody has changed, removed or added an entry of the audit log or the operations log, or a charge that has ended.',
  reply: { status: 200, message: 'Logs checked', data: AuditVerdictView },
  errors: [],
  handle: async (_, deps: AuditDeps) => ({ data: auditVerdictView(await verifyAudit(deps)) }),
})
