import { json } from '../../kit/controlled.ts'
import {
  bodyOf,
  type Call,
  contains,
  envsIn,
  type Fields,
  fieldsIn,
  listIn,
  machineOf,
  pageOf,
  portFrom,
  type Route,
  textIn,
  wholeIn,
  wordIn,
} from '../call.ts'
import { create, expandDisk, migrate, remove, renew, restart, start, stop, toMonthly, upgrade } from '../machines.ts'
import { clusterById } from '../market.ts'
import { invalid, nothing, refuse } from '../replies.ts'
import type { Machine, Port, Wish, World } from '../state.ts'
import { instanceDetail, instanceView } from '../views-v1.ts'

const base = '/gpu-instance/openapi/v1'

export const instanceRoutes: Route[] = [
  { method: 'GET', path: `${base}/gpu/instances`, answer: list },
  { method: 'GET', path: `${base}/gpu/instance`, answer: read },
  { method: 'POST', path: `${base}/gpu/instance/create`, answer: createRoute },
  action('start', (call, machine) => {
    start(call.world, machine)
    return json(200, { instanceId: machine.id, state: machine.status })
  }),
  action('stop', (call, machine) => {
    stop(call.world, machine)
    return json(200, { instanceId: machine.id, state: machine.status })
  }),
  action('restart', (call, machine) => {
    restart(call.world, machine)
    return nothing(call.world)
  }),
  action('delete', (call, machine) => {
    remove(call.world, machine)
    return nothing(call.world)
  }),
  action('migrate', (call, machine) => json(200, { jobId: migrate(call.world, machine).id })),
  action('edit', edit),
  action('upgrade', upgradeRoute),
  action('renewInstance', (call, machine, body) => {
    renew(call.world, machine, wholeIn(body, 'month', { min: 1, max: 12 }))
    return nothing(call.world)
  }),
  action('transToMonthlyInstance', (call, machine, body) => {
    toMonthly(call.world, machine, wholeIn(body, 'month', { min: 1, max: 12 }))
    return nothing(call.world)
  }),
]

function action(name: string, act: (call: Call, machine: Machine, body: Fields) => ReturnType<Route['answer']>): Route {
  return {
    method: 'POST',
    path: `${base}/gpu/instance/${name}`,
    answer: (call) => {
      const body = bodyOf(call)
      return act(call, machineOf(call, textIn(body, 'instanceId', { min: 1, max: 255 }), 'v1'), body)
    },
  }
}

/** Newest first. The name filter is fuzzy: a part of the name is enough. */
function list(call: Call) {
  const { world, query } = call
  const now = world.clock.now()
  const found = world.state.machines
    .filter((machine) => machine.status !== 'gone' && machine.listedFrom <= now)
    .filter((machine) => world.state.settings.sharedIds || machine.via === 'v1')
    .filter((machine) => contains(machine.name, query.get('name')))
    .filter((machine) => contains(machine.productName, query.get('productName')))
    .filter((machine) => !query.get('status') || machine.status === query.get('status'))
    .reverse()
  const { items, total } = pageOf(call, found)
  return json(200, { instances: items.map((machine) => instanceView(world, machine)), total })
}

function read(call: Call) {
  const { world } = call
  const id = call.query.get('instanceId') ?? ''
  if (id === '') invalid('instanceId is required')
  const gone = world.state.machines.find((machine) => machine.id === id && machine.status === 'gone')
  if (gone && world.state.settings.goneAs === 'removed') {
    return json(200, instanceDetail(world, { ...gone, status: 'removed' }))
  }
  return json(200, instanceDetail(world, machineOf(call, id, 'v1')))
}

function createRoute(call: Call) {
  const body = bodyOf(call)
  const clusterId = textIn(body, 'clusterId', { max: 255 })
  const wish = wishFrom(call.world, body)
  const volumeClusters = wish.volumes.map((volume) => storageCluster(call.world, volume.id))
  const candidates = clusterId ? [clusterId] : volumeClusters.slice(0, 1)
  if (volumeClusters.some((id) => id !== candidates[0])) {
    refuse('NETWORK_STORAGE_NOT_FOUND', 'network storage is in another cluster')
  }
  return json(200, { id: create(call.world, wish, candidates).id })
}

