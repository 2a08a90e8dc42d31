/** Contract 003: creating machines, and what becomes of them. */

import type { SimRequest } from '../../simulators/kit/simulator.ts'
import { marketOf, tryCurl003, tryPython003 } from '../examples/contract-003.ts'
import { examplesFor, sceneOf } from '../examples/contracts.ts'
import { type Check, kept } from './check.ts'
import { data, found, type Row, swept } from './contract-003-kit.ts'
import { expectSame, expectThat, type LabWorld } from './lab.ts'

const minute = 60_000
const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com'
const marketplaces = {
  vast_ai: 'vast',
  runpod: 'runpod',
  lambda_labs: 'lambda',
  paperspace: 'paperspace',
  novita: 'novita',
} as const

export const instanceChecks: readonly Check[] = [
  kept(['S003-36', 'S003-38'], async (lab) => {
    const world = await lab.world({ providers: ['vast', 'runpod'] })
    world.order('vast', 'special/calm')
    await swept(world)
    const sent = { runpod: ordersOf(world, 'runpod'), vast: ordersOf(world, 'vast') }
    const [offer] = await found(world, 'provider=runpod&gpu_model=RTX%204090&market=on_demand&limit=1')
    const example = {
      provider: 'runpod',
      offer_id: offer.provider_id,
      image: 'pytorch/pytorch:2.0.1-cuda11.7-cudnn8-devel',
      label: 'ML Training Workstation',
      environment: { WANDB_API_KEY: 'your_wandb_key', HUGGINGFACE_TOKEN: 'your_hf_token' },
      ports: [
        { container_port: 8888, protocol: 'tcp' },
        { container_port: 6006, protocol: 'tcp' },
      ],
      resources: { min_ram_gb: 32, min_storage_gb: 100, min_gpus: 1 },
    }
    const made = await world.call('POST', '/api/v1/instances', example)
    expectSame([made.status, made.body.success], [201, true], 'the example')
    const order = await world.until(async () => sent.runpod.find((one) => one.includes('your_wandb_key')), 2 * minute)
    const body = JSON.parse(order)
    const ramPerGpu = Math.ceil(32 / offer.gpu_count)
    expectSame([body.image, body.gpu.minRamPerGpu], [example.image, ramPerGpu], 'image and memory')
    expectThat(body.disk + body.mounts.persistent.size >= 100, `disk: ${JSON.stringify(body.mounts)}`)

    const [small] = await found(world, 'provider=vast_ai&market=on_demand&max_gpu_count=1&limit=1')
    const wish = { provider: 'vast_ai', offer_id: small.provider_id, image: 'ubuntu:24.04', onstart_script: 'sleep 1' }
    const refusals: string[] = []
    for (const resources of [{ min_gpus: 2 }, { min_ram_gb: 4_000 }, { min_storage_gb: 90_000 }]) {
      const { status, body: refusal } = await world.call('POST', '/api/v1/instances', { ...wish, resources })
      expectThat(status >= 400 && status < 500, `${JSON.stringify(resources)} is ${status}`)
      refusals.push(refusal.code)
    }
    const [large] = await found(world, 'provider=vast_ai&market=on_demand&min_storage_gb=200&limit=1')
    const fits = { ...wish, offer_id: large.provider_id, resources: { min_storage_gb: 120 } }
    const stored = await world.call('POST', '/api/v1/instances', fits)
    expectSame([stored.status, stored.body.data.storage_gb], [201, 120], 'with 120 GB')
    await world.until(async () => sent.vast.some((one) => /"disk":120\b/.test(one)), 2 * minute)
    return `the example at RunPod: 201, asks it for ${ramPerGpu} GB RAM per GPU and 100 GB disk; too many GPUs, RAM, disk: ${refusals.join(', ')}; 120 GB is Vast’s disk`
  }),
  kept(['S003-31', 'S003-37', 'S003-59'], async (lab) => {
    const world = await lab.world()
    calm(world)
    await swept(world)
    const told: string[] = []
    for (const [provider, name] of Object.entries(marketplaces)) {
      const [offer] = await found(world, `provider=${provider}&market=on_demand&limit=1`)
      const sent = ordersOf(world, name)
      const token = `token-for-${name}`
      const { status, body } = await world.call('POST', '/api/v1/instances', {
        provider,
        offer_id: offer.provider_id,
        image: 'ghcr.io/me/any:1',
        environment: { MY_OWN_TOKEN: token },
        ports: [{ container_port: 7861 }],
        ssh_public_key: sshKey,
      })
      expectSame(status, 201, `${provider}: ${JSON.stringify(body).slice(0, 200)}`)
      const order = await world.until(async () => sent.map(readable).find((one) => one.includes(token)), 3 * minute)
      for (const part of ['MY_OWN_TOKEN', '7861', 'ghcr.io/me/any:1']) {
        expectThat(order.includes(part), `${provider} is not told of ${part}`)
      }
      await world.untilStatus(body.data.id, 'ready', 60 * minute)
      told.push(provider)
    }
    return `the same body, but for the provider, starts a machine at ${told.join(', ')}; each is sent the variable, the port and the image`
  }),
  kept(['S003-39', 'R003-04'], async (lab) => {
    const world = await lab.world({ providers: ['vast'] })
    await swept(world)
    const [offer] = await found(world, 'gpu_model=RTX%204090&market=on_demand&limit=1')
    const { status, body } = await world.call('POST', '/api/v1/instances', {
      provider: offer.provider,
      offer_id: offer.provider_id,
      onstart_script: 'sleep infinity',
      ssh_key: sshKey,
    })
    const { id, provider, gpu_model, price_per_hour, image } = body.data ?? {}
    expectSame([status, provider, gpu_model], [201, 'vast_ai', 'RTX 4090'], JSON.stringify(body).slice(0, 200))
    expectThat(/^inst_/.test(id) && Math.abs(price_per_hour - offer.price_per_hour) < 0.01, `${id} ${price_per_hour}`)
    expectSame(image, 'pytorch/pytorch:latest', 'the default image')
    const nothing = await world.call('POST', '/api/v1/instances', { image: 'x' })
    expectSame(nothing.status, 400, 'neither an offer nor a wish for one')
    return `201: ${id}, ${provider}, ${gpu_model}, ${price_per_hour}; default image ${image}; nothing to go by is 400: ${nothing.body.error}`.slice(
      0,
      195,
    )
  }),
  kept(['S003-58', 'R003-02', 'R003-03', 'R003-05'], async (lab) => {
    const scene = await sceneOf(await lab.world())
    await marketOf(scene)
    const examples = await tryCurl003(scene)
    const world = await lab.world({ providers: ['vast'] })
    world.order('vast', 'special/calm')
    await swept(world)
    const [offer] = await found(world, 'provider=vast_ai&gpu_model=RTX%204090&market=on_demand&limit=1')
    const wish = { provider: 'vast_ai', offer_id: offer.provider_id, image: 'pytorch/pytorch:latest' }
    const { id } = (await world.call('POST', '/api/v1/instances', { ...wish, onstart_script: 'sleep infinity' })).body
      .data
    const { provider_id: machine } = await world.untilStatus(id, 'ready', 20 * minute)
    const listed = (await data(world, '/api/v1/instances')).map((one: Row) => one.id)
    expectSame(listed, [id], 'the list')
    expectSame((await data(world, `/api/v1/instances/vast_${machine}`)).id, id, `vast_${machine}`)
    const says = async (method: 'POST' | 'DELETE', path: string, message: string) => {
      const { status, body } = await world.call(method, `/api/v1/instances/${id}${path}`)
      expectSame([status, body.success, body.message], [200, true, message], `${method} ${path}`)
    }
    await says('POST', '/stop', 'Instance stopped successfully')
    await world.untilStatus(id, 'stopped', 10 * minute)
    await says('POST', '/start', 'Instance started successfully')
    await world.untilStatus(id, 'ready', 20 * minute)
    await says('DELETE', '', 'Instance destroyed successfully')
    await world.untilStatus(id, 'terminated', 10 * minute)
    const { status, body } = await world.call('GET', '/api/v1/instances/vast_1')
    expectSame([status, body.success, typeof body.error], [404, false, 'string'], 'an unknown one')
    expectSame((await world.call('GET', '/health')).body.status, 'healthy', 'the health')
    return `${examples.split(':')[0]}; list, get (${id} and vast_${machine}), stop, start, delete with their messages; unknown: 404 {success:false, error}`
  }),
  kept('R003-01', async (lab) => {
    const { status, body } = await (await lab.world({ providers: [] })).call('GET', '/health')
    const { status: health, service, version } = body
    expectSame([status, health, service, version], [200, 'healthy', 'gpu-cloud-manager', '1.0.0'], 'the health')
    return `200: ${health}, ${service}, ${version}`
  }),
  kept('S003-60', async (lab) => {
    const scene = await sceneOf(await lab.world())
    await marketOf(scene)
    expectThat(examplesFor('003').length > 0, 'the document has no examples')
    return tryPython003(scene)
  }),
]

/** Bodies of what is sent to a marketplace from now on to change something. */
function ordersOf(world: LabWorld, name: keyof LabWorld['simulators']): string[] {
  const simulator = world.simulators[name]
  const orders: string[] = []
  const handle = simulator.handle.bind(simulator)
  simulator.handle = (request: SimRequest) => {
    if (request.method !== 'GET' && !request.path.startsWith('/_control')) orders.push(request.body)
    return handle(request)
  }
  return orders
}

/** With what stands in it in base64. */
function readable(body: string): string {
  const coded = [...body.matchAll(/[A-Za-z0-9+/]{40,}={0,2}/g)].map(([text]) => Buffer.from(text, 'base64').toString())
  return [body, ...coded].join('\n')
}

function calm(world: LabWorld): void {
  world.order('vast', 'special/calm')
  world.order('paperspace', 'special/calm')
  world.order('novita', 'special/chances', { calm: true })
}
