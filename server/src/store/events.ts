import type { Selectable } from 'kysely'
import type { InstanceId } from '../core/instances/instance.ts'
import type { Because, Status } from '../core/instances/status.ts'
import type { Instant } from '../core/time.ts'
import { fromJsonText, jsonText } from './json.ts'
import type { Database } from './sqlite.ts'
import type { EventsTable } from './tables.ts'

export const eventKinds = [
  'status', // another status was entered
  'attempt', // an offer was chosen and a machine is being asked for
  'attempt_ended', // refused, or given up
  'offers_skipped', // planned, but not what they were when looked at again
  'order', // something was asked for that changes no status
  'leftover_gone', // the machine of an attempt that was given up has ended
  'alarm', // somebody should look
] as const
export type EventKind = (typeof eventKinds)[number]

export interface NewEvent {
  at: Instant
  instanceId: InstanceId | null
  kind: EventKind
  status: Status | null
  because: Because | null
  /** A sentence for people, without secrets. */
  message: string
  data?: Readonly<Record<string, unknown>>
}

export interface StoredEvent extends Required<NewEvent> {
  id: number
}

export interface EventStore {
  /** Oldest first. `after` is an event's id. */
  list(query: { instanceId?: string; after?: number; limit: number }): Promise<StoredEvent[]>
  /** The id of the newest event; 0 when there is none. */
  newest(): Promise<number>
}

export function createEventStore(database: Database): EventStore {
  return {
    async list({ instanceId, after, limit }) {
      let select = database.selectFrom('events').selectAll()
      if (instanceId !== undefined) select = select.where('instance_id', '=', instanceId)
      if (after !== undefined) select = select.where('id', '>', after)
      return (await select.orderBy('id').limit(limit).execute()).map(eventFromRow)
    },

    async newest() {
      const row = await database
        .selectFrom('events')
        .select(({ fn }) => fn.max('id').as('id'))
        .executeTakeFirst()
      return row?.id ?? 0
    },
  }
}

/** Part of the transaction that makes the change. */
export async function addEvents(transaction: Database, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await transaction
    .insertInto('events')
    .values(
      events.map((event) => ({
        at: event.at,
        instance_id: event.instanceId,
        kind: event.kind,
        status: event.status,
        because: event.because,
        message: event.message,
        data: jsonText(event.data ?? {}),
      })),
    )
    .execute()
}

function eventFromRow(row: Selectable<EventsTable>): StoredEvent {
  return {
    id: row.id,
    at: row.at,
    instanceId: row.instance_id as InstanceId | null,
    kind: row.kind as EventKind,
    status: row.status as Status | null,
    because: row.because as Because | null,
    message: row.message,
    data: fromJsonText(row.data),
  }
}
