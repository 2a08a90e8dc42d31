import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '../../server/src/store/sqlite.ts'
import { type Check, kept } from './check.ts'
import { hour, minute, rentals, untilRow, vastWorld } from './contract-000-kit.ts'
import { expectSame, expectThat, type Lab, type LabWorld } from './lab.ts'

/** Contract 000 without its instances: offers, templates, statistics, health and errors. */
export const marketChecks: readonly Check[] = [
  kept('S000-01', async (lab) => {
    const { settings } = await lab.markets()
    const server = lab.server({ ...settings, PORT: '8001' })
    await server.url
    const { status } = await fetch('http://localhost:8001/api/vast/templates')
    expectSame(status, 200, 'the status at localhost:8001')
    return 'the program with PORT=8001: http://localhost:8001/api/vast/templates answers 200'
  }),

  kept(['S000-02', 'S000-03'], async (lab) => {
    const { world, rows } = await aMarket(lab)
    const path = '/api/vast/offers?gpu_name=RTX4090&max_price=1.5&rentable=true'
    const { offers, total } = await found(world, await world.call('GET', path))
    const fit = rows.filter((row) => is4090(row) && row.dph_total <= 1.5 && !row.rented)
    expectSame(ids(offers), idsOf(cheapest(fit)), 'the offers that fit all three filters')
    const each = ['gpu_name=RTX4090', 'max_price=1.5', 'rentable=true']
    const alone = await Promise.all(
      each.map(async (one) => (await world.call('GET', `/api/vast/offers?${one}`)).body.total),
    )
    const wanted = [rows.filter(is4090), rows.filter((row) => row.dph_total <= 1.5), rows.filter((row) => !row.rented)]
    expectSame(
      alone,
      wanted.map((one) => one.length),
      'what each filter alone leaves',
    )
    return `${total} of ${rows.length} offers fit; each filter alone leaves ${alone.join(', ')}`
  }),

  kept(['S000-04', 'S000-06', 'S000-09'], async (lab) => {
    const { world } = await aMarket(lab)
    const reply = await world.call('POST', '/api/vast/search-offers', example)
    const { offers, total, filtered_count, sort_info } = await found(world, reply)
    expectThat(offers.length > 0 && total >= filtered_count, 'the example finds nothing')
    expectSame([sort_info.sort_by, sort_info.order], ['price', 'ascending'], 'sort_info')
    return `the seven-field example: 200, ${filtered_count} of ${total} offers, sort_info ${JSON.stringify(sort_info)}`
  }),

  kept('S000-05', async (lab) => {
    const { world, rows } = await aMarket(lab)
    const some = await found(world, await search(world, { max_price: 0.5, min_gpu_ram: 8, limit: 5 }))
    const all = await found(world, await search(world, {}))
    const none = await found(world, await world.call('POST', '/api/vast/search-offers'))
    expectSame([all.total, none.total], [rows.length, rows.length], 'the total of a search for everything')
    expectThat(some.total > 5 && some.total < all.total, `three fields find ${some.total}`)
    return `three fields: ${some.total} offers; {} and no body at all: every one of ${all.total}`
  }),

  kept(['S000-07', 'S000-11'], async (lab) => {
    const { world, rows } = await aMarket(lab)
    const { offers } = await found(world, await search(world, { gpu_name: 'RTX4090', limit: 100 }))
    expectThat(offers.length > 0, 'no RTX4090 is found')
    for (const offer of offers) {
      const row = rows.find(({ id }) => String(id) === offer.id)
      expectThat(
        typeof offer.id === 'string' && row !== undefined,
        `id ${JSON.stringify(offer.id)} is not Vast’s as text`,
      )
      expectSame(
        [offer.gpu_name, offer.gpu_ram, offer.num_gpus, offer.rentable],
        ['RTX 4090', Math.round(row.gpu_ram / 1024), row.num_gpus, !row.rented],
        'gpu_name, gpu_ram, num_gpus, rentable',
      )
      expectThat(Math.abs(offer.dph_total - row.dph_total) < 1e-6, `dph_total ${offer.dph_total}, not ${row.dph_total}`)
    }
    const spellings = ['RTX 4090', 'rtx_4090', 'NVIDIA GeForce RTX 4090']
    for (const gpu_name of spellings) {
      const same = await found(world, await search(world, { gpu_name, limit: 100 }))
      expectSame(ids(same.offers), ids(offers), `what ${gpu_name} finds`)
    }
    const usual = rows.find(
      (row) => is4090(row) && offers.some(({ id, gpu_ram }) => id === String(row.id) && gpu_ram === 24),
    )
    expectThat(usual !== undefined, 'no RTX 4090 with 24 GB')
    return `RTX4090 finds ${offers.length} named "RTX 4090"; id "${usual.id}" is text, gpu_ram 24 where Vast sends ${usual.gpu_ram} MB`
  }),

  kept(['S000-08', 'S000-16'], async (lab) => {
    const { world, rows } = await aMarket(lab)
    const there = rows.filter(is4090)
    const { offers, total, filtered_count } = await found(
      world,
      await search(world, { gpu_name: 'RTX4090', limit: 10 }),
    )
    expectThat(there.length >= 50, `only ${there.length} RTX 4090 are on sale`)
    expectSame([total, filtered_count, offers.length], [there.length, 10, 10], 'total, filtered_count, rows')
    expectSame((await search(world, { limit: 1 })).body.offers.length, 1, 'rows with limit 1')
    return `limit 10 of ${there.length} RTX 4090 on sale: ${offers.length} rows, total ${total}, filtered_count ${filtered_count}`
  }),

  kept('S000-10', async (lab) => {
    const { world, rows } = await aMarket(lab)
    const { offers } = await found(world, await search(world, { sort_by: 'price', limit: 100 }))
    const prices = offers.map((one) => one.dph_total)
    expectSame(
      prices,
      prices.toSorted((a, b) => a - b),
      'the prices',
    )
    expectSame(ids(offers), idsOf(cheapest(rows)).slice(0, 100), 'the cheapest hundred')
    return `${prices.length} rows from ${prices[0]} up to ${prices.at(-1)} $/h, each at least as dear as the one before`
  }),

  kept(
    'S000-12',
    filterCheck({ max_price: 0.4 }, (row) => row.dph_total <= 0.4),
  ),
  kept(
    'S000-13',
    filterCheck({ min_gpu_ram: 16 }, (row) => Math.round(row.gpu_ram / 1024) >= 16),
  ),
  kept('S000-14', async (lab) => {
    const counts = [1, 2].map((num_gpus) => filterCheck({ num_gpus }, (row) => row.num_gpus === num_gpus)(lab))
    return (await Promise.all(counts)).join('; ')
  }),
  kept('S000-15', async (lab) => {
    const { world, rows } = await aMarket(lab)
    const taken = rows.filter((row) => row.rented)
    const free = await found(world, await search(world, { rentable: true, limit: 100 }))
    const rented = await found(world, await search(world, { rentable: false, limit: 100 }))
    const either = await found(world, await search(world, { limit: 100 }))
    expectSame(
      [free.total, rented.total, either.total],
      [rows.length - taken.length, taken.length, rows.length],
      'totals',
    )
    expectThat(
      free.offers.every(({ rentable }) => rentable),
      'rentable: true shows a rented offer',
    )
    expectThat(
      rented.offers.length > 0 && rented.offers.every(({ rentable }) => !rentable),
      'rentable: false shows a free one',
    )
    return `of ${rows.length} offers that Vast shows, ${taken.length} rented: rentable true finds ${free.total}, false ${rented.total}, neither ${either.total}`
  }),

  kept('S000-17', async (lab) => {
    const { world } = await aMarket(lab)
    const { templates } = (await world.call('GET', '/api/vast/templates')).body
    for (const { name, config } of templates) {
      expectThat(typeof name === 'string' && typeof config === 'object', 'a row is not {name, config}')
    }
    const names = templates.map(({ name }: Named) => name)
    for (const name of ['high_performance', 'budget', 'research'])
      expectThat(names.includes(name), `${name} is missing`)
    return `${templates.length} rows of {name, config}: ${names.join(', ')}`
  }),
  templateCheck('S000-18', 'high_performance', {
    vllm_model_name: 'Qwen/Qwen2.5-Coder-32B-Instruct',
    vllm_max_model_len: 8192,
    min_gpu_ram: 24,
    max_price: 2.0,
  }),
  templateCheck('S000-19', 'budget', {
    vllm_model_name: 'Qwen/Qwen2.5-Coder-7B-Instruct',
    min_gpu_ram: 8,
    max_price: 0.5,
  }),
  templateCheck('S000-20', 'research', {
    vllm_model_name: 'Qwen/Qwen2.5-Coder-14B-Instruct',
    min_gpu_ram: 16,
    max_price: 1.0,
  }),
  kept('S000-21', async (lab) => {
    const { world } = await aMarket(lab)
    const { templates } = (await world.call('GET', '/api/vast/templates')).body
    for (const { name, config } of templates) {
      expectThat(/^\S+\/\S+$/.test(config.vllm_model_name), `${name} has no vllm_model_name`)
    }
    return `config.vllm_model_name names a model in each of ${templates.length} templates`
  }),
  kept('S000-22', async (lab) => {
    const { world } = await aMarket(lab)
    const chosen: string[] = []
    for (const [name, gpus] of Object.entries(suitable)) {
      const { config } = (await world.call('GET', `/api/vast/templates/${name}`)).body
      expectSame(config.gpu_names, gpus, `gpu_names of ${name}`)
      const plan = await world.call('POST', '/api/v1/instances/plan', { template: name, provider: 'vast_ai' })
      const offers: { gpu_model: string; gpu_memory_gb: number; price_per_hour: number }[] = plan.body.data.offers
      expectThat(offers.length > 0, `nothing would be rented for ${name}`)
      for (const offer of offers) {
        const plain = offer.gpu_model.replaceAll(' ', '')
        expectThat(
          gpus.some((gpu) => plain.startsWith(gpu)),
          `${offer.gpu_model} for ${name}`,
        )
        expectThat(
          offer.gpu_memory_gb >= config.min_gpu_ram && offer.price_per_hour <= config.max_price,
          `limits of ${name}`,
        )
      }
      chosen.push(`${name}: ${[...new Set(offers.map((offer) => offer.gpu_model))].sort().join(', ')}`)
    }
    return `config.gpu_names as promised; what a launch would try: ${chosen.join('; ')}`
  }),
  kept('S000-23', async (lab) => {
    const { world } = await aMarket(lab)
    const words = {
      high_performance: /high performance.*large/i,
      budget: /development.*test/i,
      research: /research.*experiment/i,
    }
    const said: string[] = []
    for (const [name, words_] of Object.entries(words)) {
      const { description } = (await world.call('GET', `/api/vast/templates/${name}`)).body.config
      expectThat(words_.test(description), `${name}: ${description}`)
      said.push(`${name}: ${description}`)
    }
    return said.join('; ')
  }),
  kept('S000-24', async (lab) => {
    const { world } = await aMarket(lab)
    const { templates } = (await world.call('GET', '/api/vast/templates')).body
    for (const template of templates) {
      const { status, body } = await world.call('GET', `/api/vast/templates/${template.name}`)
      expectSame([status, body], [200, template], `GET /templates/${template.name}`)
    }
    return `each of ${templates.length} by its name: 200 and the same as in the list`
  }),
  kept(['S000-25', 'S000-26'], async (lab) => {
    const { world } = await aMarket(lab)
    const { status, body } = await world.call('GET', '/api/vast/templates/invalid_template')
    expectSame([status, body], [404, { detail: `템플릿 'invalid_template'을 찾을 수 없습니다` }], 'the answer')
    return `GET /templates/invalid_template: 404 ${JSON.stringify(body)}`
  }),

  kept(['S000-49', 'S000-50'], async (lab) => {
    const { world } = await vastWorld(lab)
    const nothing = (await world.call('GET', '/api/vast/statistics')).body
    expectSame([nothing.total_instances, nothing.total_cost, nothing.gpu_distribution], [0, 0, {}], 'of nothing')
    const body = { provider: 'vast_ai', max_price_per_hour_usd: 1 }
    const launch = async (gpu_model: string) =>
      (await world.call('POST', '/api/v1/instances', { ...body, gpu_model })).body.data.id as string
    const made = [await launch('RTX 4090'), await launch('RTX 4090'), await launch('RTX 3090')]
    const other = (await world.call('POST', '/api/vast/instances/from-template?template_name=budget')).body.instance_id
    for (const id of made) await world.untilStatus(id, 'ready', 30 * minute)
    await untilRow(world, other, 'running_vllm', 30 * minute)
    await world.call('DELETE', `/api/v1/instances/${made[1]}`)
    await world.untilStatus(made[1] ?? '', 'terminated', 10 * minute)
    await world.pass(hour / 2)

    const all = (await world.call('GET', '/api/v1/instances')).body.data
    const found = (await world.call('GET', '/api/vast/statistics')).body
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, one) => total + one, 0)
    expectSame([found.total_instances, found.active_instances, found.destroyed_instances], [4, 3, 1], 'the counts')
    expectSame([sum(found.gpu_distribution), sum(found.status_distribution)], [3, 4], 'the sums of both distributions')
    expectSame(found.status_distribution.exited, 1, 'the destroyed one among the statuses')
    expectSame(found.gpu_distribution['RTX 4090'], 1, 'active RTX 4090')
    const spent = all.reduce(
      (total: number, one: { cost_so_far_usd: string }) => total + Number(one.cost_so_far_usd),
      0,
    )
    expectThat(
      spent > 0.1 && Math.abs(found.total_cost - spent) < 0.02,
      `total_cost ${found.total_cost}, ledger ${spent}`,
    )
    expectThat(found.average_cost_per_hour > 0.05 && found.average_cost_per_hour < 1, 'average_cost_per_hour')
    const said = (counts: Record<string, number>) =>
      Object.entries(counts)
        .map(([name, one]) => `${one} ${name}`)
        .join(', ')
    return `4 = 3 active + 1 destroyed; active: ${said(found.gpu_distribution)}; all: ${said(found.status_distribution)}; $${found.total_cost} as in the ledger`
  }),

  kept('S000-64', async (lab) => {
    const tables: { broken: () => Promise<void> }[] = []
    const openDatabase: typeof openSqlite = (path) => {
      const database = openSqlite(path)
      tables.push({ broken: () => database.schema.dropTable('templates').execute() })
      return database
    }
    const world = await lab.world({ providers: ['vast'], surroundings: { openDatabase } })
    const statuses = []
    statuses.push(await world.call('GET', '/api/vast/templates'))
    statuses.push(await world.call('GET', '/api/vast/offers?max_price=much'))
    statuses.push(await world.call('GET', '/api/vast/templates/nothing'))
    await tables[0]?.broken()
    statuses.push(await world.call('GET', '/api/vast/templates'))
    expectSame(
      statuses.map(({ status }) => status),
      [200, 400, 404, 500],
      'the statuses',
    )
    const said = statuses.at(-1)?.body
    expectSame(Object.keys(said), ['detail'], 'the fields of a 500')
    expectThat(!/templates|sqlite|at /i.test(said.detail), `a 500 tells of the inside: ${said.detail}`)
    return `good 200, wrong parameter 400, unknown template 404, a broken database 500 ${JSON.stringify(said)}`
  }),
  kept('S000-65', async (lab) => {
    const { world } = await aMarket(lab)
    const wrong = [
      { limit: 'x' },
      { limit: 101 },
      { limit: 0 },
      { sort_by: 'name' },
      { min_gpu_ram: 0 },
      { rentable: 'yes' },
    ]
    for (const body of wrong) {
      const reply = await search(world, body)
      const [field = ''] = Object.keys(body)
      expectThat(reply.status === 400 && reply.body.detail.includes(field), `${JSON.stringify(body)}: ${reply.status}`)
    }
    const { detail } = (await search(world, { limit: 'x' })).body
    return `${wrong.length} wrong bodies: 400 each, with the field named: ${detail}`
  }),
  kept('S000-66', async (lab) => {
    const world = await lab.world({ providers: ['vast'], settings: { CONTROL_API_KEY: 'an-admin-key-of-20-letters' } })
    const refusals = {
      '400 not JSON': await world.call('POST', '/api/vast/search-offers', '{'),
      '401 wrong key': await world.call('GET', '/api/vast/offers', undefined, { 'x-api-key': 'wrong' }),
      '404 no path': await world.call('GET', '/api/vast/nothing'),
      '404 no instance': await world.call('GET', '/api/vast/instances/inst_0000000000000000'),
      '405 method': await world.call('PUT', '/api/vast/offers', {}),
      '413 too large': await world.call('POST', '/api/vast/search-offers', `{"gpu_name":"${'x'.repeat(1_100_000)}"}`),
    }
    for (const [name, { status, body }] of Object.entries(refusals)) {
      expectThat(name.startsWith(String(status)), `${name}: ${status}`)
      expectSame([Object.keys(body), typeof body.detail], [['detail'], 'string'], name)
    }
    return `{detail: text} and nothing else for ${Object.keys(refusals).join(', ')}`
  }),

  kept('R000-01', async (lab) => {
    const { world } = await vastWorld(lab)
    const good = await world.call('GET', '/api/vast/health')
    expectSame([good.status, good.body.status, good.body.service], [200, 'healthy', 'vast'], 'of a working Vast')
    expectSame(typeof good.body.message, 'string', 'the message')
    world.order('vast', 'faults', { kind: 'status', status: 503, path: '/users/current' })
    const down = await world.call('GET', '/api/vast/health')
    const keyless = await (await lab.world({ providers: ['novita'] })).call('GET', '/api/vast/health')
    const wrong = await lab.world({ providers: ['vast'], settings: { VAST_API_KEY: 'not-the-key' } })
    const refused = await wrong.call('GET', '/api/vast/health')
    expectSame([down.status, keyless.status, refused.status], [503, 503, 503], 'Vast down, no key, a wrong key')
    return `${JSON.stringify(good.body)}; 503 while Vast is down, without a key and with a wrong one`
  }),

  kept('R000-05', async (lab) => {
    const { world, rows } = await aMarket(lab)
    const usual = await found(world, await search(world, {}))
    const most = await found(world, await search(world, { limit: 100 }))
    expectSame([usual.filtered_count, most.filtered_count], [20, 100], 'rows by default and at most')
    expectSame(usual.search_query, null, 'search_query of a search for everything')
    for (const sort_by of ['gpu_ram', 'num_gpus'] as const) {
      const { offers, sort_info } = await found(world, await search(world, { sort_by, limit: 100 }))
      const figures = offers.map((offer) => offer[sort_by])
      expectSame(
        figures,
        figures.toSorted((a, b) => a - b),
        `${sort_by}, ascending`,
      )
      expectSame([sort_info.sort_by, sort_info.order], [sort_by, 'ascending'], 'sort_info')
    }
    const speeds = await found(world, await search(world, { inet_down: 800, inet_up: 500 }))
    const fit = rows.filter((row) => (row.inet_down ?? 0) >= 800 && (row.inet_up ?? 0) >= 500)
    expectThat(fit.length > 0 && fit.length < rows.length, 'the market has offers on both sides')
    expectSame(speeds.total, fit.length, 'offers with both speeds')
    expectSame(speeds.search_query, 'inet_down>=800 inet_up>=500', 'search_query')
    return `20 rows by default, 100 at most; sorted by gpu_ram and num_gpus; ${fit.length} of ${rows.length} are fast enough; search_query "${speeds.search_query}"`
  }),
  kept('R000-06', async (lab) => {
    const world = await lab.world({ providers: ['novita'] })
    const replies = [await search(world, {}), await world.call('GET', '/api/vast/offers')]
    for (const { status, body } of replies) {
      expectSame([status, body], [400, { detail: 'API 키가 설정되지 않았거나 잘못되었습니다' }], 'without VAST_API_KEY')
    }
    return `without VAST_API_KEY both searches answer 400 ${JSON.stringify(replies[0]?.body)}`
  }),
  kept('R000-07', async (lab) => {
    const { world } = await vastWorld(lab)
    const create = (vllm_config: object) =>
      world.call('POST', '/api/vast/instances', { template_name: 'budget', vllm_config })
    for (const [field, value] of Object.entries(outOfRange)) {
      const { status, body } = await create({ [field]: value })
      expectThat(status === 400 && body.detail.includes(field), `${field} ${value}: ${status} ${body.detail}`)
    }
    const seen = rentals(world)
    const chosen = {
      vllm_max_model_len: 16_384,
      vllm_dtype: 'bfloat16',
      vllm_port: 8_000,
      vllm_tool_call_parser: 'hermes',
    }
    const { body } = await create(chosen)
    await untilRow(world, body.instance_id, 'running_vllm', 30 * minute)
    const env = seen[0]?.body.env ?? {}
    const wanted = { ...asEnvironment(defaults), ...asEnvironment(chosen) }
    for (const [name, value] of Object.entries(wanted)) expectSame(env[name], value, `${name} on the machine`)
    const count = Object.keys(outOfRange).length
    return `${count} fields out of range: 400 each; the machine has ${Object.keys(wanted).length} VLLM_ variables, defaults with the four that were set`
  }),
  kept('R000-19', async (lab) => {
    const folder = join(lab.folder(), 'templates')
    mkdirSync(folder)
    const house = {
      name: 'house',
      config: { vllm_model_name: 'a/b', min_gpu_ram: 24, max_price: 0.6, gpu_names: ['RTX4090'] },
    }
    writeFileSync(join(folder, 'house.json'), JSON.stringify(house))
    const world = await lab.world({ providers: ['vast'], settings: { TEMPLATES_DIR: folder } })
    world.order('vast', 'special/calm')
    const { status, body } = await world.call('GET', '/api/vast/templates/house')
    expectThat(status === 200, `GET /templates/house: ${status}`)
    for (const [name, value] of Object.entries(house.config)) expectSame(body.config[name], value, name)
    const { default_vllm } = Object.fromEntries(
      (await world.call('GET', '/api/vast/templates')).body.templates.map(({ name, config }: Named) => [name, config]),
    )
    expectSame(
      [default_vllm.vllm_model_name, default_vllm.vllm_max_model_len, default_vllm.vllm_gpu_memory_utilization],
      ['Qwen/Qwen2.5-Coder-32B-Instruct', 4096, 0.9],
      'default_vllm',
    )
    const made = await world.call('POST', '/api/vast/instances/from-template?template_name=house')
    expectSame(made.body.template_name, 'house', 'template_name of an instance from it')

    writeFileSync(join(folder, 'house.json'), JSON.stringify({ ...house, config: { ...house.config, max_price: 0.7 } }))
    await world.call('POST', '/api/v1/admin/reload')
    const changed = (await world.call('GET', '/api/vast/templates/house')).body
    expectSame([changed.version, changed.config.max_price], [2, 0.7], 'a file that was changed, after a reload')

    const own = { name: 'mine', gpu_models: ['RTX 3090'], vllm: { vllm_model_name: 'c/d' } }
    await world.call('POST', '/api/v1/templates', own)
    await world.call('PUT', '/api/v1/templates/mine', { max_price_per_hour_usd: '0.4' })
    const mine = (await world.call('GET', '/api/vast/templates/mine')).body
    expectSame([mine.version, mine.config.vllm_model_name, mine.config.max_price], [2, 'c/d', 0.4], 'one made by API')
    await world.call('DELETE', '/api/v1/templates/mine')
    expectSame((await world.call('GET', '/api/vast/templates/mine')).status, 404, 'a deleted one')
    return 'house.json in TEMPLATES_DIR is listed, rented from and reloaded (version 2); default_vllm is there; one made by API is changed (version 2) and deleted'
  }),
]

