import type { Selectable } from 'kysely'
import type { BillLineKind, MachineBill, MachineLines } from '../core/charges/bill.ts'
import type { Charge } from '../core/charges/charge.ts'
import type { Range } from '../core/charges/within.ts'
import type { InstanceId, Wish } from '../core/instances/instance.ts'
import { type Nanos, nanos, noMoney } from '../core/money.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Account } from '../core/reconciliation/finding.ts'
import type { Instant } from '../core/time.ts'
import { type CostFilter, type CostOwner, ownerColumns, ownerFromRow } from './cost-owners.ts'
import { addEvents, type NewEvent } from './events.ts'
import { fromJsonText } from './json.ts'
import { chargeFromRow } from './rows.ts'
import type { Database } from './sqlite.ts'
import type { BillReadsTable } from './tables.ts'

export interface BilledLine extends Range {
  externalId: string | null
  label: string | null
  kind: BillLineKind
  amount: Nanos
}

/** How far an account's bill has been read. */
export interface BillRead extends Account {
  /** Whether the marketplace has an API for it. */
  hasBill: boolean
  coveredFrom: Instant | null
  completeUntil: Instant | null
  readAt: Instant | null
  triedAt: Instant
  error: string | null
}

/** Traffic that a marketplace has billed to one of our machines. */
export interface TrafficLine extends Range {
  amount: Nanos
  owner: CostOwner
}

export interface OwnedMachineBill extends MachineBill {
  /** What the bill calls it, or the label of our launch. */
  label: string | null
  launches: readonly CostOwner[]
}

export interface BillStore {
  /** By provider and account. */
  reads(): Promise<BillRead[]>
  readOf(account: Account): Promise<BillRead | undefined>
  /** The first intent at that account since a moment. */
  firstLaunchSince(account: Account, since: Instant): Promise<Instant | null>
  /**
   * What was read. Lines take the place of all that reach beyond `from`: of something that still bills they have grown. Null:
   * nothing could be read, and all stays as it is.
   */
  record(read: BillRead, lines: { from: Instant; lines: readonly BilledLine[] } | null): Promise<void>
  /** Traffic within a range, as far as it was billed. */
  traffic(range: Range, filter: CostFilter): Promise<TrafficLine[]>
  /** What was billed for each machine that is on the bill within a range, or in our ledger: always of its whole life. */
  machines(account: Account, range: Range): AsyncGenerator<OwnedMachineBill>
  /** Tells people of a difference, and again when it has doubled or turned round. */
  tellOnce(what: Account & { machine: string; amount: Nanos }, event: NewEvent): Promise<boolean>
}

/** SQLite takes a limited number of values in one statement. */
const atOnce = 200

