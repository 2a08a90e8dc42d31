import type { Instance, Launch } from '../core/instances/instance.ts'
import type { Instant } from '../core/time.ts'
import { addEvents, type NewEvent } from './events.ts'
import { jsonText } from './json.ts'
import { rowFromLaunch } from './rows.ts'
import type { Sealer } from './sealer.ts'
import type { Database } from './sqlite.ts'

type Key = Pick<Launch, 'instanceId' | 'attempt'>

/** Where a machine is, and the key that shows it. */
export type FoundAt = Pick<Launch, 'account' | 'keyMark'> & { externalId: string }

/** How machines that were found come under our care, and how those that nobody can find leave it. */
export interface StrayStore {
  /** An instance with its machine. @returns false when either is known already; then nothing is written */
  adopt(instance: Instance & { launch: Launch }, event: NewEvent): Promise<boolean>
  /**
   * A launch of a known instance that the database has lost. `wanted: up` makes it the current one, and gives the one
   * before up; otherwise it is ended.
   *
   * @returns false when it is known already
   */
  take(launch: Launch, wanted: 'up' | 'ended', at: Instant, event: NewEvent): Promise<boolean>
  /**
   * Its machine is there after all: it is looked after until it has ended.
   *
   * @param launch.settledAt  as it was when that was judged
   * @returns false when it is being ended already, or its end was confirmed since
   */
  reopen(launch: Key & Pick<Launch, 'settledAt'>, found: FoundAt, at: Instant, event: NewEvent): Promise<boolean>
  /** By the user's word nothing is left of them. */
  settle(launches: readonly Key[], at: Instant, event: NewEvent): Promise<void>
}

export function createStrayStore(database: Database, sealer: Sealer): StrayStore {
  const launchOf = (transaction: Database, { instanceId, attempt }: Key) =>
    transaction.updateTable('launches').where('instance_id', '=', instanceId).where('attempt', '=', attempt)

  return {
    adopt(instance, event) {
      return database.transaction().execute(async (transaction) => {
        const { launch } = instance
        if (await isKnown(transaction, launch)) return false
        const same = await transaction
          .selectFrom('instances')
          .select('id')
          .where('id', '=', instance.id)
          .executeTakeFirst()
        if (same !== undefined) return false
        await transaction
          .insertInto('instances')
          .values({
            id: instance.id,
            project: instance.project,
            label: instance.label,
            provider: launch.provider,
            wish: jsonText(instance.wish),
            sealed: sealer.seal({ environment: {}, registryAuth: null, onstartScript: null }),
            wanted: instance.wanted,
            status: instance.status,
            because: instance.because,
            message: instance.message,
            status_since: instance.statusSince,
            created_at: instance.createdAt,
            ended_at: null,
            attempt: instance.attempt,
            due_at: instance.statusSince,
            claim_token: 0,
            claimed_until: 0,
          })
          .execute()
        await transaction.insertInto('launches').values(rowFromLaunch(launch)).execute()
        await addEvents(transaction, [event])
        return true
      })
    },

    take(launch, wanted, at, event) {
      return database.transaction().execute(async (transaction) => {
        if (await isKnown(transaction, launch)) return false
        const givenUp = { abandoned_at: at, abandoned_because: 'machine_lost', due_at: at }
        if (wanted === 'up') {
          await transaction
            .updateTable('launches')
            .set(givenUp)
            .where('instance_id', '=', launch.instanceId)
            .where('abandoned_at', 'is', null)
            .where('settled_at', 'is', null)
            .execute()
          await transaction
            .updateTable('instances')
            .set(({ eb }) => ({
              attempt: launch.attempt,
              provider: launch.provider,
              status: 'running',
              because: 'adopted',
              message: null,
              status_since: at,
              due_at: at,
              // Whoever acts on it at this moment knows less.
              claim_token: eb('claim_token', '+', 1),
              claimed_until: 0,
            }))
            .where('id', '=', launch.instanceId)
            .execute()
        }
        const row = rowFromLaunch(launch)
        await transaction
          .insertInto('launches')
          .values(wanted === 'up' ? row : { ...row, ...givenUp })
          .execute()
        await addEvents(transaction, [event])
        return true
      })
    },

    reopen(launch, { externalId, account, keyMark }, at, event) {
      return database.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await launchOf(transaction, launch)
          .set(({ fn, val, ref, eb }) => ({
            settled_at: null,
            abandoned_at: fn.coalesce(ref('abandoned_at'), val(at)),
            abandoned_because: fn.coalesce(ref('abandoned_because'), val('asked')),
            external_id: externalId,
            account,
            key_mark: keyMark,
            due_at: at,
            missed_looks: 0,
            missed_at: null,
            ordered_at: null,
            orders: 0,
            // Whoever is writing its end down at this moment must not say that it is never due again.
            claim_token: eb('claim_token', '+', 1),
            claimed_until: 0,
          }))
          .where(({ and, eb }) =>
            launch.settledAt === null
              ? and([eb('settled_at', 'is', null), eb('abandoned_at', 'is', null)])
              : eb('settled_at', '=', launch.settledAt),
          )
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return false
        await addEvents(transaction, [event])
        return true
      })
    },

    settle(launches, at, event) {
      return database.transaction().execute(async (transaction) => {
        for (const launch of launches) {
          await launchOf(transaction, launch)
            .set({ settled_at: at, due_at: null })
            .where('settled_at', 'is', null)
            .execute()
        }
        await addEvents(transaction, [event])
      })
    },
  }
}

/** By its label, or by a machine that is looked after. */
async function isKnown(transaction: Database, { label, provider, externalId }: Launch): Promise<boolean> {
  const row = await transaction
    .selectFrom('launches')
    .select('label')
    .where(({ or, and, eb }) =>
      or([
        eb('label', '=', label),
        and([eb('provider', '=', provider), eb('external_id', '=', externalId), eb('settled_at', 'is', null)]),
      ]),
    )
    .executeTakeFirst()
  return row !== undefined
}
