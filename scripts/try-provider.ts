/**
 * `npm run try-provider -- --provider vast --action list --gpu-type RTX4090`: asks one marketplace, with the key and the
 * address of the settings, and prints its answer as JSON. It only reads: nothing is rented, and no server is needed.
 *
 * `info` asks nobody. `list` and `pricing` show whether the client still understands what the marketplace answers.
 */

import { parseArgs } from 'node:util'
import { environmentWithFile } from '../server/src/config/environment.ts'
import type { GpuCatalogue } from '../server/src/core/gpus/gpu.ts'
import { usdFromNanos } from '../server/src/core/money.ts'
import type { Offer } from '../server/src/core/offers/offer.ts'
import { providerNamed, providerNames } from '../server/src/core/providers.ts'
import { regionFit } from '../server/src/core/regions/regions.ts'
import { normalisedPricing } from '../server/src/providers/normalised-pricing.ts'
import type { Provider } from '../server/src/providers/provider.ts'
import { providerInfo } from '../server/src/providers/provider-info.ts'
import { type FromEnvironment, providerFromEnvironment } from './provider-from-environment.ts'
import { environmentNamingFile } from './settings-file.ts'

const usage = `usage: npm run try-provider -- --provider ${providerNames.join('|')} --action list|pricing|info
       [--gpu-type RTX4090] [--region us-east] [--max-price 0.5]
The key comes from the settings (VAST_API_KEY …), never from the command line, where others could read it.`

interface Asked {
  gpuType: string | undefined
  region: string | undefined
  maxPrice: number | undefined
}

/** Long enough for a marketplace that is asked region by region. */
const longestMs = 120_000

try {
  const { found, action, asked } = read(process.argv.slice(2))
  const tooLong = AbortSignal.timeout(longestMs)
  const answer = await Promise.race([answerTo(action, found, asked), rejection(tooLong)])
  console.log(JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2))
  process.exit(0)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}

function read(args: string[]): { found: FromEnvironment; action: string; asked: Asked } {
  const { values } = parseArgs({
    args,
    options: {
      provider: { type: 'string' },
      action: { type: 'string', default: 'list' },
      'gpu-type': { type: 'string' },
      region: { type: 'string' },
      'max-price': { type: 'string' },
    },
  })
  const name = values.provider === undefined ? undefined : providerNamed(values.provider)
  const maxPrice = values['max-price'] === undefined ? undefined : Number(values['max-price'])
  if (name === undefined || Number.isNaN(maxPrice)) throw new Error(usage)
  const found = providerFromEnvironment(name, environmentWithFile(environmentNamingFile()))
  if (found === undefined) throw new Error(`there is no key for ${name}: set ${name.toUpperCase()}_API_KEY`)
  return { found, action: values.action, asked: { gpuType: values['gpu-type'], region: values.region, maxPrice } }
}

async function answerTo(action: string, { provider, gpus }: FromEnvironment, asked: Asked): Promise<unknown> {
  if (action === 'info') return providerInfo(provider, gpus)
  if (action === 'list') return (await offersFor(asked, provider, gpus)).map(lineOf)
  if (action === 'pricing' && asked.gpuType !== undefined) {
    return normalisedPricing(provider, { gpuType: asked.gpuType, region: asked.region ?? null }, gpus)
  }
  throw new Error(action === 'pricing' ? `pricing needs --gpu-type\n${usage}` : usage)
}

async function offersFor(
  { gpuType, region, maxPrice }: Asked,
  provider: Provider,
  gpus: Pick<GpuCatalogue, 'meantBy'>,
): Promise<Offer[]> {
  const models = gpuType === undefined ? [] : gpus.meantBy(gpuType).map((model) => model.name)
  if (gpuType !== undefined && models.length === 0) throw new Error(`no GPU is called ${gpuType}`)
  const { hasSpot } = provider.describe().abilities
  const { offers } = await provider.searchOffers({
    models,
    markets: hasSpot ? ['on_demand', 'spot'] : ['on_demand'],
    diskGb: 10,
  })
  return offers.filter(
    (offer) =>
      (models.length === 0 || models.includes(offer.gpu.model)) &&
      (region === undefined || regionFit(region, offer.region, offer.location) === true) &&
      (maxPrice === undefined || Number(usdFromNanos(offer.pricePerHour)) <= maxPrice),
  )
}

function lineOf(offer: Offer) {
  return {
    id: offer.externalId,
    market: offer.market,
    is_spot: offer.market === 'spot',
    gpu: offer.gpu.model,
    gpu_count: offer.gpu.count,
    memory_gb: offer.gpu.memoryGb,
    price_per_hour_usd: usdFromNanos(offer.pricePerHour),
    spot_price_per_hour_usd: offer.market === 'spot' ? usdFromNanos(offer.pricePerHour) : null,
    region: offer.region,
    location: offer.location,
    available: offer.available,
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${longestMs / 1000} s`)), { once: true })
  })
}
