import type { Instant } from '../core/time.ts'
import type { Sealer } from './sealer.ts'
import type { Database } from './sqlite.ts'

/** Whose key it is and for which operation, and the key itself. */
export interface AnswerKey {
  scope: string
  key: string
}

/** A call with an Idempotency-Key that is under way. */
export interface KeyedCall extends AnswerKey {
  token: number
  /**
   * The id of what this call has made or changed already, in a process that died before it answered; null: nothing was
   * written down.
   */
  doneWith: string | null
}

export type AnswerClaim =
  /** Nobody has answered it yet: the caller is to. */
  | { kind: 'mine'; token: number; doneWith: string | null }
  | { kind: 'under_way' }
  | { kind: 'answered'; fingerprint: string; answer: unknown }
  /** The key is under way, or was answered, with another request. */
  | { kind: 'other_request' }

/** What calls with an Idempotency-Key were answered, sealed: keys that were just made are in there. */
export interface AnswerStore {
  /** Written before the call is run. A claim that its process did not live to finish runs out. */
  claim(key: AnswerKey, options: { fingerprint: string; now: Instant; forMs: number }): Promise<AnswerClaim>
  /** Nothing is written when the claim has run out and another has taken it over. */
  finish(key: AnswerKey, token: number, answer: unknown): Promise<void>
  /** Nothing was done: the key is free again. */
  release(key: AnswerKey, token: number): Promise<void>
  /** Frees the keys of calls whose process died, for the start: repeating such a call need not wait. */
  forgetClaims(): Promise<void>
  /** Forgets all keys, those of launches included, that are older. @returns how many */
  prune(before: Instant): Promise<number>
}

export function createAnswerStore(database: Database, sealer: Sealer): AnswerStore {
  return {
    claim({ scope, key }, { fingerprint, now, forMs }) {
      return database.transaction().execute(async (transaction) => {
        const row = await transaction
          .selectFrom('idempotent_answers')
          .selectAll()
          .where('scope', '=', scope)
          .where('key', '=', key)
          .executeTakeFirst()
        if (row === undefined) {
          const { numInsertedOrUpdatedRows: added } = await transaction
            .insertInto('idempotent_answers')
            .values({
              scope,
              key,
              fingerprint,
              created_at: now,
              claim_token: 1,
              claimed_until: now + forMs,
              sealed_answer: null,
              done_with: null,
            })
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst()
          return added === 0n ? { kind: 'under_way' } : { kind: 'mine', token: 1, doneWith: null }
        }
        if (row.fingerprint !== fingerprint) return { kind: 'other_request' }
        if (row.sealed_answer !== null) {
          return { kind: 'answered', fingerprint: row.fingerprint, answer: sealer.open(row.sealed_answer) }
        }
        const { numUpdatedRows } = await transaction
          .updateTable('idempotent_answers')
          .set({ claim_token: row.claim_token + 1, claimed_until: now + forMs })
          .where('scope', '=', scope)
          .where('key', '=', key)
          .where('claim_token', '=', row.claim_token)
          .where('claimed_until', '<=', now)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return { kind: 'under_way' }
        return { kind: 'mine', token: row.claim_token + 1, doneWith: row.done_with }
      })
    },

    async finish({ scope, key }, token, answer) {
      await database
        .updateTable('idempotent_answers')
        .set({ sealed_answer: sealer.seal(answer) })
        .where('scope', '=', scope)
        .where('key', '=', key)
        .where('claim_token', '=', token)
        .execute()
    },

    async release({ scope, key }, token) {
      await database
        .deleteFrom('idempotent_answers')
        .where('scope', '=', scope)
        .where('key', '=', key)
        .where('claim_token', '=', token)
        .where('sealed_answer', 'is', null)
        .execute()
    },

    async forgetClaims() {
      await database
        .updateTable('idempotent_answers')
        .set({ claimed_until: 0 })
        .where('sealed_answer', 'is', null)
        .execute()
    },

    async prune(before) {
      const answers = await database
        .deleteFrom('idempotent_answers')
        .where('created_at', '<', before)
        .executeTakeFirst()
      const launches = await database.deleteFrom('idempotency_keys').where('created_at', '<', before).executeTakeFirst()
      return Number(answers.numDeletedRows + launches.numDeletedRows)
    },
  }
}

/** Part of the transaction that makes the change: after a crash a repetition of the call finds what it has done. */
export async function noteDone(
  transaction: Database,
  { scope, key, token }: KeyedCall,
  doneWith: string,
): Promise<void> {
  await transaction
    .updateTable('idempotent_answers')
    .set({ done_with: doneWith })
    .where('scope', '=', scope)
    .where('key', '=', key)
    .where('claim_token', '=', token)
    .execute()
}
