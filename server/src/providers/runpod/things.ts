import type { BilledThing } from '../../core/billed-thing.ts'
import { dividedBy, type Nanos, nanos, nanosFromUsd, timesQuantity } from '../../core/money.ts'
import type { RunpodClient } from './client.ts'
import { regionFromRunpod } from './regions.ts'
import type { RunpodNetworkVolume, RunpodPod } from './wire.ts'

/** Network volumes: the one thing that RunPod sells beside pods. Pods are only asked for when one may use a volume. */
export async function thingsFromRunpod(
  client: Pick<RunpodClient, 'volumes'>,
  fleet: () => Promise<readonly RunpodPod[]>,
  signal?: AbortSignal,
): Promise<BilledThing[]> {
  const volumes = await client.volumes(signal)
  if (volumes.length === 0) return []
  const pods = await fleet()
  return volumes.map((volume) => thingFromRunpod(volume, pods))
}

function thingFromRunpod(volume: RunpodNetworkVolume, pods: readonly RunpodPod[]): BilledThing {
  const user = pods.find(({ mounts }) => mounts.network?.some(({ volumeId }) => volumeId === volume.id))
  return {
    kind: 'volume',
    externalId: volume.id,
    name: volume.name || null,
    attachedTo: user?.id ?? null,
    region: volume.dataCenter ? (regionFromRunpod(volume.dataCenter) ?? volume.dataCenter) : null,
    sizeGb: volume.size,
    ratePerHour: rateOf(volume),
    createdAt: null,
  }
}

const hoursPerMonth = 720n
const cheaperBeyondGb = 1_000
const perGbMonth = { first: nanosFromUsd('0.07'), beyond: nanosFromUsd('0.05') }

/**
 * The high-performance tier is dearer, by a figure that is not told.
 *
 * @source providers/runpod.md 5.2: "0.07 (0.05 above 1 TB)". That the lower price is for the part above, and that 1 TB is
 *         1,000 GB and a month 720 hours, is our reading.
 */
export function rateOf({ size, type }: Pick<RunpodNetworkVolume, 'size' | 'type'>): Nanos | null {
  if (type !== 'STANDARD') return null
  const first = timesQuantity(perGbMonth.first, Math.min(size, cheaperBeyondGb))
  const beyond = timesQuantity(perGbMonth.beyond, Math.max(size - cheaperBeyondGb, 0))
  return dividedBy(nanos(first + beyond), hoursPerMonth)
}