interface Named {
  name: string
  config: Record<string, unknown>
}

/** What Vast shows of an offer, as far as the checks look at it. */
interface Row {
  id: number
  gpu_name: string
  /** MB */
  gpu_ram: number
  num_gpus: number
  dph_total: number
  cpu_cores: number | null
  cpu_cores_effective: number | null
  inet_down: number | null
  inet_up: number | null
  rented: boolean
}

interface Answer {
  offers: { id: string; gpu_name: string; num_gpus: number; gpu_ram: number; dph_total: number; rentable: boolean }[]
  total: number
  filtered_count: number
  sort_info: { sort_by: string; order: string }
  search_query: string | null
}

const example = {
  gpu_name: 'RTX4090',
  max_price: 2.0,
  min_gpu_ram: 16,
  num_gpus: 1,
  rentable: true,
  sort_by: 'price',
  limit: 10,
}

const suitable = {
  high_performance: ['RTX4090', 'A100'],
  budget: ['RTX3080', 'RTX3090', 'GTX1080Ti'],
  research: ['RTX4070', 'RTX4080', 'RTX3090'],
}

const outOfRange = {
  vllm_model_name: 'no model; at all',
  vllm_max_model_len: 511,
  vllm_host_ip: 'here',
  vllm_port: 1023,
  vllm_controller_port: 65_536,
  vllm_gpu_memory_utilization: 1.01,
  vllm_pipeline_parallel_size: 0,
  vllm_tensor_parallel_size: 0,
  vllm_dtype: 'int3',
  vllm_tool_call_parser: 'other',
  vllm_trust_remote_code: 'yes',
  vllm_enforce_eager: 1,
  vllm_max_num_seqs: 0,
  vllm_block_size: 0,
  vllm_swap_space: -1,
  vllm_disable_log_stats: 'no',
}

