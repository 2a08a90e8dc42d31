import type { Selectable } from 'kysely'
import type { Instance, InstanceId, InstanceSecrets, Launch } from '../core/instances/instance.ts'
import type { Because, Status } from '../core/instances/status.ts'
import { inFlightHoldsMs } from '../core/policies/idle.ts'
import type { ProviderName } from '../core/providers.ts'
import { type Instant, minuteMs } from '../core/time.ts'
import { holdForLaunch, holdForStart } from './budgets.ts'
import { addEvents, type NewEvent } from './events.ts'
import { jsonText } from './json.ts'
import { instanceFromRow, launchChanges, launchFromRow, rowFromLaunch } from './rows.ts'
import type { Sealer } from './sealer.ts'
import type { Database } from './sqlite.ts'
import type { InstancesTable } from './tables.ts'

/** The right to act on an instance for a while. A write under an older token is refused. */
export interface Claim {
  id: InstanceId
  token: number
}

/** Who is due at the same marketplace, to rent there or for all else; `null` where it is not chosen yet. */
export interface Lane {
  provider: ProviderName | null
  renting: boolean
}

export interface Claimed extends Claim {
  lane: Lane
}

export interface InstanceStore {
  /** Writes the wish down, with the caller's idempotency key if there is one. */
  add(entry: NewInstance): Promise<void>
  get(id: string): Promise<Instance | undefined>
  /** The instance that has, or had, this machine of a marketplace; the newest if there were several. */
  byMachine(provider: ProviderName, externalId: string): Promise<Instance | undefined>
  secretsOf(id: InstanceId): Promise<InstanceSecrets>
  list(query: InstanceQuery): Promise<Instance[]>
  /** What an earlier call with this key made. */
  madeWith(scope: string, key: string): Promise<{ instanceId: InstanceId; fingerprint: string } | undefined>
  /**
   * What the user wants from now on. Only from one of the given statuses; whoever is acting on the instance at this
   * moment loses the claim, so that no older decision overwrites this one.
   *
   * @returns false when the instance is in another status
   * @throws BudgetRefused when it is a start that no budget pays for; then nothing is written
   */
  want(id: InstanceId, change: Wanted, event: NewEvent): Promise<boolean>
  /** What a user asked for comes first, then what has been due the longest. */
  claimDue(
    now: Instant,
    options: { limit: number; forMs: number; except?: readonly Lane[]; onlyAskedFor?: boolean },
  ): Promise<Claimed[]>
  /** @returns false when the claim was lost; then nothing is written */
  recordDecision(claim: Claim, decided: Decided, events: NewEvent[]): Promise<boolean>
  /**
   * The intent to rent, before the call, and the funds that it takes.
   *
   * @param options.minimumMs the shortest time that the marketplace bills
   * @returns false when the claim was lost
   * @throws BudgetRefused when a budget does not pay for it; then nothing is written
   */
  recordIntent(
    claim: Claim,
    launch: Launch,
    decided: Decided,
    events: NewEvent[],
    options?: { minimumMs?: number },
  ): Promise<boolean>
  /** Gives the instance back without a change. */
  release(claim: Claim, dueAt: Instant | null): Promise<void>
  /**
   * Gives back what a process that died had claimed, so that nothing waits for its claims to run out. For the start, where
   * no other process works on this database; if one does all the same, its decisions are fenced out, not doubled.
   */
  forgetClaims(): Promise<void>
  /**
   * After the clock was set back: nothing is due later than in a moment, no claim lasts longer than one does, and nothing
   * has happened later than now, here and for leftovers.
   */
  catchUp(now: Instant, options: { claimMs: number }): Promise<void>
  /** Has all instances that are waiting looked at now: the market changed, a provider came back. */
  wake(ids: readonly InstanceId[], now: Instant): Promise<void>
  /** The earliest moment at which one is due. */
  nextDueAt(): Promise<Instant | undefined>
  countByStatus(): Promise<Record<string, number>>
}

