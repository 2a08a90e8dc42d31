import type { PriceTrend } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { type HistoryPart, historyQuery, withHistoryPart } from '../market-part.ts'
import type { Runner } from '../runner.ts'
import { usd } from '../text/money.ts'
import { table } from '../text/table.ts'
import { type Context, printJson } from '../world.ts'

export function addTrends(program: Command, run: Runner): void {
  withHistoryPart(program.command('trends'))
    .summary('what models cost over time, per GPU and hour')
    .action((gpu: string | undefined, options: HistoryPart) => run((context) => trends(gpu, options, context)))
}

export async function trends(gpu: string | undefined, options: HistoryPart, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data, message } = await client.getPriceTrends(historyQuery(gpu, options))
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  const [only, ...others] = data.series
  if (only === undefined) out(`${message}.`)
  else for (const line of others.length === 0 ? pointsOf(only, context) : seriesOf(data.series, context)) out(line)
  return exitCodes.ok
}

function seriesOf(series: readonly PriceTrend[], context: Context): string[] {
  return table(
    [
      { head: 'GPU' },
      { head: 'PROVIDER' },
      { head: 'MARKET' },
      { head: 'LOWEST/H', align: 'right' },
      { head: 'MEDIAN/H', align: 'right' },
      { head: '90 % UP TO', align: 'right', optional: true },
      { head: '24 H', align: 'right' },
      { head: '7 DAYS', align: 'right' },
    ],
    series.map((one) => [
      one.gpu_model,
      `${one.provider}${one.sampled ? '+' : ''}`,
      one.market,
      usdOrDash(one.latest?.min_price_usd),
      usdOrDash(one.latest?.median_price_usd),
      usdOrDash(one.latest?.p90_price_usd),
      percentOf(one.change_24h),
      percentOf(one.change_7d),
    ]),
    context,
  )
}

/** Of a single one there is room for all of it. */
function pointsOf(one: PriceTrend, context: Context): string[] {
  const title = `${one.gpu_model} at ${one.provider}, ${one.market}; median ${percentOf(one.change_24h)} in 24 h, ${percentOf(one.change_7d)} in 7 days`
  const lines = table(
    [
      { head: 'FROM' },
      { head: 'LOWEST/H', align: 'right' },
      { head: 'MEDIAN/H', align: 'right' },
      { head: '90 % UP TO', align: 'right' },
      { head: 'LOOKS', align: 'right', optional: true },
    ],
    one.points.map(({ at, prices, looks }) => [
      at.slice(0, 16).replace('T', ' '),
      usdOrDash(prices?.min_price_usd),
      usdOrDash(prices?.median_price_usd),
      usdOrDash(prices?.p90_price_usd),
      String(looks),
    ]),
    context,
  )
  return [title, '', ...lines]
}

function usdOrDash(amount: string | undefined): string {
  return amount === undefined ? '-' : usd(amount)
}

function percentOf(change: PriceTrend['change_24h']): string {
  const percent = change?.median_price.percent ?? null
  return percent === null ? '-' : `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`
}
