import type { Selectable } from 'kysely'
import type { InstanceId, Launch } from '../core/instances/instance.ts'
import type { Status } from '../core/instances/status.ts'
import { nanos } from '../core/money.ts'
import type { ProviderName } from '../core/providers.ts'
import type {
  Account,
  AccountCheck,
  Finding,
  FindingKind,
  ReconciliationReport,
  Verdict,
} from '../core/reconciliation/finding.ts'
import type { Known } from '../core/reconciliation/judge.ts'
import type { Instant } from '../core/time.ts'
import { addEvents, type NewEvent } from './events.ts'
import { launchFromRow } from './rows.ts'
import type { Database } from './sqlite.ts'
import type { AccountChecksTable, FindingsTable } from './tables.ts'

/** What marketplaces bill, as the sweep last saw it. */
export interface FindingStore {
  report(): Promise<ReconciliationReport>
  ofAccount(account: Account): Promise<Finding[]>
  checkOf(account: Account): Promise<AccountCheck | undefined>
  /**
   * All launches and instances that these could belong to, ended ones included.
   *
   * @param names.externalIds  machines
   * @param names.labels       theirs, and the names of things
   * @param names.instanceIds  as labels tell them
   */
  knownAs(
    provider: ProviderName,
    names: { externalIds: readonly string[]; labels: readonly string[]; instanceIds: readonly InstanceId[] },
  ): Promise<Known>
  /** What an account bills now; in place of what was found before, where that kind of thing was asked for. */
  record(check: AccountCheck, found: Found, events: readonly NewEvent[]): Promise<void>
  /** Written down before the end of something is asked for. */
  recordOrder(finding: Finding, at: Instant, event: NewEvent | undefined): Promise<void>
  /** A machine was taken over by somebody's wish. */
  recordAdoption(machine: Account & { externalId: string }, owner: NonNullable<Finding['owner']>): Promise<void>
  /** Open launches of this account that were rented with another key than the one it has now. */
  rentedWithAnotherKey(account: Account, keyMark: string): Promise<Pick<Launch, 'label' | 'externalId'>[]>
  /** There is no key for this account any more, and nothing of ours is known there. */
  forget(account: Account): Promise<void>
}

export interface Found {
  /** Null: they could not be asked for, and what was found before stays. */
  machines: readonly Finding[] | null
  things: readonly Finding[] | null
}

/** Fewer than any database takes in one statement. */
const mostNames = 400

