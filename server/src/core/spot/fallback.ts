/** When an instance that asks for a spot machine takes an on-demand one as well. */

import type { Instance, Launch, Wish } from '../instances/instance.ts'
import type { Because } from '../instances/status.ts'
import type { Instant } from '../time.ts'

const takenBack: ReadonlySet<Because> = new Set(['interrupted', 'no_spot_in_time'])

/** Since when it has no machine: from its beginning, or from the moment when its last one that was up was lost. */
export function withoutMachineSince({ createdAt }: Pick<Instance, 'createdAt'>, launches: readonly Launch[]): Instant {
  const last = launches.findLast(({ upAt }) => upAt !== null)
  if (last === undefined) return createdAt
  const { abandonedBecause, abandonedAt, interruptedAt } = last
  // One that waited to get it back has been without it since it was taken.
  const taken = abandonedBecause !== null && takenBack.has(abandonedBecause) ? interruptedAt : null
  return taken ?? abandonedAt ?? createdAt
}

/** From when on on-demand machines will do; null: never, or always. An offer that the caller chose has no substitute. */
export function onDemandFrom(wish: Pick<Wish, 'market' | 'offer' | 'policies'>, since: Instant): Instant | null {
  const { onDemandAfterMs } = wish.policies
  return wish.market !== 'spot' || wish.offer !== null || onDemandAfterMs === null ? null : since + onDemandAfterMs
}

/** The wish as it is to be fulfilled now. Price cap and everything else hold for the on-demand machine too. */
export function wishNow(wish: Wish, since: Instant, now: Instant): Wish {
  const from = onDemandFrom(wish, since)
  return from !== null && now >= from ? { ...wish, market: 'any' } : wish
}
