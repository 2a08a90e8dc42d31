/** How offers read, in a search and in a plan. */

import type { MarketWarning, Offer } from '@gpufleet/sdk/api'
import { usd } from './text/money.ts'
import { type Column, type Paper, table } from './text/table.ts'
import { ago } from './text/time.ts'
import type { Context } from './world.ts'

const columns: Column[] = [
  { head: 'OFFER' },
  { head: 'GPU' },
  { head: 'VRAM', align: 'right' },
  { head: 'MARKET' },
  { head: 'PER HOUR', align: 'right' },
  { head: 'REGION' },
  { head: 'CPU', align: 'right', optional: true },
  { head: 'RAM', align: 'right', optional: true },
  { head: 'DISK', align: 'right', optional: true },
  { head: 'DOWN/UP MBIT/S', align: 'right', optional: true },
  { head: 'RELIABLE', align: 'right', optional: true },
  { head: 'SEEN', align: 'right', optional: true },
]

export function offerTable(offers: readonly Offer[], context: Paper & { now: () => number }): string[] {
  return table(
    columns,
    offers.map((offer) => [
      offer.id,
      `${offer.gpu_count}x ${offer.gpu_model}${offer.available ? '' : ' (taken)'}`,
      gigabytes(offer.gpu_memory_gb),
      offer.market,
      usd(offer.price_per_hour_usd),
      offer.region,
      offer.cpu_count === null ? '-' : String(offer.cpu_count),
      gigabytes(offer.ram_gb),
      gigabytes(offer.storage_gb),
      `${mbits(offer.network_info.download_mbps)}/${mbits(offer.network_info.upload_mbps)}`,
      offer.reliability === null ? '-' : `${(offer.reliability * 100).toFixed(1)} %`,
      ago(offer.seen_at, context.now()),
    ]),
    context,
  )
}

/** Marketplaces that are slow or down, on standard error: their offers may be missing. */
export function sayWarnings(warnings: readonly MarketWarning[], { warn }: Pick<Context, 'warn'>): void {
  for (const { message } of warnings) warn(message)
}

function gigabytes(value: number | null): string {
  return value === null ? '-' : `${Number(value.toFixed(value < 10 ? 1 : 0))} GB`
}

function mbits(value: number | null): string {
  return value === null ? '-' : String(Math.round(value))
}
