import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type CostEntry, type CostsDeps, costEntries, costGroups, costs } from '../../../app/costs.ts'
import type { Who } from '../../../app/who.ts'
import { usdFromNanos } from '../../../core/money.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { type Instant, isoFrom } from '../../../core/time.ts'
import { whoFrom } from '../../access.ts'
import { problemReplies } from '../../route.ts'
import { CostsQuery, queryFrom } from './input.ts'
import { rowView } from './view.ts'

const CsvQuery = CostsQuery.extend({
  group_by: z
    .enum(['charge', ...costGroups])
    .optional()
    .describe('Default charge: one line for each.'),
})

type Line = Record<string, string | number | boolean | null>

const groupColumns = [
  'key',
  'cost_usd',
  'cost_at_least_usd',
  'exact',
  'gpu_usd',
  'disk_usd',
  'traffic_usd',
  'hours',
  'instances',
]

const chargeColumns = [
  'instance_id',
  'project',
  'label',
  'provider',
  'account',
  'machine_id',
  'gpu',
  'gpu_count',
  'market',
  'attempt',
  'kind',
  'rate_per_hour_usd',
  'started_after',
  'started_before',
  'ended_after',
  'ended_before',
  'cost_usd',
  'cost_at_least_usd',
  'exact',
]

/** The same figures for a spreadsheet, sent as they are read: a slow reader slows the reading down. */
export function costsCsv(app: FastifyInstance, deps: CostsDeps): void {
  app.get(
    '/api/v1/costs.csv',
    {
      exposeHeadRoute: false,
      config: { access: 'viewer', known: Object.keys(CsvQuery.shape) },
      schema: {
        operationId: 'exportCosts',
        tags: ['costs'],
        summary: 'What was spent within a range of time, as CSV.',
        description:
          'One line for each charge, or for each group, with its part within the range. Texts that a spreadsheet would take for a formula begin with an apostrophe.',
        querystring: CsvQuery,
        response: {
          200: {
            description: 'The costs, as a file.',
            headers: { 'content-disposition': { schema: { type: 'string' } } },
            content: { 'text/csv': { schema: z.string() } },
          },
          ...problemReplies(['forbidden']),
        },
      },
    },
    async (request, reply) => {
      const { group_by: by = 'charge', ...rest } = request.query as z.infer<typeof CsvQuery>
      const query = queryFrom(rest)
      const who = whoFrom(request.caller)
      const lines = by === 'charge' ? chargeLines(costEntries(query, who, deps)) : groupLines(query, by, who, deps)
      // What cannot be answered is said before the first line.
      const first = await lines.next()
      reply.header('content-type', 'text/csv; charset=utf-8')
      reply.header('content-disposition', `attachment; filename="${fileName(by, rest)}"`)
      const csv = stringify({
        header: true,
        columns: by === 'charge' ? chargeColumns : groupColumns,
        escape_formulas: true,
        record_delimiter: 'windows',
        cast: { boolean: String },
      })
      const source = Readable.from(following(first, lines))
      source.on('error', (error) => csv.destroy(error))
      // Whoever leaves in the middle is not read for any more.
      csv.on('close', () => source.destroy())
      return reply.send(source.pipe(csv))
    },
  )
}

async function* following(first: IteratorResult<Line>, rest: AsyncGenerator<Line>): AsyncGenerator<Line> {
  if (first.done === true) return
  yield first.value
  yield* rest
}

async function* groupLines(
  query: ReturnType<typeof queryFrom>,
  by: (typeof costGroups)[number],
  who: Who,
  deps: CostsDeps,
): AsyncGenerator<Line> {
  for (const row of (await costs(query, by, who, deps)).rows) yield rowView(row)
}

async function* chargeLines(entries: AsyncGenerator<CostEntry>): AsyncGenerator<Line> {
  for await (const { owner, ...entry } of entries) {
    yield {
      instance_id: owner.instanceId,
      project: owner.project,
      label: owner.label,
      provider: publicProviderNames[owner.provider],
      account: owner.account,
      machine_id: owner.externalId,
      gpu: owner.gpu,
      gpu_count: owner.gpuCount,
      market: owner.market,
      attempt: owner.attempt,
      kind: entry.kind,
      rate_per_hour_usd: entry.ratePerHour === null ? null : usdFromNanos(entry.ratePerHour),
      started_after: isoFrom(entry.startedAfter),
      started_before: isoFrom(entry.startedBefore),
      ended_after: momentOf(entry.endedAfter),
      ended_before: momentOf(entry.endedBefore),
      cost_usd: usdFromNanos(entry.atMost),
      cost_at_least_usd: usdFromNanos(entry.atLeast),
      exact: entry.atMost === entry.atLeast,
    }
  }
}

function momentOf(instant: Instant | null): string | null {
  return instant === null ? null : isoFrom(instant)
}

/** What was asked for, in letters that every file system takes. */
function fileName(by: string, { from, until }: { from?: string | undefined; until?: string | undefined }): string {
  const range = [from, until].map((moment) => moment?.slice(0, 10)).filter((day) => day !== undefined)
  return `${['gpufleet-costs-by', by, ...range].join('-')}.csv`
}
