import { sql } from 'kysely'
import type { InstanceId, Launch } from '../core/instances/instance.ts'
import type { Market, Offer } from '../core/offers/offer.ts'
import { type ProviderName, providerNames } from '../core/providers.ts'
import { type Interruption, placeOf } from '../core/spot/places.ts'
import type { Instant } from '../core/time.ts'
import { addEvents, type NewEvent } from './events.ts'
import { fromJsonText } from './json.ts'
import { launchChanges, launchFromRow } from './rows.ts'
import type { Database } from './sqlite.ts'

export interface LaunchClaim {
  launch: Launch
  token: number
}

export interface LaunchStore {
  /** All attempts of an instance, oldest first. */
  ofInstance(id: InstanceId): Promise<Launch[]>
  byLabel(label: string): Promise<Launch | undefined>
  /**
   * What was observed or done: facts, true whoever holds the claim. Decisions go through `InstanceStore`.
   */
  recordFacts(
    launch: Pick<Launch, 'instanceId' | 'attempt'>,
    facts: Partial<Launch>,
    events?: NewEvent[],
  ): Promise<void>
  /**
   * The launch call has ended, and there is a machine or there may be one. Where the launch was written off meanwhile, it
   * is looked for again, and its machine has to end.
   *
   * @param reopened  written when it had been written off
   * @returns whether it had been
   */
  recordAnswer(
    launch: Pick<Launch, 'instanceId' | 'attempt'>,
    answer: Partial<Launch> & { answeredAt: Instant },
    reopened: NewEvent,
  ): Promise<boolean>
  /** Launches that were given up and whose end is not confirmed. */
  claimLeftovers(
    now: Instant,
    options: { limit: number; forMs: number; except?: readonly ProviderName[] },
  ): Promise<LaunchClaim[]>
  releaseLeftover(claim: LaunchClaim, dueAt: Instant | null): Promise<void>
  countLeftovers(id: InstanceId): Promise<number>
  /**
   * The account of a launch has another key now, or is called another name: so for all its open launches, also those whose
   * machines are not seen.
   */
  adoptKey(
    launch: Pick<Launch, 'provider' | 'account' | 'keyMark'>,
    now: Pick<Launch, 'account' | 'keyMark'>,
  ): Promise<void>
  /** Every launch that may have a machine that bills. */
  open(provider?: ProviderName): Promise<Launch[]>
  /** Where machines were taken back since then, newest first; of very many, the newest. */
  interruptions(since: Instant): Promise<Interruption[]>
  /** How many those are, without reading each. */
  countOpen(): Promise<OpenCount[]>
}

export interface OpenCount {
  provider: ProviderName
  market: Market
  abandoned: boolean
  count: number
}

const mostInterruptions = 500

