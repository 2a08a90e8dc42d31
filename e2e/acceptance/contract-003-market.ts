/** Contract 003: models, marketplaces and figures about the market. */

import { configFrom } from '../../server/src/config/config.ts'
import { type Check, kept } from './check.ts'
import {
  about,
  aMarket,
  data,
  everything,
  found,
  isSorted,
  type Row,
  restarted,
  smallMarket,
  swept,
} from './contract-003-kit.ts'
import { expectSame, expectThat, type Lab, type LabWorld } from './lab.ts'

const minute = 60_000
const hour = 60 * minute

export const marketChecks: readonly Check[] = [
  kept(['S003-22', 'S003-23'], async (lab) => {
    const { status, body } = await (await aMarket(lab)).call('GET', '/api/v1/gpu-models')
    const shown = [status, body.success, body.message]
    expectSame(shown, [200, true, 'GPU models retrieved successfully'], 'the envelope')
    const figures = ({ name, memory_gb, compute_capability, architecture, category, performance_score }: Row) => [
      name,
      memory_gb,
      compute_capability,
      architecture,
      category,
      performance_score,
    ]
    expectSame(figures(body.data['RTX 4090']), ['RTX 4090', 24, 8.9, 'Ada Lovelace', 'consumer', 100], 'the RTX 4090')
    expectSame(figures(body.data.H100), ['H100', 80, 9, 'Hopper', 'datacenter', 150], 'the H100')
    const keys = Object.entries<Row>(body.data)
    expectThat(
      keys.every(([key, { name }]) => key === name),
      'a key is not its model’s name',
    )
    return `${keys.length} models by name; RTX 4090: 24, 8.9, Ada Lovelace, consumer, 100; H100: 80, 9, Hopper, datacenter, 150`
  }),
  catalogueHas('S003-24', 'consumer', ['RTX 4090', 'RTX 4080', 'RTX 4070', 'RTX 3090', 'RTX 3080']),
  catalogueHas('S003-25', 'professional', ['A6000', 'A40', 'Quadro RTX 8000']),
  catalogueHas('S003-26', 'datacenter', ['H100', 'A100', 'V100']),
  catalogueHas('S003-27', 'consumer', ['RX 7900 XTX', 'RX 6900 XT']),
  kept('S003-28', async (lab) => {
    const models = Object.values<Row>(await data(await aMarket(lab), '/api/v1/gpu-models'))
    const scores = models.map((model) => model.performance_score).filter((score) => score !== null)
    expectThat(
      scores.every((score) => score >= 0 && score <= 150),
      `a score is ${Math.max(...scores)}`,
    )
    const unknown = models.length - scores.length
    return `${scores.length} scores between ${Math.min(...scores)} and ${Math.max(...scores)}; ${unknown} not published, null`
  }),
  kept(['S003-29', 'S003-30', 'S003-61'], async (lab) => {
    const { status, body } = await (await aMarket(lab)).call('GET', '/api/v1/providers')
    expectSame([status, body.success, Array.isArray(body.data)], [200, true, true], 'the answer')
    const named = (name: string) => body.data.find((one: Row) => one.name === name)
    const [vast, runpod] = [named('vast_ai'), named('runpod')]
    expectSame([vast.display_name, vast.website, vast.is_configured], ['Vast.ai', 'https://vast.ai', true], 'vast_ai')
    expectSame([runpod.display_name, runpod.is_configured], ['RunPod', true], 'runpod')
    has(vast.regions, ['US-East', 'US-West', 'Europe', 'Asia'], 'regions of vast_ai')
    has(runpod.regions, ['Global', 'US', 'Europe', 'Asia'], 'regions of runpod')
    has(vast.features, ['SSH Access', 'Docker Support', 'Jupyter Notebooks'], 'features of vast_ai')
    has(runpod.features, ['GraphQL API', 'Jupyter Support', 'Community & Secure Cloud'], 'features of runpod')
    has(vast.gpu_models, ['RTX 4090'], 'models of vast_ai')
    has(runpod.gpu_models, ['RTX 4090'], 'models of runpod')
    expectThat(
      body.data.every((one: Row) => one.features.length > 0),
      'a provider lists no features',
    )
    return `${body.data.length} providers; vast_ai and runpod with the example’s regions, features and website, and models on sale`
  }),
  kept('S003-32', async (lab) => {
    const world = await lab.world({ providers: ['vast'] })
    const marks = (await data(world, '/api/v1/providers')).map((one: Row) => `${one.name} ${one.is_configured}`)
    const wanted = ['vast_ai true', 'runpod false', 'lambda_labs false', 'paperspace false', 'novita false']
    expectSame([...marks].sort(), [...wanted].sort(), 'is_configured')
    return `with Vast’s key alone: ${marks.join(', ')}`
  }),
  kept(['S003-33', 'S003-34'], async (lab) => {
    const stats = await data(await aMarket(lab), '/api/v1/marketplace/stats')
    const keys = [
      'total_instances',
      'available_instances',
      'model_stats',
      'provider_stats',
      'average_price',
      'price_range',
    ]
    expectThat(
      keys.every((key) => key in stats),
      `missing: ${keys.filter((key) => !(key in stats))}`,
    )
    expectThat(
      ['min', 'max', 'avg'].every((key) => typeof stats.price_range[key] === 'number'),
      'price_range',
    )
    const { model, available_count, min_price, max_price, avg_price, providers } = stats.model_stats['RTX 4090']
    expectSame([model.name, model.memory_gb, model.performance_score], ['RTX 4090', 24, 100], 'model')
    const rows = await found(await aMarket(lab), 'gpu_model=RTX%204090&limit=1000')
    const prices = rows.map((row) => row.price_per_hour)
    expectSame(available_count, rows.length, 'available_count')
    expectThat(about(min_price, Math.min(...prices)) && about(max_price, Math.max(...prices)), 'min or max')
    expectThat(about(avg_price, mean(prices)), `avg is ${avg_price}, not ${mean(prices)}`)
    expectSame([...providers].sort(), [...new Set(rows.map((row) => row.provider))].sort(), 'providers')
    return `all keys; RTX 4090: ${available_count} offers, ${min_price} to ${max_price}, mean ${avg_price}, as its ${rows.length} rows give`
  }),
  kept('S003-35', async (lab) => {
    const world = await smallMarket(lab)
    const stats = await data(world, '/api/v1/marketplace/stats')
    const listed = await everything(world)
    const free = listed.filter((row) => row.available)
    const counts = Object.values<number>(stats.provider_stats).reduce((sum, count) => sum + count, 0)
    expectSame([stats.total_instances, stats.available_instances], [listed.length, free.length], 'the counts')
    expectSame(counts, stats.available_instances, 'the sum over providers')
    for (const [provider, count] of Object.entries(stats.provider_stats)) {
      expectSame(count, free.filter((row) => row.provider === provider).length, provider)
    }
    const avg = mean(free.map((row) => row.price_per_hour))
    expectThat(about(stats.average_price, avg), `average_price is ${stats.average_price}, not ${avg}`)
    expectSame(stats.price_range.avg, stats.average_price, 'price_range.avg')
    return `recomputed from ${listed.length} rows: ${free.length} available, ${counts} over providers, mean ${avg.toFixed(6)} = average_price`
  }),
  kept('S003-54', async (lab) => {
    const world = await lab.world({ providers: ['runpod'] })
    await swept(world)
    const price = async () => (await data(world, '/api/v1/marketplace/stats')).model_stats['RTX 4090'].min_price
    const before = await price()
    world.order('runpod', 'change-price', { factor: 2, matching: 'RTX 4090' })
    const begun = world.clock.now()
    const after = await world.until(async () => {
      const now = await price()
      return Math.abs(now - before) > 0.01 && now
    }, 5 * minute)
    expectThat(Math.abs(after - 2 * before) < 0.02, `${before} became ${after}`)
    const seconds = Math.round((world.clock.now() - begun) / 1000)
    return `RunPod doubles its price of an RTX 4090: the lowest goes from ${before} to ${after} within ${seconds} s`
  }),
  kept('S003-51', async (lab) => {
    const world = await lab.world({ providers: ['vast', 'runpod'] })
    world.order('runpod', 'faults', { kind: 'status', status: 503 })
    const search = await world.until(async () => {
      const { status, body } = await world.call('GET', '/api/v1/offers/search?gpu_model=RTX%204090')
      expectSame(status, 200, 'the status of a search')
      return body.data.length > 0 && body.warnings.length > 0 && body
    }, 2 * minute)
    const stats = await world.call('GET', '/api/v1/marketplace/stats')
    expectSame([stats.status, Object.keys(stats.body.data.provider_stats)], [200, ['vast_ai']], 'the statistics')
    const providers = [...new Set(search.data.map((row: Row) => row.provider))]
    expectSame([providers, search.warnings[0].provider], [['vast_ai'], 'runpod'], 'what is shown')
    return `RunPod answers 503: search and stats are 200 with Vast’s rows and a warning: ${search.warnings[0].message}`.slice(
      0,
      195,
    )
  }),
  kept('S003-49', async (lab) => {
    let change: Record<string, string> = {}
    const worlds: LabWorld[] = []
    const readConfig = () => configFrom({ ...worlds[0]?.settings, ...change })
    const world = await lab.world({ providers: ['vast'], surroundings: { readConfig } })
    worlds.push(world)
    const configured = async () =>
      (await data(world, '/api/v1/providers')).filter((one: Row) => one.is_configured).map((one: Row) => one.name)
    expectSame(await configured(), ['vast_ai'], 'before')
    change = { RUNPOD_API_KEY: 'sim-runpod', RUNPOD_API_BASE_URL: 'http://runpod.simulated' }
    await world.call('POST', '/api/v1/admin/reload')
    expectSame(await configured(), ['vast_ai', 'runpod'], 'with the second key')
    await world.until(async () => (await found(world, 'provider=runpod&limit=1')).length > 0, minute)
    change = {}
    await world.call('POST', '/api/v1/admin/reload')
    expectSame(
      [await configured(), (await found(world, 'provider=runpod&limit=1')).length],
      [['vast_ai'], 0],
      'without it',
    )
    return 'RUNPOD_API_KEY set, reloaded: RunPod is configured and searched; taken away, reloaded: gone; one process all the time'
  }),
  kept('S003-50', async (lab) => {
    const world = await lab.world({ providers: ['novita'] })
    await swept(world)
    const unknown = (await everything(world)).filter((row) => !row.gpu_known && /4090/.test(row.gpu_model))
    expectThat(unknown.length > 0, 'every spelling is known already')
    const spelling = unknown[0].gpu_model
    const put = (body: unknown) => world.call('PUT', '/api/v1/gpu-models/RTX%204090%20HF', body)
    const refused = await put({ memory_gb: -1, performance_score: 151 })
    expectThat(refused.status === 400 && /memory_gb.*performance_score/.test(refused.body.error), refused.body.error)
    const added = await put({
      memory_gb: 24,
      category: 'consumer',
      performance_score: 103,
      spellings: { novita: [spelling] },
    })
    expectSame([added.status, added.body.message], [200, 'GPU model added'], 'the answer')
    const rows = await found(world, 'gpu_model=RTX%204090%20HF&limit=1000')
    expectThat(
      rows.length > 0 && rows.every((row) => row.gpu_known && row.performance === 103),
      'its offers do not follow',
    )
    const later = await restarted(lab, world, { providers: ['novita'] })
    expectSame((await data(later, '/api/v1/gpu-models'))['RTX 4090 HF']?.source, 'api', 'after a restart')
    const events = (await later.call('GET', '/api/v1/audit?kind=changed')).body.data
    expectThat(
      events.some((one: Row) => one.data.what === 'gpu_model'),
      'the audit log does not tell of it',
    )
    const gone = await later.call('DELETE', '/api/v1/gpu-models/RTX%204090%20HF')
    expectSame([gone.status, gone.body.data], [200, null], 'taken back')
    return `PUT adds a model; ${rows.length} offers that were spelled "${spelling}" are it at once; audited, there after a restart, gone after DELETE`
  }),
  kept(['S003-55', 'S003-56'], history),
  kept('S003-57', async (lab) => {
    const world = await smallMarket(lab)
    const all = await found(world, 'limit=1000')
    const perGpu = (row: Row) => Number(row.price_per_hour_usd) / row.gpu_count
    const { body } = await world.call('GET', '/api/v1/marketplace/benchmarks')
    for (const one of body.data) {
      const rows = all.filter((row) => row.gpu_model === one.gpu_model)
      const least = Math.min(...rows.map(perGpu))
      expectThat(
        about(Number(one.price_per_hour_usd), least),
        `${one.gpu_model}: ${one.price_per_hour_usd}, not ${least}`,
      )
      const share = one.performance_score === null ? null : least / one.performance_score
      expectThat(
        share === null ? one.price_per_score_usd === null : about(Number(one.price_per_score_usd), share),
        `${one.gpu_model} per score`,
      )
    }
    const ranked = body.data.filter((one: Row) => one.rank !== null)
    expectThat(
      isSorted(
        ranked.map((one: Row) => Number(one.price_per_score_usd)),
        'asc',
      ),
      'not ranked',
    )
    expectThat(
      body.data.slice(ranked.length).every((one: Row) => one.price_per_score_usd === null),
      'unknown not last',
    )
    const tflops = (
      await data(world, '/api/v1/marketplace/benchmarks?rank_by=price_per_tflops&gpu_category=datacenter')
    )[0]
    const [best] = ranked
    return `${ranked.length} models by price per score, recomputed from ${all.length} rows; best ${best.gpu_model} at ${best.price_per_score_usd}; per TFLOPS ${tflops.gpu_model}; ${body.data.length - ranked.length} unknown last`
  }),
]

