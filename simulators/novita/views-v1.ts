/**
 * The objects of `/gpu-instance/openapi/v1`, key by key as in the public documents (novita.ai/docs, read 2026-08) where
 * those differ from the community's reconstruction: prices and several counts are strings on the wire.
 */

import { keepDataDays } from './machines.ts'
import {
  type Cluster,
  clusterName,
  type cpuProducts,
  freeCards,
  freeDiskGb,
  inventoryState,
  monthlyPrice,
  networkVolumePrice,
  type Product,
  products,
  unitPrice,
} from './market.ts'
import { computeSince } from './meters.ts'
import type { Job, Machine, Network, RegistryAuth, Storage, Template, World } from './state.ts'
import { unixSeconds } from './state.ts'

const domain = 'gpu-instance.novita.ai'

export function price(world: World, units: number): string | number {
  return world.state.settings.numbersAs === 'string' ? String(units) : units
}

export function productView(world: World, product: Product, filter: { clusterId: string; gpuNum: number }) {
  const onDemand = unitPrice(world, product, 'onDemand', true)
  const spot = unitPrice(world, product, 'spot', true)
  const places = Object.keys(product.stock)
  const free = (filter.clusterId ? [filter.clusterId] : places).map((id) => freeCards(world, product, id))
  return {
    id: product.id,
    name: product.name,
    cpuPerGpu: product.cpuPerGpu,
    memoryPerGpu: product.memoryPerGpu,
    diskPerGpu: product.diskPerGpu,
    availableDeploy: free.some((cards) => cards >= Math.max(1, filter.gpuNum)),
    inventoryState: inventoryState(free.reduce((sum, cards) => sum + cards, 0)),
    prices: [],
    price: price(world, onDemand),
    spotPrice: price(world, spot),
    minRootFS: 10,
    maxRootFS: product.diskPerGpu,
    minLocalStorage: 0,
    maxLocalStorage: 0,
    regions: places.map((id) => clusterName(world, id)),
    monthlyPrice: [{ price: price(world, monthlyPrice(onDemand, 1)), month: 1 }],
    billingMethods: billingMethods(product),
  }
}

export function billingMethods(product: Product): ('onDemand' | 'monthly' | 'spot')[] {
  return product.spotPrice > 0 ? ['onDemand', 'monthly', 'spot'] : ['onDemand', 'monthly']
}

export function cpuProductView(world: World, product: (typeof cpuProducts)[number]) {
  return {
    id: product.id,
    name: product.name,
    cpuNum: product.cpuNum,
    memorySize: product.memorySize,
    rootfsSize: product.rootfsSize,
    localVolumeSize: 0,
    availableDeploy: true,
    price: price(world, unitPrice(world, product, 'onDemand', true)),
  }
}

export function clusterView(world: World, cluster: Cluster) {
  return {
    id: cluster.id,
    name: clusterName(world, cluster.id),
    availableGpuType: gpuTypes(cluster.id),
    supportNetworkStorage: cluster.storage,
    supportInstanceNetwork: cluster.network,
  }
}

export function gpuTypes(clusterId: string): string[] {
  return [...new Set(products.filter((one) => one.stock[clusterId] !== undefined).map((one) => one.name))]
}

/** An item of the list. */
export function instanceView(world: World, machine: Machine) {
  return {
    id: machine.id,
    name: machine.name,
    clusterId: machine.clusterId,
    clusterName: clusterName(world, machine.clusterId),
    status: machine.status,
    statusError: machine.statusError,
    imageUrl: machine.imageUrl,
    imageAuthId: machine.imageAuthId,
    entrypoint: machine.entrypoint,
    command: machine.command,
    cpuNum: String(machine.cpuNum),
    memory: String(machine.memoryGb),
    gpuNum: String(machine.gpuNum),
    gpuIds: machine.gpuIds,
    portMappings: machine.ports.map((port, index) => ({
      port: port.port,
      endpoint: endpoint(machine, index),
      type: port.type,
    })),
    productId: machine.productId,
    productName: machine.productName,
    rootfsSize: machine.rootfsGb,
    volumeMounts: machine.volumes.map((volume) => ({
      type: 'network',
      size: world.state.storages.find((storage) => storage.id === volume.id)?.sizeGb ?? 0,
      id: volume.id,
      mountPath: volume.mountPath,
    })),
    envs: machine.envs,
    kind: machine.kind,
    billingMode: machine.billingMode,
    endTime: String(machine.endTime),
    spotStatus: machine.spotStatus,
    spotReclaimTime: String(machine.spotReclaimTime),
    createdAt: String(machine.createdAt),
    lastStartedAt: String(machine.lastStartedAt),
    lastStoppedAt: String(machine.lastStoppedAt),
    useTime: String(usedSeconds(world, machine)),
  }
}

