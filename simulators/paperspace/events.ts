/** The ledger of what was asked of machines, and how it went. */

import { type EventName, type EventRecord, newUuid, nextSeq, type World } from './state.ts'

export function openEvent(world: World, name: EventName, machineId: string, at: number): EventRecord {
  const event: EventRecord = {
    id: newUuid(world),
    seq: nextSeq(world),
    name,
    machineId,
    createdAt: at,
    startsAt: null,
    finishesAt: null,
    outcome: 'done',
    error: null,
  }
  world.state.events.push(event)
  return event
}

export function cancelEvent(event: EventRecord, at: number): void {
  if (event.finishesAt !== null && event.finishesAt <= at) return
  event.finishesAt = at
  event.outcome = 'cancelled'
  event.error = null
  if (event.startsAt !== null && event.startsAt > at) event.startsAt = null
}

export function eventOf(world: World, id: string | null): EventRecord | undefined {
  return id === null ? undefined : world.state.events.find((event) => event.id === id)
}
