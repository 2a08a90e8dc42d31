import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { type HistoryPart, historyQuery, withHistoryPart } from '../market-part.ts'
import type { Runner } from '../runner.ts'
import { table } from '../text/table.ts'
import { ago } from '../text/time.ts'
import { type Context, printJson } from '../world.ts'

export function addAvailability(program: Command, run: Runner): void {
  withHistoryPart(program.command('availability'))
    .summary('how much of a model there was to rent over time')
    .action((gpu: string | undefined, options: HistoryPart) => run((context) => availability(gpu, options, context)))
}

export async function availability(gpu: string | undefined, options: HistoryPart, context: Context): Promise<ExitCode> {
  const { client, json, out, now } = context
  const { data, message } = await client.getAvailability(historyQuery(gpu, options))
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  if (data.series.length === 0) {
    out(`${message}.`)
    return exitCodes.ok
  }
  const lines = table(
    [
      { head: 'GPU' },
      { head: 'PROVIDER' },
      { head: 'MARKET' },
      { head: 'AVAILABLE', align: 'right' },
      { head: 'OFFERS', align: 'right' },
      { head: 'MOST', align: 'right', optional: true },
      { head: 'GPUS', align: 'right' },
      { head: 'LAST', align: 'right' },
      { head: 'LOOKS', align: 'right', optional: true },
    ],
    data.series.map((one) => [
      one.gpu_model,
      `${one.provider}${one.sampled ? '+' : ''}`,
      one.market,
      `${(one.available_share * 100).toFixed(1)} %`,
      one.offers_mean.toFixed(1),
      String(one.offers_most),
      one.gpus_mean.toFixed(1),
      lastHour(one.last_available_at, now()),
      String(one.looks),
    ]),
    context,
  )
  for (const line of lines) out(line)
  if (data.series.some((one) => one.sampled)) {
    out('')
    out('+ shows only the cheapest of what is searched for: the counts are the least there were.')
  }
  return exitCodes.ok
}

/** What is kept of the past is whole hours. */
function lastHour(at: string | null, now: number): string {
  if (at === null) return '-'
  return now - Date.parse(at) < 3_600_000 ? 'this hour' : ago(at, now)
}
