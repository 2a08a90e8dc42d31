import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import type { Instance } from '../core/instances/instance.ts'
import { reasons } from '../core/instances/status.ts'
import { usdText } from '../core/money.ts'
import { offerId } from '../core/offers/offer.ts'
import type { OfferIndex } from '../core/offers/offer-index.ts'
import type { PlannedOffer } from '../core/offers/plan.ts'
import { comparablePrice } from '../core/offers/price.ts'
import { fulfils, needFromWish, providerPenalty } from '../core/offers/wish-plan.ts'
import { type Provider, ProviderError } from '../providers/provider.ts'
import { offerName } from './events.ts'
import { isOwnQueue, type PenaltyDeps, penalise, penaliseOffer } from './penalties.ts'

export interface QuoteDeps extends PenaltyDeps {
  index: Pick<OfferIndex, 'remove'>
  gpus: Pick<GpuCatalogue, 'find'>
}

export type Quoted =
  | { kind: 'good'; planned: PlannedOffer }
  /** `waitFor`: the marketplace cannot be asked now, because it does not answer or because of our own queue. */
  | { kind: 'skip'; why: string; waitFor: 'marketplace' | 'our_turn' | null }

/** The offer as it stands now, against the request and its cap: lists are old by minutes, and money is at stake. */
export async function quote(
  { offer }: PlannedOffer,
  instance: Instance,
  provider: Provider,
  deps: QuoteDeps,
): Promise<Quoted> {
  const name = offerName(offer)
  const { wish } = instance
  const now = deps.clock.now()
  if ((deps.penalties.get(providerPenalty(offer.provider)) ?? now) > now) {
    return { kind: 'skip', why: `${name}: it did not answer a moment ago`, waitFor: 'marketplace' }
  }
  try {
    const fresh = await provider.quote(offer, { diskGb: wish.diskGb })
    const price = comparablePrice(fresh, needFromWish(wish))
    if (wish.maxPricePerHour !== null && price.total > wish.maxPricePerHour) {
      penaliseOffer(offer, deps)
      return {
        kind: 'skip',
        why: `${name}: ${reasons.price_rose} (now $${usdText(price.total, 4)}/h)`,
        waitFor: null,
      }
    }
    if (!fulfils(fresh, wish, { now, modelNamed: deps.gpus.find })) {
      return { kind: 'skip', why: `${name}: it no longer fits the request`, waitFor: null }
    }
    return { kind: 'good', planned: { offer: fresh, price } }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    penalise(offer, error, deps)
    if (error.kind === 'no_capacity') deps.index.remove(offerId(offer))
    return { kind: 'skip', why: `${name}: ${error.message}`, waitFor: whatToWaitFor(error) }
  }
}

function whatToWaitFor(error: ProviderError): 'marketplace' | 'our_turn' | null {
  if (isOwnQueue(error)) return 'our_turn'
  const { kind } = error
  return kind === 'unavailable' || kind === 'rate_limited' || kind === 'outcome_unknown' ? 'marketplace' : null
}