export interface NewInstance {
  instance: Instance
  secrets: InstanceSecrets
  idempotency: { scope: string; key: string; fingerprint: string } | null
  event: NewEvent
  dueAt: Instant
}

export interface InstanceQuery {
  ids?: readonly InstanceId[]
  statuses?: readonly Status[]
  provider?: string
  label?: string
  project?: string
  /** Newest first; only those made before this one. */
  before?: { createdAt: Instant; id: string }
  limit: number
}

export interface Wanted {
  from: readonly Status[]
  wanted: Instance['wanted']
  /** Set when the status changes at once. */
  status?: Status
  because: Because
  at: Instant
  launch?: Partial<Launch>
}

/** What a decision changes on the instance. */
export interface Decided {
  status: Status
  because: Because
  message: string | null
  statusSince: Instant
  endedAt: Instant | null
  dueAt: Instant | null
  wanted?: Instance['wanted']
  launch?: Partial<Launch>
}

/** Before all that is due by the clock. */
const askedFor: Instant = 0
/** Looks are closer together than this; what waits longer may be tried sooner without harm. */
const mostAheadMs = minuteMs
/** From which deadlines and gaps between orders are counted. */
const launchInstants = [
  'intended_at',
  'answered_at',
  'rented_at',
  'start_ordered_at',
  'ordered_at',
  'missed_at',
] as const

