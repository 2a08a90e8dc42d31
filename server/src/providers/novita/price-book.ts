import { type Nanos, nanos } from '../../core/money.ts'
import type { Market } from '../../core/offers/offer.ts'
import { marketFrom } from './machines.ts'
import { pricePerGpuFrom } from './offers.ts'
import type { NovitaInstance, NovitaProduct } from './wire.ts'

/**
 * Today's prices as seen on products. v1 shows no price on an instance; one that we launched carries its own, so this is
 * for machines that somebody else made, and an estimate: whether a price that moves moves for them is not documented.
 */
export class PriceBook {
  readonly #pricePerGpu = new Map<string, Nanos>()

  learn(product: NovitaProduct, clusterId: string): void {
    for (const market of ['on_demand', 'spot'] as const) {
      const price = pricePerGpuFrom(product, market)
      if (price !== null) this.#pricePerGpu.set(keyOf(product.id, clusterId, market), price)
    }
  }

  rateOf(wire: NovitaInstance): Nanos | null {
    const price = this.#pricePerGpu.get(keyOf(wire.productId, wire.clusterId, marketFrom(wire)))
    return price === undefined || !wire.gpuNum ? null : nanos(price * BigInt(Math.round(wire.gpuNum)))
  }
}

function keyOf(productId: string, clusterId: string, market: Market): string {
  return JSON.stringify([productId, clusterId, market])
}
