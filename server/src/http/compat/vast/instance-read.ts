import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { CostDeps } from '../../../app/instance-costs.ts'
import { instanceLogs } from '../../../app/instance-logs.ts'
import type { ActionDeps } from '../../../app/instances.ts'
import {
  bareVastInstance,
  getVastInstance,
  listVastInstances,
  type VastReadDeps,
  vastCosts,
  vastLog,
} from '../../../app/vast-instances.ts'
import { nanos } from '../../../core/money.ts'
import { costAnalysis } from '../../../core/vast-face/cost-analysis.ts'
import { vastWordNamed, vastWords } from '../../../core/vast-face/status-word.ts'
import { whoFrom } from '../../access.ts'
import { invalidRequest } from '../../problem.ts'
import { WholeText } from '../../v1/inputs.ts'
import { aboutInstance, InstancePath, instancesPath, onePath } from './instance-path.ts'
import { enhancedView, instanceView, portMappings } from './instance-view.ts'

export type VastInstanceReadDeps = VastReadDeps & CostDeps & Pick<ActionDeps, 'instances' | 'providers'>

const ListQuery = z.object({
  status_filter: z.string().max(40).optional(),
  sort_by: z.enum(['created_at', 'cost']).default('created_at'),
  include_destroyed: z.stringbool().default(false),
})

/** The file that our start script writes; the machine's own log has the same lines. */
const logFiles = ['vllm.log', '/tmp/vllm.log']

const LogsQuery = z.object({
  lines: WholeText(1, 1_000).default(50),
  log_file: z.enum(logFiles).default('/tmp/vllm.log'),
})

const HistoryQuery = z.object({
  limit: WholeText(1, 1_000).default(100),
  offset: WholeText(0, 1_000_000).default(0),
})

export function vastReadRoutes(untyped: FastifyInstance, deps: VastInstanceReadDeps): void {
  const app = untyped.withTypeProvider<ZodTypeProvider>()
  const routeOf = (query?: z.ZodObject) => ({
    config: { access: 'viewer' as const, known: Object.keys(query?.shape ?? {}) },
  })
  const one = { ...routeOf(), schema: { hide: true, params: InstancePath } }

  app.get(
    instancesPath,
    { ...routeOf(ListQuery), schema: { hide: true, querystring: ListQuery } },
    async ({ query, caller }) => {
      const { status_filter: filter = '', sort_by: sortBy, include_destroyed: includeDestroyed } = query
      const word = filter === '' ? null : wordFrom(filter)
      const found = await listVastInstances({ word, sortBy, includeDestroyed }, whoFrom(caller), deps)
      return { instances: found.map(instanceView), total: found.length }
    },
  )

  app.get(onePath, one, (request) =>
    aboutInstance(request, async (id, who) => instanceView(await getVastInstance(id, who, deps))),
  )

  app.get(`${onePath}/enhanced`, one, (request) =>
    aboutInstance(request, async (id, who) => ({
      success: true,
      data: enhancedView(await getVastInstance(id, who, deps)),
    })),
  )

  app.get(`${onePath}/cost-analysis`, one, (request) =>
    aboutInstance(request, async (id, who) => {
      const { one, bill } = await vastCosts(id, who, deps)
      const total = nanos(bill.soFar + bill.traffic)
      const figures = { ratePerHour: one.costPerHour ?? nanos(0n), total, uptimeMs: one.uptimeMs }
      return { instance_id: one.instance.id, ...costAnalysis(figures) }
    }),
  )

  app.get(`${onePath}/status`, one, (request) =>
    aboutInstance(request, async (id, who) => {
      const { instance, word } = await getVastInstance(id, who, deps)
      return { instance_id: instance.id, status: word }
    }),
  )

  app.get(`${onePath}/ports`, one, (request) =>
    aboutInstance(request, async (id, who) => {
      const { instance, publicIp, endpoints } = await getVastInstance(id, who, deps)
      return { instance_id: instance.id, public_ip: publicIp, port_mappings: portMappings(endpoints) }
    }),
  )

  app.get(
    `${onePath}/history`,
    { ...routeOf(HistoryQuery), schema: { hide: true, params: InstancePath, querystring: HistoryQuery } },
    (request) =>
      aboutInstance(request, async (id, who) => {
        const { instance, entries, total } = await vastLog(id, request.query, who, deps)
        const history = entries.map((entry) => ({
          id: entry.id,
          operation: entry.operation,
          command: entry.command,
          result: entry.result,
          error_message: entry.errorMessage,
          execution_time: entry.executionSeconds,
          success: entry.success,
          metadata: entry.metadata,
          created_at: entry.createdAt,
        }))
        return { instance_id: instance.id, history, total }
      }),
  )

  app.get(
    `${onePath}/logs`,
    { ...routeOf(LogsQuery), schema: { hide: true, params: InstancePath, querystring: LogsQuery } },
    (request) =>
      aboutInstance(request, async (id, who) => {
        const { lines: tail, log_file: file } = request.query
        const instance = await bareVastInstance(id, who, deps)
        const lines = await instanceLogs(instance.id, { tail }, who, deps)
        return {
          success: true,
          instance_id: instance.id,
          log_file: file,
          lines: lines.length,
          content: lines.join('\n'),
        }
      }),
  )
}

function wordFrom(text: string) {
  const word = vastWordNamed(text)
  if (word !== undefined) return word
  throw invalidRequest([{ field: 'status_filter', problem: `there are ${vastWords.join(', ')}` }])
}
