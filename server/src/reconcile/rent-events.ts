import type { Instance, Launch } from '../core/instances/instance.ts'
import { type Because, reasons } from '../core/instances/status.ts'
import { usdText } from '../core/money.ts'
import { type Offer, offerKey } from '../core/offers/offer.ts'
import { publicProviderNames } from '../core/providers.ts'
import type { Instant } from '../core/time.ts'
import type { NewEvent } from '../store/events.ts'

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

/** An attempt that the marketplace refused, so that nothing is left of it. */
export function attemptRefused(
  { instanceId, attempt, provider }: Launch,
  because: Because,
  why: string,
  at: Instant,
): NewEvent {
  return {
    at,
    instanceId,
    kind: 'attempt_ended',
    status: null,
    because,
    message: `${reasons[because]}: ${why}`,
    data: { attempt, provider: publicProviderNames[provider] },
  }
}

export function statusEvent(
  instance: Instance,
  status: Instance['status'],
  because: Because,
  message: string | null,
  at: Instant,
): NewEvent {
  return {
    at,
    instanceId: instance.id,
    kind: 'status',
    status,
    because,
    message: message === null ? reasons[because] : `${reasons[because]}: ${message}`,
    data: { from: instance.status },
  }
}

/** For people: `vast_ai 1x RTX 4090 (30114277)`. */
export function offerName(offer: Offer): string {
  return `${publicProviderNames[offer.provider]} ${offer.gpu.count}x ${offer.gpu.model} (${offerKey(offer)})`
}
