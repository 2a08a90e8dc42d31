import type { EventStore, StoredEvent } from '../store/events.ts'
import type { InstanceStore } from '../store/instances.ts'
import { noSuchInstance } from './errors.ts'

export type InstanceEvent = StoredEvent
export type ListEvents = EventStore['list']

/** The timeline of one instance, oldest first. */
export async function instanceEvents(
  id: string,
  page: { after?: number; limit: number },
  { instances, events }: { instances: Pick<InstanceStore, 'get'>; events: Pick<EventStore, 'list'> },
): Promise<InstanceEvent[]> {
  if ((await instances.get(id)) === undefined) throw noSuchInstance(id)
  return events.list({ instanceId: id, ...page })
}
