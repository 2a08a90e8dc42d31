import { type Instance, type Launch, noPolicies, type Wish } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { type Nanos, nanos } from '../core/money.ts'
import { bidFor } from '../core/offers/bid.ts'
import { type Market, type Offer, offerId } from '../core/offers/offer.ts'
import type { OfferIndex } from '../core/offers/offer-index.ts'
import type { PlannedOffer } from '../core/offers/plan.ts'
import { comparablePrice } from '../core/offers/price.ts'
import { needFromWish } from '../core/offers/wish-plan.ts'
import type { Bidding } from '../core/spot/raise-bid.ts'
import { type Instant, minuteMs } from '../core/time.ts'
import { type Provider, ProviderError } from '../providers/provider.ts'

export interface BidDeps {
  index: Pick<OfferIndex, 'get' | 'all'>
}

/** What is offered for the GPUs; both null where there are no bids. */
export type Terms = Pick<Launch, 'bidPerHour' | 'onDemandPrice'>

/** A machine that waits for long is not asked about with every look: searches are few. */
const asksForMs = 3 * minuteMs

/**
 * Where nobody tells the on-demand price of the same machine, nothing but what wins now says what is reasonable: then the
 * headroom is the usual one, however much was asked for.
 *
 * @returns null when no bid wins within the cap and below the on-demand price of the same machine: it is not rented
 */
export async function termsOf(
  { offer, price }: PlannedOffer,
  wish: Wish,
  provider: Provider,
  deps: BidDeps,
): Promise<Terms | null> {
  if (offer.market !== 'spot' || !provider.describe().abilities.hasBids) {
    return { bidPerHour: null, onDemandPrice: null }
  }
  const onDemandPrice =
    sameMachine(offer, 'on_demand', deps)?.pricePerHour ?? (await askedOnDemand(offer, wish, provider))
  const cap = capFor(wish, nanos(price.total - price.gpu))
  const { bidPercent } = wish.policies
  const percent = onDemandPrice === null ? Math.min(bidPercent, noPolicies.bidPercent) : bidPercent
  const bidPerHour = bidFor(offer, { percent, cap, onDemand: onDemandPrice })
  return bidPerHour === null ? null : { bidPerHour, onDemandPrice }
}

/** What is known of the bids for a machine that was taken; null where there are none. */
export async function biddingFor(
  { wish, statusSince }: Instance,
  { offer, bidPerHour, onDemandPrice }: Launch,
  machine: Machine,
  provider: Provider,
  { now, ...deps }: BidDeps & { now: Instant },
): Promise<Bidding | null> {
  if (bidPerHour === null || !provider.describe().abilities.hasBids) return null
  const price = comparablePrice(offer, needFromWish(wish))
  const listed = sameMachine(offer, 'spot', deps)?.pricePerHour ?? null
  // The list of offers may be minutes old: where by it we should have won, it does not tell what wins now.
  const floor = machine.lowestBid ?? (listed !== null && listed > bidPerHour ? listed : null)
  const known = sameMachine(offer, 'on_demand', deps)?.pricePerHour ?? onDemandPrice
  const isOutbid = floor !== null && floor > bidPerHour
  const asks = known === null && isOutbid && now - statusSince < asksForMs
  return {
    floor,
    percent: wish.policies.bidPercent,
    cap: capFor(wish, nanos(price.total - price.gpu)),
    onDemand: asks ? await askedOnDemand(offer, wish, provider) : known,
  }
}

/** The list of offers holds the markets that somebody asked for; the marketplace knows both. */
async function askedOnDemand(offer: Offer, { diskGb }: Wish, provider: Provider): Promise<Nanos | null> {
  try {
    return (await provider.quote({ ...offer, market: 'on_demand' }, { diskGb })).pricePerHour
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return null
  }
}

function capFor({ maxPricePerHour }: Wish, extras: Nanos): Nanos | null {
  return maxPricePerHour === null ? null : nanos(maxPricePerHour - extras)
}

/** By its id, else by its place and size: ids of offers change while the machine stays. */
function sameMachine(offer: Offer, market: Market, { index }: BidDeps): Offer | undefined {
  const named = index.get(offerId({ ...offer, market }))
  if (named !== undefined) return named
  return index
    .all()
    .find(
      (one) =>
        one.provider === offer.provider &&
        one.market === market &&
        one.placeKey === offer.placeKey &&
        one.gpu.count === offer.gpu.count,
    )
}
