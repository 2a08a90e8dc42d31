import { setTimeout as wait } from 'node:timers/promises'
import { type Check, kept } from './check.ts'
import { create, fromTemplate, logOf, minute, offers, rowOf, untilRow, vastWorld, wordOf } from './contract-000-kit.ts'
import { market, theLife } from './contract-000-life.ts'
import { expectSame, expectThat } from './lab.ts'

/** What the same project kept beside its document. */
export const furtherChecks: readonly Check[] = [
  kept('R000-02', async (lab) => {
    const { ended, leaving, endedRow, id, machines } = await theLife(lab)
    const { success, message: said, instance_id: whose } = ended.body
    expectSame([ended.status, success, whose, typeof said], [200, true, id, 'string'], 'the answer')
    // Only the marketplace can say that it is gone.
    expectSame(leaving, 'running_vllm', 'the status before the marketplace confirmed')
    expectSame([endedRow.status, machines], ['destroyed', 0], 'the status, and machines that bill')
    const unknown = await (await market(lab)).call('DELETE', '/api/vast/instances/inst_unknown')
    expectSame([unknown.status, typeof unknown.body.detail], [404, 'string'], 'an unknown one')
    return `200 ${said.slice(0, 40)}…; destroyed at ${endedRow.destroyed_at}, nothing bills`
  }),

  kept('R000-03', async (lab) => {
    const { world } = await vastWorld(lab)
    const made: string[] = []
    for (const template of ['high_performance', 'budget', 'budget']) {
      made.push((await fromTemplate(world, `template_name=${template}`)).instance_id)
      await world.pass(2_000)
    }
    const [, , last = ''] = made
    await world.call('DELETE', `/api/vast/instances/${last}`)
    await untilRow(world, last, 'destroyed')
    const ask = async (query = '') => (await world.call('GET', `/api/vast/instances?${query}`)).body
    const [usual, all] = [await ask(), await ask('include_destroyed=true')]
    expectSame([usual.total, usual.instances.length, all.total], [2, 2, 3], 'totals without and with destroyed ones')
    expectThat(!JSON.stringify(usual).includes(last), 'the destroyed one is shown')
    const costs = (await ask('sort_by=cost&include_destroyed=true')).instances.map(
      (one: { cost_per_hour: number }) => one.cost_per_hour,
    )
    expectSame(
      costs,
      costs.toSorted((one: number, other: number) => one - other),
      'costs',
    )
    expectThat(costs[0] < costs.at(-1), 'all cost the same')
    return `total 2 of 3 by default, 3 with include_destroyed; by cost ${costs.join(' < ')}`
  }),

  kept('R000-04', async (lab) => {
    const { serving } = await theLife(lab)
    const { urls, port_mappings: ports, gpu_info: gpu, cost_per_hour: cost, vllm_status: vllm } = serving.body
    const { external_ip: ip, external_port: port } = ports['12434']
    expectSame(urls.vllm, `http://${ip}:${port}/v1`, 'urls.vllm')
    expectSame([gpu.gpu_name, vllm], ['RTX 4090', { running: true, port: 12_434 }], 'GPU and vLLM')
    expectThat(cost > 0 && /^1:35:/.test(serving.body.uptime), `cost ${cost}, uptime ${serving.body.uptime}`)
    return `${urls.vllm}, ${gpu.gpu_name}, $${cost}/h, up ${serving.body.uptime}`
  }),

  kept('R000-10', async (lab) => {
    const { world } = await vastWorld(lab)
    const { instance_id: id } = await fromTemplate(world, 'template_name=budget')
    expectSame(
      (await world.call('GET', `/api/vast/instances/${id}/status`)).body,
      { instance_id: id, status: 'creating' },
      'GET status',
    )
    const address = await world.application.http.listen({ host: '127.0.0.1', port: 0 })
    const over = new AbortController()
    const reply = await fetch(`${address}/api/vast/instances/${id}/status-stream`, { signal: over.signal })
    expectSame(reply.headers.get('content-type'), 'text/event-stream', 'content-type')
    const events = eventsIn(reply)
    const first = await events.next()
    expectSame([first.instance_id, first.status], [id, 'creating'], 'the first event')
    await untilRow(world, id, 'running_vllm')
    const told = []
    for (let one = await events.next(); ; one = await events.next()) {
      told.push(one)
      if (one.status === 'running_vllm') break
    }
    const before = world.clock.now()
    await world.pass(31_000)
    const beat = await events.next()
    expectSame(beat, { type: 'heartbeat' }, 'an event after 30 s of silence')
    over.abort()
    const missing = await fetch(`${address}/api/vast/instances/inst_unknown/status-stream`)
    expectSame(missing.status, 404, 'the stream of an unknown one')
    const words = told.filter((one) => one.status).map((one) => one.status)
    return `creating, ${words.join(', ')}; a heartbeat within ${(world.clock.now() - before) / 1_000} s; unknown: 404`
  }),

  kept('R000-11', async (lab) => {
    const { world } = await vastWorld(lab)
    const { instance_id: id } = await fromTemplate(world, 'template_name=budget')
    await untilRow(world, id, 'running_vllm')
    const before = world.simulators.vast.requests.length
    const { status, body } = await world.call('POST', `/api/vast/instances/${id}/update-ports`)
    const asked = world.simulators.vast.requests.slice(before).map(({ method, path }) => `${method} ${path}`)
    expectThat(
      asked.some((one) => /^GET \/api\/v0\/instances\/\d+\/$/.test(one)),
      `the marketplace was asked ${asked.join(', ')}`,
    )
    const { external_ip: ip, external_port: port } = body.port_mappings['12434'] ?? {}
    expectThat(status === 200 && typeof ip === 'string' && port > 0, `it answers ${JSON.stringify(body)}`)
    const read = await world.call('GET', `/api/vast/instances/${id}/ports`)
    expectSame(read.body.port_mappings, body.port_mappings, 'GET ports')
    return `asked Vast again: 12434 -> ${ip}:${port}`
  }),

  kept('R000-13', async (lab) => {
    const answers = {
      '1.1.1.1': { kind: 'healthy' },
      '1.1.1.2': { kind: 'unhealthy', why: 'it answers 503' },
      '1.1.1.3': { kind: 'timeout' },
    } as const
    const world = await lab.world({
      providers: ['vast'],
      surroundings: { askVllm: async ({ ip }) => answers[ip as keyof typeof answers] },
    })
    const ask = async (ip: string, port: unknown = 8_000) => {
      const { status, body } = await world.call('POST', '/api/vast/instances/vllm-health', { ip, port })
      return [status, body.success ?? typeof body.detail]
    }
    expectSame(await ask('1.1.1.1'), [200, true], 'one that serves')
    expectSame(await ask('1.1.1.2'), [200, false], 'one that does not')
    expectSame(await ask('1.1.1.3'), [408, 'string'], 'one that is silent')
    expectSame(await ask('1.1.1.1', 'x'), [400, 'string'], 'a wrong port')
    expectSame(await ask('localhost'), [400, 'string'], 'a name')
    return '200 true, 200 false, 408 {detail}; wrong input 400'
  }),

  kept('R000-15', async (lab) => {
    const { history, log, id } = await theLife(lab)
    expectSame([history.instance_id, history.total], [id, log.length], 'whose, and how many')
    const newest = history.history.map(({ id: row }: { id: number }) => row)
    expectSame(newest.toSorted(), log.map(({ id: row }) => row).toSorted(), 'the rows')
    const [last] = history.history
    expectThat(last.created_at >= history.history.at(-1).created_at, 'the oldest comes first')
    return `${history.total} rows of vast_execution_logs, newest first: ${last.operation}, …`
  }),

  kept('R000-17', async (lab) => {
    const { world, vllm } = await vastWorld(lab)
    vllm.answers = false
    const body = { template_name: 'budget', auto_destroy: true }
    const { instance_id: id } = await create(world, body)
    const { instance_id: other } = await create(world, { template_name: 'budget' })
    await untilRow(world, id, 'running')
    await world.pass(5 * minute)
    expectSame(rowOf(world, id).status, 'running', 'five minutes after it came up, not set up yet')
    vllm.answers = true
    await untilRow(world, id, 'running_vllm')
    await world.pass(50_000)
    expectSame(rowOf(world, id).status, 'running_vllm', '50 s after it was set up')
    await world.pass(40_000)
    expectSame([rowOf(world, id).status, rowOf(world, other).status], ['destroyed', 'running_vllm'], 'the two later')
    const why = logOf(world, id).find(({ command }) => command === 'auto_destroy')
    expectThat(why?.result.includes('auto_destroy'), 'the log does not say why')
    return `running_vllm 50 s after set-up, destroyed at 90 s ("${why.result.slice(0, 70)}…"); the other goes on`
  }),

  kept('R000-18', async (lab) => {
    const { atOnce, running, serving, endedRow } = await theLife(lab)
    const words = [atOnce.row, running.row, serving.row, endedRow].map(({ status }) => status)
    const { world } = await vastWorld(lab)
    const [offer] = await offers(world, { gpu_name: 'RTX4090', num_gpus: 1, rentable: true, limit: 1 })
    world.order('vast', 'sell-out', { count: 50 })
    const { instance_id: id } = await create(world, { offer_id: offer?.id, template_name: 'high_performance' })
    await untilRow(world, id, 'failed')
    words.push(await wordOf(world, id))
    expectSame(words, ['creating', 'running', 'running_vllm', 'destroyed', 'failed'], 'the words')
    const { status } = await world.call('GET', '/api/vast/instances?status_filter=deleted')
    expectSame(status, 200, 'a filter by the later word for destroyed')
    return `${words.join(', ')}; deleted is taken for destroyed`
  }),
]

/** Reads `data:` lines as they come. What does not come at all is an error, after five real seconds. */
function eventsIn(reply: Response) {
  const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    // biome-ignore lint/suspicious/noExplicitAny: an event of any shape
    async next(): Promise<any> {
      for (;;) {
        const end = text.indexOf('\n\n')
        if (end >= 0) {
          const event = text.slice(0, end)
          text = text.slice(end + 2)
          return JSON.parse(event.replace(/^data: /, ''))
        }
        const chunk = await Promise.race([reader?.read(), wait(5_000, undefined, { ref: false })])
        if (chunk === undefined) throw new Error('the stream is silent')
        if (chunk.done) throw new Error('the stream ended')
        text += chunk.value
      }
    },
  }
}
