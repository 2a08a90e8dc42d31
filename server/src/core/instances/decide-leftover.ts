import { type Instant, secondMs } from '../time.ts'
import type { Launch } from './instance.ts'
import { nextLook, repeated } from './pace.ts'
import type { Order, Situation } from './situation.ts'

/**
 * The end of a launch that was given up, while its instance went on: asks until the marketplace confirms. A launch whose
 * reply was lost has no machine to name; it is settled when it stays absent.
 */
export function decideLeftover(
  launch: Launch,
  situation: Omit<Situation, 'health' | 'leftovers'>,
): { settle: boolean; order: Order | null; dueAt: Instant } {
  const { sighting, now } = situation
  const gone = sighting.kind === 'absent' || (sighting.kind === 'seen' && sighting.machine.phase === 'ended')
  if (gone) return { settle: true, order: null, dueAt: now }
  const externalId = sighting.kind === 'seen' ? sighting.machine.externalId : launch.externalId
  const order: Order | null = externalId === null ? null : { kind: 'terminate', externalId }
  return {
    settle: false,
    order: order && repeated(launch, situation, order),
    dueAt: now + nextLook(situation, 2 * secondMs),
  }
}
