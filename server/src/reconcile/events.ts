import type { Order } from '../core/instances/decide.ts'
import type { Instance, Launch } from '../core/instances/instance.ts'
import { type Because, reasons } from '../core/instances/status.ts'
import { usdText } from '../core/money.ts'
import { type Offer, offerKey } from '../core/offers/offer.ts'
import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import { hourMs, type Instant } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { NewEvent } from '../store/events.ts'
import type { Sight } from './sight.ts'

export function attemptEvent({
  instanceId,
  attempt,
  offer,
  provider,
  comparablePrice: price,
  intendedAt,
  label,
}: Launch): NewEvent {
  return {
    at: intendedAt,
    instanceId,
    kind: 'attempt',
    status: null,
    because: 'plan_made',
    message: `attempt ${attempt}: ${offer.gpu.count}x ${offer.gpu.model} at ${publicProviderNames[provider]}, ${offer.region}, $${usdText(price, 4)}/h (${offer.market})`,
    data: {
      attempt,
      provider: publicProviderNames[provider],
      offer_id: offerKey(offer),
      gpu_model: offer.gpu.model,
      gpu_count: offer.gpu.count,
      region: offer.region,
      market: offer.market,
      price_per_hour_usd: usdText(price, 9),
      label,
    },
  }
}

/** An attempt is over: the marketplace refused it, or its machine was given up. `detail` has the marketplace's own words. */
export function attemptEnded(launch: Launch, because: Because, detail: string | null, at: Instant): NewEvent {
  return {
    at,
    instanceId: launch.instanceId,
    kind: 'attempt_ended',
    status: null,
    because,
    message: detail === null ? reasons[because] : `${reasons[because]}: ${detail}`,
    data: {
      attempt: launch.attempt,
      provider: publicProviderNames[launch.provider],
      machine: launch.externalId,
      detail,
    },
  }
}

/** Offers that were planned and, looked at again, are not what they were. */
export function offersSkipped(instance: Instance, why: readonly string[], at: Instant): NewEvent {
  return {
    at,
    instanceId: instance.id,
    kind: 'offers_skipped',
    status: null,
    because: null,
    message: why.length === 1 ? `skipped ${why[0]}` : `skipped ${why.length} offers: ${why.slice(0, 3).join('; ')}`,
    data: { offers: why.slice(0, 10) },
  }
}

/** Nothing of a launch that was given up is left at the marketplace. */
export function leftoverGone(launch: Launch, at: Instant): NewEvent {
  const provider = publicProviderNames[launch.provider]
  return {
    at,
    instanceId: launch.instanceId,
    kind: 'leftover_gone',
    status: null,
    because: 'machine_gone',
    message: `nothing is left of attempt ${launch.attempt} at ${provider}`,
    data: { attempt: launch.attempt, provider, machine: launch.externalId },
  }
}

/** The launch call ended only after its launch had been written off. */
export function reopenedEvent(launch: Launch, externalId: string | null, at: Instant): NewEvent {
  const what =
    externalId === null
      ? `the launch call of attempt ${launch.attempt} ended without a clear answer after it was written off; its machine is looked for again, and ended`
      : `machine ${externalId} came up for attempt ${launch.attempt} after it was written off; it is ended`
  return {
    at,
    instanceId: launch.instanceId,
    kind: 'alarm',
    status: null,
    because: null,
    message: what,
    data: { attempt: launch.attempt, provider: publicProviderNames[launch.provider], machine: externalId },
  }
}

/** How often people are told again that nobody can look after a machine. */
const tellAgainMs = hourMs

export function isNewsOutOfReach({ alarmedAt }: Launch, { outOfReach }: Pick<Sight, 'outOfReach'>, now: Instant) {
  if (outOfReach === undefined) return false
  return alarmedAt === null || now < alarmedAt || now - alarmedAt >= tellAgainMs
}

/** Nobody can reach the machine; or it was ordered again and again: from the fifth order on somebody should know. */
export function alarmEvent(
  launch: Launch,
  seen: Pick<Sight, 'outOfReach'>,
  order: Order | null,
  at: Instant,
): NewEvent | undefined {
  const { outOfReach } = seen
  const provider = publicProviderNames[launch.provider]
  const alarm = (message: string): NewEvent => ({
    at,
    instanceId: launch.instanceId,
    kind: 'alarm',
    status: null,
    because: null,
    message,
    data: { attempt: launch.attempt, provider, machine: launch.externalId },
  })
  if (isNewsOutOfReach(launch, seen, at)) {
    const machine = launch.externalId ?? 'not known yet'
    return alarm(`${outOfReach}; machine ${machine} (${launch.label}) may be billed, and nobody looks after it`)
  }
  if (order === null || launch.orders < 4) return undefined
  const ordered = order.kind === 'terminate' ? 'end' : order.kind
  return alarm(
    `${provider} has not confirmed the ${ordered} of machine ${launch.externalId} after ${launch.orders} orders; it may still be billed. We keep asking.`,
  )
}

export interface AlarmDeps {
  log: Log
  countAlarm?: (provider: ProviderName) => void
}

/** An event waits until somebody reads it: those who watch the log or the metrics hear of an alarm as well. */
export function sound(alarm: NewEvent, { instanceId, provider }: Launch, { log, countAlarm }: AlarmDeps): void {
  log.error(alarm.message, { instanceId, ...alarm.data })
  countAlarm?.(provider)
}

export function statusEvent(
  instance: Pick<Instance, 'id' | 'status'>,
  status: Instance['status'],
  because: Because,
  message: string | null,
  at: Instant,
): NewEvent {
  // That it was asked for is half the story of an end: the other half is that the marketplace has confirmed it.
  const reason = status === 'terminated' ? `${reasons.machine_gone}; ${reasons[because]}` : reasons[because]
  return {
    at,
    instanceId: instance.id,
    kind: 'status',
    status,
    because,
    message: message === null ? reason : `${reason}: ${message}`,
    data: { from: instance.status },
  }
}

/** For people: `vast_ai 1x RTX 4090 (30114277)`. */
export function offerName(offer: Offer): string {
  return `${publicProviderNames[offer.provider]} ${offer.gpu.count}x ${offer.gpu.model} (${offerKey(offer)})`
}
