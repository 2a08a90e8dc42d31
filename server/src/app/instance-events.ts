import { type EventStore, eventKinds, type StoredEvent } from '../store/events.ts'
import type { InstanceStore } from '../store/instances.ts'
import { getInstance } from './instances.ts'
import type { Who } from './who.ts'

export { eventKinds }
export type InstanceEvent = StoredEvent
export type ListEvents = EventStore['list']

/** The timeline of one instance, oldest first. */
export async function instanceEvents(
  id: string,
  page: { after?: number; limit: number },
  who: Who,
  { instances, events }: { instances: Pick<InstanceStore, 'get' | 'byMachine'>; events: Pick<EventStore, 'list'> },
): Promise<InstanceEvent[]> {
  const instance = await getInstance(id, who, { instances })
  return events.list({ instanceId: instance.id, ...page })
}
