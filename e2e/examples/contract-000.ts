import { expectSame, expectThat } from '../acceptance/lab.ts'
import { examplesFor, type Scene, tryExample } from './contracts.ts'
import type { Example } from './extract.ts'
import type { Outcome } from './stage.ts'

const tables = ['gpu_distribution', 'status_distribution']

/** @returns what was seen, for people */
export async function tryExamples000(scene: Scene): Promise<string> {
  const examples = examplesFor('000')
  const made: string[] = []
  for (const example of examples) {
    const creates = /POST \S*\/api\/vast\/instances/.test(example.code) || /POST "\S*\/instances/.test(example.code)
    const replaced = await idsOfHere(scene, example, made[0])
    const outcome = await tryExample(scene, example, { tables, replaced })
    if (creates) made.push(isCreated(outcome, example))
    else isAnswered(outcome, example, made[0])
    // The sections after the creations look at one that runs.
    if (creates && made.length === 2) await runs(scene, made[0] ?? '')
  }
  expectSame(made.length, 4, 'the number of instances made')
  return `${examples.length} examples as written: ${made.length} instances made, the other ${examples.length - made.length} answer what their sections show`
}

/** An offer that can be rented now and fits the template of the example; the instance that was made first. */
async function idsOfHere({ world }: Scene, { code }: Example, instance = ''): Promise<Record<string, string>> {
  const ids: Record<string, string> = { inst_67890: instance, inst_12345: instance }
  if (!/offer_id\W+12345/.test(code)) return ids
  const bounds = code.includes('budget') ? { max_price: 0.5, min_gpu_ram: 8 } : { max_price: 2, min_gpu_ram: 24 }
  const { body } = await world.call('POST', '/api/vast/search-offers', { ...bounds, num_gpus: 1, rentable: true })
  expectThat(body.offers.length > 0, `no offer for ${JSON.stringify(bounds)}`)
  return { ...ids, '12345': String(body.offers[0].id) }
}

function isCreated({ body }: Outcome, { code }: Example): string {
  const template = code.includes('budget') ? 'budget' : 'high_performance'
  expectSame(
    [body.success, body.template_name, body.message, body.status],
    [true, template, `템플릿 '${template}'을 사용하여 인스턴스가 생성되었습니다.`, 'creating'],
    `the answer to ${code}`,
  )
  expectThat(/^inst_\w+$/.test(body.instance_id), `instance_id is ${body.instance_id}`)
  return body.instance_id
}

interface Offer {
  gpu_name: string
  gpu_ram: number
  num_gpus: number
  dph_total: number
  rentable: boolean
}

function isAnswered({ body }: Outcome, { code }: Example, instance: string | undefined): void {
  if (code.includes('offers')) {
    const is4090 = code.includes('RTX4090')
    const max = Number(/max_price\W+([\d.]+)/.exec(code)?.[1])
    const gb = Number(/min_gpu_ram\W+(\d+)/.exec(code)?.[1] ?? 0)
    const limit = Number(/limit\W+(\d+)/.exec(code)?.[1] ?? Number.POSITIVE_INFINITY)
    expectThat(body.offers.length > 0 && body.offers.length <= limit, `${body.offers.length} offers for ${code}`)
    for (const { gpu_name, gpu_ram, dph_total } of body.offers as Offer[]) {
      const fits = (!is4090 || gpu_name === 'RTX 4090') && dph_total <= max && gpu_ram >= gb
      expectThat(fits, `${gpu_name} with ${gpu_ram} GB at ${dph_total} answers ${code}`)
    }
  } else if (code.includes('/templates')) {
    const names = body.templates?.map(({ name }: { name: string }) => name) ?? [body.name]
    const asked = /templates\/(\w+)/.exec(code)?.[1]
    const wanted = asked === undefined ? ['high_performance', 'budget', 'research'] : [asked]
    for (const name of wanted) expectThat(names.includes(name), `no ${name} in ${names}`)
  } else if (code.includes('/enhanced')) {
    expectSame([body.success, body.data.instance_id], [true, instance], 'the enhanced state')
    expectSame(body.data.basic_status.status, 'running', 'the state')
  } else if (code.includes('/cost-analysis')) {
    expectSame(body.instance_id, instance, 'the cost analysis')
  }
}

async function runs({ world }: Scene, id: string): Promise<void> {
  await world.until(async () => {
    const { body } = await world.call('GET', `/api/vast/instances/${id}/enhanced`)
    return body.data?.basic_status?.status === 'running'
  }, 1_200_000)
}