export function createBillStore(database: Database): BillStore {
  return {
    async reads() {
      const rows = await database.selectFrom('bill_reads').selectAll().orderBy('provider').orderBy('account').execute()
      return rows.map(readFromRow)
    },

    async readOf({ provider, account }) {
      const row = await database
        .selectFrom('bill_reads')
        .selectAll()
        .where('provider', '=', provider)
        .where('account', '=', account)
        .executeTakeFirst()
      return row && readFromRow(row)
    },

    async firstLaunchSince({ provider, account }, since) {
      const row = await database
        .selectFrom('launches')
        .select(({ fn }) => fn.min<number | null>('intended_at').as('at'))
        .where('provider', '=', provider)
        .where('account', '=', account)
        .where('intended_at', '>=', since)
        .executeTakeFirst()
      return row?.at ?? null
    },

    async record(read, news) {
      const { provider, account } = read
      await database.transaction().execute(async (transaction) => {
        const row = rowFromRead(read)
        await transaction
          .insertInto('bill_reads')
          .values(row)
          .onConflict((conflict) => conflict.columns(['provider', 'account']).doUpdateSet(row))
          .execute()
        if (news === null) return
        await transaction
          .deleteFrom('bill_lines')
          .where('provider', '=', provider)
          .where('account', '=', account)
          .where('until_at', '>', news.from)
          .execute()
        for (let at = 0; at < news.lines.length; at += atOnce) {
          const rows = news.lines.slice(at, at + atOnce).map((line) => ({
            provider,
            account,
            external_id: line.externalId,
            label: line.label,
            kind: line.kind,
            from_at: line.from,
            until_at: line.until,
            amount_nano: line.amount,
          }))
          await transaction.insertInto('bill_lines').values(rows).execute()
        }
      })
    },

    async traffic(range, filter) {
      let select = database
        .selectFrom('bill_lines')
        .selectAll()
        .where('kind', '=', 'traffic')
        .where('until_at', '>=', range.from)
        .where('from_at', '<', range.until)
        .where('external_id', 'is not', null)
      const { instanceId } = filter
      if (instanceId !== undefined) {
        select = select.where('external_id', 'in', (eb) =>
          eb.selectFrom('launches').select('launches.external_id').where('launches.instance_id', '=', instanceId),
        )
      }
      const lines = await select.orderBy('provider').orderBy('external_id').orderBy('from_at').execute()
      const owners = new Map<string, CostOwner>()
      for (const [provider, here] of Map.groupBy(lines, (line) => line.provider)) {
        const ids = [...new Set(here.map((line) => line.external_id as string))]
        for (const { owner } of await ownersOf(database, provider, ids))
          owners.set(`${provider} ${owner.externalId}`, owner)
      }
      return lines.flatMap((line) => {
        const owner = owners.get(`${line.provider} ${line.external_id}`)
        if (owner === undefined || !isMeant(owner, filter)) return []
        return [{ from: line.from_at, until: line.until_at, amount: nanos(line.amount_nano), owner }]
      })
    },

    async *machines(account, range) {
      const ids = [
        ...new Set([...(await billedIds(database, account, range)), ...(await chargedIds(database, account, range))]),
      ].sort()
      for (let at = 0; at < ids.length; at += atOnce) yield* machinesOf(database, account, ids.slice(at, at + atOnce))
      yield* unnamedLines(database, account, range)
      yield* launchesWithoutMachine(database, account, range)
    },

    tellOnce({ provider, account, machine, amount }, event) {
      return database.transaction().execute(async (transaction) => {
        const told = await transaction
          .selectFrom('bill_alarms')
          .select('amount_nano')
          .where('provider', '=', provider)
          .where('account', '=', account)
          .where('machine', '=', machine)
          .executeTakeFirst()
        if (told !== undefined && !isNews(amount, nanos(told.amount_nano))) return false
        const change = { amount_nano: amount, at: event.at }
        await transaction
          .insertInto('bill_alarms')
          .values({ provider, account, machine, ...change })
          .onConflict((conflict) => conflict.columns(['provider', 'account', 'machine']).doUpdateSet(change))
          .execute()
        await addEvents(transaction, [event])
        return true
      })
    },
  }
}

function isNews(amount: Nanos, told: Nanos): boolean {
  return told < 0n ? amount > 0n || amount <= 2n * told : amount < 0n || amount >= 2n * told
}

function isMeant(owner: CostOwner, { project, instanceId, provider, label }: CostFilter): boolean {
  return (
    (project === undefined || owner.project === project) &&
    (instanceId === undefined || owner.instanceId === instanceId) &&
    (provider === undefined || owner.provider === provider) &&
    (label === undefined || owner.label === label)
  )
}

async function billedIds(database: Database, { provider, account }: Account, range: Range): Promise<string[]> {
  const rows = await database
    .selectFrom('bill_lines')
    .select('external_id')
    .distinct()
    .where('provider', '=', provider)
    .where('account', '=', account)
    .where('until_at', '>', range.from)
    .where('from_at', '<', range.until)
    .where('external_id', 'is not', null)
    .execute()
  return rows.map((row) => row.external_id as string)
}

/** Launches that may have run within a range. */
function charged(database: Database, { provider, account }: Account, range: Range) {
  return database
    .selectFrom('launches')
    .innerJoin('instances', 'instances.id', 'launches.instance_id')
    .where('launches.provider', '=', provider)
    .where('launches.account', '=', account)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('charges')
          .select('sequence')
          .whereRef('charges.instance_id', '=', 'launches.instance_id')
          .whereRef('charges.attempt', '=', 'launches.attempt')
          .where('started_after', '<', range.until)
          .where(({ or, eb }) => or([eb('ended_before', 'is', null), eb('ended_before', '>', range.from)])),
      ),
    )
}

async function chargedIds(database: Database, account: Account, range: Range): Promise<string[]> {
  const rows = await charged(database, account, range)
    .select('external_id')
    .distinct()
    .where('external_id', 'is not', null)
    .execute()
  return rows.map((row) => row.external_id as string)
}

async function* machinesOf(
  database: Database,
  { provider, account }: Account,
  ids: readonly string[],
): AsyncGenerator<OwnedMachineBill> {
  const lines = await database
    .selectFrom('bill_lines')
    .selectAll()
    .where('provider', '=', provider)
    .where('account', '=', account)
    .where('external_id', 'in', ids)
    .execute()
  const byMachine = Map.groupBy(lines.map(lineFromRow), (line) => line.externalId)
  const owners = Map.groupBy(await ownersOf(database, provider, ids), ({ owner }) => owner.externalId)
  for (const id of ids) {
    const ours = owners.get(id) ?? []
    const takenAt = ours.every(({ adopted }) => adopted) ? Math.min(...ours.map((one) => one.intendedAt)) : null
    const theirs = byMachine.get(id) ?? []
    yield {
      machine: id,
      label: theirs.find(({ label }) => label !== null)?.label ?? ours[0]?.launchLabel ?? null,
      lines: theirs.length === 0 ? null : addedUp(theirs, takenAt),
      launches: ours.map(({ owner }) => owner),
      charges: await chargesOf(
        database,
        ours.map(({ owner }) => owner),
      ),
    }
  }
}