function wishFrom(world: World, body: Fields): Wish {
  const kind = wordIn(body, 'kind', ['gpu', 'cpu'] as const)
  const months = wholeIn(body, 'month', { min: 0, max: 120, orElse: 0 })
  const asked = wordIn(body, 'billingMode', ['onDemand', 'monthly', 'spot'] as const, 'onDemand')
  const ports = portsFrom(textIn(body, 'ports', { max: 2047 }))
  const tools = listIn(body, 'tools', 15).map((tool) => {
    const { port, type } = portFrom(tool.port, tool.type)
    return { name: textIn(tool, 'name', { min: 1, max: 255 }), port, type }
  })
  if (ports.length + tools.length > 15) invalid('ports and tools must not exceed 15')
  textIn(body, 'imageAuth', { max: 10_239 })
  const imageAuthId = textIn(body, 'imageAuthId', { max: 255 })
  if (imageAuthId && !world.state.registryAuths.some((auth) => auth.id === imageAuthId)) {
    refuse('IMAGE_URL_OR_AUTH_ERROR')
  }
  const networkId = textIn(body, 'networkId', { max: 255 })
  if (networkId && !world.state.networks.some((network) => network.id === networkId)) refuse('NETWORK_NOT_FOUND')
  return {
    via: 'v1',
    name: textIn(body, 'name', { max: 255 }),
    kind,
    productId: textIn(body, 'productId', { min: 1, max: 255 }),
    gpuNum: kind === 'gpu' ? wholeIn(body, 'gpuNum', { min: 1, max: 8 }) : 0,
    // Less than 10 is raised to 10 instead of refused.
    rootfsGb: Math.max(10, wholeIn(body, 'rootfsSize', { min: 0, max: 6144 })),
    imageUrl: textIn(body, 'imageUrl', { min: 1, max: 500 }),
    imageAuthId,
    entrypoint: textIn(body, 'entrypoint', { max: 2047 }),
    command: textIn(body, 'command', { max: 2047 }),
    envs: envsIn(body),
    ports,
    tools,
    volumes: listIn(body, 'networkStorages', 30).map((volume) => ({
      id: textIn(volume, 'Id', { min: 1, max: 255 }),
      mountPath: textIn(volume, 'mountPoint', { max: 4095 }) || '/network',
    })),
    networkId,
    // A month above zero buys a prepaid term whatever the mode says.
    billingMode: months > 0 ? 'monthly' : asked,
    months: months > 0 ? months : asked === 'monthly' ? 1 : 0,
    minCudaVersion: cudaIn(body, 'minCudaVersion'),
    autoMigrate: { enabled: false, includeSystemDisk: false },
  }
}

export function cudaIn(body: Fields, name: string): string {
  const version = textIn(body, name, { max: 16 })
  if (version !== '' && !/^\d+(\.\d+)?$/.test(version)) invalid(`${name} must look like 12.4`)
  return version
}

export function storageCluster(world: World, id: string): string {
  return world.state.storages.find((storage) => storage.id === id)?.clusterId ?? refuse('NETWORK_STORAGE_NOT_FOUND')
}

/** `8888/http,22/tcp` */
function portsFrom(text: string): Port[] {
  if (text === '') return []
  return text.split(',').map((part) => {
    const [port, type] = part.trim().split('/')
    return portFrom(port, type)
  })
}

function edit(call: Call, machine: Machine, body: Fields) {
  if (body.ports !== undefined) {
    const ports = listIn(body, 'ports', 15).map((port) => portFrom(port.port, port.type))
    if (ports.length + machine.tools.length > 15) invalid('ports and tools must not exceed 15')
    machine.ports = ports
  }
  expandDisk(call.world, machine, wholeIn(body, 'expandRootDisk', { min: 0, max: 6144, orElse: 0 }))
  return nothing(call.world)
}

function upgradeRoute(call: Call, machine: Machine, body: Fields) {
  const mounts = listIn(fieldsIn(body.networkVolume), 'volumeMounts', 30)
  upgrade(call.world, machine, {
    imageUrl: textIn(body, 'imageUrl', { min: 1, max: 500 }),
    imageAuthId: textIn(body, 'imageAuthId', { max: 255 }),
    command: textIn(body, 'command', { max: 2047 }),
    envs: envsIn(body),
    volumes: mounts.map((mount) => ({
      id: textIn(mount, 'id', { min: 1, max: 255 }),
      mountPath: textIn(mount, 'mountPath', { max: 4095 }) || '/network',
    })),
  })
  return nothing(call.world)
}

export function knownCluster(id: string): string {
  return clusterById(id)?.id ?? refuse('RESOURCE_NOT_FOUND', 'cluster not found')
}
