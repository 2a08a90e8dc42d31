import type { Selectable } from 'kysely'
import type { Charge } from '../core/charges/charge.ts'
import type { InstanceId, Launch } from '../core/instances/instance.ts'
import { type Nanos, nanos } from '../core/money.ts'
import {
  type Budget,
  fundsFor,
  type Hold,
  isMeant,
  ownBudget,
  periodAt,
  type Refusal,
  refusalOf,
  refusalText,
  type Spender,
  type Spending,
  spendingOf,
} from '../core/policies/budget.ts'
import type { Instant } from '../core/time.ts'
import { addEvents, type NewEvent } from './events.ts'
import { chargeFromRow, instanceFromRow } from './rows.ts'
import type { Database } from './sqlite.ts'
import type { BudgetsTable } from './tables.ts'

export interface BudgetStore {
  /** In the order in which they were made. */
  list(): Promise<Budget[]>
  get(id: string): Promise<Budget | undefined>
  add(budget: Budget, event: NewEvent): Promise<void>
  /** Its thresholds are told anew. @returns false when there is none */
  change(id: string, change: Pick<Budget, 'limit' | 'period' | 'action'>, event: NewEvent): Promise<boolean>
  remove(id: string, event: NewEvent): Promise<boolean>
  spending(budget: Budget, now: Instant): Promise<Spending>
  /**
   * Why a launch would not be paid for at this moment. Only a first answer: what counts is what holds when the launch is
   * written down.
   */
  refusal(spender: Spender, own: readonly Budget[], needed: Nanos, now: Instant): Promise<Refusal | null>
  /** Tells people of a threshold, unless they were told in this period. */
  tellOnce(mark: { budgetId: string; period: string; threshold: number }, event: NewEvent): Promise<boolean>
}

/** A budget does not pay for the launch or the start; nothing was written down. */
export class BudgetRefused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusalText(refusal))
    this.name = 'BudgetRefused'
    this.refusal = refusal
  }
}

export function createBudgetStore(database: Database): BudgetStore {
  return {
    list: () => allBudgets(database),

    async get(id) {
      const row = await database.selectFrom('budgets').selectAll().where('id', '=', id).executeTakeFirst()
      return row && budgetFromRow(row)
    },

    async add(budget, event) {
      await database.transaction().execute(async (transaction) => {
        const { limit, createdAt, ...columns } = budget
        await transaction
          .insertInto('budgets')
          .values({ ...columns, limit_nano: limit, created_at: createdAt, holds: 0 })
          .execute()
        await addEvents(transaction, [event])
      })
    },

    change(id, { limit, period, action }, event) {
      return database.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('budgets')
          .set({ limit_nano: limit, period, action })
          .where('id', '=', id)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        await transaction.deleteFrom('budget_marks').where('budget_id', '=', id).execute()
        await addEvents(transaction, [event])
        return true
      })
    },

    remove(id, event) {
      return database.transaction().execute(async (transaction) => {
        const { numDeletedRows } = await transaction.deleteFrom('budgets').where('id', '=', id).executeTakeFirst()
        if (numDeletedRows === 0n) return false
        await transaction.deleteFrom('budget_marks').where('budget_id', '=', id).execute()
        await addEvents(transaction, [event])
        return true
      })
    },

    spending: (budget, now) => spendingIn(database, budget, now),

    async refusal(spender, own, needed, now) {
      const budgets = (await allBudgets(database)).filter((budget) => isMeant(budget, spender))
      return firstRefusal(database, [...own, ...budgets], needed, now)
    },

    tellOnce({ budgetId, period, threshold }, event) {
      return database.transaction().execute(async (transaction) => {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('budget_marks')
          .values({ budget_id: budgetId, period, threshold, at: event.at })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        if (numInsertedOrUpdatedRows !== 1n) return false
        await addEvents(transaction, [event])
        return true
      })
    },
  }
}

/**
 * Sets the funds for a launch aside: part of the transaction that writes its intent down, so that of two at the same moment
 * the second one sees what the first one holds.
 *
 * @throws BudgetRefused
 */
export async function holdForLaunch(
  transaction: Database,
  { instanceId, attempt, comparablePrice, intendedAt }: Launch,
  minimumMs = 0,
): Promise<void> {
  await hold(transaction, { instanceId, attempt, needed: fundsFor(comparablePrice, minimumMs), now: intendedAt })
}

/**
 * The same for a machine that is started again: beside what it has cost already.
 *
 * @throws BudgetRefused
 */
export async function holdForStart(transaction: Database, id: InstanceId, now: Instant): Promise<void> {
  const launch = await transaction
    .selectFrom('launches')
    .innerJoin('instances', 'instances.id', 'launches.instance_id')
    .select(['launches.attempt', 'launches.comparable_price_nano'])
    .where('instances.id', '=', id)
    .whereRef('launches.attempt', '=', 'instances.attempt')
    .executeTakeFirst()
  if (launch === undefined) return
  const price = nanos(launch.comparable_price_nano)
  await hold(transaction, { instanceId: id, attempt: launch.attempt, needed: fundsFor(price), now })
}