/** Prices and stock are moved on purpose, and what was written down has to say so. */
async function history(lab: Lab): Promise<string> {
  const world = await lab.world({ providers: ['runpod', 'lambda'] })
  const empty = await world.call('GET', '/api/v1/marketplace/trends')
  expectThat(/Nothing is recorded yet/.test(empty.body.message), `without records: ${empty.body.message}`)
  const query = 'gpu_model=RTX%204090&provider=runpod&market=on_demand'
  // Nobody searches: what is written down comes from the models that are watched. Days pass in large steps.
  const pass = async (ms: number) => {
    for (const end = world.clock.now() + ms; world.clock.now() < end; ) {
      await world.clock.drive(world.application.runDue())
      await world.clock.advance(60_000)
    }
  }
  await swept(world)
  const seriesOf = async (what: string) => (await data(world, `/api/v1/marketplace/${what}?${query}`)).series[0]
  const { points } = await world.until(() => seriesOf('trends'), 15 * minute)
  const [point] = points
  const rows = await found(world, `${query}&limit=1000`)
  const prices = rows.map((row) => Number(row.price_per_hour_usd) / row.gpu_count).sort((a, b) => a - b)
  const ranked = (share: number) => prices[Math.max(1, Math.ceil(prices.length * share)) - 1] ?? 0
  for (const [name, share] of [
    ['min_price_usd', 0],
    ['median_price_usd', 0.5],
    ['p90_price_usd', 0.9],
  ] as const) {
    expectThat(
      about(Number(point.prices[name]), ranked(share)),
      `${name} is ${point.prices[name]}, not ${ranked(share)}`,
    )
  }
  await pass(80 * minute)
  world.order('runpod', 'change-price', { factor: 1.5, matching: 'RTX 4090' })
  await pass(23 * hour)
  const trend = await seriesOf('trends')
  const percent = trend.change_24h.median_price.percent
  expectThat(percent > 45 && percent < 55, `the median moved by ${percent} %`)
  expectThat(trend.points.length >= 24, `${trend.points.length} hours`)
  const { series, interval } = await data(world, `/api/v1/marketplace/trends?${query}&interval=day`)
  expectThat(interval === 'day' && series[0].points.length <= 2, 'days')
  const before = await seriesOf('availability')
  expectThat(before.available_share === 1 && before.offers_most >= rows.length, 'availability before')

  world.order('runpod', 'faults', { kind: 'status', status: 503 })
  await pass(2 * hour)
  const silent = await seriesOf('availability')
  expectThat(silent.available_share === 1, 'a marketplace that does not answer counts as sold out')
  return `${trend.points.length} hours; min, median, p90 of the first as its ${rows.length} rows give; +50 % shows as ${percent} % in 24 h; available ${silent.available_share} of ${silent.looks} looks, none counted while it was down`
}

function catalogueHas(id: 'S003-24' | 'S003-25' | 'S003-26' | 'S003-27', category: string, names: string[]): Check {
  return kept(id, async (lab) => {
    const world = await aMarket(lab)
    const models = await data(world, '/api/v1/gpu-models')
    for (const name of names) expectSame(models[name]?.category, category, name)
    // Known is what can be searched for as well.
    const { status } = await world.call('POST', '/api/v1/offers/search/advanced', { gpu_models: names })
    expectSame(status, 200, 'a search for them')
    return `${names.join(', ')}: ${category}, and a search takes them`
  })
}

function has(list: readonly string[], wanted: readonly string[], what: string): void {
  const missing = wanted.filter((one) => !list.includes(one))
  expectThat(missing.length === 0, `${what}: no ${missing.join(', ')} in ${list.join(', ')}`)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
