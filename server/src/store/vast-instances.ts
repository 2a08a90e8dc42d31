import type { Selectable } from 'kysely'
import type { InstanceId } from '../core/instances/instance.ts'
import { finalStatuses, type Status } from '../core/instances/status.ts'
import type { Instant } from '../core/time.ts'
import { fromJsonText, jsonText } from './json.ts'
import type { Database } from './sqlite.ts'
import type { VastExecutionLogsView, VastSettingsTable } from './tables.ts'

/** What contract 000 asks of an instance beyond a wish. */
export interface VastSettings {
  autoDestroy: boolean
  /** Without secrets. */
  startCommand: string | null
  modelName: string | null
  maxModelLen: number | null
}

export interface VastRefusal {
  at: Instant
  operation: string
  command: string
  /** A sentence without secrets. */
  message: string
  durationMs: number
  metadata: Readonly<Record<string, unknown>>
}

export interface VastLogEntry {
  id: number
  instanceId: string | null
  operation: string
  command: string
  result: string | null
  errorMessage: string | null
  executionSeconds: number
  success: boolean
  metadata: unknown
  createdAt: string
}

export interface VastInstanceStore {
  /** Before the instance is written down, under the id that it is going to have. */
  put(id: InstanceId, settings: VastSettings, now: Instant): Promise<void>
  /** It was not written down after all. */
  forget(id: InstanceId): Promise<void>
  settingsOf(ids: readonly InstanceId[]): Promise<Map<InstanceId, VastSettings>>
  /** What they were before their stop or their end was asked for. */
  statusBefore(ids: readonly InstanceId[]): Promise<Map<InstanceId, Status>>
  /** Those to be ended because they were ready by then. */
  toEnd(readySince: Instant): Promise<InstanceId[]>
  refused(refusal: VastRefusal): Promise<void>
  /** Newest first. */
  log(id: InstanceId, page: { limit: number; offset: number }): Promise<{ entries: VastLogEntry[]; total: number }>
  /** Forgets older refusals, and settings of what was never written down because the process died in between. */
  prune(before: Instant): Promise<void>
}

export function createVastInstanceStore(database: Database): VastInstanceStore {
  return {
    async put(id, settings, now) {
      await database
        .insertInto('vast_settings')
        .values({
          instance_id: id,
          auto_destroy: Number(settings.autoDestroy),
          start_command: settings.startCommand,
          model_name: settings.modelName,
          max_model_len: settings.maxModelLen,
          made_at: now,
        })
        .execute()
    },

    async forget(id) {
      await database.deleteFrom('vast_settings').where('instance_id', '=', id).execute()
    },

    async settingsOf(ids) {
      if (ids.length === 0) return new Map()
      const rows = await database
        .selectFrom('vast_settings')
        .selectAll()
        .where('instance_id', 'in', [...ids])
        .execute()
      return new Map(rows.map((row) => [row.instance_id as InstanceId, settingsFromRow(row)]))
    },

    async statusBefore(ids) {
      if (ids.length === 0) return new Map()
      const rows = await database
        .selectFrom('events')
        .innerJoin('instances', 'instances.id', 'events.instance_id')
        .select(['events.instance_id', 'events.before'])
        .where('events.instance_id', 'in', [...ids])
        .where('events.kind', '=', 'status')
        .whereRef('events.status', '=', 'instances.status')
        .orderBy('events.id')
        .execute()
      // The last word on each.
      return new Map(
        rows.flatMap(({ instance_id: id, before }): [InstanceId, Status][] => {
          const status = before === null ? undefined : fromJsonText<{ status?: Status }>(before).status
          return status === undefined ? [] : [[id as InstanceId, status]]
        }),
      )
    },

    async toEnd(readySince) {
      const rows = await database
        .selectFrom('vast_settings')
        .innerJoin('instances', 'instances.id', 'vast_settings.instance_id')
        .select('instances.id')
        .where('vast_settings.auto_destroy', '=', 1)
        .where('instances.wanted', '=', 'up')
        .where('instances.status', 'not in', [...finalStatuses])
        // From when it was first ready: one whose server dies or flaps is billed all the same.
        .where(({ exists, selectFrom }) =>
          exists(
            selectFrom('events')
              .select('events.id')
              .whereRef('events.instance_id', '=', 'instances.id')
              .where('events.kind', '=', 'status')
              .where('events.status', '=', 'ready')
              .where('events.at', '<=', readySince),
          ),
        )
        .execute()
      return rows.map(({ id }) => id as InstanceId)
    },

    async refused({ at, operation, command, message, durationMs, metadata }) {
      await database
        .insertInto('vast_refusals')
        .values({
          at,
          operation,
          command,
          error_message: message,
          duration_ms: durationMs,
          metadata: jsonText(metadata),
        })
        .execute()
    },

    async log(id, { limit, offset }) {
      const of = database.selectFrom('vast_execution_logs').where('instance_id', '=', id)
      const rows = await of
        .selectAll()
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .offset(offset)
        .execute()
      const { count } = await of.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
      return { entries: rows.map(entryFromRow), total: Number(count) }
    },

    async prune(before) {
      await database.deleteFrom('vast_refusals').where('at', '<', before).execute()
      await database
        .deleteFrom('vast_settings')
        .where('made_at', '<', before)
        .where('instance_id', 'not in', (eb) => eb.selectFrom('instances').select('instances.id'))
        .execute()
    },
  }
}

function settingsFromRow(row: Selectable<VastSettingsTable>): VastSettings {
  return {
    autoDestroy: row.auto_destroy === 1,
    startCommand: row.start_command,
    modelName: row.model_name,
    maxModelLen: row.max_model_len,
  }
}

function entryFromRow(row: Selectable<VastExecutionLogsView>): VastLogEntry {
  return {
    id: row.id,
    instanceId: row.instance_id,
    operation: row.operation,
    command: row.command,
    result: row.result,
    errorMessage: row.error_message,
    executionSeconds: row.execution_time,
    success: row.success === 1,
    metadata: row.metadata === null ? null : fromJsonText(row.metadata),
    createdAt: row.created_at,
  }
}
