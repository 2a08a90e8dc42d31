import { z } from 'zod'
import { type CostDeps, instanceCosts } from '../../../app/instance-costs.ts'
import { instanceEvents } from '../../../app/instance-events.ts'
import { instanceLogs } from '../../../app/instance-logs.ts'
import { type ActionDeps, getInstance } from '../../../app/instances.ts'
import { listInstances } from '../../../app/list-instances.ts'
import type { InstanceId } from '../../../core/instances/instance.ts'
import { finalStatuses, type Status, statuses } from '../../../core/instances/status.ts'
import type { Activity } from '../../../core/policies/activity.ts'
import { invalidRequest } from '../../problem.ts'
import { route } from '../../route.ts'
import { EventView, eventView } from '../events/view.ts'
import { InstanceParams, Project, providerFrom, WholeText } from '../inputs.ts'
import { type ShownDeps, shown } from './shown.ts'
import { CostsView, costsView, InstanceView, instanceView } from './view.ts'

export type ReadDeps = Parameters<typeof listInstances>[2] &
  Parameters<typeof instanceEvents>[3] &
  CostDeps &
  Pick<ActionDeps, 'instances' | 'providers'> &
  ShownDeps & { activity: { ofInstances(ids: readonly InstanceId[]): Promise<ReadonlyMap<string, Activity>> } }

export const listInstancesRoute = route({
  operationId: 'listInstances',
  method: 'GET',
  path: '/api/v1/instances',
  tag: 'instances',
  access: 'viewer',
  summary: 'Your instances, newest first.',
  query: z.strictObject({
    status: z
      .string()
      .max(200)
      .optional()
      .describe('One or several, separated by commas; `active` means all that have not ended.'),
    provider: z.string().max(40).optional(),
    label: z.string().max(120).optional(),
    project: Project.optional(),
    limit: WholeText(1, 200).optional().describe('Default 50.'),
    cursor: z.string().max(200).optional().describe('`next_cursor` of the page before.'),
  }),
  reply: {
    status: 200,
    message: 'Instances retrieved successfully',
    data: z.array(InstanceView),
    more: { next_cursor: z.string().nullable().describe('null on the last page.') },
  },
  errors: [],
  async handle({ query, caller, who }, deps: ReadDeps) {
    const page = await listInstances(
      {
        limit: query.limit ?? 50,
        ...(query.status !== undefined && { statuses: statusesFrom(query.status) }),
        ...(query.provider !== undefined && { provider: providerFrom(query.provider) }),
        ...(query.label !== undefined && { label: query.label }),
        ...(query.project !== undefined && { project: query.project }),
        ...(query.cursor !== undefined && { before: placeFrom(query.cursor) }),
      },
      who,
      deps,
    )
    const activities = await deps.activity.ofInstances(page.instances.map(({ id }) => id))
    const now = deps.clock.now()
    return {
      data: page.instances.map((one) =>
        instanceView(one, {
          charges: page.charges.get(one.id) ?? [],
          activity: activities.get(one.id),
          descriptions: deps.descriptions,
          gpus: deps.gpus,
          role: caller.role,
          now,
        }),
      ),
      more: { next_cursor: page.next == null ? null : cursorFrom(page.next) },
    }
  },
})

export const getInstanceRoute = route({
  operationId: 'getInstance',
  method: 'GET',
  path: '/api/v1/instances/:id',
  tag: 'instances',
  access: 'viewer',
  summary: 'One instance.',
  params: InstanceParams,
  reply: { status: 200, message: 'Instance retrieved successfully', data: InstanceView },
  errors: ['not_found'],
  async handle({ params, caller, who }, deps: ReadDeps) {
    return { data: await shown(await getInstance(params.id, who, deps), caller, deps) }
  },
})

export const instanceEventsRoute = route({
  operationId: 'listInstanceEvents',
  method: 'GET',
  path: '/api/v1/instances/:id/events',
  tag: 'instances',
  access: 'viewer',
  summary: 'What happened to it, oldest first.',
  params: InstanceParams,
  query: z.strictObject({
    after: WholeText(0, Number.MAX_SAFE_INTEGER).optional().describe('The id of the last event you have.'),
    limit: WholeText(1, 1_000).optional().describe('Default 200.'),
  }),
  reply: { status: 200, message: 'Events retrieved successfully', data: z.array(EventView) },
  errors: ['not_found'],
  async handle({ params, query, who }, deps: ReadDeps) {
    const page = { limit: query.limit ?? 200, ...(query.after !== undefined && { after: query.after }) }
    return { data: (await instanceEvents(params.id, page, who, deps)).map(eventView) }
  },
})

export const instanceCostsRoute = route({
  operationId: 'getInstanceCosts',
  method: 'GET',
  path: '/api/v1/instances/:id/costs',
  tag: 'instances',
  access: 'viewer',
  summary: 'What it has cost, what it costs now, and what it would cost.',
  params: InstanceParams,
  reply: { status: 200, message: 'Costs computed', data: CostsView },
  errors: ['not_found'],
  handle: async ({ params, who }, deps: ReadDeps) => ({ data: costsView(await instanceCosts(params.id, who, deps)) }),
})

export const instanceLogsRoute = route({
  operationId: 'getInstanceLogs',
  method: 'GET',
  path: '/api/v1/instances/:id/logs',
  tag: 'instances',
  access: 'viewer',
  summary: 'The last lines that its machine printed.',
  params: InstanceParams,
  query: z.strictObject({
    tail: WholeText(1, 5_000).optional().describe('How many lines. Default 100.'),
  }),
  reply: { status: 200, message: 'Logs retrieved successfully', data: z.array(z.string()) },
  errors: [
    'not_found',
    'not_allowed_now',
    'not_possible_here',
    'provider_not_configured',
    'provider_unavailable',
    'provider_refused',
  ],
  handle: async ({ params, query, who }, deps: ReadDeps) => ({
    data: await instanceLogs(params.id, { tail: query.tail ?? 100 }, who, deps),
  }),
})

function statusesFrom(text: string): Status[] {
  const wanted = text.split(',').map((one) => one.trim())
  if (wanted.includes('active')) return statuses.filter((status) => !finalStatuses.has(status))
  const unknown = wanted.filter((one) => !statuses.includes(one as Status))
  if (unknown.length > 0) {
    throw invalidRequest([
      { field: 'status', problem: `${unknown.join(', ')} is no status; there are ${statuses.join(', ')}, and active` },
    ])
  }
  return wanted as Status[]
}

function cursorFrom({ createdAt, id }: { createdAt: number; id: string }): string {
  return Buffer.from(`${createdAt}.${id}`).toString('base64url')
}

function placeFrom(cursor: string): { createdAt: number; id: string } {
  const match = /^(\d{1,16})\.([a-z0-9_]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))
  if (!match) throw invalidRequest([{ field: 'cursor', problem: 'is not one that a page gave' }])
  return { createdAt: Number(match[1]), id: match[2] as string }
}
