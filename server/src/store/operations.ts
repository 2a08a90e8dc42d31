import type { Selectable } from 'kysely'
import { sealedHead } from '../core/chain/chain.ts'
import { launchFromLabel } from '../core/ids.ts'
import type { ProjectName } from '../core/instances/instance.ts'
import type { Operation } from '../core/operations/operation.ts'
import type { Instant } from '../core/time.ts'
import { link, lockedHead, macOfLogs, writeHead } from './chain.ts'
import type { Database } from './sqlite.ts'
import type { OperationsTable } from './tables.ts'

export interface StoredOperation extends Omit<Operation, 'parts'> {
  id: number
  instanceId: string | null
}

export interface OperationQuery {
  provider?: string
  instanceId?: string
  /** Only what is about its instances. */
  project?: ProjectName
  /** `2xx`, `429`, `timeout` …; `failed`: all but those that were answered as they should. */
  outcome?: string
  /** Only what is older than this one. */
  before?: number
  limit: number
}

export interface OperationStore {
  add(operations: readonly Operation[]): Promise<void>
  /** Newest first. */
  list(query: OperationQuery): Promise<StoredOperation[]>
  /** Drops what is older. The rest of the chain can still be checked: its head remembers where it begins. */
  prune(before: Instant): Promise<number>
}

export function createOperationStore(database: Database): OperationStore {
  return {
    async add(operations) {
      if (operations.length === 0) return
      const instances = await instancesOf(database, operations)
      await database.transaction().execute(async (transaction) => {
        const rows = await link(
          transaction,
          'operations',
          operations.map((operation) => contentFrom(operation, instances)),
        )
        for (let at = 0; at < rows.length; at += rowsAtOnce) {
          await transaction
            .insertInto('operations')
            .values(rows.slice(at, at + rowsAtOnce))
            .execute()
        }
      })
    },

    async list({ provider, instanceId, project, outcome, before, limit }) {
      let select = database.selectFrom('operations').selectAll()
      if (provider !== undefined) select = select.where('provider', '=', provider)
      if (instanceId !== undefined) select = select.where('instance_id', '=', instanceId)
      if (project !== undefined) {
        select = select.where('instance_id', 'in', (eb) =>
          eb.selectFrom('instances').select('instances.id').where('instances.project', '=', project),
        )
      }
      if (outcome === 'failed') select = select.where('outcome', 'not in', ['2xx', '3xx'])
      else if (outcome !== undefined) select = select.where('outcome', '=', outcome)
      if (before !== undefined) select = select.where('id', '<', before)
      return (await select.orderBy('id', 'desc').limit(limit).execute()).map(operationFromRow)
    },

    prune(before) {
      return database.transaction().execute(async (transaction) => {
        const mac = macOfLogs(transaction)
        const head = await lockedHead(transaction, 'operations', mac)
        const kept = await transaction
          .selectFrom('operations')
          .select(({ fn }) => fn.min<number | null>('id').as('id'))
          .where('at', '>=', before)
          .executeTakeFirst()
        const last = await transaction
          .selectFrom('operations')
          .select(['id', 'hash'])
          .where('id', '<', kept?.id ?? head.lastId + 1)
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirst()
        if (last === undefined) return 0
        const { numDeletedRows } = await transaction
          .deleteFrom('operations')
          .where('id', '<=', last.id)
          .executeTakeFirst()
        await writeHead(transaction, sealedHead({ ...head, anchorId: last.id, anchorHash: last.hash }, mac))
        return Number(numDeletedRows)
      })
    },
  }
}

/** SQLite takes a limited number of values in one statement. */
const rowsAtOnce = 200

/** Machines by which an address names one of ours. */
async function instancesOf(database: Database, operations: readonly Operation[]): Promise<Map<string, string>> {
  const parts = [...new Set(operations.flatMap((operation) => operation.parts))].slice(0, mostParts)
  if (parts.length === 0) return new Map()
  const rows = await database
    .selectFrom('launches')
    .select(['provider', 'external_id', 'instance_id'])
    .where('external_id', 'in', parts)
    .execute()
  return new Map(rows.map((row) => [`${row.provider} ${row.external_id}`, row.instance_id]))
}

const mostParts = 5_000

function contentFrom({ parts, durationMs, ...operation }: Operation, instances: ReadonlyMap<string, string>) {
  const named = parts.map((part) => instances.get(`${operation.provider} ${part}`)).find((id) => id !== undefined)
  return {
    ...operation,
    instance_id: launchFromLabel(operation.label)?.instance ?? named ?? null,
    duration_ms: durationMs,
  }
}

function operationFromRow(row: Selectable<OperationsTable>): StoredOperation {
  const { instance_id: instanceId, duration_ms: durationMs, hash: _, ...rest } = row
  return { ...rest, instanceId, durationMs }
}
