import { json } from '../../kit/controlled.ts'
import type { SimReply } from '../../kit/simulator.ts'
import {
  bodyOf,
  type Call,
  contains,
  envsIn,
  type Fields,
  fieldsIn,
  listIn,
  machineOf,
  portFrom,
  queryNumber,
  type Route,
  textIn,
  wholeIn,
  wordIn,
} from '../call.ts'
import { create, migrate, remove, restart, start, stop } from '../machines.ts'
import { clusters, cpuProducts, products } from '../market.ts'
import { invalid, nothing, refuse } from '../replies.ts'
import type { BillingMode, Machine, Wish, World } from '../state.ts'
import { billingMethods } from '../views-v1.ts'
import { instanceDetailV2, instanceViewV2, productViewV2, regionView } from '../views-v2.ts'
import { cudaIn, storageCluster } from './instances-v1.ts'

const base = '/gpus/v2'

export const v2Routes: Route[] = [
  { method: 'GET', path: `${base}/products`, answer: listProducts },
  {
    method: 'GET',
    path: `${base}/regions`,
    answer: ({ world }) => json(200, { data: clusters.map((cluster) => regionView(world, cluster)) }),
  },
  { method: 'GET', path: `${base}/instances`, answer: list },
  { method: 'POST', path: `${base}/instances`, answer: createRoute },
  onMachine('GET', '', (world, machine) => json(200, instanceDetailV2(world, machine))),
  onMachine('DELETE', '', (world, machine) => {
    remove(world, machine)
    return nothing(world)
  }),
  onMachine('PUT', '/start', (world, machine) => {
    start(world, machine)
    return nothing(world)
  }),
  onMachine('PUT', '/stop', (world, machine) => {
    stop(world, machine)
    return nothing(world)
  }),
  onMachine('PUT', '/restart', (world, machine) => {
    restart(world, machine)
    return nothing(world)
  }),
  onMachine('POST', '/migrate', (world, machine) => {
    migrate(world, machine)
    return nothing(world)
  }),
]

function onMachine(
  method: Route['method'],
  suffix: string,
  answer: (world: World, machine: Machine) => SimReply,
): Route {
  return {
    method,
    path: `${base}/instances/{id}${suffix}`,
    answer: (call) => answer(call.world, machineOf(call, call.params.id ?? '', 'v2')),
  }
}

const modesByWord: Record<string, BillingMode> = { postpaid: 'onDemand', prepaid: 'monthly', spot: 'spot' }

function listProducts(call: Call) {
  const { world, query } = call
  const type = wordIn({ type: query.get('type') }, 'type', ['gpu', 'cpu'] as const)
  const category = wordIn({ category: query.get('category') }, 'category', ['instance', 'serverless'] as const)
  const regionIds = (query.get('region_ids') ?? '').split(',').filter((id) => id !== '')
  const gpuNum = queryNumber(call, 'gpu_num', 0)
  const limit = queryNumber(call, 'limit', 0)
  if (limit > 1_000) invalid('limit must be at most 1000')
  const word = query.get('billing_method') ?? ''
  if (word !== '' && !modesByWord[word]) invalid('billing_method must be postpaid, prepaid or spot')
  // CPU and serverless products have no published item shape here, so those lists stay empty.
  if (type === 'cpu' || category === 'serverless') return json(200, { data: [] })
  const found = products
    .filter((product) => !regionIds.length || regionIds.some((id) => product.stock[id] !== undefined))
    .filter((product) => product.cpuPerGpu >= queryNumber(call, 'cpu', 0))
    .filter((product) => product.memoryPerGpu >= queryNumber(call, 'memory_gb', 0))
    .filter((product) => product.diskPerGpu >= queryNumber(call, 'rootfs_size', 0))
    .filter((product) => word === '' || billingMethods(product).some((mode) => mode === modesByWord[word]))
    .slice(0, limit || undefined)
  return json(200, { data: found.map((product) => productViewV2(world, product, { regionIds, gpuNum })) })
}

const defaultLimit = 20

