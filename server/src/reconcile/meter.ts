import { type Charge, type ChargeKind, withEnd, withReading } from '../core/charges/charge.ts'
import type { Launch } from '../core/instances/instance.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { Sight } from './sight.ts'

/** Brings the ledger of one machine up to what a look showed. Repeating it changes nothing. */
export async function meter(launch: Launch, { sighting, at }: Sight, store: Pick<ChargeStore, 'ofLaunch' | 'put'>) {
  if (at === null || sighting.kind === 'unknown') return
  if (launch.lastSeenAt !== null && at <= launch.lastSeenAt && sighting.kind === 'seen') return
  const known = await store.ofLaunch(launch.instanceId, launch.attempt)
  const next =
    sighting.kind === 'absent' ? withEnd(known, at) : readingsApplied(launch, sighting.machine.meters, known, at)
  await store.put(next.filter((charge) => !known.includes(charge)))
}

function readingsApplied(
  launch: Launch,
  readings: readonly Parameters<typeof withReading>[1]['reading'][],
  known: readonly Charge[],
  at: number,
): readonly Charge[] {
  const seenOffAt = launch.lastSeenAt ?? launch.intendedAt
  const ofKind = (kind: ChargeKind) => known.filter((charge) => charge.kind === kind)
  return readings.flatMap((reading) => withReading(ofKind(reading.kind), { reading, at, seenOffAt }, launch))
}
