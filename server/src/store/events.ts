import type { Selectable } from 'kysely'
import type { InstanceId, ProjectName } from '../core/instances/instance.ts'
import type { Because, Status } from '../core/instances/status.ts'
import type { Instant } from '../core/time.ts'
import { type KeyedCall, noteDone } from './answers.ts'
import { link } from './chain.ts'
import { fromJsonText, jsonText } from './json.ts'
import type { Database } from './sqlite.ts'
import type { EventsTable } from './tables.ts'
import { addDeliveries } from './webhook-outbox.ts'

export const eventKinds = [
  'status', // another status was entered
  'attempt', // an offer was chosen and a machine is being asked for
  'attempt_ended', // refused, or given up
  'offers_skipped', // planned, but not what they were when looked at again
  'order', // something was asked for that changes no status
  'leftover_gone', // the machine of an attempt that was given up has ended
  'alarm', // somebody should look
  'bid_raised', // to get a machine back that was taken
  'fallback', // no spot machine was to be had; an on-demand one is rented
  'reclaim_announced', // the marketplace says when it takes the machine
  'checkpoint', // the command that saves the work ended, or could not run
  'warning', // it is about to be stopped or ended by its policies
  'budget', // a share of a budget is spent
  'charge', // a meter stopped, or what it cost is known more exactly
  'stray_found', // the sweep found something of ours that nothing wants, and has it ended
  'stray_ended', // and it is gone
  'adopted', // a machine became an instance without having been launched from here
  'released', // somebody said that a machine is gone that nobody can look at
  'provider', // what a marketplace announced, or answered strangely
  'power', // what /infra/vast was asked, and what came of it
  'changed', // something else than an instance: settings, keys, budgets
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
  /** On whose behalf: the name of a key, `admin`, `keyless`; default `system`. */
  actor?: string
  /** The values that were changed, without secrets. For a status these come from the event itself. */
  before?: Values | null
  after?: Values | null
  /** The call with an Idempotency-Key that has done this, and to what. It is no part of what is kept of the event. */
  doneBy?: { call: KeyedCall; id: string }
}

export type Values = Readonly<Record<string, unknown>>

export interface StoredEvent extends Required<Omit<NewEvent, 'doneBy'>> {
  id: number
  /** Its place in the chain; '' for one that is older than the chain. */
  hash: string
}

export interface AuditQuery {
  instanceId?: string
  actor?: string
  kind?: EventKind
  from?: Instant
  /** Before, not at, this moment. */
  until?: Instant
  /** Only what is older than this event. */
  before?: number
  limit: number
}

export interface EventStore {
  /** Oldest first. `after` is an event's id; with a project, only what its instances met. */
  list(query: { instanceId?: string; project?: ProjectName; after?: number; limit: number }): Promise<StoredEvent[]>
  /** The id of the newest event; 0 when there is none. */
  newest(): Promise<number>
  /** Newest first. */
  audit(query: AuditQuery): Promise<StoredEvent[]>
  /** What changes no row of ours. */
  record(events: readonly NewEvent[]): Promise<void>
}

export function createEventStore(database: Database): EventStore {
  return {
    async list({ instanceId, project, after, limit }) {
      let select = database.selectFrom('events').selectAll()
      if (instanceId !== undefined) select = select.where('instance_id', '=', instanceId)
      if (project !== undefined) {
        select = select.where('instance_id', 'in', (eb) =>
          eb.selectFrom('instances').select('instances.id').where('instances.project', '=', project),
        )
      }
      if (after !== undefined) select = select.where('id', '>', after)
      return (await select.orderBy('id').limit(limit).execute()).map(eventFromRow)
    },

    async audit({ instanceId, actor, kind, from, until, before, limit }) {
      let select = database.selectFrom('events').selectAll()
      if (instanceId !== undefined) select = select.where('instance_id', '=', instanceId)
      if (actor !== undefined) select = select.where('actor', '=', actor)
      if (kind !== undefined) select = select.where('kind', '=', kind)
      if (from !== undefined) select = select.where('at', '>=', from)
      if (until !== undefined) select = select.where('at', '<', until)
      if (before !== undefined) select = select.where('id', '<', before)
      return (await select.orderBy('id', 'desc').limit(limit).execute()).map(eventFromRow)
    },

    async newest() {
      const row = await database
        .selectFrom('events')
        .select(({ fn }) => fn.max('id').as('id'))
        .executeTakeFirst()
      return row?.id ?? 0
    },

    record: (events) => database.transaction().execute((transaction) => addEvents(transaction, events)),
  }
}

/**
 * Part of the transaction that makes the change: the events, their places in the chain, the webhooks that want them, and the
 * calls that have done them.
 */
export async function addEvents(transaction: Database, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  const rows = await link(transaction, 'events', events.map(contentFromEvent))
  await transaction.insertInto('events').values(rows).execute()
  await addDeliveries(transaction, rows.map(eventFromRow))
  for (const { doneBy } of events) if (doneBy !== undefined) await noteDone(transaction, doneBy.call, doneBy.id)
}

/** What a row says, without its place. */
function contentFromEvent(event: NewEvent) {
  const { before = statusBefore(event), after = statusAfter(event) } = event
  return {
    at: event.at,
    actor: event.actor ?? 'system',
    instance_id: event.instanceId,
    kind: event.kind,
    status: event.status,
    because: event.because,
    message: event.message,
    data: jsonText(event.data ?? {}),
    before: before === null ? null : jsonText(before),
    after: after === null ? null : jsonText(after),
  }
}

function statusBefore({ kind, data }: NewEvent): Values | null {
  return kind === 'status' && typeof data?.from === 'string' ? { status: data.from } : null
}

function statusAfter({ kind, status }: NewEvent): Values | null {
  return kind === 'status' && status !== null ? { status } : null
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
    actor: row.actor,
    before: row.before === null ? null : fromJsonText(row.before),
    after: row.after === null ? null : fromJsonText(row.after),
    hash: row.hash,
  }
}
