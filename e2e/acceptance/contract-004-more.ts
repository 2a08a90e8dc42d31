import { configFrom } from '../../server/src/config/config.ts'
import { type Check, kept } from './check.ts'
import { minute } from './contract-004-kit.ts'
import { expectSame, expectThat } from './lab.ts'

/** What the project of contract 004 keeps elsewhere, as far as it is kept here. */
export const checks: readonly Check[] = [
  kept('R004-18', async (lab) => {
    const names = ['VAST_API_KEY', 'RUNPOD_API_KEY', 'LAMBDA_LABS_API_KEY', 'PAPERSPACE_API_KEY']
    const { providers } = configFrom(Object.fromEntries(names.map((name) => [name, `key-of-${name}`])))
    const found = Object.entries(providers).flatMap(([name, { accounts }]) =>
      accounts.map((one) => `${name} ${one.apiKey.reveal()}`),
    )
    expectSame(
      found,
      ['vast', 'runpod', 'lambda', 'paperspace'].map((name, index) => `${name} key-of-${names[index]}`),
      'the keys',
    )
    const { settings } = await lab.markets({ providers: ['lambda'] })
    const { LAMBDA_API_KEY = '', LAMBDA_API_BASE_URL = '' } = settings
    const server = lab.server({ LAMBDA_LABS_API_KEY: LAMBDA_API_KEY, LAMBDA_API_BASE_URL })
    const answer = await fetch(`${await server.url}/api/v1/providers`)
    const { data } = (await answer.json()) as { data: { name: string; is_configured: boolean }[] }
    const configured = data.filter((one) => one.is_configured).map(({ name }) => name)
    expectSame(configured, ['lambda_labs'], 'who has a key')
    return `${names.join(', ')}: read; a server with the third alone has a key for ${configured.join()}`
  }),
  kept('R004-23', async (lab) => {
    const { settings } = await lab.markets({ providers: ['vast', 'lambda'] })
    const asked = (...args: string[]) => lab.run(process.execPath, ['scripts/try-provider.ts', ...args], settings)
    const [list, pricing, info, wrong] = await Promise.all([
      asked('--provider', 'vast', '--action', 'list', '--gpu-type', 'RTX4090', '--max-price', '0.5'),
      asked('--provider', 'vast', '--action', 'pricing', '--gpu-type', 'RTX4090'),
      asked('--provider', 'lambda', '--action', 'info'),
      asked('--provider', 'vast', '--action', 'pricing'),
    ])
    const rows = JSON.parse(list.output) as { gpu: string; price_per_hour_usd: string }[]
    expectThat(rows.length > 0, 'nothing is listed')
    for (const { gpu, price_per_hour_usd: price } of rows) {
      expectThat(gpu === 'RTX 4090' && Number(price) <= 0.5, `${gpu} at ${price}`)
    }
    const { onDemand, currency } = JSON.parse(pricing.output)
    expectThat(
      currency === 'USD' && Math.abs(onDemand.pricePerSecond * 3600 - onDemand.pricePerHour) < 1e-12,
      pricing.output,
    )
    expectSame(JSON.parse(info.output).name, 'lambda-labs', 'info')
    expectSame([wrong.status, wrong.output.includes('--gpu-type')], [1, true], 'pricing without a GPU type')
    return `npm run try-provider: list ${rows.length} RTX 4090 up to 0.5 $/h, pricing ${onDemand.pricePerHour} $/h, info; exit 1 on error`
  }),
  kept('R004-24', async (lab) => {
    const world = await lab.world({ providers: ['vast', 'runpod', 'novita'] })
    const search = '/api/v1/offers/search?gpu_model=RTX%204090&limit=100'
    const ask = async () =>
      (await world.call('GET', search)).body.data as { price_per_hour: number; provider: string }[]
    const upstream = () => world.simulators.runpod.requests.filter(({ path }) => path.includes('/catalog')).length
    await world.until(async () => new Set((await ask()).map((one) => one.provider)).size === 3, 2 * minute)
    const prices = (await ask()).map((one) => one.price_per_hour)
    expectSame(
      prices,
      [...prices].sort((one, other) => one - other),
      'the order of the prices',
    )
    const before = upstream()
    await ask()
    expectSame(upstream(), before, 'calls for a second search')
    await world.pass(3 * minute)
    await ask()
    expectThat(upstream() > before, 'it never expires')
    await world.call('PUT', '/api/v1/providers/runpod', { enabled: false })
    expectThat(
      (await ask()).every((one) => one.provider !== 'runpod'),
      'what was cleared is still there',
    )
    return `${prices.length} prices sorted, best ${prices[0]}; a second search costs no call, 3 minutes later it is refreshed; switched off: gone`
  }),
]
