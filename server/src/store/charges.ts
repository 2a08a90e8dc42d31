import { type Selectable, sql } from 'kysely'
import type { Charge } from '../core/charges/charge.ts'
import type { Range } from '../core/charges/within.ts'
import type { InstanceId, ProjectName } from '../core/instances/instance.ts'
import type { Market, Offer } from '../core/offers/offer.ts'
import type { ProviderName } from '../core/providers.ts'
import { fromJsonText } from './json.ts'
import { chargeFromRow, rowFromCharge } from './rows.ts'
import type { Database } from './sqlite.ts'
import type { ChargesTable } from './tables.ts'

/** Whose costs are asked for. */
export interface CostFilter {
  project?: ProjectName
  instanceId?: string
  provider?: ProviderName
  /** Of the instance, as the user gave it. */
  label?: string
}

/** What a cost is for. */
export interface CostOwner {
  instanceId: InstanceId
  attempt: number
  project: ProjectName
  label: string | null
  provider: ProviderName
  account: string
  externalId: string | null
  gpu: string
  gpuCount: number
  market: Market
}

export interface OwnedCharge {
  charge: Charge
  owner: CostOwner
}

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
   * is, or becomes more exact; it is never taken away.
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
      const running = (await owned(database, range, filter).where('ended_before', 'is', null).execute()).map(
        ownedFromRow,
      )
      if (running.length > 0) yield running
      // What ran then may end while we read on.
      const had = new Set(running.map(({ charge }) => keyOf(charge)))
      for (let after: Selectable<ChargesTable> | undefined; ; ) {
        let select = owned(database, range, filter).where('ended_before', '>', range.from)
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
        yield rows.map(ownedFromRow).filter(({ charge }) => !had.has(keyOf(charge)))
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
      })
    },
  }
}

/** Some ten milliseconds' worth. */
const chargesAtOnce = 1_000

function owned(database: Database, { until }: Range, { project, instanceId, provider, label }: CostFilter) {
  let select = database
    .selectFrom('charges')
    .innerJoin('instances', 'instances.id', 'charges.instance_id')
    .innerJoin('launches', (join) =>
      join.onRef('launches.instance_id', '=', 'charges.instance_id').onRef('launches.attempt', '=', 'charges.attempt'),
    )
    .selectAll('charges')
    .select(ownerColumns)
    .where('started_after', '<', until)
  if (project !== undefined) select = select.where('instances.project', '=', project)
  if (instanceId !== undefined) select = select.where('charges.instance_id', '=', instanceId)
  if (provider !== undefined) select = select.where('launches.provider', '=', provider)
  if (label !== undefined) select = select.where('instances.label', '=', label)
  return select
}

export const ownerColumns = [
  'instances.project',
  'instances.label as instance_label',
  'launches.provider',
  'launches.account',
  'launches.external_id',
  'launches.offer',
] as const

export interface OwnerRow {
  instance_id: string
  attempt: number
  project: string
  instance_label: string | null
  provider: string
  account: string
  external_id: string | null
  offer: string
}

export function ownerFromRow(row: OwnerRow): CostOwner {
  const { gpu, market } = fromJsonText<Offer>(row.offer)
  return {
    instanceId: row.instance_id as InstanceId,
    attempt: row.attempt,
    project: row.project,
    label: row.instance_label,
    provider: row.provider as ProviderName,
    account: row.account,
    externalId: row.external_id,
    gpu: gpu.model,
    gpuCount: gpu.count,
    market,
  }
}

function ownedFromRow(row: Selectable<ChargesTable> & OwnerRow): OwnedCharge {
  return { charge: chargeFromRow(row), owner: ownerFromRow(row) }
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
