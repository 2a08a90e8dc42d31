import { z } from 'zod'
import { costsOf, type InstanceBill } from '../../../app/instance-costs.ts'
import type { Charge } from '../../../core/charges/charge.ts'
import { performanceScore } from '../../../core/gpus/contract-models.ts'
import type { GpuCatalogue } from '../../../core/gpus/gpu.ts'
import type { Instance } from '../../../core/instances/instance.ts'
import { type Because, reasons, statuses } from '../../../core/instances/status.ts'
import { type Nanos, nanos, usdFromNanos, usdNumber } from '../../../core/money.ts'
import { type Offer, offerKey } from '../../../core/offers/offer.ts'
import { comparablePrice } from '../../../core/offers/price.ts'
import { needFromWish } from '../../../core/offers/wish-plan.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { type Instant, isoFrom } from '../../../core/time.ts'
import { GpuInfoView, gpuInfoView, NetworkInfoView } from '../offers/view.ts'
import { type PolicyContext, policyFields, policyView } from './policies-view.ts'

export const StatusName = z.enum(statuses).meta({ id: 'InstanceStatus' })

export const InstanceView = z
  .object({
    id: z.string(),
    name: z.string(),
    label: z.string().nullable(),
    project: z.string(),
    status: StatusName,
    because: z
      .enum(Object.keys(reasons) as [Because, ...Because[]])
      .describe('Why it entered this status; see `because_text`.'),
    because_text: z.string(),
    message: z.string().nullable(),
    status_since: z.iso.datetime(),
    wanted: z.enum(['up', 'stopped', 'ended']),
    provider: z.string().nullable().describe('null until a machine is asked for and no provider was named.'),
    provider_id: z.string().nullable().describe('The marketplace’s id of the machine.'),
    account: z.string().nullable(),
    attempt: z.int().describe('How many machines were asked for.'),
    market: z.enum(['on_demand', 'spot', 'any']),
    gpu_model: z.string().nullable(),
    gpu_count: z.int(),
    cpu_count: z.number().nullable(),
    ram_gb: z.number().nullable(),
    storage_gb: z.number(),
    region: z.string().nullable(),
    image: z.string(),
    template: z
      .object({ name: z.string(), version: z.int() })
      .nullable()
      .describe('The template that filled in what its request left out, as it was then.'),
    environment: z.record(z.string(), z.string()).describe('Names; the values are secrets.'),
    ports: z.array(z.object({ container_port: z.int(), protocol: z.enum(['tcp', 'udp', 'http']) })),
    price_per_hour: z.number().nullable().describe('Comparable price in dollars: GPUs and disk.'),
    price_per_hour_usd: z.string().nullable(),
    max_price_per_hour_usd: z.string().nullable(),
    cost_so_far_usd: z.string().describe('The most that can have been billed until now.'),
    cost_per_hour_usd: z.string().describe('What is being billed now.'),
    ...policyFields,
    ssh: z.object({ host: z.string(), port: z.int(), user: z.string(), command: z.string() }).nullable(),
    endpoints: z.array(
      z.object({
        container_port: z.int(),
        protocol: z.enum(['tcp', 'udp', 'http']),
        host: z.string(),
        port: z.int(),
        url: z.string().nullable(),
      }),
    ),
    provider_status: z.string().nullable().describe('The marketplace’s own words.'),
    provider_message: z.string().nullable(),
    last_seen_at: z.iso.datetime().nullable(),
    gpu_info: GpuInfoView.nullable(),
    performance: z.number().nullable(),
    performance_score: z.number().nullable(),
    reliability: z.number().nullable(),
    network_info: NetworkInfoView,
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    ended_at: z.iso.datetime().nullable(),
    provider_data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Instance' })

export interface InstanceViewContext extends PolicyContext {
  charges: readonly Charge[]
  gpus: Pick<GpuCatalogue, 'find'>
  now: Instant
}

export function instanceView(instance: Instance, context: InstanceViewContext): z.infer<typeof InstanceView> {
  const { charges, gpus, now } = context
  const { launch, wish } = instance
  const offer: Offer | null = launch?.offer ?? wish.expected?.offer ?? null
  const provider = launch?.provider ?? wish.provider ?? offer?.provider ?? null
  const price = priceOf(instance)
  const model = offer === null ? undefined : gpus.find(offer.gpu.model)
  const score = model === undefined ? null : performanceScore(model)
  const costs = costsOf(instance, charges, now)
  return {
    id: instance.id,
    name: instance.label ?? instance.id,
    label: instance.label,
    project: instance.project,
    status: instance.status,
    because: instance.because,
    because_text: reasons[instance.because],
    message: instance.message,
    status_since: isoFrom(instance.statusSince),
    wanted: instance.wanted,
    provider: provider === null ? null : publicProviderNames[provider],
    provider_id: launch?.externalId ?? null,
    account: launch?.account ?? null,
    attempt: instance.attempt,
    market: launch?.offer.market ?? wish.market,
    gpu_model: offer?.gpu.model ?? wish.models[0] ?? null,
    gpu_count: offer?.gpu.count ?? wish.gpuCount,
    cpu_count: offer?.cpuCores == null ? null : Math.round(offer.cpuCores * 10) / 10,
    ram_gb: offer?.ramGb ?? null,
    storage_gb: wish.diskGb,
    region: offer?.region ?? null,
    image: wish.image,
    template: wish.template ?? null,
    environment: Object.fromEntries(wish.environmentNames.map((name) => [name, '[secret]'])),
    ports: wish.ports.map(({ containerPort, protocol }) => ({ container_port: containerPort, protocol })),
    price_per_hour: price === null ? null : usdNumber(price),
    price_per_hour_usd: price === null ? null : usdFromNanos(price),
    max_price_per_hour_usd: wish.maxPricePerHour === null ? null : usdFromNanos(wish.maxPricePerHour),
    cost_so_far_usd: usdFromNanos(costs.soFar),
    cost_per_hour_usd: usdFromNanos(costs.perHour),
    ...policyView(instance, context),
    ssh: launch?.ssh == null ? null : { ...launch.ssh, command: sshCommand(launch.ssh) },
    endpoints: (launch?.endpoints ?? []).map(({ containerPort, ...endpoint }) => ({
      container_port: containerPort,
      ...endpoint,
    })),
    provider_status: launch?.providerStatus ?? null,
    provider_message: launch?.providerMessage ?? null,
    last_seen_at: launch?.lastSeenAt == null ? null : isoFrom(launch.lastSeenAt),
    gpu_info: model === undefined ? null : gpuInfoView(model),
    performance: score,
    performance_score: score,
    reliability: offer?.reliability ?? null,
    network_info: {
      download_mbps: offer?.network?.downloadMbps ?? null,
      upload_mbps: offer?.network?.uploadMbps ?? null,
    },
    created_at: isoFrom(instance.createdAt),
    updated_at: isoFrom(Math.max(instance.statusSince, launch?.lastSeenAt ?? 0)),
    ended_at: instance.endedAt === null ? null : isoFrom(instance.endedAt),
    provider_data: {
      ...offer?.details,
      ...(offer !== null && { offer_id: offerKey(offer), location: offer.location }),
      ...(launch !== null && { label: launch.label }),
    },
  }
}

/** The machine's own price where it shows one, plus what disk and traffic cost beside it. */
function priceOf({ launch, wish }: Instance): Nanos | null {
  if (launch === null) return wish.expected?.price ?? null
  const { bidPerHour, comparablePrice: agreed, offer, pricePerHour } = launch
  if (bidPerHour === null) return pricePerHour === null ? agreed : nanos(agreed - offer.pricePerHour + pricePerHour)
  // The agreed price has the first bid in it, which may have been raised since.
  const { total, gpu } = comparablePrice(offer, needFromWish(wish))
  return nanos(total - gpu + (pricePerHour ?? bidPerHour))
}

function sshCommand({ host, port, user }: { host: string; port: number; user: string }): string {
  return port === 22 ? `ssh ${user}@${host}` : `ssh -p ${port} ${user}@${host}`
}

export const CostsView = z
  .object({
    instance_id: z.string(),
    status: StatusName,
    cost_so_far_usd: z.string().describe('The most that can have been billed until now.'),
    cost_at_least_usd: z.string(),
    traffic_usd: z
      .string()
      .describe('What the marketplace has billed for traffic. It tells only afterwards: not part of the two above.'),
    exact: z.boolean().describe('true where the marketplace’s own times determine every cent.'),
    cost_per_hour_usd: z.string().describe('What is being billed now.'),
    projected_per_day_usd: z.string().describe('If it stays as it is.'),
    projected_per_month_usd: z.string().describe('30 days.'),
    at: z.iso.datetime(),
    charges: z.array(
      z.object({
        attempt: z.int(),
        kind: z.enum(['gpu', 'disk', 'traffic']),
        rate_per_hour_usd: z.string().nullable().describe('null for traffic, of which only the amount is told.'),
        started_after: z.iso.datetime(),
        started_before: z.iso.datetime(),
        ended_after: z.iso.datetime().nullable(),
        ended_before: z.iso.datetime().nullable(),
        amount_usd: z.string(),
        amount_at_least_usd: z.string(),
        exact: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'InstanceCosts' })

export function costsView(costs: InstanceBill): z.infer<typeof CostsView> {
  return {
    instance_id: costs.instance.id,
    status: costs.instance.status,
    cost_so_far_usd: usdFromNanos(costs.soFar),
    cost_at_least_usd: usdFromNanos(costs.atLeast),
    traffic_usd: usdFromNanos(costs.traffic),
    exact: costs.exact,
    cost_per_hour_usd: usdFromNanos(costs.perHour),
    projected_per_day_usd: usdFromNanos(costs.perDay),
    projected_per_month_usd: usdFromNanos(costs.perMonth),
    at: isoFrom(costs.at),
    charges: [...costs.lines.map(lineView), ...costs.trafficLines.map(trafficView)],
  }
}

function lineView(line: InstanceBill['lines'][number]) {
  return {
    attempt: line.attempt,
    kind: line.kind,
    rate_per_hour_usd: usdFromNanos(line.ratePerHour),
    started_after: isoFrom(line.startedAfter),
    started_before: isoFrom(line.startedBefore),
    ended_after: line.endedAfter === null ? null : isoFrom(line.endedAfter),
    ended_before: line.endedBefore === null ? null : isoFrom(line.endedBefore),
    amount_usd: usdFromNanos(line.atMost),
    amount_at_least_usd: usdFromNanos(line.atLeast),
    exact: line.exact,
  }
}

function trafficView({ owner, from, until, amount }: InstanceBill['trafficLines'][number]) {
  return {
    attempt: owner.attempt,
    kind: 'traffic' as const,
    rate_per_hour_usd: null,
    started_after: isoFrom(from),
    started_before: isoFrom(from),
    ended_after: isoFrom(until),
    ended_before: isoFrom(until),
    amount_usd: usdFromNanos(amount),
    amount_at_least_usd: usdFromNanos(amount),
    exact: true,
  }
}
