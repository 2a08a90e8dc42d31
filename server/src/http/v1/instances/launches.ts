import { z } from 'zod'
import { type LaunchHistoryDeps, launchHistory, type PastLaunch } from '../../../app/instance-launches.ts'
import { type Because, reasons } from '../../../core/instances/status.ts'
import { usdFromNanos } from '../../../core/money.ts'
import { offerKey } from '../../../core/offers/offer.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { hourMs, type Instant, isoFrom } from '../../../core/time.ts'
import { route } from '../../route.ts'
import { InstanceParams } from '../inputs.ts'

const Moment = z.iso.datetime().nullable()

export const LaunchView = z
  .object({
    attempt: z.int(),
    provider: z.string(),
    account: z.string(),
    provider_id: z.string().nullable().describe('The marketplace’s id of the machine.'),
    label: z.string().describe('The machine’s name at the marketplace.'),
    offer_id: z.string(),
    market: z.enum(['on_demand', 'spot']),
    gpu_model: z.string(),
    gpu_count: z.int(),
    region: z.string(),
    from: z.iso.datetime().describe('When it was asked for.'),
    up_at: Moment,
    until: Moment.describe('When the marketplace confirmed that nothing is left; null while it may be billed.'),
    given_up_at: Moment,
    because: z
      .enum(Object.keys(reasons) as [Because, ...Because[]])
      .nullable()
      .describe('Why it was given up.'),
    because_text: z.string().nullable(),
    interrupted_at: Moment.describe('When the marketplace last took it.'),
    reclaim_at: Moment.describe('When it was going to be taken, where that was announced.'),
    bid_per_hour_usd: z.string().nullable().describe('What was bid last for the GPUs.'),
    cost_usd: z.string().describe('The most that can have been billed until now.'),
    endpoints: z
      .array(
        z.object({
          container_port: z.int(),
          protocol: z.enum(['tcp', 'udp', 'http']),
          host: z.string(),
          port: z.int(),
          url: z.string().nullable(),
        }),
      )
      .describe('Where it was reached last; so is `ssh`.'),
    ssh: z.object({ host: z.string(), port: z.int(), user: z.string() }).nullable(),
    checkpoint: z
      .object({
        started_at: z.iso.datetime(),
        ended_at: Moment,
        result: z.enum(['done', 'failed', 'timed_out', 'unreachable', 'skipped']).nullable(),
      })
      .nullable()
      .describe('The last one.'),
    dead_man: z
      .object({ hours: z.number(), first_heard_at: Moment })
      .nullable()
      .describe('Ends the machine after so many hours without us, once it has heard us; null: it has none.'),
  })
  .meta({ id: 'Launch' })

export const instanceLaunchesRoute = route({
  operationId: 'listInstanceLaunches',
  method: 'GET',
  path: '/api/v1/instances/:id/launches',
  tag: 'instances',
  access: 'viewer',
  summary: 'Every machine it had, oldest first: where, from when to when, why it ended, its addresses and its cost.',
  params: InstanceParams,
  reply: { status: 200, message: 'Launches retrieved successfully', data: z.array(LaunchView) },
  errors: ['not_found'],
  async handle({ params, who }, deps: LaunchHistoryDeps) {
    return { data: (await launchHistory(params.id, who, deps)).launches.map(launchView) }
  },
})

function launchView({ launch, until, cost }: PastLaunch): z.infer<typeof LaunchView> {
  const { offer, abandonedBecause: because } = launch
  return {
    attempt: launch.attempt,
    provider: publicProviderNames[launch.provider],
    account: launch.account,
    provider_id: launch.externalId,
    label: launch.label,
    offer_id: offerKey(offer),
    market: offer.market,
    gpu_model: offer.gpu.model,
    gpu_count: offer.gpu.count,
    region: offer.region,
    from: isoFrom(launch.intendedAt),
    up_at: moment(launch.upAt),
    until: moment(until),
    given_up_at: moment(launch.abandonedAt),
    because,
    because_text: because === null ? null : reasons[because],
    interrupted_at: moment(launch.interruptedAt),
    reclaim_at: moment(launch.reclaimAt),
    bid_per_hour_usd: launch.bidPerHour === null ? null : usdFromNanos(launch.bidPerHour),
    cost_usd: usdFromNanos(cost),
    endpoints: (launch.lastAddresses ?? launch).endpoints.map(({ containerPort, ...rest }) => ({
      container_port: containerPort,
      ...rest,
    })),
    ssh: (launch.lastAddresses ?? launch).ssh,
    checkpoint: checkpointView(launch),
    dead_man:
      launch.deadManMs === null
        ? null
        : { hours: launch.deadManMs / hourMs, first_heard_at: moment(launch.deadManHeardAt) },
  }
}

function checkpointView(launch: PastLaunch['launch']): z.infer<typeof LaunchView>['checkpoint'] {
  const startedAt = launch.checkpointStartedAt ?? launch.checkpointEndedAt
  if (startedAt === null) return null
  return {
    started_at: isoFrom(startedAt),
    ended_at: moment(launch.checkpointEndedAt),
    result: launch.checkpointResult,
  }
}

function moment(at: Instant | null): string | null {
  return at === null ? null : isoFrom(at)
}