export function createLaunchStore(database: Database): LaunchStore {
  return {
    async ofInstance(id) {
      const rows = await database
        .selectFrom('launches')
        .selectAll()
        .where('instance_id', '=', id)
        .orderBy('attempt')
        .execute()
      return rows.map(launchFromRow)
    },

    async byLabel(label) {
      const row = await database.selectFrom('launches').selectAll().where('label', '=', label).executeTakeFirst()
      return row && launchFromRow(row)
    },

    async recordFacts(launch, facts, events = []) {
      const changes = launchChanges(facts)
      if (Object.keys(changes).length === 0 && events.length === 0) return
      await database.transaction().execute(async (transaction) => {
        if (Object.keys(changes).length > 0) {
          await transaction
            .updateTable('launches')
            .set(changes)
            .where('instance_id', '=', launch.instanceId)
            .where('attempt', '=', launch.attempt)
            .execute()
        }
        await addEvents(transaction, events)
      })
    },

    recordAnswer(launch, answer, reopened) {
      const now = answer.answeredAt
      return database.transaction().execute(async (transaction) => {
        const row = () =>
          transaction
            .updateTable('launches')
            .where('instance_id', '=', launch.instanceId)
            .where('attempt', '=', launch.attempt)
        await row().set(launchChanges(answer)).execute()
        const { numUpdatedRows } = await row()
          .set(({ fn, val, ref, eb }) => ({
            settled_at: null,
            abandoned_at: fn.coalesce(ref('abandoned_at'), val(now)),
            abandoned_because: fn.coalesce(ref('abandoned_because'), val('never_happened')),
            due_at: now,
            // Whoever is writing its end down at this moment must not say that it is never due again.
            claim_token: eb('claim_token', '+', 1),
            claimed_until: 0,
            // What was not to be seen before the call had ended proves nothing.
            missed_looks: 0,
            missed_at: null,
          }))
          .where('settled_at', 'is not', null)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        await addEvents(transaction, [reopened])
        return true
      })
    },

    async claimLeftovers(now, { limit, forMs, except = [] }) {
      const rows = await database
        .updateTable('launches')
        .set(({ eb }) => ({ claim_token: eb('claim_token', '+', 1), claimed_until: now + forMs }))
        .where('label', 'in', (eb) =>
          eb
            .selectFrom('launches')
            .select('label')
            .where('abandoned_at', 'is not', null)
            .where('settled_at', 'is', null)
            .where('due_at', '<=', now)
            .where('claimed_until', '<=', now)
            // An empty list is no SQL everywhere.
            .where(({ and, eb }) => and(except.map((provider) => eb('provider', '!=', provider))))
            .orderBy('due_at')
            .limit(limit),
        )
        .returningAll()
        .execute()
      return rows.map((row) => ({ launch: launchFromRow(row), token: row.claim_token }))
    },

    async releaseLeftover({ launch, token }, dueAt) {
      await database
        .updateTable('launches')
        .set({ claimed_until: 0, due_at: dueAt })
        .where('label', '=', launch.label)
        .where('claim_token', '=', token)
        .execute()
    },

    async countLeftovers(id) {
      const row = await database
        .selectFrom('launches')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('instance_id', '=', id)
        .where('abandoned_at', 'is not', null)
        .where('settled_at', 'is', null)
        .executeTakeFirstOrThrow()
      return Number(row.count)
    },

    async adoptKey({ provider, account, keyMark }, now) {
      await database
        .updateTable('launches')
        .set({ account: now.account, key_mark: now.keyMark })
        .where('provider', '=', provider)
        .where('account', '=', account)
        .where('key_mark', '=', keyMark)
        .where('settled_at', 'is', null)
        .execute()
    },

    async open(provider) {
      const rows = await database
        .selectFrom('launches')
        .selectAll()
        // The index begins with the provider: naming all of them uses it.
        .where('provider', 'in', provider === undefined ? [...providerNames] : [provider])
        .where('settled_at', 'is', null)
        .execute()
      return rows.map(launchFromRow)
    },

    async interruptions(since) {
      const rows = await database
        .selectFrom('launches')
        .select(['offer', 'interrupted_at'])
        .where('interrupted_at', '>=', since)
        .orderBy('interrupted_at', 'desc')
        .limit(mostInterruptions)
        .execute()
      return rows.map((row) => ({ place: placeOf(fromJsonText<Offer>(row.offer)), at: row.interrupted_at ?? since }))
    },

    async countOpen() {
      const rows = await database
        .selectFrom('launches')
        .select(({ fn }) => [
          'provider',
          sql<Market>`json_extract(offer, '$.market')`.as('market'),
          sql<number>`case when abandoned_at is null then 0 else 1 end`.as('abandoned'),
          fn.countAll<number>().as('count'),
        ])
        .where('provider', 'in', [...providerNames])
        .where('settled_at', 'is', null)
        .groupBy(['provider', 'market', 'abandoned'])
        .execute()
      return rows.map(({ provider, market, abandoned, count }) => ({
        provider: provider as ProviderName,
        market,
        abandoned: abandoned === 1,
        count: Number(count),
      }))
    },
  }
}
