import type { Launch } from '../core/instances/instance.ts'
import type { Order } from '../core/instances/situation.ts'
import type { Log } from '../observability/log.ts'
import { type Provider, ProviderError } from '../providers/provider.ts'

/**
 * Gives one order to the marketplace. What it answers is not the outcome: the next look is. So trouble is logged, and the
 * order is repeated while the machine shows that it is needed.
 */
export async function carryOut(order: Order, launch: Launch, provider: Provider, { log }: { log: Log }): Promise<void> {
  try {
    switch (order.kind) {
      case 'terminate':
        return await provider.terminate(order.externalId)
      case 'stop':
        return await provider.stop(order.externalId)
      case 'start':
        return await provider.start(order.externalId)
      case 'bid':
        return await provider.changeBid(order.externalId, order.perHour)
      case 'rent':
        return
    }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    log.warn('order not accepted', {
      order: order.kind,
      provider: launch.provider,
      instanceId: launch.instanceId,
      attempt: launch.attempt,
      kind: error.kind,
      error: error.message,
    })
  }
}
