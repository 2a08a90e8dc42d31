import type { ProviderHealth } from '../core/provider-health.ts'
import type { ProviderName } from '../core/providers.ts'
import { addEvents, type NewEvent } from './events.ts'
import { fromJsonText, jsonText } from './json.ts'
import type { Database } from './sqlite.ts'

export interface ProviderHealthStore {
  all(): Promise<Map<ProviderName, ProviderHealth>>
  /** Writes what is known now, with what people should hear of it. */
  put(provider: ProviderName, health: ProviderHealth, events?: readonly NewEvent[]): Promise<void>
  /** Which providers somebody switched on or off here, whatever the settings say. */
  switches(): Promise<Map<ProviderName, boolean>>
  /** @param enabled  null: as the settings say */
  switchTo(provider: ProviderName, enabled: boolean | null, event: NewEvent): Promise<void>
}

export function createProviderHealthStore(database: Database): ProviderHealthStore {
  const nothing = {
    observed_version: null,
    versions: null,
    last_checked_at: null,
    deprecations: null,
    unreadable: '{}',
    enabled: null,
  }

  return {
    async all() {
      const rows = await database.selectFrom('provider_health').selectAll().execute()
      return new Map(
        rows.map((row) => [
          row.provider as ProviderName,
          {
            observedVersion: row.observed_version,
            versions: row.versions === null ? {} : fromJsonText(row.versions),
            lastCheckedAt: row.last_checked_at,
            deprecations: row.deprecations === null ? [] : fromJsonText(row.deprecations),
            unreadable: fromJsonText(row.unreadable),
          },
        ]),
      )
    },

    async put(provider, health, events = []) {
      const values = {
        observed_version: health.observedVersion,
        versions: jsonText(health.versions),
        last_checked_at: health.lastCheckedAt,
        deprecations: jsonText(health.deprecations),
        unreadable: jsonText(health.unreadable),
      }
      await database.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('provider_health')
          .values({ ...nothing, provider, ...values })
          .onConflict((conflict) => conflict.column('provider').doUpdateSet(values))
          .execute()
        await addEvents(transaction, events)
      })
    },

    async switches() {
      const rows = await database
        .selectFrom('provider_health')
        .select(['provider', 'enabled'])
        .where('enabled', 'is not', null)
        .execute()
      return new Map(rows.map((row) => [row.provider as ProviderName, row.enabled === 1]))
    },

    async switchTo(provider, enabled, event) {
      const values = { enabled: enabled === null ? null : Number(enabled) }
      await database.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('provider_health')
          .values({ ...nothing, provider, ...values })
          .onConflict((conflict) => conflict.column('provider').doUpdateSet(values))
          .execute()
        await addEvents(transaction, [event])
      })
    },
  }
}