export function createFindingStore(database: Database): FindingStore {
  const ofAccount = async ({ provider, account }: Account) => {
    const rows = await database
      .selectFrom('findings')
      .selectAll()
      .where('provider', '=', provider)
      .where('account', '=', account)
      .execute()
    return rows.map(findingFromRow)
  }

  return {
    ofAccount,

    async report() {
      const findings = await database
        .selectFrom('findings')
        .selectAll()
        .orderBy('provider')
        .orderBy('account')
        .orderBy('first_seen_at')
        .orderBy('external_id')
        .execute()
      const accounts = await database
        .selectFrom('account_checks')
        .selectAll()
        .orderBy('provider')
        .orderBy('account')
        .execute()
      return { findings: findings.map(findingFromRow), accounts: accounts.map(checkFromRow) }
    },

    async checkOf({ provider, account }) {
      const row = await database
        .selectFrom('account_checks')
        .selectAll()
        .where('provider', '=', provider)
        .where('account', '=', account)
        .executeTakeFirst()
      return row && checkFromRow(row)
    },

    async knownAs(provider, { externalIds, labels, instanceIds }) {
      const launches = new Map<string, Known['launches'][number]>()
      for (const [column, names] of [
        ['external_id', externalIds],
        ['label', labels],
      ] as const) {
        for (const some of inParts(names)) {
          const rows = await database
            .selectFrom('launches')
            .selectAll()
            .where('provider', '=', provider)
            .where(column, 'in', some)
            .orderBy('intended_at')
            .execute()
          for (const row of rows) launches.set(row.label, launchFromRow(row))
        }
      }
      const ids = [...new Set([...instanceIds, ...[...launches.values()].map(({ instanceId }) => instanceId)])]
      const instances: Known['instances'][number][] = []
      for (const some of inParts(ids)) {
        const rows = await database
          .selectFrom('instances')
          .select(['id', 'status', 'attempt'])
          .where('id', 'in', some)
          .execute()
        for (const row of rows) instances.push({ ...row, id: row.id as InstanceId, status: row.status as Status })
      }
      return { launches: [...launches.values()], instances }
    },

    record(check, { machines, things }, events) {
      return database.transaction().execute(async (transaction) => {
        const { provider, account } = check
        const of = () =>
          transaction.deleteFrom('findings').where('provider', '=', provider).where('account', '=', account)
        if (machines !== null) await of().where('kind', '=', 'machine').execute()
        if (things !== null) await of().where('kind', '!=', 'machine').execute()
        for (const some of inParts([...(machines ?? []), ...(things ?? [])], 100)) {
          await transaction.insertInto('findings').values(some.map(rowFromFinding)).execute()
        }
        const { checkedAt, triedAt, error } = check
        const values = { checked_at: checkedAt, tried_at: triedAt, error }
        await transaction
          .insertInto('account_checks')
          .values({ provider, account, ...values })
          .onConflict((conflict) => conflict.columns(['provider', 'account']).doUpdateSet(values))
          .execute()
        await addEvents(transaction, events)
      })
    },

    recordOrder({ provider, account, kind, externalId, orders }, at, event) {
      return database.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('findings')
          .set({ ordered_at: at, orders: orders + 1 })
          .where('provider', '=', provider)
          .where('account', '=', account)
          .where('kind', '=', kind)
          .where('external_id', '=', externalId)
          .execute()
        await addEvents(transaction, event === undefined ? [] : [event])
      })
    },

    async recordAdoption({ provider, account, externalId }, { instanceId, attempt }) {
      await database
        .updateTable('findings')
        .set({ verdict: 'wanted', why: 'it was adopted', instance_id: instanceId, attempt })
        .where('provider', '=', provider)
        .where('account', '=', account)
        .where('kind', '=', 'machine')
        .where('external_id', '=', externalId)
        .execute()
    },

    async rentedWithAnotherKey({ provider, account }, keyMark) {
      const rows = await database
        .selectFrom('launches')
        .select(['label', 'external_id'])
        .where('provider', '=', provider)
        .where('settled_at', 'is', null)
        .where('account', '=', account)
        .where('key_mark', '!=', keyMark)
        .execute()
      return rows.map(({ label, external_id: externalId }) => ({ label, externalId }))
    },

    forget({ provider, account }) {
      return database.transaction().execute(async (transaction) => {
        for (const table of ['findings', 'account_checks'] as const) {
          await transaction.deleteFrom(table).where('provider', '=', provider).where('account', '=', account).execute()
        }
      })
    },
  }
}

function* inParts<T>(all: readonly T[], size = mostNames): Iterable<T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}

function findingFromRow(row: Selectable<FindingsTable>): Finding {
  return {
    provider: row.provider as ProviderName,
    account: row.account,
    kind: row.kind as FindingKind,
    externalId: row.external_id,
    label: row.label,
    attachedTo: row.attached_to,
    region: row.region,
    verdict: row.verdict as Verdict,
    why: row.why,
    owner:
      row.instance_id === null || row.attempt === null
        ? null
        : { instanceId: row.instance_id as InstanceId, attempt: row.attempt },
    ratePerHour: row.rate_nano === null ? null : nanos(row.rate_nano),
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    orderedAt: row.ordered_at,
    orders: row.orders,
  }
}

function rowFromFinding(finding: Finding): FindingsTable {
  return {
    provider: finding.provider,
    account: finding.account,
    kind: finding.kind,
    external_id: finding.externalId,
    label: finding.label,
    attached_to: finding.attachedTo,
    region: finding.region,
    verdict: finding.verdict,
    why: finding.why,
    instance_id: finding.owner?.instanceId ?? null,
    attempt: finding.owner?.attempt ?? null,
    rate_nano: finding.ratePerHour,
    first_seen_at: finding.firstSeenAt,
    last_seen_at: finding.lastSeenAt,
    ordered_at: finding.orderedAt,
    orders: finding.orders,
  }
}

function checkFromRow(row: Selectable<AccountChecksTable>): AccountCheck {
  return {
    provider: row.provider as ProviderName,
    account: row.account,
    checkedAt: row.checked_at,
    triedAt: row.tried_at,
    error: row.error,
  }
}
