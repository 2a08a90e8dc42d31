import { type Command, Option } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { type MarketPart, partQuery, withMarketPart } from '../market-part.ts'
import { sayWarnings } from '../offer-lines.ts'
import type { Runner } from '../runner.ts'
import { usd } from '../text/money.ts'
import { table } from '../text/table.ts'
import { type Context, printJson } from '../world.ts'

const ranks = {
  score: 'price_per_score',
  tflops: 'price_per_tflops',
  vram: 'price_per_vram_gb',
  price: 'price_per_hour',
} as const

interface BenchmarksOptions extends MarketPart {
  category?: 'consumer' | 'professional' | 'datacenter'
  by?: keyof typeof ranks
}

export function addBenchmarks(program: Command, run: Runner): void {
  withMarketPart(program.command('benchmarks'))
    .summary('what each model costs now for what it does, the best value first')
    .addOption(new Option('--category <name>', 'only this').choices(['consumer', 'professional', 'datacenter']))
    .addOption(new Option('--by <measure>', 'what to rank by (default score)').choices(Object.keys(ranks)))
    .action((gpu: string | undefined, options: BenchmarksOptions) =>
      run((context) => benchmarks(gpu, options, context)),
    )
}

export async function benchmarks(
  gpu: string | undefined,
  { category, by, ...part }: BenchmarksOptions,
  context: Context,
): Promise<ExitCode> {
  const { client, json, out } = context
  const { data, warnings } = await client.getBenchmarks({
    ...partQuery(gpu, part),
    ...(category !== undefined && { gpu_category: category }),
    ...(by !== undefined && { rank_by: ranks[by] }),
  })
  sayWarnings(warnings, context)
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  if (data.length === 0) {
    out('Nothing like that is on sale, as far as we have seen.')
    return exitCodes.ok
  }
  const lines = table(
    [
      { head: '#', align: 'right' },
      { head: 'GPU' },
      { head: 'PER GPU/H', align: 'right' },
      { head: 'PER SCORE', align: 'right' },
      { head: 'PER TFLOPS', align: 'right' },
      { head: 'PER GB', align: 'right' },
      { head: 'PROVIDER' },
      { head: 'MARKET', optional: true },
    ],
    data.map((one) => [
      one.rank === null ? '-' : String(one.rank),
      one.gpu_model,
      usd(one.price_per_hour_usd),
      usdOrDash(one.price_per_score_usd),
      usdOrDash(one.price_per_tflops_usd),
      usdOrDash(one.price_per_vram_gb_usd),
      one.cheapest.provider,
      one.cheapest.market,
    ]),
    context,
  )
  for (const line of lines) out(line)
  return exitCodes.ok
}

function usdOrDash(amount: string | null): string {
  return amount === null ? '-' : usd(amount, 6)
}
