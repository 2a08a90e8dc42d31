import type { Launch } from '../instances/instance.ts'
import type { Machine, Phase } from '../instances/machine.ts'
import { type Instant, minuteMs } from '../time.ts'
import type { Charge } from './charge.ts'

/** Longer between two looks than this, and a spot machine may have come back and been taken again. */
const longGapMs = 2 * minuteMs

/** What only comes after a machine has run, or may have. `absent`: the marketplace does not have it any more. */
const afterRunning: Readonly<Record<Phase | 'absent', boolean>> = {
  absent: true,
  failed: true,
  ending: true,
  ended: true,
  stopped: true,
  interrupted: true,
  pending: false,
  starting: false,
  running: false,
  stopping: false,
  unclear: false,
}

export interface Gap {
  /** What the look at its end showed. */
  machine: Pick<Machine, 'phase' | 'market'> | 'absent'
  /** The GPU's stretches that are booked, those of this look included. */
  charges: readonly Charge[]
  /** The last look at which the GPU's meter was off, or the launch's intent. */
  seenOffAt: Instant
  /** When the look at its end was asked for. */
  begunAt: Instant
  /** Somebody wants it stopped, or ended. */
  stopAsked: boolean
}

/**
 * Whether the GPU may have run between two looks that both showed it off: a machine that came up and was gone, or was taken,
 * before anybody looked. Booked once for each time that it was on its way up.
 */
export function mayHaveRun(
  launch: Pick<Launch, 'startOrderedAt' | 'externalId' | 'lastSeenAt'>,
  { machine, charges, seenOffAt, begunAt, stopAsked }: Gap,
): boolean {
  // Nobody knows of a machine: the launch left none behind.
  if (launch.externalId === null && launch.lastSeenAt === null && machine === 'absent') return false
  const last = charges.at(-1)
  const isLong = begunAt - seenOffAt > longGapMs
  // A host that was away and is away again, or still: in so long a time it may have run.
  if (machine !== 'absent' && machine.phase === 'unclear' && isLong) {
    return last === undefined || (last.endedBefore !== null && last.endedBefore <= seenOffAt)
  }
  if (!afterRunning[machine === 'absent' ? 'absent' : machine.phase]) return false
  if (last === undefined) return true
  if (last.endedBefore === null) return false
  const { startOrderedAt } = launch
  // Stopped, as it was before: the start has not been carried out. Unless a stop was asked for since: that may have been.
  const isRest = machine !== 'absent' && machine.phase === 'stopped' && !stopAsked
  if (startOrderedAt !== null && last.startedBefore < startOrderedAt && !isRest) return true
  const mayComeBack = machine !== 'absent' && machine.market === 'spot' && machine.phase === 'interrupted'
  return mayComeBack && last.endedBefore < seenOffAt && isLong
}
