/** Contract 003: what is on sale, and how it is found. */

import { type Check, kept, superseded } from './check.ts'
import { advanced, aMarket, everything, found, isSorted, type Row, splits } from './contract-003-kit.ts'
import { expectSame, expectThat } from './lab.ts'

const counts = ({ in: within, out }: { in: number; out: number }) => `${within} shown, ${out} not`

export const searchChecks: readonly Check[] = [
  kept('S003-02', async (lab) => {
    const world = await aMarket(lab)
    const { status, body } = await world.call('GET', '/api/v1/offers/search?available=true&limit=1000')
    const listed = await everything(world)
    const free = listed.filter((row) => row.available).length
    expectSame([status, body.success, body.message], [200, true, 'Offers retrieved successfully'], 'the answer')
    expectSame(body.data.length, free, 'how many are shown')
    return `200, success, ${free} of ${listed.length} listed offers: those that can be rented`
  }),
  kept('S003-03', async (lab) => {
    const world = await aMarket(lab)
    const rows = await found(world, 'gpu_model=RTX%204090&max_price=0.5&available=true&limit=1000')
    const all = await found(world, 'gpu_model=RTX%204090&limit=1000')
    const cheap = all.filter((row) => row.price_per_hour <= 0.5)
    expectThat(cheap.length > 0 && cheap.length < all.length, 'no 4090 on both sides of 0.5')
    expectSame(
      rows.map((row) => row.id),
      cheap.map((row) => row.id),
      'the rows',
    )
    expectThat(
      rows.every((row) => row.gpu_model === 'RTX 4090'),
      'another model is shown',
    )
    return `max_price 0.5: ${rows.length} of ${all.length} RTX 4090 offers, no other model`
  }),
  kept(['S003-04', 'S003-10'], async (lab) => {
    const world = await aMarket(lab)
    const example = {
      gpu_models: ['RTX 4090', 'RTX 4080', 'A100'],
      gpu_category: 'consumer',
      min_gpu_count: 1,
      max_price: 3.0,
      min_ram: 16,
      regions: ['US-East', 'US-West'],
      min_performance: 80,
      sort_by: 'price',
      sort_order: 'asc',
      available: true,
    }
    const { in: rows, out } = await splits(world, example, (row) => {
      return (
        ['RTX 4090', 'RTX 4080'].includes(row.gpu_model) &&
        row.price_per_hour <= 3 &&
        row.ram_gb !== null &&
        row.ram_gb >= 16 &&
        ['us-east', 'us-west'].includes(row.region)
      )
    })
    const { gpu_category: _, ...without } = { ...example, regions: undefined, min_ram: undefined }
    const a100 = (list: Row[]) => list.filter((row) => row.gpu_model.startsWith('A100')).length
    const loose = a100(await advanced(world, without))
    const strict = a100(await advanced(world, { ...without, gpu_category: 'consumer' }))
    expectThat(loose > 0 && strict === 0, `A100 rows: ${loose} without the category, ${strict} with it`)
    return `the ten fields: ${rows} rows that fit all, ${out} that do not left out; category consumer drops ${loose} A100 rows`
  }),
  kept('S003-05', async (lab) => {
    const world = await aMarket(lab)
    const { in: rows, out } = await splits(
      world,
      { min_price: 0.2, max_price: 5, min_reliability: 0.95 },
      (row) =>
        row.price_per_hour >= 0.2 && row.price_per_hour <= 5 && row.reliability !== null && row.reliability >= 0.95,
    )
    return `min_price, max_price and min_reliability together: ${counts({ in: rows, out })}`
  }),
  kept('S003-06', async (lab) => {
    const seen = await splits(await aMarket(lab), { gpu_model: 'RTX 4090' }, (row) => row.gpu_model === 'RTX 4090')
    return `gpu_model RTX 4090: ${counts(seen)}`
  }),
  kept('S003-07', async (lab) => {
    const world = await aMarket(lab)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = '{"gpu_category": "consumer", "available": true}'
    const reply = await world.call('POST', '/api/v1/offers/search/advanced', body, form)
    expectSame(reply.status, 200, 'the status')
    const categories = new Set(reply.body.data.map((row: Row) => row.gpu_info.category))
    expectSame([...categories], ['consumer'], 'the categories')
    return `sent as a form: 200, ${reply.body.data.length} rows, all consumer`
  }),
  kept('S003-08', async (lab) => {
    const world = await aMarket(lab)
    const wanted = ['RTX 4090', 'RTX 4080', 'RTX 4070']
    const seen = await splits(world, { gpu_models: wanted }, (row) => wanted.includes(row.gpu_model))
    const shown = new Set((await advanced(world, { gpu_models: wanted, limit: 1000 })).map((row) => row.gpu_model))
    expectThat(shown.size >= 2, `only ${[...shown]} is on sale`)
    return `any of three models: ${counts(seen)}; ${[...shown].join(', ')}`
  }),
  kept('S003-09', async (lab) => {
    const world = await aMarket(lab)
    const parts: string[] = []
    for (const category of ['consumer', 'professional', 'datacenter']) {
      const seen = await splits(world, { gpu_category: category }, (row) => row.gpu_info?.category === category)
      parts.push(`${category} ${seen.in}`)
    }
    return `${parts.join(', ')} rows; each shows its own and no GPU that nobody knows`
  }),
  kept('S003-11', async (lab) => {
    const seen = await splits(await aMarket(lab), { min_gpu_count: 2 }, (row) => row.gpu_count >= 2)
    return `min_gpu_count 2: ${counts(seen)}`
  }),
  kept('S003-12', async (lab) => {
    const seen = await splits(
      await aMarket(lab),
      { min_price: 0.5, max_price: 1 },
      (row) => row.price_per_hour >= 0.5 && row.price_per_hour <= 1,
    )
    return `0.5 to 1 $/h: ${counts(seen)}`
  }),
  kept('S003-13', async (lab) => {
    const seen = await splits(await aMarket(lab), { min_ram: 64 }, (row) => row.ram_gb !== null && row.ram_gb >= 64)
    return `min_ram 64: ${counts(seen)}`
  }),
  kept('S003-14', async (lab) => {
    const world = await aMarket(lab)
    const rows = await advanced(world, { provider: 'vast_ai', min_storage_gb: 500, limit: 1000 })
    const all = await advanced(world, { provider: 'vast_ai', limit: 1000 })
    expectSame(rows.length, all.filter((row) => row.storage_gb >= 500).length, 'how many are shown')
    expectThat(rows.length > 0 && rows.length < all.length, 'all or none have so much disk')
    return `min_storage_gb 500 at Vast: ${rows.length} of ${all.length} rows, the least has ${Math.min(...rows.map((row) => row.storage_gb))} GB`
  }),
  kept('S003-15', async (lab) => {
    const world = await aMarket(lab)
    const parts: string[] = []
    const place = (row: Row) => `${row.region} ${row.location}`
    // Where we have no name for a region, the marketplace's words for the place decide.
    const names = {
      'US-East': /^us-east |Georgia, USA$/,
      'US-West': /^us-west /,
      Europe: /^europe-|Moscow/,
      Asia: /^asia-/,
    }
    for (const [name, pattern] of Object.entries(names)) {
      const seen = await splits(world, { regions: [name] }, (row) => pattern.test(place(row)))
      parts.push(`${name} ${seen.in}`)
    }
    const either = (row: Row) => names['US-East'].test(place(row)) || names.Asia.test(place(row))
    const seen = await splits(world, { regions: ['US-East', 'Asia'] }, either)
    return `${parts.join(', ')} rows; US-East or Asia: ${counts(seen)}`
  }),
  kept('S003-16', async (lab) => {
    const seen = await splits(
      await aMarket(lab),
      { min_reliability: 0.98 },
      (row) => row.reliability !== null && row.reliability >= 0.98,
    )
    return `min_reliability 0.98: ${counts(seen)}; what a marketplace does not say does not pass`
  }),
  kept('S003-17', async (lab) => {
    const world = await aMarket(lab)
    const seen = await splits(
      world,
      { min_performance: 90 },
      (row) => row.performance !== null && row.performance >= 90,
    )
    const least = (await advanced(world, { min_performance: 90, sort_by: 'performance', limit: 1 }))[0]
    expectSame(least.performance, 90, 'the least that is shown')
    return `min_performance 90: ${counts(seen)}; the bound is inclusive (${least.gpu_model} has 90)`
  }),
  kept(['S003-18', 'S003-19'], async (lab) => {
    const world = await aMarket(lab)
    for (const by of ['price', 'performance', 'reliability'] as const) {
      for (const order of ['asc', 'desc'] as const) {
        const rows = await advanced(world, { sort_by: by, sort_order: order, limit: 1000 })
        const values = rows.map((row) => (by === 'price' ? row.price_per_hour : row[by]))
        const known = values.filter((value) => value !== null)
        expectThat(new Set(known).size > 3 && isSorted(known, order), `${by} ${order} is not sorted`)
        expectThat(
          values.slice(known.length).every((value) => value === null),
          `${by} ${order}: unknown is not last`,
        )
      }
    }
    return 'price, performance and reliability, each ascending and descending over all rows; unknown ones last'
  }),
  kept('S003-20', async (lab) => {
    const world = await aMarket(lab)
    const all = await everything(world)
    const taken = all.filter((row) => !row.available)
    const shown = new Set((await found(world, 'available=true&limit=1000')).map((row) => row.id))
    expectThat(
      taken.every((row) => !shown.has(row.id)),
      'an offer that is taken is shown',
    )
    const providers = [...new Set(taken.map((row) => row.provider))].sort()
    expectThat(providers.length >= 3, `only ${providers} list what is taken`)
    return `${taken.length} offers that are listed and taken (${providers.join(', ')}) are not shown`
  }),
  kept('S003-21', async (lab) => {
    const world = await aMarket(lab)
    const rows = await found(world, 'limit=1000')
    for (const row of rows) {
      const types = [typeof row.provider, typeof row.provider_id, typeof row.gpu_model, typeof row.price_per_hour]
      expectSame(types, ['string', 'string', 'string', 'number'], `the types of ${row.id}`)
    }
    const plans: string[] = []
    for (const provider of ['vast_ai', 'runpod', 'novita']) {
      const row = rows.find((one) => one.provider === provider && one.market === 'on_demand')
      const wish = { provider, offer_id: row.provider_id, image: 'ubuntu:24.04', onstart_script: 'sleep 1' }
      const { status, body } = await world.call('POST', '/api/v1/instances/plan', wish)
      expectSame([status, body.data.offers[0]?.provider_id], [200, row.provider_id], `the plan at ${provider}`)
      plans.push(provider)
    }
    return `${rows.length} rows have all four; provider_id of ${plans.join(', ')} is taken for a creation as it is`
  }),
  kept('S003-40', async (lab) => {
    const world = await aMarket(lab)
    const rows = await found(world, 'provider=vast_ai&gpu_model=RTX%204090&limit=1000')
    const [row] = rows
    expectThat(/^vast_\d+(:spot)?$/.test(row.id), `the id is ${row.id}`)
    expectSame([row.provider, row.gpu_model, row.performance], ['vast_ai', 'RTX 4090', 100], 'the row')
    expectSame(
      row.gpu_info,
      {
        name: 'RTX 4090',
        memory_gb: 24,
        compute_capability: 8.9,
        architecture: 'Ada Lovelace',
        category: 'consumer',
        performance_score: 100,
      },
      'gpu_info',
    )
    const { download_mbps: down, upload_mbps: up } = row.network_info
    expectThat(down > 0 && up > 0 && row.reliability > 0, 'network or reliability is missing')
    return `${row.id}: gpu_info as written, performance 100, reliability ${row.reliability}, ${down}/${up} Mbit/s`
  }),
  kept('S003-41', async (lab) => {
    const rows = await found(await aMarket(lab), 'gpu_model=RTX%204090&limit=1000')
    const by = (provider: string) => rows.find((row) => row.provider === provider)
    expectThat(by('vast_ai') && by('runpod') && by('novita'), 'a marketplace has no RTX 4090')
    expectThat(String(by('runpod').provider_id).startsWith('NVIDIA GeForce RTX 4090'), 'RunPod spells it as we do')
    const spelled = await found(await aMarket(lab), 'gpu_model=RTX_4090&limit=1000')
    expectSame(spelled.length, rows.length, 'found as RTX_4090')
    return `RunPod’s "NVIDIA GeForce RTX 4090", Vast’s and Novita’s spellings are one model; asked as RTX_4090: ${spelled.length} rows too`
  }),
  kept('S003-42', async (lab) => {
    const world = await aMarket(lab)
    const { body } = await world.call('GET', '/api/v1/offers/search?gpu_model=RTX%204090&max_price=0.000001')
    expectSame([body.success, typeof body.message, body.data], [true, 'string', []], 'the envelope')
    return `an empty search: success, message, data []; ${body.explanation.sentence}`.slice(0, 195)
  }),
  kept(['S003-52', 'S003-53'], async (lab) => {
    const world = await aMarket(lab)
    const parts: string[] = []
    for (const provider of ['vast_ai', 'runpod', 'lambda_labs', 'paperspace', 'novita']) {
      const rows = await advanced(world, { provider, available: true, sort_by: 'price', limit: 1000 })
      expectThat(rows.length > 0 && rows.every((row) => row.provider === provider), `the filter of ${provider}`)
      parts.push(`${provider} ${rows.length}`)
    }
    const rows = await found(world, 'gpu_model=RTX%204090&limit=40')
    expectThat(
      isSorted(
        rows.map((row) => row.price_per_hour),
        'asc',
      ),
      'not cheapest first',
    )
    const mixed = [...new Set(rows.map((row) => row.provider))]
    expectThat(mixed.length >= 2, `only ${mixed}`)
    const wish = { gpu_model: 'RTX 4090', market: 'any', image: 'ubuntu:24.04', onstart_script: 'sleep 1' }
    const { body } = await world.call('POST', '/api/v1/instances/plan', wish)
    const single = rows.filter((row) => row.gpu_count === 1)
    expectSame(body.data.offers[0].id, single[0].id, 'what is chosen without a provider')
    return `the same body: ${parts.join(', ')} rows; cheapest first mixes ${mixed.join(', ')}; no provider named takes the cheapest`
  }),
  superseded(
    'R003-08',
    'a price cap that is dropped in silence costs money, so that what cannot be read is refused',
    async (lab) => {
      const { status, body } = await (await aMarket(lab)).call('GET', '/api/v1/offers/search?max_price=abc')
      expectSame(status, 400, 'the status')
      expectThat(/max_price/.test(body.error), body.error)
      return 'max_price=abc: 400 that names the field'
    },
  ),
  kept('R003-09', async (lab) => {
    const rows = await everything(await aMarket(lab))
    const words = (available: boolean) => [
      ...new Set(rows.filter((row) => row.available === available).map((row) => row.status)),
    ]
    expectSame([words(true), words(false)], [['offline'], ['unavailable']], 'the words')
    return 'a free offer is offline, one that is listed and cannot be rented unavailable'
  }),
  kept('R003-10', async (lab) => {
    const rows = await found(await aMarket(lab), 'limit=1000')
    const wanted: Record<string, string[]> = {
      vast_ai: ['machine_id', 'compute_cap', 'cpu_name', 'gpu_memory_gb', 'disk_name', 'internet_down', 'internet_up'],
      runpod: ['secure_cloud', 'community_cloud', 'minimum_bid_price', 'uninterruptable_price'],
    }
    for (const [provider, keys] of Object.entries(wanted)) {
      for (const row of rows.filter((one) => one.provider === provider)) {
        const missing = keys.filter((key) => !(key in row.provider_data))
        expectThat(missing.length === 0, `${row.id} has no ${missing}`)
      }
    }
    return 'every Vast row has machine_id, compute_cap, cpu_name …, every RunPod row secure_cloud, minimum_bid_price …'
  }),
  kept('R003-11', async (lab) => {
    const world = await aMarket(lab)
    const ram = await splits(
      world,
      { min_ram_gb: 32, max_ram_gb: 128 },
      (row) => row.ram_gb !== null && row.ram_gb >= 32 && row.ram_gb <= 128,
    )
    const count = await splits(world, { max_gpu_count: 2 }, (row) => row.gpu_count <= 2)
    await splits(
      world,
      { region: 'US-East', provider: 'runpod' },
      (row) => row.region === 'us-east' && row.provider === 'runpod',
    )
    for (const [by, read] of [
      ['memory', (row: Row) => row.gpu_memory_gb * row.gpu_count],
      ['gpu_count', (row: Row) => row.gpu_count],
    ] as const) {
      const values = (await advanced(world, { sort_by: by, sort_order: 'desc', limit: 1000 })).map(read)
      expectThat(isSorted(values, 'desc'), `${by} is not sorted`)
    }
    return `32 to 128 GB of RAM: ${counts(ram)}; at most 2 GPUs: ${counts(count)}; region with provider; sorts by memory and gpu_count`
  }),
  kept('R003-12', async (lab) => {
    const rows = await everything(await aMarket(lab))
    expectThat(
      rows.every((row) => row.performance === row.performance_score),
      'they differ',
    )
    const scored = rows.filter((row) => row.performance !== null).length
    expectThat(scored > 0, 'no row has a score')
    return `performance_score is performance in all ${rows.length} rows, ${scored} of them with a figure`
  }),
]