export function createInstanceStore(database: Database, sealer: Sealer): InstanceStore {
  async function withLaunch(row: Selectable<InstancesTable>): Promise<Instance> {
    const launch = await database
      .selectFrom('launches')
      .selectAll()
      .where('instance_id', '=', row.id)
      .where('attempt', '=', row.attempt)
      .where('abandoned_at', 'is', null)
      .executeTakeFirst()
    return instanceFromRow(row, launch === undefined ? null : launchFromRow(launch))
  }

  async function decide(
    transaction: Database,
    claim: Claim,
    decided: Decided,
    more: { attempt?: number; provider?: ProviderName; keep: boolean },
  ): Promise<boolean> {
    const { numUpdatedRows } = await transaction
      .updateTable('instances')
      .set({
        status: decided.status,
        because: decided.because,
        message: decided.message,
        status_since: decided.statusSince,
        ended_at: decided.endedAt,
        due_at: decided.dueAt,
        ...(decided.wanted !== undefined && { wanted: decided.wanted }),
        ...(more.attempt !== undefined && { attempt: more.attempt }),
        ...(more.provider !== undefined && { provider: more.provider }),
        ...(!more.keep && { claimed_until: 0 }),
      })
      .where('id', '=', claim.id)
      .where('claim_token', '=', claim.token)
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  return {
    async add({ instance, secrets, idempotency, event, dueAt }) {
      await database.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('instances')
          .values({
            id: instance.id,
            project: instance.project,
            label: instance.label,
            provider: instance.wish.provider ?? instance.wish.expected?.offer.provider ?? null,
            wish: jsonText(instance.wish),
            sealed: sealer.seal(secrets),
            wanted: instance.wanted,
            status: instance.status,
            because: instance.because,
            message: instance.message,
            status_since: instance.statusSince,
            created_at: instance.createdAt,
            ended_at: null,
            attempt: 0,
            due_at: dueAt,
            claim_token: 0,
            claimed_until: 0,
          })
          .execute()
        if (idempotency !== null) {
          await transaction
            .insertInto('idempotency_keys')
            .values({
              scope: idempotency.scope,
              key: idempotency.key,
              fingerprint: idempotency.fingerprint,
              instance_id: instance.id,
              created_at: instance.createdAt,
            })
            .execute()
        }
        await addEvents(transaction, [event])
      })
    },

    async get(id) {
      const row = await database.selectFrom('instances').selectAll().where('id', '=', id).executeTakeFirst()
      return row && withLaunch(row)
    },

    async byMachine(provider, externalId) {
      const row = await database
        .selectFrom('instances')
        .innerJoin('launches', 'launches.instance_id', 'instances.id')
        .selectAll('instances')
        .where('launches.provider', '=', provider)
        .where('launches.external_id', '=', externalId)
        .orderBy('launches.intended_at', 'desc')
        .executeTakeFirst()
      return row && withLaunch(row)
    },

    async secretsOf(id) {
      const { sealed } = await database
        .selectFrom('instances')
        .select('sealed')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      return sealer.open<InstanceSecrets>(sealed)
    },

    async list(query) {
      let select = database.selectFrom('instances').selectAll('instances')
      const { ids, statuses, provider, label, project, before, limit } = query
      if (ids !== undefined) select = select.where('id', 'in', [...ids])
      if (statuses !== undefined) select = select.where('status', 'in', [...statuses])
      if (project !== undefined) select = select.where('project', '=', project)
      if (label !== undefined) select = select.where('label', '=', label)
      if (provider !== undefined) select = select.where('provider', '=', provider)
      if (before !== undefined) {
        select = select.where(({ or, and, eb }) =>
          or([
            eb('created_at', '<', before.createdAt),
            and([eb('created_at', '=', before.createdAt), eb('id', '<', before.id)]),
          ]),
        )
      }
      const rows = await select.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
      return Promise.all(rows.map(withLaunch))
    },

    async madeWith(scope, key) {
      const row = await database
        .selectFrom('idempotency_keys')
        .select(['instance_id', 'fingerprint'])
        .where('scope', '=', scope)
        .where('key', '=', key)
        .executeTakeFirst()
      return row && { instanceId: row.instance_id as InstanceId, fingerprint: row.fingerprint }
    },

    want(id, change, event) {
      return database.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('instances')
          .set(({ eb }) => ({
            wanted: change.wanted,
            due_at: askedFor,
            claim_token: eb('claim_token', '+', 1),
            claimed_until: 0,
            ...(change.status !== undefined && {
              status: change.status,
              because: change.because,
              message: null,
              status_since: change.at,
            }),
          }))
          .where('id', '=', id)
          .where('status', 'in', [...change.from])
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        if (change.status === 'starting') await holdForStart(transaction, id, change.at)
        // Another order follows from now on: it is not to wait for the gap of the last one.
        await transaction
          .updateTable('launches')
          .set(launchChanges({ ...change.launch, orderedAt: null, orders: 0 }))
          .where('instance_id', '=', id)
          .where('attempt', '=', (eb) => eb.selectFrom('instances').select('attempt').where('id', '=', id))
          .execute()
        await addEvents(transaction, [event])
        return true
      })
    },

    async claimDue(now, { limit, forMs, except = [], onlyAskedFor = false }) {
      const rows = await database
        .updateTable('instances')
        .set(({ eb }) => ({ claim_token: eb('claim_token', '+', 1), claimed_until: now + forMs }))
        .where('id', 'in', (eb) =>
          eb
            .selectFrom('instances')
            .select('id')
            .where('due_at', '<=', onlyAskedFor ? askedFor : now)
            .where('claimed_until', '<=', now)
            .where(({ and, not, eb }) =>
              and(
                except.map(({ provider, renting }) =>
                  not(
                    and([
                      eb('provider', 'is not distinct from', provider),
                      eb('status', renting ? '=' : '!=', 'requested'),
                    ]),
                  ),
                ),
              ),
            )
            .orderBy('due_at')
            .limit(limit),
        )
        .returning(['id', 'claim_token', 'provider', 'status'])
        .execute()
      return rows.map((row) => ({
        id: row.id as InstanceId,
        token: row.claim_token,
        lane: { provider: row.provider as ProviderName | null, renting: row.status === 'requested' },
      }))
    },

    recordDecision(claim, decided, events) {
      return database.transaction().execute(async (transaction) => {
        if (!(await decide(transaction, claim, decided, { keep: true }))) return false
        const changes = launchChanges(decided.launch ?? {})
        if (Object.keys(changes).length > 0) {
          const abandoned = decided.launch?.abandonedAt != null
          await transaction
            .updateTable('launches')
            .set({ ...changes, ...(abandoned && { due_at: decided.launch?.abandonedAt ?? null }) })
            .where('instance_id', '=', claim.id)
            .where('attempt', '=', (eb) => eb.selectFrom('instances').select('attempt').where('id', '=', claim.id))
            .execute()
        }
        await addEvents(transaction, events)
        return true
      })
    },

    recordIntent(claim, launch, decided, events, { minimumMs = 0 } = {}) {
      return database.transaction().execute(async (transaction) => {
        if (
          !(await decide(transaction, claim, decided, {
            attempt: launch.attempt,
            provider: launch.provider,
            keep: true,
          }))
        )
          return false
        await transaction.insertInto('launches').values(rowFromLaunch(launch)).execute()
        await holdForLaunch(transaction, launch, minimumMs)
        await addEvents(transaction, events)
        return true
      })
    },

    async release(claim, dueAt) {
      await database
        .updateTable('instances')
        .set({ claimed_until: 0, due_at: dueAt })
        .where('id', '=', claim.id)
        .where('claim_token', '=', claim.token)
        .execute()
    },

    async forgetClaims() {
      await database.updateTable('instances').set({ claimed_until: 0 }).where('claimed_until', '>', 0).execute()
      await database.updateTable('launches').set({ claimed_until: 0 }).where('claimed_until', '>', 0).execute()
    },

    async catchUp(now, { claimMs }) {
      for (const table of ['instances', 'launches'] as const) {
        await database
          .updateTable(table)
          .set({ due_at: now })
          .where('due_at', '>', now + mostAheadMs)
          .execute()
        await database
          .updateTable(table)
          .set({ claimed_until: now + claimMs })
          .where('claimed_until', '>', now + claimMs)
          .execute()
      }
      // What the wrong clock wrote down has happened by now; deadlines count from here.
      for (const column of launchInstants) {
        await database
          .updateTable('launches')
          .set({ [column]: now })
          .where(column, '>', now)
          .where('settled_at', 'is', null)
          .execute()
      }
      await database.updateTable('instances').set({ status_since: now }).where('status_since', '>', now).execute()
      for (const column of ['active_at', 'reported_at', 'ready_at'] as const) {
        await database
          .updateTable('activity')
          .set({ [column]: now })
          .where(column, '>', now)
          .execute()
      }
      // People are warned again: the stop that they were warned of lies elsewhere now.
      for (const column of ['idle_warned_at', 'lease_warned_at'] as const) {
        await database
          .updateTable('activity')
          .set({ [column]: null })
          .where(column, '>', now)
          .execute()
      }
      await database
        .updateTable('activity')
        .set({ in_flight_until: now + inFlightHoldsMs })
        .where('in_flight_until', '>', now + inFlightHoldsMs)
        .execute()
    },

    async wake(ids, now) {
      if (ids.length === 0) return
      await database
        .updateTable('instances')
        .set({ due_at: now })
        .where('id', 'in', [...ids])
        .where('due_at', '>', now)
        .execute()
    },

    async nextDueAt() {
      const row = await database
        .selectFrom('instances')
        .select(({ fn }) => fn.min('due_at').as('due_at'))
        .executeTakeFirst()
      return row?.due_at ?? undefined
    },

    async countByStatus() {
      const rows = await database
        .selectFrom('instances')
        .select(['status', ({ fn }) => fn.countAll<number>().as('count')])
        .groupBy('status')
        .execute()
      return Object.fromEntries(rows.map((row) => [row.status, Number(row.count)]))
    },
  }
}
