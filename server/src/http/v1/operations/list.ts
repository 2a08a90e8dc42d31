import { z } from 'zod'
import { type ListedOperation, listOperations, type OperationsDeps } from '../../../app/operations.ts'
import { providerNamed, publicProviderNames } from '../../../core/providers.ts'
import { isoFrom } from '../../../core/time.ts'
import { route } from '../../route.ts'
import { providerFrom, WholeText } from '../inputs.ts'

const OperationView = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    provider: z.string(),
    account: z.string(),
    operation: z.string().describe('What it was for: launch, look, terminate …'),
    request: z.string().describe('Method and path, without ids and without the query.'),
    instance_id: z.string().nullable().describe('null: not about one instance.'),
    label: z.string().nullable().describe('Of the launch, where the call carried it.'),
    duration_ms: z.int(),
    status: z.int().nullable().describe('HTTP; null without a reply.'),
    outcome: z.string().describe('2xx, 4xx, 429, 5xx, or the trouble that left no reply: timeout, network, not_sent …'),
    error: z.string().nullable(),
    attempt: z.int().describe('1 for the first try, 2 for its repeat.'),
  })
  .meta({ id: 'Operation' })

export const listOperationsRoute = route({
  operationId: 'listOperations',
  method: 'GET',
  path: '/api/v1/operations',
  tag: 'admin',
  access: 'operator',
  summary: 'Every call to a marketplace, newest first.',
  query: z.strictObject({
    provider: z.string().max(40).optional(),
    instance_id: z.string().min(1).max(64).optional(),
    outcome: z
      .string()
      .regex(/^[0-9a-z_]{1,20}$/, 'takes 2xx, 4xx, 429, 5xx, timeout, network, not_sent, circuit_open or failed')
      .optional()
      .describe('`failed`: whatever did not go well.'),
    limit: WholeText(1, 1_000).optional().describe('Default 100.'),
    cursor: WholeText(1, Number.MAX_SAFE_INTEGER).optional().describe('`next_cursor` of the page before.'),
  }),
  reply: {
    status: 200,
    message: 'Operations retrieved successfully',
    data: z.array(OperationView),
    more: { next_cursor: z.int().nullable().describe('null on the last page.') },
  },
  errors: [],
  async handle({ query, who }, deps: OperationsDeps) {
    const { found, next } = await listOperations(
      {
        limit: query.limit ?? 100,
        ...(query.provider !== undefined && { provider: providerFrom(query.provider) }),
        ...(query.instance_id !== undefined && { instanceId: query.instance_id }),
        ...(query.outcome !== undefined && { outcome: query.outcome }),
        ...(query.cursor !== undefined && { before: query.cursor }),
      },
      who,
      deps,
    )
    return { data: found.map(operationView), more: { next_cursor: next } }
  },
})

function operationView(one: ListedOperation): z.infer<typeof OperationView> {
  const provider = providerNamed(one.provider)
  return {
    id: one.id,
    at: isoFrom(one.at),
    provider: provider === undefined ? one.provider : publicProviderNames[provider],
    account: one.account,
    operation: one.operation,
    request: `${one.method} ${one.path}`,
    instance_id: one.instanceId,
    label: one.label,
    duration_ms: one.durationMs,
    status: one.status,
    outcome: one.outcome,
    error: one.error,
    attempt: one.attempt,
  }
}