/** The single read. */
export function instanceDetail(world: World, machine: Machine) {
  const { id, clusterId } = machine
  const now = world.clock.now()
  const up = machine.status === 'running'
  const ssh = up && now >= machine.sshReadyAt
  const logs = hasNode(machine)
  const jupyter = machine.tools.find((tool) => tool.name.toLowerCase() === 'jupyter')
  const logAddress = (part: string) => (logs ? `https://log.${clusterId}.${domain}/${id}/${part}` : '')
  return {
    ...instanceView(world, machine),
    network: { id: machine.networkId, ip: machine.networkIp },
    connectComponentSSH: {
      sshCommand: ssh ? sshCommand(machine) : '',
      password: ssh ? machine.ssh.password : '',
      isRunning: ssh,
    },
    connectComponentWebTerminal: { address: '', username: '', password: '', isRunning: false },
    connectComponentJupyter: {
      port: jupyter && up ? jupyter.port : 0,
      address: jupyter && up ? `https://${id}-${jupyter.port}.${clusterId}.${domain}` : '',
      isRunning: jupyter !== undefined && ssh,
    },
    connectComponentLog: {
      systemLogAddress: logAddress('system'),
      instanceLogAddress: logAddress('instance'),
      isRunning: logs,
    },
    node: [{ maxRootfsSize: machine.nodeMaxRootfsGb }],
    jobs: world.state.jobs
      .filter((job) => job.instanceId === id && job.endsAt !== null)
      .map((job) => ({ id: job.id, type: job.type })),
    freeStorageSize: freeDiskGb,
    keepDataDay: keepDataDays,
  }
}

/** Endpoints are empty until the container runs, and again as soon as it does not. */
export function endpoint(machine: Machine, index: number): string {
  const port = machine.ports[index]
  if (!port || machine.status !== 'running') return ''
  return port.type === 'http'
    ? `https://${machine.id}-${port.port}.${machine.clusterId}.${domain}`
    : `proxy.${machine.clusterId}.${domain}:${machine.tcpPort + index}`
}

export function sshCommand(machine: Machine): string {
  return `ssh -p ${machine.ssh.port} root@proxy.${machine.clusterId}.${domain}`
}

export function hasNode(machine: Machine): boolean {
  return machine.status === 'pulling' || machine.status === 'running' || machine.status === 'restarting'
}

/** Whole seconds that were charged so far, over all starts. */
function usedSeconds(world: World, machine: Machine): number {
  const since = computeSince(world, machine)
  return machine.usedSeconds + (since === null ? 0 : Math.max(0, unixSeconds(world.clock.now() - since)))
}

/** The shape as captured live by sontl/novita-ai-api in 2025. */
export function templateView(world: World, template: Template) {
  const user = template.mine ? world.state.userId : '00000000-0000-4000-8000-000000000000'
  return {
    Id: template.id,
    user,
    name: template.name,
    readme: template.readme,
    logo: '',
    type: template.type,
    channel: template.channel,
    image: template.image,
    imageAuth: template.imageAuth,
    startCommand: template.startCommand,
    rootfsSize: template.rootfsSize,
    volumes: template.volumes,
    ports: template.ports,
    envs: template.envs,
    tools: template.tools,
    createdAt: String(template.createdAt),
    updatedAt: String(template.createdAt),
    creator: '',
    uuid: user,
    isUsed: false,
    description: '',
    collectNum: '0',
    isCollected: false,
    complaintNum: '0',
    nickname: template.mine ? 'sim' : 'novita',
  }
}

export function jobView(world: World, job: Job) {
  return {
    Id: job.id,
    user: world.state.userId,
    type: job.type,
    envs: [],
    state: { state: job.state, error: job.error, errorMessage: job.errorMessage },
    logAddress: '',
    createdAt: String(job.createdAt),
    instanceId: job.instanceId,
  }
}

export function storageView(world: World, storage: Storage) {
  return {
    storageId: storage.id,
    storageName: storage.name,
    storageSize: storage.sizeGb,
    clusterId: storage.clusterId,
    clusterName: clusterName(world, storage.clusterId),
    price: String(networkVolumePrice),
  }
}

export function registryAuthView(auth: RegistryAuth) {
  return { id: auth.id, name: auth.name, username: auth.username, password: '******' }
}

export function networkView(world: World, network: Network) {
  return {
    Id: network.id,
    user: world.state.userId,
    name: network.name,
    state: { state: 'ready', error: '' },
    segment: network.segment,
    clusterId: network.clusterId,
    Addresses: world.state.machines
      .filter((machine) => machine.networkId === network.id && machine.status !== 'gone')
      .map((machine) => ({ Id: machine.id, Ip: machine.networkIp })),
    createTime: String(network.createdAt),
  }
}
