import { type EventStore, eventKinds, type StoredEvent } from '../store/events.ts'
import type { InstanceStore } from '../store/instances.ts'
import { getInstance } from './instances.ts'

export { eventKinds }
export type InstanceEvent = StoredEvent
export type ListEvents = EventStore['list']

/** The timeline of one instance, oldest first. */
export async function instanceEvents(
  id: string,
  page: { after?: number; limit: number },
  { instances, events }: { instances: Pick<InstanceStore, 'get' | 'byMachine'>; events: Pick<EventStore, 'list'> },
): Promise<InstanceEvent[]> {
  const instance = await getInstance(id, { instances })
  return events.list({ instanceId: instance.id, ...page })
}