/** Those of the contract that the template `budget` leaves as they are. */
const defaults = {
  vllm_model_name: 'Qwen/Qwen2.5-Coder-7B-Instruct',
  vllm_host_ip: '0.0.0.0',
  vllm_controller_port: 12_435,
  vllm_gpu_memory_utilization: 0.8,
  vllm_pipeline_parallel_size: 1,
  vllm_tensor_parallel_size: 1,
  vllm_trust_remote_code: true,
  vllm_enforce_eager: false,
  vllm_block_size: 16,
  vllm_swap_space: 4,
  vllm_disable_log_stats: false,
}

function asEnvironment(config: Record<string, string | number | boolean>): Record<string, string> {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name.toUpperCase(), String(value)]))
}

/**
 * A market of which every row is known: Vast answers each search with the same rows of several searches, and every fifth is
 * rented, as its server shows them when somebody was quicker.
 */
function aMarket(lab: Lab): Promise<{ world: LabWorld; rows: readonly Row[] }> {
  return lab.shared('the market of contract 000', async (shared) => {
    const world = await shared.world({ providers: ['vast'] })
    world.order('vast', 'special/calm')
    world.order('vast', 'special/rate-limits', { value: false })
    const shown = [
      ...rowsOf(world, { gpu_name: { eq: 'RTX 4090' }, num_gpus: { eq: 1 } }),
      ...['RTX 3090', 'RTX 3080', 'RTX 4080', 'RTX 4070', 'A100 SXM4', 'H100 SXM', 'GTX 1080 Ti', 'RTX 3060'].flatMap(
        (name) => rowsOf(world, { gpu_name: { eq: name } }).slice(0, 20),
      ),
    ]
    const rows = [...new Map(shown.map((row) => [row.id, row])).values()].map((row, at) => ({
      ...row,
      rented: at % 5 === 4,
    }))
    world.order('vast', 'faults', {
      kind: 'status',
      status: 200,
      path: '/bundles',
      body: JSON.stringify({ offers: rows }),
    })
    // Rows without processors are nobody's offer.
    return { world, rows: rows.filter((row) => row.cpu_cores && row.cpu_cores_effective) }
  })
}

