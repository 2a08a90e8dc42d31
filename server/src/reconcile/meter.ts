import { type Charge, withEnd, withReading, withUnseen } from '../core/charges/charge.ts'
import { withStandIn } from '../core/charges/stand-in.ts'
import { mayHaveRun } from '../core/charges/unseen.ts'
import type { Launch } from '../core/instances/instance.ts'
import type { Machine, MeterReading } from '../core/instances/machine.ts'
import { dividedBy, type Nanos, nanos } from '../core/money.ts'
import { type Instant, secondMs } from '../core/time.ts'
import type { Provider } from '../providers/provider.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { Sight } from './sight.ts'

interface Look {
  machine: Machine | 'absent'
  begunAt: Instant
  at: Instant
}

/** Brings the ledger of one machine up to what a look showed. Repeating it changes nothing. */
export async function meter(
  launch: Launch,
  { sighting, begunAt, at }: Sight,
  provider: Provider | undefined,
  store: Pick<ChargeStore, 'change'>,
): Promise<void> {
  // What is settled was booked to its end when it was.
  if (at === null || begunAt === null || sighting.kind === 'unknown' || launch.settledAt !== null) return
  const look = { machine: sighting.kind === 'absent' ? ('absent' as const) : sighting.machine, begunAt, at }
  await store.change(launch.instanceId, launch.attempt, (known) => {
    const seen = look.machine === 'absent' ? withEnd(known, at) : afterLook(launch, look.machine, known, look)
    return withHiddenRuns(launch, seen, known, look, provider)
  })
}

function afterLook(
  launch: Launch,
  machine: Machine,
  known: readonly Charge[],
  { begunAt, at }: Look,
): readonly Charge[] {
  const meters = withStandIn(machine, launch, known)
  const kinds = new Set([...known, ...meters].map(({ kind }) => kind))
  return [...kinds].flatMap((kind) => {
    const charges = ofKind(known, kind)
    const reading = withoutOldDoubt(
      meters.find((one) => one.kind === kind),
      launch,
    )
    const seenOffAt = offSince(launch, kind)
    const next = reading === undefined ? charges : withReading(charges, { reading, begunAt, at, seenOffAt }, launch)
    // Nothing of an ended machine is billed, whatever its meters still say.
    return machine.phase === 'ended' ? withEnd(next, at) : next
  })
}

/** What was never up is still coming up, and that is billed where the marketplace says so. */
function withoutOldDoubt(reading: MeterReading | undefined, { upAt }: Launch): MeterReading | undefined {
  return reading?.doubtful === true && upAt === null ? { ...reading, doubtful: false } : reading
}

/** What was billed between two looks and shows in neither. */
function withHiddenRuns(
  launch: Launch,
  charges: readonly Charge[],
  known: readonly Charge[],
  look: Look,
  provider: Provider | undefined,
): readonly Charge[] {
  const gpu = ofKind(charges, 'gpu')
  const seenOffAt = offSince(launch, 'gpu')
  const billing = provider?.describe().billing
  const hidden = mayHaveRun(launch, { ...look, charges: gpu, seenOffAt })
    ? withUnseen(
        gpu,
        {
          kind: 'gpu',
          ratePerHour: gpu.at(-1)?.ratePerHour ?? gpuRateOf(launch, charges),
          stepMs: gpu.at(-1)?.stepMs ?? billing?.stepMs ?? secondMs,
          from: seenOffAt,
          until: look.at,
        },
        launch,
      )
    : gpu
  const disk = ofKind(charges, 'disk')
  const open = ofKind(known, 'disk').find((charge) => charge.endedBefore === null)
  const extraPercent = (billing?.stoppedDiskPercent ?? 100) - 100
  const isGone = look.machine === 'absent' || look.machine.phase === 'ended'
  // Stopped and ended between two looks: the disk cost more in between than it did before.
  const stoppedDisk =
    isGone && open !== undefined && extraPercent > 0
      ? withUnseen(
          disk,
          {
            kind: 'disk',
            ratePerHour: dividedBy(nanos(open.ratePerHour * BigInt(extraPercent)), 100n),
            stepMs: open.stepMs,
            from: open.lastOnAt,
            until: look.at,
          },
          launch,
        )
      : disk
  return [...hidden, ...stoppedDisk, ...charges.filter(({ kind }) => kind !== 'gpu' && kind !== 'disk')]
}

/** Where no look has told it: the most that it can be, which is all that was agreed to. */
function gpuRateOf({ pricePerHour, comparablePrice, offer }: Launch, charges: readonly Charge[]): Nanos {
  if (pricePerHour !== null) return pricePerHour
  const hasDisk = charges.some(({ kind }) => kind === 'disk')
  return comparablePrice > offer.pricePerHour || !hasDisk ? comparablePrice : offer.pricePerHour
}

function offSince({ metersOffAt, intendedAt }: Launch, kind: Charge['kind']): Instant {
  return metersOffAt[kind] ?? intendedAt
}

function ofKind(charges: readonly Charge[], kind: Charge['kind']): readonly Charge[] {
  return charges.filter((charge) => charge.kind === kind)
}
