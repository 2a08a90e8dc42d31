import type { Selectable } from 'kysely'
import type { InstanceId } from '../core/instances/instance.ts'
import type { Instant } from '../core/time.ts'
import { fromJsonText, jsonText } from './json.ts'
import type { Database } from './sqlite.ts'
import type { InfraVastTable } from './tables.ts'

/** What is remembered of the machine that VAST_INSTANCE_ID names, beside what is known of every instance. */
export interface InfraVastState {
  lastActivityAt: Instant | null
  /** Somebody waits for it to become healthy until then: it is not idle. */
  awaitedUntil: Instant | null
  /** When it was told to stop because nobody used it; null once that has come to an end. */
  shutdownAt: Instant | null
  /** Whatever was named so far, oldest first: its sessions count. */
  instanceIds: readonly InstanceId[]
  /** The newest event that stands in the audit file. */
  mirroredEventId: number
}

export interface InfraVastStore {
  get(): Promise<InfraVastState>
  put(change: Partial<Omit<InfraVastState, 'instanceIds'>>): Promise<void>
  /** This one is, or was, the named machine. */
  remember(id: InstanceId): Promise<void>
}

const onlyRow = 'state'
const nothingYet = {
  id: onlyRow,
  last_activity_at: null,
  awaited_until: null,
  shutdown_at: null,
  instance_ids: '[]',
  mirrored_event_id: 0,
}

export function createInfraVastStore(database: Database): InfraVastStore {
  async function read(from: Database): Promise<InfraVastState> {
    const row = await from.selectFrom('infra_vast').selectAll().where('id', '=', onlyRow).executeTakeFirst()
    return stateFromRow(row ?? nothingYet)
  }

  async function write(to: Database, columns: Partial<Selectable<InfraVastTable>>): Promise<void> {
    await to
      .insertInto('infra_vast')
      .values({ ...nothingYet, ...columns })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(columns))
      .execute()
  }

  return {
    get: () => read(database),

    put: (change) =>
      write(database, {
        ...(change.lastActivityAt !== undefined && { last_activity_at: change.lastActivityAt }),
        ...(change.awaitedUntil !== undefined && { awaited_until: change.awaitedUntil }),
        ...(change.shutdownAt !== undefined && { shutdown_at: change.shutdownAt }),
        ...(change.mirroredEventId !== undefined && { mirrored_event_id: change.mirroredEventId }),
      }),

    remember: (id) =>
      database.transaction().execute(async (transaction) => {
        const { instanceIds } = await read(transaction)
        if (instanceIds.includes(id)) return
        await write(transaction, { instance_ids: jsonText([...instanceIds, id]) })
      }),
  }
}

function stateFromRow(row: Selectable<InfraVastTable>): InfraVastState {
  return {
    lastActivityAt: row.last_activity_at,
    awaitedUntil: row.awaited_until,
    shutdownAt: row.shutdown_at,
    instanceIds: fromJsonText(row.instance_ids),
    mirroredEventId: row.mirrored_event_id,
  }
}
