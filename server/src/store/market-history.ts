import type { Selectable } from 'kysely'
import { type Look, type SeriesKey, seriesId } from '../core/market-history/look.ts'
import type { PriceLevels } from '../core/market-history/price-levels.ts'
import { hourFrom, hourOf, type Span } from '../core/market-history/span.ts'
import { nanos } from '../core/money.ts'
import type { Market } from '../core/offers/offer.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Instant } from '../core/time.ts'
import type { Database } from './sqlite.ts'
import type { MarketHoursTable, MarketLooksTable } from './tables.ts'

export interface HistoryQuery {
  /** Canonical names; empty: all. */
  models: readonly string[]
  providers: readonly ProviderName[]
  markets: readonly Market[]
  from: Instant
  /** Hours that begin before it. */
  until: Instant
  limit: number
}

export interface MarketHistoryStore {
  /** Looks of one moment. The hour they are in is worked out anew; looks of hours that are over are dropped. */
  add(looks: readonly Look[]): Promise<void>
  /** What has a history. */
  series(): Promise<SeriesKey[]>
  /** Series by series, each in the order of time. */
  hours(query: HistoryQuery): Promise<Span[]>
  /** The first hour of all; null: nothing is recorded. */
  begin(): Promise<Instant | null>
  /** Drops the hours that began before. */
  prune(before: Instant): Promise<number>
}

/** SQLite takes a limited number of values in one statement. */
const rowsAtOnce = 200

export function createMarketHistoryStore(database: Database): MarketHistoryStore {
  return {
    async add(looks) {
      const [first] = looks
      if (first === undefined) return
      const hour = hourOf(first.at)
      const touched = new Set(looks.map(seriesId))
      await database.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('market_looks').where('at', '<', hour).execute()
        for (let at = 0; at < looks.length; at += rowsAtOnce) {
          await transaction
            .insertInto('market_looks')
            .values(looks.slice(at, at + rowsAtOnce).map(rowFromLook))
            // A look at the same millisecond says the same.
            .onConflict((conflict) => conflict.columns(['provider', 'model', 'market', 'at']).doNothing())
            .execute()
        }
        const rows = await transaction.selectFrom('market_looks').selectAll().where('at', '>=', hour).execute()
        const bySeries = Map.groupBy(rows.map(lookFromRow), seriesId)
        for (const [id, [one, ...others]] of bySeries) {
          if (one === undefined || !touched.has(id)) continue
          const { provider, model, market, at, ...figures } = rowFromSpan(hourFrom([one, ...others]))
          await transaction
            .insertInto('market_hours')
            .values({ provider, model, market, at, ...figures })
            .onConflict((conflict) => conflict.columns(['provider', 'model', 'market', 'at']).doUpdateSet(figures))
            .execute()
        }
      })
    },

    async series() {
      const rows = await database
        .selectFrom('market_hours')
        .select(['provider', 'model', 'market'])
        .distinct()
        .execute()
      return rows.map(keyFromRow)
    },

    async hours({ models, providers, markets, from, until, limit }) {
      let select = database.selectFrom('market_hours').selectAll().where('at', '>=', from).where('at', '<', until)
      if (models.length > 0) select = select.where('model', 'in', [...models])
      if (providers.length > 0) select = select.where('provider', 'in', [...providers])
      if (markets.length > 0) select = select.where('market', 'in', [...markets])
      const rows = await select
        .orderBy('model')
        .orderBy('provider')
        .orderBy('market')
        .orderBy('at')
        .limit(limit)
        .execute()
      return rows.map(spanFromRow)
    },

    async begin() {
      const row = await database
        .selectFrom('market_hours')
        .select(({ fn }) => fn.min<number | null>('at').as('at'))
        .executeTakeFirst()
      return row?.at ?? null
    },

    async prune(before) {
      const { numDeletedRows } = await database
        .deleteFrom('market_hours')
        .where('at', '<', hourOf(before))
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}

function rowFromLook({ provider, model, market, at, sampled, offers, gpus, prices }: Look) {
  return { provider, model, market, at, sampled: Number(sampled), offers, gpus, ...columnsFrom(prices) }
}

function lookFromRow(row: Selectable<MarketLooksTable>): Look {
  return {
    ...keyFromRow(row),
    at: row.at,
    sampled: row.sampled === 1,
    offers: row.offers,
    gpus: row.gpus,
    prices: levelsFrom(row),
  }
}

function rowFromSpan(span: Span) {
  return {
    provider: span.provider,
    model: span.model,
    market: span.market,
    at: span.at,
    sampled: Number(span.sampled),
    looks: span.looks,
    looks_available: span.looksAvailable,
    offers_total: span.offersTotal,
    offers_most: span.offersMost,
    gpus_total: span.gpusTotal,
    gpus_most: span.gpusMost,
    ...columnsFrom(span.prices),
  }
}

function spanFromRow(row: Selectable<MarketHoursTable>): Span {
  return {
    ...keyFromRow(row),
    at: row.at,
    sampled: row.sampled === 1,
    looks: row.looks,
    looksAvailable: row.looks_available,
    offersTotal: row.offers_total,
    offersMost: row.offers_most,
    gpusTotal: row.gpus_total,
    gpusMost: row.gpus_most,
    prices: levelsFrom(row),
  }
}

interface PriceColumns {
  min_nano: bigint | null
  median_nano: bigint | null
  p90_nano: bigint | null
}

function columnsFrom(prices: PriceLevels | null): PriceColumns {
  return { min_nano: prices?.min ?? null, median_nano: prices?.median ?? null, p90_nano: prices?.p90 ?? null }
}

function levelsFrom({ min_nano: min, median_nano: median, p90_nano: p90 }: PriceColumns): PriceLevels | null {
  if (min === null || median === null || p90 === null) return null
  return { min: nanos(min), median: nanos(median), p90: nanos(p90) }
}

function keyFromRow({ provider, model, market }: { provider: string; model: string; market: string }): SeriesKey {
  return { provider: provider as ProviderName, model, market: market as Market }
}