function rowsOf(world: LabWorld, where: object): Row[] {
  const reply = world.simulators.vast.handle({
    method: 'POST',
    path: '/api/v0/bundles/',
    query: new URLSearchParams(),
    headers: { authorization: 'Bearer sim-vast' },
    body: JSON.stringify({
      ...where,
      type: 'ondemand',
      allocated_storage: 100,
      limit: 64,
      order: [['dph_total', 'asc']],
    }),
  })
  expectThat(reply.status === 200, `the simulator answers ${reply.status}: ${reply.body}`)
  return JSON.parse(reply.body).offers
}

function search(world: LabWorld, body: object) {
  return world.call('POST', '/api/vast/search-offers', body)
}

async function found(_world: LabWorld, { status, body }: { status: number; body: Answer }): Promise<Answer> {
  expectThat(status === 200, `the search answers ${status}: ${JSON.stringify(body)}`)
  expectSame(body.filtered_count, body.offers.length, 'filtered_count')
  return body
}

function filterCheck(asked: object, fits: (row: Row) => boolean): (lab: Lab) => Promise<string> {
  return async (lab) => {
    const { world, rows } = await aMarket(lab)
    const wanted = cheapest(rows.filter(fits))
    expectThat(wanted.length > 0 && wanted.length < rows.length, 'the market has offers on both sides')
    const { offers, total } = await found(world, await search(world, { ...asked, limit: 100 }))
    expectSame(total, wanted.length, 'the total')
    expectSame(ids(offers), idsOf(wanted).slice(0, 100), 'the offers')
    return `${JSON.stringify(asked)}: ${total} of ${rows.length} offers, all that fit and no other`
  }
}

function templateCheck(id: `S000-${string}`, name: string, config: Record<string, unknown>): Check {
  return kept(id, async (lab) => {
    const { world } = await aMarket(lab)
    const { body } = await world.call('GET', `/api/vast/templates/${name}`)
    for (const [field, value] of Object.entries(config)) expectSame(body.config[field], value, `${field} of ${name}`)
    return `${name}: ${JSON.stringify(config)}`
  })
}

function is4090({ gpu_name }: Row): boolean {
  return gpu_name === 'RTX 4090'
}

/** Cheapest first; of the same price as the face orders them. */
function cheapest(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => a.dph_total - b.dph_total)
}

function ids(offers: readonly { id: string }[]): string[] {
  return offers.map(({ id }) => id)
}

function idsOf(rows: readonly Row[]): string[] {
  return rows.map(({ id }) => String(id))
}
