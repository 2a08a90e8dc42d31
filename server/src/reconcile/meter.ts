import { type Charge, withEnd, withReading } from '../core/charges/charge.ts'
import { withStandIn } from '../core/charges/stand-in.ts'
import type { Launch } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import type { Instant } from '../core/time.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { Sight } from './sight.ts'

/** Brings the ledger of one machine up to what a look showed. Repeating it changes nothing. */
export async function meter(launch: Launch, { sighting, at }: Sight, store: Pick<ChargeStore, 'ofLaunch' | 'put'>) {
  if (at === null || sighting.kind === 'unknown') return
  const known = await store.ofLaunch(launch.instanceId, launch.attempt)
  const next = sighting.kind === 'absent' ? withEnd(known, at) : afterLook(launch, sighting.machine, known, at)
  await store.put(next.filter((charge) => !known.includes(charge)))
}

function afterLook(launch: Launch, machine: Machine, known: readonly Charge[], at: Instant): readonly Charge[] {
  const meters = withStandIn(machine, launch, known)
  const kinds = new Set([...known, ...meters].map(({ kind }) => kind))
  return [...kinds].flatMap((kind) => {
    const charges = known.filter((charge) => charge.kind === kind)
    const reading = meters.find((one) => one.kind === kind)
    const seenOffAt = launch.metersOffAt[kind] ?? launch.intendedAt
    const next = reading === undefined ? charges : withReading(charges, { reading, at, seenOffAt }, launch)
    // Nothing of an ended machine is billed, whatever its meters still say.
    return machine.phase === 'ended' ? withEnd(next, at) : next
  })
}
