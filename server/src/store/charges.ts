import { type Selectable, sql } from 'kysely'
import type { Charge } from '../core/charges/charge.ts'
import type { Range } from '../core/charges/within.ts'
import type { InstanceId } from '../core/instances/instance.ts'
import { chargeRecords } from './charge-records.ts'
import { type CostFilter, createOwners, type OwnedCharge } from './cost-owners.ts'
import { addEvents } from './events.ts'
import { chargeFromRow, rowFromCharge } from './rows.ts'
import type { Database } from './sqlite.ts'
import type { ChargesTable } from './tables.ts'

export interface ChargeStore {
  /** All stretches of all meters of an instance, oldest first. */
  ofInstance(id: InstanceId): Promise<Charge[]>
  ofInstances(ids: readonly InstanceId[]): Promise<Charge[]>
  /** Stretches of one machine. */
  ofLaunch(id: InstanceId, attempt: number): Promise<Charge[]>
  /**
   * All that may have run within a range of time, each once and with what it was for, page by page: what runs, and then what
   * has ended, oldest end first. Nobody else waits between two pages.
   */
  within(range: Range, filter: CostFilter): AsyncGenerator<OwnedCharge[]>
  /**
   * Reads the stretches of one machine, and writes what `next` makes of them, in one transaction. What has ended stays as it
   * is, or becomes more exact; it is never taken away. The audit log tells of each that has ended.
   *
   * @throws Error when `next` would change what has ended
   */
  change(id: InstanceId, attempt: number, next: (known: readonly Charge[]) => readonly Charge[]): Promise<void>
}

export function createChargeStore(database: Database): ChargeStore {
  const ordered = () =>
    database.selectFrom('charges').selectAll().orderBy('attempt').orderBy('kind').orderBy('sequence')
  return {
    async ofInstance(id) {
      return (await ordered().where('instance_id', '=', id).execute()).map(chargeFromRow)
    },

    async ofInstances(ids) {
      if (ids.length === 0) return []
      return (
        await ordered()
          .where('instance_id', 'in', [...ids])
          .execute()
      ).map(chargeFromRow)
    },

    async ofLaunch(id, attempt) {
      return (await ordered().where('instance_id', '=', id).where('attempt', '=', attempt).execute()).map(chargeFromRow)
    },

    async *within(range, filter) {
      const owners = createOwners(database)
      const running = await owners.added(
        await chargesIn(database, range, filter).where('ended_before', 'is', null).execute(),
      )
      if (running.length > 0) yield running
      // What ran then may end while we read on.
      const had = new Set(running.map(({ charge }) => keyOf(charge)))
      for (let after: Selectable<ChargesTable> | undefined; ; ) {
        let select = chargesIn(database, range, filter).where('ended_before', '>', range.from)
        if (after !== undefined) select = select.where(isAfter(after))
        const rows = await select
          .orderBy('ended_before')
          .orderBy('charges.instance_id')
          .orderBy('charges.attempt')
          .orderBy('charges.kind')
          .orderBy('sequence')
          .limit(chargesAtOnce)
          .execute()
        after = rows.at(-1)
        if (after === undefined) return
        yield (await owners.added(rows)).filter(({ charge }) => !had.has(keyOf(charge)))
        if (rows.length < chargesAtOnce) return
      }
    },

    change(id, attempt, next) {
      return database.transaction().execute(async (transaction) => {
        const rows = await transaction
          .selectFrom('charges')
          .selectAll()
          .where('instance_id', '=', id)
          .where('attempt', '=', attempt)
          .orderBy('kind')
          .orderBy('sequence')
          .execute()
        const known = rows.map(chargeFromRow)
        const changed = next(known).filter((charge) => !known.includes(charge))
        if (changed.length === 0) return
        for (const charge of changed) refuseRewriting(charge, known)
        await transaction
          .insertInto('charges')
          .values(changed.map(rowFromCharge))
          .onConflict((conflict) =>
            conflict.columns(['instance_id', 'attempt', 'kind', 'sequence']).doUpdateSet(({ ref }) => ({
              rate_nano: ref('excluded.rate_nano'),
              step_ms: ref('excluded.step_ms'),
              started_after: ref('excluded.started_after'),
              started_before: ref('excluded.started_before'),
              last_on_at: ref('excluded.last_on_at'),
              certain: ref('excluded.certain'),
              ended_after: ref('excluded.ended_after'),
              ended_before: ref('excluded.ended_before'),
            })),
          )
          .execute()
        await addEvents(transaction, chargeRecords(changed, known))
      })
    },
  }
}

/** Some ten milliseconds' worth. */
const chargesAtOnce = 1_000

function chargesIn(database: Database, { until }: Range, { project, instanceId, provider, label }: CostFilter) {
  let select = database
    .selectFrom('charges')
    .innerJoin('instances', 'instances.id', 'charges.instance_id')
    .innerJoin('launches', (join) =>
      join.onRef('launches.instance_id', '=', 'charges.instance_id').onRef('launches.attempt', '=', 'charges.attempt'),
    )
    .selectAll('charges')
    .where('started_after', '<', until)
  if (project !== undefined) select = select.where('instances.project', '=', project)
  if (instanceId !== undefined) select = select.where('charges.instance_id', '=', instanceId)
  if (provider !== undefined) select = select.where('launches.provider', '=', provider)
  if (label !== undefined) select = select.where('instances.label', '=', label)
  return select
}

function isAfter({ ended_before, instance_id, attempt, kind, sequence }: Selectable<ChargesTable>) {
  return sql<boolean>`(ended_before, charges.instance_id, charges.attempt, charges.kind, sequence) > (${ended_before}, ${instance_id}, ${attempt}, ${kind}, ${sequence})`
}

function keyOf({ instanceId, attempt, kind, sequence }: Charge): string {
  return `${instanceId}/${attempt}/${kind}/${sequence}`
}

/** The ledger is added to. What has ended can only be known more exactly later. */
function refuseRewriting(charge: Charge, known: readonly Charge[]): void {
  const before = known.find(({ kind, sequence }) => kind === charge.kind && sequence === charge.sequence)
  if (before === undefined || before.endedAfter === null || before.endedBefore === null) return
  const narrows =
    charge.ratePerHour === before.ratePerHour &&
    charge.startedAfter >= before.startedAfter &&
    charge.startedBefore <= before.startedBefore &&
    charge.endedAfter !== null &&
    charge.endedAfter >= before.endedAfter &&
    charge.endedBefore !== null &&
    charge.endedBefore <= before.endedBefore &&
    charge.endedAfter <= charge.endedBefore
  if (!narrows) throw new Error(`charge ${charge.kind} ${charge.sequence} of ${charge.instanceId} has ended`)
}