async function hold(
  transaction: Database,
  { instanceId, attempt, needed, now }: { instanceId: InstanceId; attempt: number; needed: Nanos; now: Instant },
): Promise<void> {
  // What was held for the same machine before is replaced.
  await transaction.deleteFrom('holds').where('instance_id', '=', instanceId).where('attempt', '=', attempt).execute()
  const row = await transaction
    .selectFrom('instances')
    .selectAll()
    .where('id', '=', instanceId)
    .executeTakeFirstOrThrow()
  const instance = instanceFromRow(row, null)
  const shared = (await allBudgets(transaction)).filter((budget) => isMeant(budget, instance))
  if (shared.length > 0) {
    await transaction
      .updateTable('budgets')
      .set(({ eb }) => ({ holds: eb('holds', '+', 1) }))
      .where(
        'id',
        'in',
        shared.map(({ id }) => id),
      )
      .execute()
  }
  const refusal = await firstRefusal(transaction, [...ownBudget(instance), ...shared], needed, now)
  if (refusal !== null) throw new BudgetRefused(refusal)

  const before = (
    await chargesOf(transaction, { scope: 'instance', key: instanceId, project: instance.project }, null)
  ).filter((charge) => charge.attempt === attempt)
  const { spent } = spendingOf(before, [], { key: 'total', from: null, until: null }, now)
  await transaction
    .insertInto('holds')
    .values({ instance_id: instanceId, attempt, amount_nano: nanos(spent + needed), made_at: now })
    .execute()
}

async function firstRefusal(
  database: Database,
  budgets: readonly Budget[],
  needed: Nanos,
  now: Instant,
): Promise<Refusal | null> {
  let refused: Refusal | null = null
  for (const budget of budgets) {
    const refusal = refusalOf(budget, await spendingIn(database, budget, now), needed)
    if (refusal !== null && !refusal.isForNow) return refusal
    refused ??= refusal
  }
  return refused
}

async function allBudgets(database: Database): Promise<Budget[]> {
  return (await database.selectFrom('budgets').selectAll().orderBy('created_at').orderBy('id').execute()).map(
    budgetFromRow,
  )
}

async function spendingIn(database: Database, budget: Budget, now: Instant): Promise<Spending> {
  const period = periodAt(budget, now)
  const charges = await chargesOf(database, budget, period.from)
  return spendingOf(charges, await holdsOf(database, budget), period, now)
}

type Meant = Pick<Budget, 'scope' | 'key' | 'project'>

/** Of open launches all: what is still held for them is what they have not cost yet, since whenever. */
async function chargesOf(database: Database, meant: Meant, from: Instant | null): Promise<Charge[]> {
  let select = database
    .selectFrom('charges')
    .innerJoin('instances', 'instances.id', 'charges.instance_id')
    .innerJoin('launches', (join) =>
      join.onRef('launches.instance_id', '=', 'charges.instance_id').onRef('launches.attempt', '=', 'charges.attempt'),
    )
    .selectAll('charges')
  if (from !== null) {
    select = select.where(({ or, eb }) =>
      or([
        eb('charges.ended_before', 'is', null),
        eb('charges.ended_before', '>', from),
        eb('launches.settled_at', 'is', null),
      ]),
    )
  }
  if (meant.scope === 'instance') select = select.where('charges.instance_id', '=', meant.key)
  if (meant.scope === 'label') {
    select = select.where('instances.label', '=', meant.key).where('instances.project', '=', meant.project)
  }
  if (meant.scope === 'project') select = select.where('instances.project', '=', meant.key)
  return (await select.execute()).map(chargeFromRow)
}

/** Of launches whose machines may come to cost money: not of what has ended, nor of what is stopped. */
async function holdsOf(database: Database, meant: Meant): Promise<Hold[]> {
  let select = database
    .selectFrom('holds')
    .innerJoin('instances', 'instances.id', 'holds.instance_id')
    .innerJoin('launches', (join) =>
      join.onRef('launches.instance_id', '=', 'holds.instance_id').onRef('launches.attempt', '=', 'holds.attempt'),
    )
    .select(['holds.instance_id', 'holds.attempt', 'holds.amount_nano', 'launches.abandoned_at'])
    .where('launches.settled_at', 'is', null)
    .where(({ or, eb }) => or([eb('launches.abandoned_at', 'is not', null), eb('instances.status', '!=', 'stopped')]))
  if (meant.scope === 'instance') select = select.where('holds.instance_id', '=', meant.key)
  if (meant.scope === 'label') {
    select = select.where('instances.label', '=', meant.key).where('instances.project', '=', meant.project)
  }
  if (meant.scope === 'project') select = select.where('instances.project', '=', meant.key)
  return (await select.execute()).map((row) => ({
    instanceId: row.instance_id,
    attempt: row.attempt,
    amount: nanos(row.amount_nano),
    abandoned: row.abandoned_at !== null,
  }))
}

function budgetFromRow(row: Selectable<BudgetsTable>): Budget {
  return {
    id: row.id,
    scope: row.scope as Budget['scope'],
    key: row.key,
    project: row.project,
    period: row.period as Budget['period'],
    limit: nanos(row.limit_nano),
    action: row.action as Budget['action'],
    createdAt: row.created_at,
  }
}
