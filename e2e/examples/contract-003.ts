import { expectSame, expectThat } from '../acceptance/lab.ts'
import { examplesFor, type Scene, tryExample } from './contracts.ts'

/** Lets the market be swept once, so that the examples find something. */
export async function marketOf({ world }: Pick<Scene, 'world'>): Promise<void> {
  await world.until(async () => {
    const reply = await world.call('GET', '/api/v1/offers/search?limit=1')
    return reply.body.data.length > 0 && reply.body.warnings.length === 0
  }, 120_000)
}

/** @returns what was seen, for people */
export async function tryCurl003(scene: Scene): Promise<string> {
  const examples = examplesFor('003').filter(({ language }) => language === 'curl')
  expectThat(examples.length === 13, `the document has ${examples.length} curl examples, not 13`)
  for (const example of examples) {
    if (example.code.includes('gpu_type_id_here')) {
      // It names an offer that nobody has. What it asks for besides is taken as it is: nothing else is complained about.
      const { body } = await tryExample(scene, example, { status: 409 })
      expectSame(body.code, 'offer_gone', 'the code for an offer that nobody has')
      await makesAnInstance(scene, example.code)
      continue
    }
    const { body } = await tryExample(scene, example)
    expectSame(body.success, true, `success of ${example.code}`)
    if (example.code.includes('/offers/search')) foundAsAsked(body.data, example.code)
  }
  return `${examples.length} curl examples as written: each answers what its section shows; searches hold their own filters`
}

/** @returns what was seen, for people */
export async function tryPython003(scene: Scene): Promise<string> {
  const client = examplesFor('003').find(({ language }) => language === 'python')
  expectThat(client !== undefined, 'the document has no Python example')
  const { output } = await tryExample(scene, client)
  const lines = [
    /^Total available instances: [1-9]\d*$/m,
    /^Average price: \$\d+\.\d\d\/hour$/m,
    /^ {2}.+: \d+ available, avg \$\d+\.\d\d\/hour$/m,
    /^Created instance: inst_[0-9a-z]{16}$/m,
    /^Provider: \w+$/m,
    /^GPU: RTX 4090$/m,
    /^Price: \$\d+\.\d\d\/hour$/m,
  ]
  for (const line of lines) expectThat(line.test(output), `the client printed no ${line}: ${output}`)
  return `the Python client as written: ${/^Created instance: .*$/m.exec(output)?.[0]}, ${/^Price: .*$/m.exec(output)?.[0]}`
}

/** The creation example with an offer that exists at the same marketplace. */
async function makesAnInstance({ world, stage }: Scene, code: string): Promise<void> {
  const { body } = await world.call('GET', '/api/v1/offers/search?provider=runpod&available=true&limit=1')
  const offer: string = body.data[0].provider_id
  const replaced = { gpu_type_id_here: offer }
  const made = await stage.run({ language: 'curl', code, line: 0 }, replaced)
  expectSame([made.status, made.body?.success, made.body?.data?.provider], [201, true, 'runpod'], 'the creation')
}

interface Found {
  gpu_model: string
  price_per_hour: number
  gpu_info: { category: string }
}

/** Each filter of the example, on every offer that it found. */
function foundAsAsked(offers: Found[], code: string): void {
  const body = JSON.parse(/-d '([\s\S]*)'/.exec(code)?.[1] ?? '{}') as Record<string, unknown>
  const max = Number(body.max_price ?? /max_price=([\d.]+)/.exec(code)?.[1] ?? Number.POSITIVE_INFINITY)
  const models = body.gpu_models as string[] | undefined
  for (const { gpu_model, price_per_hour, gpu_info } of offers) {
    const fits =
      price_per_hour <= max &&
      price_per_hour >= Number(body.min_price ?? 0) &&
      (models === undefined || models.some((model) => gpu_model === model || gpu_model.startsWith(`${model} `))) &&
      (body.gpu_category === undefined || gpu_info.category === body.gpu_category)
    expectThat(fits, `${gpu_model} at ${price_per_hour} answers ${code}`)
  }
}
