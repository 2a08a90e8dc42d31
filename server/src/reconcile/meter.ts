import { type Charge, type UnseenRun, withEnd, withReading, withUnseen } from '../core/charges/charge.ts'
import { withStandIn } from '../core/charges/stand-in.ts'
import { mayHaveRun } from '../core/charges/unseen.ts'
import type { Launch } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { dividedBy, nanos } from '../core/money.ts'
import { type Instant, secondMs } from '../core/time.ts'
import type { Provider } from '../providers/provider.ts'
import type { ChargeStore } from '../store/charges.ts'
import type { Sight } from './sight.ts'

interface Look {
  machine: Machine | 'absent'
  begunAt: Instant
  at: Instant
  stopAsked: boolean
}

/** Brings the ledger of one machine up to what a look showed. Repeating it changes nothing. */
export async function meter(
  launch: Launch,
  { sighting, begunAt, at }: Sight,
  provider: Provider | undefined,
  { charges, stopAsked }: { charges: Pick<ChargeStore, 'change'>; stopAsked: boolean },
): Promise<void> {
  // What is settled was booked to its end when it was.
  if (at === null || begunAt === null || sighting.kind === 'unknown' || launch.settledAt !== null) return
  const look = { machine: sighting.kind === 'absent' ? ('absent' as const) : sighting.machine, begunAt, at, stopAsked }
  await charges.change(launch.instanceId, launch.attempt, (known) => {
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
    const reading = meters.find((one) => one.kind === kind)
    const seenOffAt = offSince(launch, kind)
    const next = reading === undefined ? charges : withReading(charges, { reading, begunAt, at, seenOffAt }, launch)
    // Nothing of an ended machine is billed, whatever its meters still say.
    return machine.phase === 'ended' ? withEnd(next, at) : next
  })
}

/** What was billed between two looks and shows in neither. */
function withHiddenRuns(
  launch: Launch,
  charges: readonly Charge[],
  known: readonly Charge[],
  look: Look,
  provider: Provider | undefined,
): readonly Charge[] {
  const billing = provider?.describe().billing
  const gpu = ofKind(charges, 'gpu')
  const disk = ofKind(charges, 'disk')
  const stepMs = gpu.at(-1)?.stepMs ?? billing?.stepMs ?? secondMs
  const hiddenGpu = hiddenGpuRun(launch, gpu, look, stepMs)
  const hiddenDisk = hiddenDiskRun(launch, disk, known, look, { stepMs, percent: billing?.stoppedDiskPercent ?? 100 })
  return [
    ...(hiddenGpu === null ? gpu : withUnseen(gpu, hiddenGpu, launch)),
    ...(hiddenDisk === null ? disk : withUnseen(disk, hiddenDisk, launch)),
    ...charges.filter(({ kind }) => kind !== 'gpu' && kind !== 'disk'),
  ]
}

function hiddenGpuRun(launch: Launch, gpu: readonly Charge[], look: Look, stepMs: number): UnseenRun | null {
  const from = offSince(launch, 'gpu')
  if (!mayHaveRun(launch, { ...look, charges: gpu, seenOffAt: from })) return null
  // A bid is not kept by itself: it is at most all that was agreed to.
  const { offer, comparablePrice } = launch
  const agreed = offer.market === 'spot' ? comparablePrice : offer.pricePerHour
  const ratePerHour = gpu.at(-1)?.ratePerHour ?? launch.pricePerHour ?? agreed
  return { kind: 'gpu', ratePerHour, stepMs, from, until: look.at }
}

/** The disk of a machine that was gone before any look; and what it cost more while stopped, if nobody saw it stopped. */
function hiddenDiskRun(
  launch: Launch,
  disk: readonly Charge[],
  known: readonly Charge[],
  look: Look,
  { stepMs, percent }: { stepMs: number; percent: number },
): UnseenRun | null {
  const isGone = look.machine === 'absent' || look.machine.phase === 'ended'
  if (!isGone) return null
  const until = look.at
  if (disk.length === 0) {
    const ratePerHour = nanos(launch.comparablePrice - launch.offer.pricePerHour)
    if (launch.externalId === null || ratePerHour <= 0n) return null
    return { kind: 'disk', ratePerHour, stepMs, from: launch.intendedAt, until }
  }
  const open = ofKind(known, 'disk').find((charge) => charge.endedBefore === null)
  if (open === undefined || percent <= 100) return null
  const ratePerHour = dividedBy(nanos(open.ratePerHour * BigInt(percent - 100)), 100n)
  return { kind: 'disk', ratePerHour, stepMs: open.stepMs, from: open.lastOnAt, until }
}

function offSince({ metersOffAt, intendedAt }: Launch, kind: Charge['kind']): Instant {
  return metersOffAt[kind] ?? intendedAt
}

function ofKind(charges: readonly Charge[], kind: Charge['kind']): readonly Charge[] {
  return charges.filter((charge) => charge.kind === kind)
}
