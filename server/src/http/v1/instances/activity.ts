import { z } from 'zod'
import { type ActivityDeps, reportActivity } from '../../../app/activity.ts'
import { route } from '../../route.ts'
import { InstanceParams } from '../inputs.ts'
import { type ShownDeps, shown } from './shown.ts'
import { InstanceView } from './view.ts'

export const reportActivityRoute = route({
  operationId: 'reportActivity',
  method: 'POST',
  path: '/api/v1/instances/:id/activity',
  tag: 'instances',
  access: 'operator',
  summary: 'Somebody uses it now, so it is not idle.',
  description:
    'With `in_flight` above 0 work is under way: it is not stopped for being idle until that is 0, or for ten minutes after the last report.',
  params: InstanceParams,
  body: z
    .strictObject({
      in_flight: z.int().min(0).max(1_000_000).optional().describe('Pieces of work under way now.'),
      kind: z
        .string()
        .regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, 'is a word of lower-case letters, digits, - and _')
        .refine((kind) => kind !== 'unclear' && kind !== 'gpu', 'is a word that the server uses itself')
        .optional()
        .describe('What it was used for, such as http or ssh.'),
    })
    .nullish(),
  bodyOptional: true,
  reply: { status: 200, message: 'Activity noted', data: InstanceView },
  errors: ['not_found', 'not_allowed_now'],
  async handle({ params, body, caller, who }, deps: ActivityDeps & ShownDeps) {
    const { in_flight: inFlight = null, kind = null } = body ?? {}
    return { data: await shown(await reportActivity(params.id, { inFlight, kind }, who, deps), caller, deps) }
  },
})
