import type { Clock } from '../../core/time.ts'
import type { Provider } from '../provider.ts'
import { billFromRunpod } from './bill.ts'
import type { RunpodClient } from './client.ts'
import { wholeFleet } from './fleet.ts'
import { refuse } from './refusals.ts'
import { thingsFromRunpod } from './things.ts'

/** The verbs about what bills beside pods, and about the bill: only REST has them. */
export function beside(
  client: RunpodClient,
  clock: Pick<Clock, 'now'>,
): Pick<Provider, 'lookAround' | 'endThing' | 'bill'> {
  return {
    lookAround: (signal) => thingsFromRunpod(client, () => wholeFleet(client, signal), signal),

    async endThing({ kind, externalId }, signal) {
      if (kind !== 'volume') return refuse(`RunPod sells nothing of the kind ${kind}: see its console`)
      await client.endVolume(volumeIdFrom(externalId), signal)
    },

    bill: (period, signal) => billFromRunpod(client, period, clock.now(), signal),
  }
}

/** Ids end in a path, so that nothing but an id gets through. */
function volumeIdFrom(externalId: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(externalId) ? externalId : refuse('this is not the id of a RunPod network volume')
}
