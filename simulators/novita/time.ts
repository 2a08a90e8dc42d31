/** Brings the world up to the clock: everything that is due happens in order, at its own moment. */

import { endJob, enter, freeze, giveNotice, reclaim } from './machines.ts'
import { marketTime } from './market.ts'
import { anyMetered, availableNanos, hourOf, stopDisk } from './meters.ts'
import { hourMs, type Machine, type Status, secondMs, type World } from './state.ts'

interface Due {
  at: number
  happen: () => void
}

export function bringUpToDate(world: World): void {
  const now = world.clock.now()
  for (;;) {
    const due = nextDue(world)
    if (!due || due.at > now) break
    due.happen()
  }
  world.state.marketMs = marketTime(world)
}

function nextDue(world: World): Due | null {
  const dues: Due[] = []
  for (const machine of world.state.machines) if (machine.status !== 'gone') dues.push(...machineDues(world, machine))
  for (const job of world.state.jobs) {
    if (job.endsAt !== null) dues.push({ at: job.endsAt, happen: () => endJob(job, job.endsAs) })
  }
  const first = earliest(dues)
  const settlement = settlementDue(world, Math.min(first?.at ?? Number.POSITIVE_INFINITY, world.clock.now()))
  return settlement && (!first || settlement.at < first.at) ? settlement : first
}

function earliest(dues: readonly Due[]): Due | null {
  let first: Due | null = null
  for (const due of dues) if (!first || due.at < first.at) first = due
  return first
}

/** A machine has its card; only then can it be given notice or be frozen. */
export const computing: ReadonlySet<Status> = new Set<Status>([
  'pulling',
  'running',
  'starting',
  'restarting',
  'resetting',
])

function machineDues(world: World, machine: Machine): Due[] {
  const dues: Due[] = []
  const { noticeAt, releaseDataAt } = machine
  const step = machine.plan[0]
  if (step) {
    dues.push({
      at: step.at,
      happen: () => {
        machine.plan.shift()
        enter(world, machine, step)
      },
    })
  }
  if (noticeAt !== null && computing.has(machine.status)) {
    dues.push({ at: noticeAt, happen: () => giveNotice(world, machine, noticeAt) })
  }
  if (machine.spotStatus === 'notified' && computing.has(machine.status)) {
    const at = machine.spotReclaimTime * secondMs
    dues.push({ at, happen: () => reclaim(world, machine, at) })
  }
  if (releaseDataAt !== null && machine.status === 'exited') {
    dues.push({
      at: releaseDataAt,
      happen: () => {
        stopDisk(world, machine, releaseDataAt)
        machine.releaseDataAt = null
      },
    })
  }
  if (machine.billingMode === 'monthly' && machine.status === 'running') {
    const at = machine.endTime * secondMs
    dues.push({ at, happen: () => enter(world, machine, { at, to: 'exited' }) })
  }
  return dues
}

/** Charges leave the balance at the full hour; an account without money is stopped there. */
function settlementDue(world: World, quietUntil: number): Due | null {
  const { state } = world
  if (!anyMetered(world)) {
    // Nothing runs: these hours pass without anything to decide.
    state.settledUntil = Math.max(state.settledUntil, hourOf(quietUntil))
    return null
  }
  const at = state.settledUntil + hourMs
  return {
    at,
    happen: () => {
      state.settledUntil = at
      if (availableNanos(world) > 0n) return
      for (const machine of state.machines) {
        if (machine.billingMode !== 'monthly' && computing.has(machine.status)) freeze(world, machine, at)
      }
    },
  }
}
