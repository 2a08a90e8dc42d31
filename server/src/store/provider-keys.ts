import type { ProviderName } from '../core/providers.ts'
import { Secret } from '../core/secret.ts'
import type { Instant } from '../core/time.ts'
import { addEvents, type NewEvent } from './events.ts'
import type { Sealer } from './sealer.ts'
import type { Database } from './sqlite.ts'

export interface ProviderKey {
  provider: ProviderName
  account: string
  apiKey: Secret
}

/** What may be shown of it. */
export interface ProviderKeyFacts {
  provider: ProviderName
  account: string
  /** Its last four characters, or nothing where they would be much of it. */
  ending: string
  setAt: Instant
  setBy: string
}

/** Keys for marketplaces that were set through the API, encrypted at rest. */
export interface ProviderKeyStore {
  /** @throws Error when SECRETS_KEY is not the one they were sealed with */
  all(): Promise<ProviderKey[]>
  list(): Promise<ProviderKeyFacts[]>
  put(key: ProviderKey, facts: Pick<ProviderKeyFacts, 'ending' | 'setAt' | 'setBy'>, event: NewEvent): Promise<void>
  /** @returns false when there was none */
  remove(key: Pick<ProviderKey, 'provider' | 'account'>, event: NewEvent): Promise<boolean>
}

export function createProviderKeyStore(database: Database, sealer: Sealer): ProviderKeyStore {
  return {
    async all() {
      const rows = await database
        .selectFrom('provider_keys')
        .selectAll()
        .orderBy('provider')
        .orderBy('account')
        .execute()
      return rows.map(({ provider, account, sealed_key: sealed }) => ({
        provider: provider as ProviderName,
        account,
        apiKey: new Secret(sealer.open<string>(sealed)),
      }))
    },

    async list() {
      const rows = await database
        .selectFrom('provider_keys')
        .select(['provider', 'account', 'ending', 'set_at', 'set_by'])
        .orderBy('provider')
        .orderBy('account')
        .execute()
      return rows.map((row) => ({
        provider: row.provider as ProviderName,
        account: row.account,
        ending: row.ending,
        setAt: row.set_at,
        setBy: row.set_by,
      }))
    },

    async put({ provider, account, apiKey }, { ending, setAt, setBy }, event) {
      const changing = { sealed_key: sealer.seal(apiKey.reveal()), ending, set_at: setAt, set_by: setBy }
      await database.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('provider_keys')
          .values({ provider, account, ...changing })
          .onConflict((conflict) => conflict.columns(['provider', 'account']).doUpdateSet(changing))
          .execute()
        await addEvents(transaction, [event])
      })
    },

    remove({ provider, account }, event) {
      return database.transaction().execute(async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('provider_keys')
          .where('provider', '=', provider)
          .where('account', '=', account)
          .executeTakeFirst()
        if (numDeletedRows === 0n) return false
        await addEvents(transaction, [event])
        return true
      })
    },
  }
}
