import type { CheckpointResult, Instance, Launch } from '../core/instances/instance.ts'
import { ordersWithin } from '../core/instances/pace.ts'
import type { Order } from '../core/instances/situation.ts'
import { type Because, reasons } from '../core/instances/status.ts'
import { type Nanos, noMoney, usdText } from '../core/money.ts'
import { type Offer, offerKey } from '../core/offers/offer.ts'
import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import type { Bidding } from '../core/spot/raise-bid.ts'
import { hourMs, type Instant, isoFrom, minuteMs } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { Provider } from '../providers/provider.ts'
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

/** No spot machine was to be had for as long as the user wanted to wait. */
export function fellBackEvent({ id }: Instance, since: Instant, at: Instant): NewEvent {
  const minutes = Math.floor((at - since) / minuteMs)
  return {
    at,
    instanceId: id,
    kind: 'fallback',
    status: null,
    because: 'no_spot_in_time',
    message: `no spot machine for ${minutes} min: an on-demand one is rented`,
    data: { without_machine_since: isoFrom(since), market: 'on_demand' },
  }
}

export function bidRaisedEvent(launch: Launch, to: Nanos, { floor }: Bidding, at: Instant): NewEvent {
  const from = launch.bidPerHour ?? noMoney
  const winning = floor === null ? '' : `; what wins now is $${usdText(floor, 4)}`
  return {
    at,
    instanceId: launch.instanceId,
    kind: 'bid_raised',
    status: null,
    because: 'interrupted',
    message: `the bid is raised from $${usdText(from, 4)} to $${usdText(to, 4)} per hour to get the machine back${winning}`,
    data: {
      attempt: launch.attempt,
      machine: launch.externalId,
      from_usd: usdText(from, 9),
      to_usd: usdText(to, 9),
      lowest_winning_usd: floor === null ? null : usdText(floor, 9),
    },
  }
}

/** The marketplace says when it takes the machine. */
export function reclaimEvent(launch: Launch, reclaimAt: Instant, diskSurvives: boolean, at: Instant): NewEvent {
  const provider = publicProviderNames[launch.provider]
  const minutes = Math.max(0, Math.round((reclaimAt - at) / minuteMs))
  return {
    at,
    instanceId: launch.instanceId,
    kind: 'reclaim_announced',
    status: null,
    because: null,
    message: `${provider} takes the machine in ${minutes} min; ${diskSentence(diskSurvives)}`,
    data: {
      attempt: launch.attempt,
      machine: launch.externalId,
      reclaim_at: isoFrom(reclaimAt),
      disk_survives: diskSurvives,
    },
  }
}

const checkpointWords: Record<CheckpointResult, string> = {
  done: 'the checkpoint command saved the work',
  failed: 'the checkpoint command failed, and nothing waits for it',
  timed_out: 'the checkpoint command did not end in time, and nothing waits for it any more',
  unreachable: 'the checkpoint command could not run, and nothing waits for it',
  skipped: 'the checkpoint command was skipped, as asked',
}

export function checkpointEvent(
  launch: Launch,
  result: CheckpointResult,
  detail: string | null,
  at: Instant,
): NewEvent {
  const words = checkpointWords[result]
  return {
    at,
    instanceId: launch.instanceId,
    kind: 'checkpoint',
    status: null,
    because: null,
    message: detail === null ? words : `${words}: ${detail}`,
    data: { attempt: launch.attempt, machine: launch.externalId, result },
  }
}

/** What becomes of the work when a machine is taken. */
export function withDisk(event: NewEvent, provider: Provider | undefined): NewEvent {
  if (provider === undefined) return event
  const survives = provider.describe().abilities.diskSurvives.interruption
  return {
    ...event,
    message: `${event.message}; ${diskSentence(survives)}`,
    data: { ...event.data, disk_survives: survives },
  }
}

/** A machine that was up is given up, and ended by us: whoever counts on its disk has to know. */
export function withLostDisk(event: NewEvent): NewEvent {
  return {
    ...event,
    message: `${event.message}; the machine is ended, and what is on its disk is lost`,
    data: { ...event.data, disk_lost: true },
  }
}

export function diskSentence(survives: boolean): string {
  return survives ? 'its disk survives that there' : 'what is on its disk is lost there'
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

const fewestQuietOrders = 4
/** Orders are five minutes apart by then. */
const alarmEveryOrders = 12

/**
 * Nobody can reach the machine; or it was ordered again and again, for longer than its marketplace usually takes: somebody
 * should know, and every hour again.
 *
 * @param endDeadlineMs how long an end takes there at most
 */
export function alarmEvent(
  launch: Launch,
  seen: Pick<Sight, 'outOfReach'>,
  order: Order | null,
  { at, endDeadlineMs }: { at: Instant; endDeadlineMs: number },
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
    return alarm(
      `${outOfReach}; machine ${machine} (${launch.label}) may be billed, and nobody looks after it. If you know that it is gone, release the instance`,
    )
  }
  // A bid that does not help costs nothing.
  if (order === null || order.kind === 'bid') return undefined
  const beyond = launch.orders - Math.max(fewestQuietOrders, ordersWithin(endDeadlineMs))
  if (beyond < 0 || beyond % alarmEveryOrders !== 0) return undefined
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
