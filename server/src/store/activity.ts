import type { Selectable } from 'kysely'
import type { InstanceId, Policies, Wish } from '../core/instances/instance.ts'
import { noPolicies } from '../core/instances/instance.ts'
import type { Status } from '../core/instances/status.ts'
import { type Activity, noActivity } from '../core/policies/activity.ts'
import type { Instant } from '../core/time.ts'
import { addEvents, type NewEvent } from './events.ts'
import { fromJsonText, jsonText } from './json.ts'
import type { Database } from './sqlite.ts'
import type { ActivityTable } from './tables.ts'

/** What is remembered of the use of instances, and the policies that follow from it. */
export interface ActivityStore {
  of(id: InstanceId): Promise<Activity>
  ofInstances(ids: readonly InstanceId[]): Promise<ReadonlyMap<string, Activity>>
  /** Facts, true whoever acts on the instance. */
  note(id: InstanceId, facts: Partial<Omit<Activity, 'firstUpAt'>>): Promise<void>
  /** The same together with what people are told of it. */
  tell(id: InstanceId, facts: Partial<Omit<Activity, 'firstUpAt'>>, event: NewEvent): Promise<void>
  /**
   * Puts the stop off. Whoever is acting on the instance at this moment loses the claim, so that no older decision stops it
   * all the same.
   *
   * @returns false when it is not in one of these statuses any more
   */
  snooze(id: InstanceId, until: Instant, from: readonly Status[], event: NewEvent): Promise<boolean>
  /** The policies as they are to be from now on; in one step with reading them, so that two changes do not undo each other. */
  changePolicies(
    id: InstanceId,
    change: (policies: Policies) => Policies,
    from: readonly Status[],
    event: (policies: Policies) => NewEvent,
  ): Promise<boolean>
}

export function createActivityStore(database: Database): ActivityStore {
  async function put(transaction: Database, id: InstanceId, facts: Partial<Omit<Activity, 'firstUpAt'>>) {
    const columns = columnsOf(facts)
    if (Object.keys(columns).length === 0) return
    await transaction
      .insertInto('activity')
      .values({ ...emptyRow, ...columns, instance_id: id })
      .onConflict((conflict) => conflict.column('instance_id').doUpdateSet(columns))
      .execute()
  }

  /** Looked at next, and by nobody who decides on what was before. */
  async function reclaim(transaction: Database, id: InstanceId, from: readonly Status[]): Promise<boolean> {
    const { numUpdatedRows } = await transaction
      .updateTable('instances')
      .set(({ eb }) => ({ claim_token: eb('claim_token', '+', 1), claimed_until: 0, due_at: 0 }))
      .where('id', '=', id)
      .where('status', 'in', [...from])
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  async function ofInstances(ids: readonly InstanceId[]): Promise<ReadonlyMap<string, Activity>> {
    if (ids.length === 0) return new Map()
    const rows = await database
      .selectFrom('activity')
      .selectAll()
      .where('instance_id', 'in', [...ids])
      .execute()
    const ups = await database
      .selectFrom('launches')
      .select(['instance_id', ({ fn }) => fn.min('up_at').as('up_at')])
      .where('instance_id', 'in', [...ids])
      .groupBy('instance_id')
      .execute()
    const known = new Map(rows.map((row) => [row.instance_id, activityFromRow(row)]))
    const firstUp = new Map(ups.map((row) => [row.instance_id, row.up_at]))
    return new Map(
      ids.map((id) => [id, { ...(known.get(id) ?? noActivity), firstUpAt: firstUp.get(id) ?? null } as Activity]),
    )
  }

  return {
    ofInstances,

    async of(id) {
      return (await ofInstances([id])).get(id) ?? noActivity
    },

    note: (id, facts) => put(database, id, facts),

    async tell(id, facts, event) {
      await database.transaction().execute(async (transaction) => {
        await put(transaction, id, facts)
        await addEvents(transaction, [event])
      })
    },

    snooze(id, until, from, event) {
      return database.transaction().execute(async (transaction) => {
        if (!(await reclaim(transaction, id, from))) return false
        await put(transaction, id, { snoozedUntil: until, idleWarnedAt: null })
        await addEvents(transaction, [event])
        return true
      })
    },

    changePolicies(id, change, from, event) {
      return database.transaction().execute(async (transaction) => {
        if (!(await reclaim(transaction, id, from))) return false
        const { wish: text } = await transaction
          .selectFrom('instances')
          .select('wish')
          .where('id', '=', id)
          .executeTakeFirstOrThrow()
        const wish = fromJsonText<Wish>(text)
        const policies = change({ ...noPolicies, ...wish.policies })
        await transaction
          .updateTable('instances')
          .set({ wish: jsonText({ ...wish, policies }) })
          .where('id', '=', id)
          .execute()
        await addEvents(transaction, [event(policies)])
        return true
      })
    },
  }
}

const emptyRow: Omit<ActivityTable, 'instance_id'> = {
  active_at: null,
  active_kind: null,
  in_flight: 0,
  in_flight_until: null,
  reported_at: null,
  ready_at: null,
  snoozed_until: null,
  idle_warned_at: null,
  lease_warned_at: null,
}

function columnsOf(facts: Partial<Omit<Activity, 'firstUpAt'>>): Partial<Omit<ActivityTable, 'instance_id'>> {
  return {
    ...(facts.activeAt !== undefined && { active_at: facts.activeAt }),
    ...(facts.activeKind !== undefined && { active_kind: facts.activeKind }),
    ...(facts.inFlight !== undefined && { in_flight: facts.inFlight }),
    ...(facts.inFlightUntil !== undefined && { in_flight_until: facts.inFlightUntil }),
    ...(facts.reportedAt !== undefined && { reported_at: facts.reportedAt }),
    ...(facts.readyAt !== undefined && { ready_at: facts.readyAt }),
    ...(facts.snoozedUntil !== undefined && { snoozed_until: facts.snoozedUntil }),
    ...(facts.idleWarnedAt !== undefined && { idle_warned_at: facts.idleWarnedAt }),
    ...(facts.leaseWarnedAt !== undefined && { lease_warned_at: facts.leaseWarnedAt }),
  }
}

function activityFromRow(row: Selectable<ActivityTable>): Activity {
  return {
    activeAt: row.active_at,
    activeKind: row.active_kind,
    inFlight: row.in_flight,
    inFlightUntil: row.in_flight_until,
    reportedAt: row.reported_at,
    readyAt: row.ready_at,
    snoozedUntil: row.snoozed_until,
    idleWarnedAt: row.idle_warned_at,
    leaseWarnedAt: row.lease_warned_at,
    firstUpAt: null,
  }
}
