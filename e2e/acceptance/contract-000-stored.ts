import { type Check, kept } from './check.ts'
import { create, logOf, offers, rowOf, rows, untilRow, vastWorld } from './contract-000-kit.ts'
import { market, theLife } from './contract-000-life.ts'
import { expectSame, expectThat } from './lab.ts'

/** What the two views hold. */
export const storedChecks: readonly Check[] = [
  kept(['S000-51', 'S000-53', 'S000-54', 'S000-57', 'S000-59'], async (lab) => {
    const { atOnce, id, offer } = await theLife(lab)
    const { row } = atOnce
    const basics = [row.instance_id, row.offer_id, row.image_name, row.status, row.template_name]
    expectSame(basics, [id, offer.id, 'vllm/vllm-openai:latest', 'creating', 'high_performance'], 'the row')
    const gpu = { gpu_name: offer.gpu_name, num_gpus: offer.num_gpus, gpu_ram: offer.gpu_ram }
    expectSame(JSON.parse(row.gpu_info), gpu, 'gpu_info')
    expectThat(row.start_command.includes('--max-model-len 4096'), `start_command is ${row.start_command}`)
    expectSame(row.auto_destroy, 0, 'auto_destroy')
    expectThat(!JSON.stringify(row).includes('hf_a_secret'), 'a secret is in the row')
    return `right after POST: ${row.offer_id}, ${row.image_name}, ${row.status}, ${row.gpu_info}; no secret in it`
  }),

  kept('S000-52', async (lab) => {
    const { atOnce, running, serving } = await theLife(lab)
    const seen = [atOnce, running, serving].map(({ row }) => row)
    expectSame(
      seen.map(({ status }) => status),
      ['creating', 'running', 'running_vllm'],
      'the row’s statuses',
    )
    const times = seen.map(({ updated_at: at }) => at)
    expectThat(times[0] < times[1] && times[1] < times[2], `updated_at went ${times.join(', ')}`)
    return `without a call: creating, running, running_vllm; updated_at ${times.join(' < ')}`
  }),

  kept('S000-55', async (lab) => {
    const { offer, atOnce } = await theLife(lab)
    expectSame(atOnce.row.cost_per_hour, offer.dph_total, 'cost_per_hour')
    const world = await market(lab)
    const dearer = await create(world, { template_name: 'budget', custom_config: { disk_size: 200 } })
    const cheaper = await create(world, { template_name: 'budget', custom_config: { disk_size: 10 } })
    const costs = [dearer, cheaper].map(({ instance_id: id }) => rowOf(world, id).cost_per_hour)
    expectThat(costs[0] > costs[1], `200 GB of disk cost ${costs[0]}, 10 GB ${costs[1]}`)
    return `$${atOnce.row.cost_per_hour}/h is the offer's dph_total; a larger disk than searched with is added`
  }),

  kept('S000-56', async (lab) => {
    const { atOnce, serving } = await theLife(lab)
    const { public_ip: ip, ssh_port: port, port_mappings: text } = serving.row
    expectSame([atOnce.row.public_ip, atOnce.row.ssh_port, atOnce.row.port_mappings], [null, null, '{}'], 'at first')
    const mapping = JSON.parse(text)['12434']
    expectThat(typeof ip === 'string' && port > 0, `public_ip ${ip}, ssh_port ${port}`)
    expectThat(mapping.external_ip === ip && mapping.external_port > 0, `port_mappings is ${text}`)
    return `empty at first; then ${ip}, SSH on ${port}, ${text}`
  }),

  kept('S000-58', async (lab) => {
    const { serving, endedRow } = await theLife(lab)
    expectSame(serving.row.destroyed_at, null, 'destroyed_at while it runs')
    const { created_at: created, updated_at: updated, destroyed_at: destroyed } = endedRow
    for (const at of [created, updated, destroyed]) expectThat(/^\d{4}-.*T.*\dZ$/.test(at), `a time is ${at}`)
    expectSame(created, serving.row.created_at, 'created_at at the end')
    expectThat(created < destroyed && destroyed <= updated, `${created}, ${destroyed}, ${updated}`)
    return `created ${created}, destroyed_at null until ${destroyed}`
  }),

  kept(['S000-60', 'S000-61'], async (lab) => {
    const { atOnce, log } = await theLife(lab)
    expectSame(
      atOnce.log.map(({ operation }) => operation),
      ['create_instance'],
      'the log right after POST',
    )
    const operations = new Set(log.map(({ operation }) => operation))
    for (const one of ['create_instance', 'select_offer', 'wait_for_running', 'setup_instance', 'destroy_instance']) {
      expectThat(operations.has(one), `${one} is not in the log: ${[...operations].join(', ')}`)
    }
    const rent = log.find(({ command }) => command === 'PUT /api/v0/asks/:id/')
    expectSame([rent?.operation, rent?.result], ['create_instance', '2xx'], 'the call that rented')
    expectThat(
      log.every(({ command, result, error_message: error }) => command !== '' && (result ?? error) !== null),
      'a row tells nothing',
    )
    expectThat(!JSON.stringify(log).includes('hf_a_secret'), 'a secret is in the log')
    return `${log.length} rows: ${[...operations].join(', ')}`
  }),

  kept('S000-62', async (lab) => {
    const { world } = await vastWorld(lab)
    const [offer] = await offers(world, { gpu_name: 'RTX4090', num_gpus: 1, rentable: true, limit: 1 })
    world.order('vast', 'sell-out', { count: 50 })
    const { instance_id: id } = await create(world, { offer_id: offer?.id, template_name: 'high_performance' })
    await untilRow(world, id, 'failed')
    await world.pass(5_000)
    const log = logOf(world, id)
    const failed = log.filter(({ success }) => success === 0)
    expectThat(failed.length >= 2 && failed.every((row) => row.error_message !== null), 'no row says that it failed')
    const call = failed.find(({ command }) => command.startsWith('PUT '))
    expectThat(call, 'the refused call is not among them')
    expectThat(
      log.every(({ execution_time: time }) => typeof time === 'number' && time >= 0),
      'a row has no execution_time',
    )
    const { log: good } = await theLife(lab)
    expectThat(
      good.some(({ success, execution_time: time }) => success === 1 && time > 5),
      'no row of a good life took time',
    )
    await world.call('POST', '/api/vast/instances', { template_name: 'nope' })
    const [refused] = rows(world, 'select * from vast_execution_logs where instance_id is null')
    expectSame([refused?.operation, refused?.success], ['create_instance', 0], 'a refused request')
    return `success 0 for the call ("${call.error_message.slice(0, 60)}"), the failure and a refused request`
  }),

  kept('S000-63', async (lab) => {
    const { log, atOnce, offer } = await theLife(lab)
    const [row] = log
    const { template_name: template, gpu_info: gpu, cost_per_hour: cost, offer_id: chosen } = JSON.parse(row.metadata)
    expectSame(
      [template, gpu, cost, chosen],
      ['high_performance', JSON.parse(atOnce.row.gpu_info), atOnce.row.cost_per_hour, offer.id],
      'the metadata',
    )
    return row.metadata
  }),
]
