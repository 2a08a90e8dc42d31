import { type Check, kept } from './check.ts'
import { create, fromTemplate, minute, offers, rentals, rowOf, rows, vastWorld } from './contract-000-kit.ts'
import { market, theLife } from './contract-000-life.ts'
import { expectSame, expectThat } from './lab.ts'

const message = (name: string) => `템플릿 '${name}'을 사용하여 인스턴스가 생성되었습니다.`

/** Creating instances. */
export const creationChecks: readonly Check[] = [
  kept(['S000-27', 'S000-30'], async (lab) => {
    const { answer, rented, id, offer } = await theLife(lab)
    expectSame(answer.instance_id, id, 'instance_id')
    const [first] = rented
    expectThat(first, 'nothing was rented')
    expectThat(first.path.includes(`/asks/${offer.id}/`), `rented was ${first.path}, not offer ${offer.id}`)
    expectSame(first.body.env.VLLM_MAX_MODEL_LEN, '4096', 'VLLM_MAX_MODEL_LEN on the machine')
    const { body } = await (await market(lab)).call('GET', '/api/vast/templates/high_performance')
    expectSame(body.config.vllm_max_model_len, 8_192, 'the template after it')
    return `offer ${offer.id} was rented with VLLM_MAX_MODEL_LEN 4096; the template still says 8192`
  }),

  kept('S000-28', async (lab) => {
    const world = await market(lab)
    const { instance_id: id } = await fromTemplate(world, 'template_name=budget')
    const { gpu_info: text, cost_per_hour: cost } = rowOf(world, id)
    const gpu = JSON.parse(text)
    expectThat(/RTX 3080|RTX 3090|GTX 1080 Ti/.test(gpu.gpu_name), `it took ${gpu.gpu_name}`)
    expectThat(gpu.gpu_ram >= 8 && cost <= 0.5, `it took ${gpu.gpu_ram} GB at $${cost}/h`)
    return `without a body: ${gpu.gpu_name} ${gpu.gpu_ram} GB at $${cost}/h, within 8 GB and $0.5/h`
  }),

  kept('S000-29', async (lab) => {
    const { world } = await vastWorld(lab)
    await offers(world)
    const path = '/api/vast/instances/from-template?template_name=budget'
    const tooSmall = await world.call('POST', path, { custom_config: { min_gpu_ram: 40 } })
    expectSame([tooSmall.status, typeof tooSmall.body.detail], [400, 'string'], 'with only small ones')
    const families = ['RTX 3080', 'RTX 3090', 'GTX 1080 Ti', 'RTX 3080 Ti', 'RTX 3090 Ti']
    for (const matching of families) world.order('vast', 'change-price', { factor: 100, matching })
    await world.pass(3 * minute)
    const tooDear = await world.call('POST', path)
    expectSame([tooDear.status, typeof tooDear.body.detail], [400, 'string'], 'with only dear ones')
    expectSame(rows(world, 'select * from vast_instances').length, 0, 'instances after two refusals')
    world.order('vast', 'change-price', { factor: 0.01, matching: 'RTX 3090' })
    await world.pass(3 * minute)
    const { instance_id: id } = await create(world, undefined, path)
    const { gpu_info: text, cost_per_hour: cost } = rowOf(world, id)
    const { gpu_name: name } = JSON.parse(text)
    expectThat(name.startsWith('RTX 3090') && cost <= 0.5, `it took ${name} at $${cost}/h`)
    return `400 with only small ones, 400 with only dear ones; then the ${name} at $${cost}/h was taken`
  }),

  kept(['S000-31', 'S000-33', 'S000-34'], async (lab) => {
    const { world } = await vastWorld(lab)
    const rented = rentals(world)
    const [offer] = await offers(world, { gpu_name: 'RTX3090', num_gpus: 1, rentable: true, limit: 1 })
    const { instance_id: id } = await create(world, {
      offer_id: offer?.id,
      template_name: 'budget',
      custom_config: { auto_destroy: true, vllm_max_model_len: 1_024, vllm_gpu_memory_utilization: 0.7 },
    })
    const plain = await create(world, { template_name: 'budget' })
    const flags = [rowOf(world, id).auto_destroy, rowOf(world, plain.instance_id).auto_destroy]
    expectSame(flags, [1, 0], 'auto_destroy of the two rows')
    await world.pass(10_000)
    const env = rented.find(({ path }) => path.includes(`/asks/${offer?.id}/`))?.body.env
    const sent = [env?.VLLM_MAX_MODEL_LEN, env?.VLLM_GPU_MEMORY_UTILIZATION]
    expectSame(sent, ['1024', '0.7'], 'what the machine was given')
    return `offer ${offer?.id}: auto_destroy = 1 (0 without), the machine got length 1024 and utilisation 0.7`
  }),

  kept('S000-32', async (lab) => {
    const world = await market(lab)
    const answer = await create(world, {
      template_name: 'high_performance',
      custom_config: { vllm_max_model_len: 16_384, vllm_gpu_memory_utilization: 0.9 },
    })
    const { gpu_info: gpu, cost_per_hour: cost } = rowOf(world, answer.instance_id)
    const { gpu_name: name, gpu_ram: ram } = JSON.parse(gpu)
    expectThat(/4090|A100/.test(name) && ram >= 24 && cost <= 2, `it took ${name} ${ram} GB at $${cost}/h`)
    return `template_name and custom_config alone: ${name} ${ram} GB at $${cost}/h`
  }),

  kept(['S000-35', 'S000-36'], async (lab) => {
    const { answer } = await theLife(lab)
    const { success, template_name: template, message: said, status } = answer
    const wanted = [true, 'high_performance', message('high_performance'), 'creating']
    expectSame([success, template, said, status], wanted, 'the answer')
    expectThat(/^inst_[0-9a-z]+$/.test(answer.instance_id), `instance_id is ${answer.instance_id}`)
    const other = await fromTemplate(await market(lab), 'template_name=budget')
    expectSame(other.message, message('budget'), 'the message of another template')
    return `200 ${status}, ${said}`
  }),

  kept('S000-37', async (lab) => {
    const world = await market(lab)
    const before = rows(world, 'select count(*) as count from vast_instances')[0].count
    const replies = [
      await world.call('POST', '/api/vast/instances', { template_name: 'nope' }),
      await world.call('POST', '/api/vast/instances/from-template?template_name=nope'),
    ]
    for (const { status, body } of replies) {
      expectSame([status, body], [400, { detail: "템플릿 'nope'을 찾을 수 없습니다" }], 'the refusal')
    }
    expectSame(rows(world, 'select count(*) as count from vast_instances')[0].count, before, 'instances')
    return `400 ${replies[0]?.body.detail}, and nothing was made`
  }),
]