/** Lines that name no machine. */
async function* unnamedLines(
  database: Database,
  { provider, account }: Account,
  range: Range,
): AsyncGenerator<OwnedMachineBill> {
  const rows = await database
    .selectFrom('bill_lines')
    .selectAll()
    .where('provider', '=', provider)
    .where('account', '=', account)
    .where('until_at', '>', range.from)
    .where('from_at', '<', range.until)
    .where('external_id', 'is', null)
    .execute()
  for (const [label, lines] of Map.groupBy(rows.map(lineFromRow), (line) => line.label)) {
    yield { machine: null, label, lines: addedUp(lines, null), launches: [], charges: [] }
  }
}

/** It may have cost something, and nobody learned its machine. */
async function* launchesWithoutMachine(
  database: Database,
  account: Account,
  range: Range,
): AsyncGenerator<OwnedMachineBill> {
  const rows = await charged(database, account, range)
    .select([...ownerColumns, 'launches.instance_id', 'launches.attempt', 'launches.label'])
    .where('external_id', 'is', null)
    .execute()
  for (const row of rows) {
    const owner = ownerFromRow(row)
    yield {
      machine: null,
      label: row.label,
      lines: null,
      launches: [owner],
      charges: await chargesOf(database, [owner]),
    }
  }
}

async function ownersOf(database: Database, provider: string, ids: readonly string[]) {
  const found = []
  for (let at = 0; at < ids.length; at += atOnce) {
    const rows = await database
      .selectFrom('launches')
      .innerJoin('instances', 'instances.id', 'launches.instance_id')
      .select([...ownerColumns, 'launches.instance_id', 'launches.attempt', 'launches.label', 'intended_at', 'wish'])
      .where('launches.provider', '=', provider)
      .where('external_id', 'in', ids.slice(at, at + atOnce))
      .orderBy('intended_at')
      .execute()
    for (const row of rows) {
      found.push({
        owner: ownerFromRow(row),
        launchLabel: row.label,
        intendedAt: row.intended_at,
        adopted: fromJsonText<Wish>(row.wish).adopted === true,
      })
    }
  }
  return found
}

async function chargesOf(
  database: Database,
  owners: readonly { instanceId: InstanceId; attempt: number }[],
): Promise<Charge[]> {
  const charges: Charge[] = []
  for (const { instanceId, attempt } of owners) {
    const rows = await database
      .selectFrom('charges')
      .selectAll()
      .where('instance_id', '=', instanceId)
      .where('attempt', '=', attempt)
      .execute()
    charges.push(...rows.map(chargeFromRow))
  }
  return charges
}

function addedUp(lines: readonly BilledLine[], takenAt: Instant | null): MachineLines {
  const all: MachineLines = {
    total: noMoney,
    traffic: noMoney,
    beforeTaken: noMoney,
    count: lines.length,
    from: Math.min(...lines.map(({ from }) => from)),
    until: Math.max(...lines.map(({ until }) => until)),
  }
  for (const { kind, amount, from } of lines) {
    all.total = nanos(all.total + amount)
    if (kind === 'traffic') all.traffic = nanos(all.traffic + amount)
    else if (takenAt !== null && from < takenAt) all.beforeTaken = nanos(all.beforeTaken + amount)
  }
  return all
}

function lineFromRow(row: {
  external_id: string | null
  label: string | null
  kind: string
  from_at: number
  until_at: number
  amount_nano: bigint
}): BilledLine {
  return {
    externalId: row.external_id,
    label: row.label,
    kind: row.kind as BillLineKind,
    from: row.from_at,
    until: row.until_at,
    amount: nanos(row.amount_nano),
  }
}

function readFromRow(row: Selectable<BillReadsTable>): BillRead {
  return {
    provider: row.provider as ProviderName,
    account: row.account,
    hasBill: row.has_bill === 1,
    coveredFrom: row.covered_from,
    completeUntil: row.complete_until,
    readAt: row.read_at,
    triedAt: row.tried_at,
    error: row.error,
  }
}

function rowFromRead(read: BillRead): BillReadsTable {
  return {
    provider: read.provider,
    account: read.account,
    has_bill: Number(read.hasBill),
    covered_from: read.coveredFrom,
    complete_until: read.completeUntil,
    read_at: read.readAt,
    tried_at: read.triedAt,
    error: read.error,
  }
}
