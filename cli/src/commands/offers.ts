import type { Operations } from '@gpufleet/sdk/api'
import { type Command, Option } from 'commander'
import { forTerminal } from '../api-words.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { amount, dollars, listedValues, whole } from '../inputs.ts'
import { offerTable, sayWarnings } from '../offer-lines.ts'
import type { Runner } from '../runner.ts'
import { quoted } from '../text/shell.ts'
import { counted, sentence } from '../text/words.ts'
import { type Context, printJson } from '../world.ts'

export interface OffersOptions {
  gpu?: string[]
  provider?: string[]
  category?: 'consumer' | 'professional' | 'datacenter'
  market?: 'on_demand' | 'spot' | 'any'
  minGpuCount?: number
  maxGpuCount?: number
  minVram?: number
  minRam?: number
  maxRam?: number
  minStorage?: number
  disk?: number
  minPrice?: string
  maxPrice?: string
  region?: string[]
  verified?: boolean
  minReliability?: number
  minPerformance?: number
  minCuda?: number
  minDownload?: number
  minUpload?: number
  minLifetime?: number
  taken?: boolean
  sort?: string
  desc?: boolean
  limit?: number
}

const sorts = ['price', 'performance', 'price-per-performance', 'reliability', 'memory', 'gpu-count']
const defaultLimit = 20

export function addOffers(program: Command, run: Runner): void {
  program
    .command('offers')
    .summary('what is on sale, cheapest first')
    .description('Everything on sale that fits, over all marketplaces, at one comparable price.')
    .option('--gpu <model>', 'a model or a family, such as "RTX 4090" or A100; again for more', listedValues)
    .option('--provider <name>', 'only this marketplace; again for more', listedValues)
    .addOption(new Option('--category <name>', 'kind of GPU').choices(['consumer', 'professional', 'datacenter']))
    .addOption(new Option('--market <name>', 'default any').choices(['on_demand', 'spot', 'any']))
    .option('--min-gpu-count <n>', 'GPUs per machine, at least', whole)
    .option('--max-gpu-count <n>', 'GPUs per machine, at most', whole)
    .option('--min-vram <gb>', 'memory per GPU, at least', amount)
    .option('--min-ram <gb>', 'memory of the machine, at least', amount)
    .option('--max-ram <gb>', 'memory of the machine, at most', amount)
    .option('--min-storage <gb>', 'disk that can be rented, at least', amount)
    .option('--disk <gb>', 'disk that the price includes (default 10)', amount)
    .option('--min-price <usd>', 'dollars per hour, at least', dollars)
    .option('--max-price <usd>', 'dollars per hour, at most', dollars)
    .option('--region <name>', 'Europe, us-east, Asia …; again for more', listedValues)
    .option('--verified', 'only what the marketplace has checked')
    .option('--min-reliability <share>', 'from 0 to 1, such as 0.98', amount)
    .option('--min-performance <score>', 'from 0 to 150', amount)
    .option('--min-cuda <version>', 'such as 12.4', amount)
    .option('--min-download <mbps>', 'Mbit/s', amount)
    .option('--min-upload <mbps>', 'Mbit/s', amount)
    .option('--min-lifetime <hours>', 'how long it can be rented, at least', amount)
    .option('--taken', 'show what cannot be rented now as well')
    .addOption(new Option('--sort <by>', 'default price').choices(sorts))
    .option('--desc', 'the other way round')
    .option('--limit <n>', `how many to show (default ${defaultLimit})`, whole)
    .action((options: OffersOptions) => run((context) => offers(options, context)))
}

export async function offers(options: OffersOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const reply = await client.searchOffersAdvanced(searchFrom(options))
  sayWarnings(reply.warnings, context)
  if (json) {
    printJson(reply.data, context)
    return exitCodes.ok
  }

  if (reply.data.length === 0) {
    out(sentence(`nothing fits: ${forTerminal(reply.explanation?.sentence ?? 'nothing is on sale')}`))
    return exitCodes.ok
  }
  for (const line of offerTable(reply.data, context)) out(line)
  const { disk = 10 } = options
  out('')
  out(`${countOf(reply.data.length, reply.matching)}. Prices are for the GPUs and ${disk} GB of disk.`)
  out(
    `Rent one with: gpufleet launch --offer ${quoted(reply.data[0]?.id ?? 'ID')}${disk === 10 ? '' : ` --disk ${disk}`}`,
  )
  return exitCodes.ok
}

function countOf(shown: number, matching: number): string {
  return shown < matching ? `${shown} of ${matching} offers` : counted(matching, 'offer')
}

function searchFrom(options: OffersOptions): Operations['searchOffersAdvanced']['body'] {
  return {
    gpu_models: options.gpu,
    providers: options.provider,
    gpu_category: options.category,
    market: options.market,
    min_gpu_count: options.minGpuCount,
    max_gpu_count: options.maxGpuCount,
    min_vram_gb: options.minVram,
    min_ram_gb: options.minRam,
    max_ram_gb: options.maxRam,
    min_storage_gb: options.minStorage,
    disk_gb: options.disk,
    min_price: options.minPrice,
    max_price: options.maxPrice,
    regions: options.region,
    verified: options.verified,
    min_reliability: options.minReliability,
    min_performance: options.minPerformance,
    min_cuda: options.minCuda,
    min_download_mbps: options.minDownload,
    min_upload_mbps: options.minUpload,
    min_lifetime_hours: options.minLifetime,
    available: options.taken === true ? false : undefined,
    sort_by: options.sort?.replaceAll('-', '_') as Operations['searchOffersAdvanced']['body']['sort_by'],
    sort_order: options.desc === true ? 'desc' : undefined,
    limit: options.limit ?? defaultLimit,
  }
}
