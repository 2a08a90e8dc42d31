import type { MarketplaceStats } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { sayWarnings } from '../offer-lines.ts'
import type { Runner } from '../runner.ts'
import { table } from '../text/table.ts'
import { counted, listed } from '../text/words.ts'
import { type Context, printJson } from '../world.ts'

export function addStats(program: Command, run: Runner): void {
  program
    .command('stats')
    .summary('the market in figures')
    .action(() => run(stats))
}

export async function stats(context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data, warnings } = await client.getMarketplaceStats()
  sayWarnings(warnings, context)
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  const models = Object.values(data.model_stats)
  if (models.length === 0) {
    out('Nothing is on sale, as far as we have seen.')
    return exitCodes.ok
  }
  const lines = table(
    [
      { head: 'GPU' },
      { head: 'OFFERS', align: 'right' },
      { head: 'LOWEST/H', align: 'right' },
      { head: 'MEDIAN/H', align: 'right' },
      { head: 'HIGHEST/H', align: 'right' },
      { head: 'PROVIDERS' },
    ],
    models.map((one) => [
      one.model.name,
      String(one.available_count),
      price(one.min_price),
      price(one.median_price),
      price(one.max_price),
      one.providers.join(', '),
    ]),
    context,
  )
  for (const line of lines) out(line)
  out('')
  for (const line of summaryOf(data)) out(line)
  return exitCodes.ok
}

function summaryOf(data: MarketplaceStats): string[] {
  const { min, median, max } = data.price_range
  return [
    `${data.available_instances} of ${counted(data.total_instances, 'offer')} can be rented now, each with 10 GB of disk.`,
    `The lowest price is ${price(min)}, the median ${price(median)}, the highest ${price(max)} per hour.`,
    ...(data.sampled.length === 0
      ? []
      : [
          `${listed(data.sampled)}: only the cheapest of what was searched for, so their figures are lower than the market’s.`,
        ]),
  ]
}

/** These figures are JSON numbers at the API already; this only shows them. */
function price(value: number): string {
  return `$${value.toFixed(4)}`
}
