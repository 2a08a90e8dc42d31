import { type Check, kept } from './check.ts'
import { create, fromTemplate, hour, minute, offers, untilRow, vastWorld } from './contract-000-kit.ts'
import { market, theLife } from './contract-000-life.ts'
import { expectSame, expectThat } from './lab.ts'

/** What is told of an instance. */
export const lookingChecks: readonly Check[] = [
  kept('S000-38', async (lab) => {
    const { id, atOnce, serving } = await theLife(lab)
    expectSame([atOnce.body.instance_id, atOnce.body.status], [id, 'creating'], 'right after creation')
    expectSame(serving.body.status, 'running_vllm', 'later')
    return 'creating right after POST, running_vllm later'
  }),

  kept('S000-39', async (lab) => {
    const world = await market(lab)
    for (const path of ['', '/enhanced', '/cost-analysis']) {
      const { status, body } = await world.call('GET', `/api/vast/instances/inst_unknown${path}`)
      expectSame([status, Object.keys(body), typeof body.detail], [404, ['detail'], 'string'], `GET ${path}`)
    }
    return '404 {detail} on all three'
  }),

  kept(['S000-40', 'S000-41', 'S000-42', 'S000-43'], async (lab) => {
    const { id, atOnce, running, serving } = await theLife(lab)
    const { success, data } = serving.enhanced
    expectSame([success, data.instance_id], [true, id], 'the envelope')
    expectSame(data.basic_status.status, 'running', 'basic_status.status')
    expectSame(data.basic_status.public_ip, serving.row.public_ip, 'basic_status.public_ip')
    expectThat(/^[\d.]+$/.test(data.basic_status.public_ip), `public_ip is ${data.basic_status.public_ip}`)
    expectSame(data.vllm_status, { running: true, port: 12_434 }, 'vllm_status')
    expectSame(running.enhanced.data.vllm_status.running, false, 'vllm_status.running before vLLM answered')
    const { cost_per_hour: cost, gpu_info: gpu } = data.db_info
    expectSame([cost, gpu], [serving.row.cost_per_hour, JSON.parse(atOnce.row.gpu_info)], 'db_info')
    expectSame([gpu.gpu_name, gpu.num_gpus, gpu.gpu_ram], ['RTX 4090', 1, 24], 'the GPU')
    return `basic running at ${data.basic_status.public_ip}, vLLM on 12434 from false to true, ${gpu.gpu_name} at $${cost}/h`
  }),

  kept('S000-44', async (lab) => {
    const { running, serving } = await theLife(lab)
    const words = [running.enhanced.data.db_info.status, serving.enhanced.data.db_info.status]
    expectSame(words, ['running', 'running_vllm'], 'db_info.status before and after vLLM answered')
    return 'running while vLLM is silent, running_vllm once it answers, and back when it falls silent'
  }),

  kept('S000-45', async (lab) => {
    const { running, serving } = await theLife(lab)
    const texts = [running.enhanced.data.db_info.uptime, serving.enhanced.data.db_info.uptime, serving.body.uptime]
    for (const text of texts) expectThat(/^\d+:[0-5]\d:[0-5]\d$/.test(text), `uptime is ${text}`)
    expectThat(texts[0].startsWith('0:00:') && texts[1].startsWith('1:35:'), `uptime went ${texts.join(', ')}`)
    return `${texts[0]} when it came up, ${texts[1]} after 95 minutes`
  }),

  kept(['S000-46', 'S000-47'], async (lab) => {
    const { world } = await vastWorld(lab)
    // While a machine loads its disk costs already, so that it loads fast here.
    world.order('vast', 'pace', { loadingMs: 1_000 })
    // One of which fewer are on sale than a search holds: at any price it stays among them.
    const onSale = () => offers(world, { gpu_name: 'A100', num_gpus: 1, rentable: true, limit: 100 })
    const [one] = await onSale()
    expectThat(one, 'no A100 is on sale')
    const change = async (from: number, factor: number): Promise<number> => {
      world.order('vast', 'change-price', { factor, matching: one.id })
      return world.until(async () => {
        const now = (await onSale()).find(({ id }) => id === one.id)?.dph_total
        return now !== from && now
      }, 10 * minute)
    }
    // What is not the GPUs' is the disk's, and stays.
    const doubled = await change(one.dph_total, 2)
    const gpu = doubled - one.dph_total
    const factor = (1.2 - (one.dph_total - gpu)) / (2 * gpu)
    expectSame(await change(doubled, factor), 1.2, 'dph_total of the offer')
    const body = { offer_id: one.id, template_name: 'high_performance' }
    const { instance_id: id } = await create(world, body)
    await untilRow(world, id, 'running_vllm')
    const ask = async () => (await world.call('GET', `/api/vast/instances/${id}/cost-analysis`)).body
    await world.pass(2.5 * hour - (await ask()).uptime_hours * hour)
    const wanted = {
      instance_id: id,
      cost_per_hour: 1.2,
      total_cost: 3.0,
      uptime_hours: 2.5,
      cost_breakdown: {
        hourly_rate: 1.2,
        uptime_days: 0.1,
        estimated_daily_cost: 28.8,
        estimated_monthly_cost: 864.0,
      },
    }
    expectSame(await ask(), wanted, 'the analysis')
    return '2.5 h at 1.2: total 3, day 28.8, month 864, days 0.1, from a ledger of 2.5 hours'
  }),

  kept('S000-48', async (lab) => {
    const { world } = await vastWorld(lab)
    const made: string[] = []
    for (const template of ['budget', 'research', 'budget']) {
      made.push((await fromTemplate(world, `template_name=${template}`)).instance_id)
      await world.pass(2_000)
    }
    for (const id of made) await untilRow(world, id, 'running_vllm')
    await world.call('POST', `/api/v1/instances/${made[1]}/stop`)
    await untilRow(world, made[1] ?? '', 'exited')
    const ask = async (query: string) =>
      (await world.call('GET', `/api/vast/instances?${query}`)).body.instances.map(
        (one: { instance_id: string }) => one.instance_id,
      )
    expectSame(await ask('status_filter=running_vllm&sort_by=created_at'), [made[2], made[0]], 'those that run')
    expectSame(await ask('status_filter=exited&sort_by=created_at'), [made[1]], 'those that were stopped')
    expectSame(await ask('sort_by=created_at'), made.toReversed(), 'all of them')
    return 'of three, running ones are 2, newest first, and the stopped one is found by its own word'
  }),
]
