import { bidStep } from '../spot/raise-bid.ts'
import { minuteMs, secondMs } from '../time.ts'
import type { Instance, Launch } from './instance.ts'
import type { Machine } from './machine.ts'
import { repeated } from './pace.ts'
import type { Order, Situation } from './situation.ts'
import type { Because } from './status.ts'

export type InterruptedStep =
  | { kind: 'up' }
  | { kind: 'end' }
  | { kind: 'next'; because: Because; settle: boolean }
  | { kind: 'stay'; soonMs?: number; order?: Order | null }

/** How long a machine with a winning bid is waited for before another one is rented: its disk has the work. */
const comeBackMs = 3 * minuteMs

/**
 * What follows for an instance whose machine was taken. A higher bid comes first where one is possible: it keeps the disk.
 */
export function interruptedStep(instance: Instance, launch: Launch, situation: Situation): InterruptedStep {
  const { sighting, now, limits } = situation
  const machine = sighting.kind === 'seen' ? sighting.machine : null
  const sinceMs = now - instance.statusSince
  // It may come back by itself: a spot machine whose bid wins again.
  if (machine?.phase === 'running') return { kind: 'up' }
  if (instance.wish.onInterruption === 'end') return { kind: 'end' }

  const bid = machine === null ? null : bidToReturn(launch, machine, situation)
  if (instance.wish.onInterruption === 'relaunch') {
    const comesUp = machine?.phase === 'starting' && sinceMs < limits.startDeadlineMs
    if (comesUp) return { kind: 'stay' }
    if (bid !== null && sinceMs < comeBackMs) return bid
    // A bid may be bringing it back, with its disk; one look that was not answered does not say otherwise.
    const mayComeBack = sighting.kind === 'unknown' && launch.bidPerHour !== null && sinceMs < comeBackMs
    if (mayComeBack) return { kind: 'stay', soonMs: 3 * secondMs }
    return { kind: 'next', because: 'interrupted', settle: sighting.kind === 'absent' }
  }

  if (sighting.kind === 'absent') return { kind: 'next', because: 'machine_lost', settle: true }
  if (machine !== null && isBeyondHope(machine)) return { kind: 'next', because: 'machine_lost', settle: false }
  const { onDemandAfterMs } = instance.wish.policies
  const isPatient = onDemandAfterMs === null || sinceMs < onDemandAfterMs || instance.wish.offer !== null
  if (!isPatient && machine?.phase !== 'starting') return { kind: 'next', because: 'no_spot_in_time', settle: false }
  return bid ?? { kind: 'stay' }
}

/** Null where no bid of ours brings it back. */
function bidToReturn(launch: Launch, machine: Machine, situation: Situation): InterruptedStep | null {
  const { bidding = null } = situation
  if (bidding === null || launch.bidPerHour === null) return null
  if (machine.phase !== 'interrupted' && machine.phase !== 'stopped') return null
  const step = bidStep(bidding, launch.bidPerHour, machine.pricePerHour)
  switch (step.kind) {
    case 'lost':
      return null
    case 'wins':
      return { kind: 'stay', soonMs: 3 * secondMs }
    case 'raise': {
      const order: Order = { kind: 'bid', externalId: machine.externalId, perHour: step.to }
      return { kind: 'stay', soonMs: 3 * secondMs, order: repeated(launch, situation, order) }
    }
  }
}

function isBeyondHope({ phase }: Machine): boolean {
  return phase === 'failed' || phase === 'ending' || phase === 'ended'
}