/** Newest first; the cursor names the last machine seen, so that a new one does not shift the pages. */
function list(call: Call) {
  const { world, query } = call
  const now = world.clock.now()
  const { pageCap } = world.state.settings
  const limit = Math.min(queryNumber(call, 'limit', 0) || defaultLimit, pageCap ?? Number.POSITIVE_INFINITY)
  const regions = (query.get('regions') ?? '').split(',').filter((id) => id !== '')
  const mode = query.get('billing_mode') ?? ''
  const name = query.get('name')
  const found = world.state.machines
    .filter((machine) => machine.status !== 'gone' && machine.listedFrom <= now)
    .filter((machine) => world.state.settings.sharedIds || machine.via === 'v2')
    // This filter also finds ids.
    .filter((machine) => contains(machine.name, name) || contains(machine.id, name))
    .filter((machine) => !query.get('status') || instanceViewV2(world, machine).status.status === query.get('status'))
    .filter((machine) => regions.length === 0 || regions.includes(machine.clusterId))
    .filter((machine) => mode === '' || machine.billingMode === modesByWord[mode])
    .reverse()
  const start = afterCursor(world, found, query.get('cursor') ?? '')
  const page = found.slice(start, start + limit)
  const more = found.length > start + limit
  const last = page[page.length - 1]
  return json(200, {
    data: page.map((machine) => instanceViewV2(world, machine)),
    next_cursor: more && last ? Buffer.from(last.id).toString('base64url') : '',
    has_more: more,
  })
}

function afterCursor(world: World, found: readonly Machine[], cursor: string): number {
  if (cursor === '') return 0
  const id = Buffer.from(cursor, 'base64url').toString()
  const serials = new Map(world.state.machines.map((machine, index) => [machine.id, index]))
  const seen = serials.get(id)
  if (seen === undefined) return invalid('cursor is invalid')
  const next = found.findIndex((machine) => (serials.get(machine.id) ?? 0) < seen)
  return next === -1 ? found.length : next
}

function createRoute(call: Call) {
  const body = bodyOf(call)
  const wish = wishFrom(call.world, body)
  const regions = body.candidate_regions ?? []
  if (!Array.isArray(regions) || regions.some((id) => typeof id !== 'string')) {
    return invalid('candidate_regions must be a list of region ids')
  }
  const volumeClusters = wish.volumes.map((volume) => storageCluster(call.world, volume.id))
  const wanted = regions as string[]
  return json(200, { id: create(call.world, wish, wanted.length ? wanted : volumeClusters.slice(0, 1)).id })
}

function wishFrom(world: World, body: Fields): Wish {
  const billing = fieldsIn(body.billing)
  const resource = fieldsIn(body.resource)
  const billingMode = modesByWord[wordIn(billing, 'mode', ['postpaid', 'prepaid', 'spot'] as const)] ?? 'onDemand'
  const kind = wordIn(body, 'type', ['gpu', 'cpu'] as const, 'gpu')
  const registryAuthId = textIn(body, 'registry_auth_id', { max: 255 })
  if (registryAuthId && !world.state.registryAuths.some((auth) => auth.id === registryAuthId)) {
    refuse('IMAGE_URL_OR_AUTH_ERROR')
  }
  const productId = textIn(body, 'product_id', { min: 1, max: 255 })
  if (kind === 'cpu' && !cpuProducts.some((product) => product.id === productId)) refuse('RESOURCE_NOT_FOUND')
  const autoMigrate = fieldsIn(body.auto_migrate)
  return {
    via: 'v2',
    name: textIn(body, 'name', { min: 1, max: 255 }),
    kind,
    productId,
    gpuNum: kind === 'gpu' ? wholeIn(resource, 'gpu_num', { min: 1, max: 8 }) : 0,
    rootfsGb: Math.max(10, wholeIn(resource, 'rootfs_size_gb', { min: 0, max: 6144 })),
    imageUrl: textIn(body, 'image', { min: 1, max: 500 }),
    imageAuthId: registryAuthId,
    entrypoint: textIn(body, 'entrypoint', { max: 2047 }),
    command: textIn(body, 'command', { max: 2047 }),
    envs: envsIn(body),
    ports: listIn(body, 'ports', 15).map((port) => portFrom(port.port, port.protocol)),
    tools: toolsIn(body),
    volumes: listIn(body, 'volumes', 30).map((volume) => ({
      id: textIn(volume, 'id', { min: 1, max: 255 }),
      mountPath: textIn(volume, 'mount_point', { max: 4095 }) || '/network',
    })),
    networkId: textIn(fieldsIn(body.network), 'id', { max: 255 }),
    billingMode,
    months: billingMode === 'monthly' ? wholeIn(fieldsIn(billing.prepaid), 'months', { min: 1, max: 120 }) : 0,
    minCudaVersion: cudaIn(resource, 'min_cuda_version'),
    autoMigrate: {
      enabled: autoMigrate.enabled === true,
      includeSystemDisk: autoMigrate.include_system_disk === true,
    },
  }
}

function toolsIn(body: Fields): Wish['tools'] {
  const jupyter = fieldsIn(fieldsIn(body.tools).jupyter)
  if (jupyter.enabled !== true) return []
  const { port, type } = portFrom(jupyter.port ?? 8888, jupyter.protocol ?? 'http')
  return [{ name: 'Jupyter', port, type }]
}
