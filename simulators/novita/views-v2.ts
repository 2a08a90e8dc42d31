/** The objects of `/gpus/v2`, in the shape that the sister platform PPIO publishes ("PPIO GPU API v2" 2.0.0). */

import {
  type Cluster,
  clusterName,
  containerDiskPrice,
  freeCards,
  freeDiskGb,
  inventoryState,
  monthlyPrice,
  type Product,
  unitPrice,
} from './market.ts'
import type { BillingMode, Machine, World } from './state.ts'
import { billingMethods, endpoint, gpuTypes, hasNode, instanceDetail, sshCommand } from './views-v1.ts'

const modes: Record<BillingMode, 'postpaid' | 'prepaid' | 'spot'> = {
  onDemand: 'postpaid',
  monthly: 'prepaid',
  spot: 'spot',
}

export function productViewV2(world: World, product: Product, filter: { regionIds: string[]; gpuNum: number }) {
  const onDemand = unitPrice(world, product, 'onDemand', true)
  const spot = unitPrice(world, product, 'spot', true)
  const month = monthlyPrice(onDemand, 1)
  const regionIds = Object.keys(product.stock).filter((id) => !filter.regionIds.length || filter.regionIds.includes(id))
  const free = regionIds.map((id) => freeCards(world, product, id))
  const available = free.reduce((sum, cards) => sum + cards, 0)
  return {
    id: product.id,
    name: product.name,
    type: 'gpu',
    category: 'instance',
    description: '',
    region_ids: regionIds,
    resource_spec: {
      gpu: {
        spec_id: `spec-${product.id}`,
        name: product.gpuName,
        memory_gb: product.vramGb,
        min: 1,
        max: 8,
        available,
        max_available: available,
      },
      cpu: product.cpuPerGpu,
      memory_gb: product.memoryPerGpu,
      rootfs: { min_gb: 10, max_gb: product.diskPerGpu, free_gb: freeDiskGb },
    },
    pricing: {
      precision: 5,
      postpaid: { base_price: onDemand, final_price: onDemand, unit: 'per_hour' },
      spot: spot === 0 ? null : { base_price: onDemand, final_price: spot, unit: 'per_hour' },
      prepaid: [{ spec_id: `spec_${product.id}_1m`, duration_months: 1, final_price: month, base_price: month }],
      storage_price_per_gb: containerDiskPrice,
    },
    billing_methods: billingMethods(product).map((mode) => modes[mode]),
    inventory_state: inventoryState(available),
    deployable: free.some((cards) => cards >= Math.max(1, filter.gpuNum)),
    activity: { is_activity_product: false, active: false, purchasable: true },
  }
}

/** The feature flags of a region have no published names, so none are answered. */
export function regionView(world: World, cluster: Cluster) {
  return { id: cluster.id, name: clusterName(world, cluster.id), gpus: gpuTypes(cluster.id) }
}

/** An item of the list: everything but `tools`. */
export function instanceViewV2(world: World, machine: Machine) {
  const { tools: _tools, ...item } = instanceDetailV2(world, machine)
  return item
}

export function instanceDetailV2(world: World, machine: Machine) {
  const { ssh, log, jupyter } = toolsOf(world, machine)
  const status = machine.status === 'exited' ? world.state.settings.v2StoppedWord : machine.status
  return {
    id: machine.id,
    name: machine.name,
    type: machine.kind,
    product_id: machine.productId,
    image: machine.imageUrl,
    registry_auth_id: machine.imageAuthId,
    entrypoint: machine.entrypoint,
    command: machine.command,
    billing: {
      mode: modes[machine.billingMode],
      prepaid: machine.billingMode === 'monthly' ? { months: machine.months } : null,
    },
    envs: machine.envs,
    ports: machine.ports.map((port, index) => ({
      port: port.port,
      protocol: port.type,
      endpoint: endpoint(machine, index),
    })),
    resource_specs: {
      rootfs_size_gb: machine.rootfsGb,
      gpu_num: machine.gpuNum,
      cpu_num: machine.cpuNum,
      memory_gb: machine.memoryGb,
      gpu_ids: machine.gpuIds,
    },
    network: { id: machine.networkId, ip: machine.networkIp },
    volumes: machine.volumes.map((volume) => ({ type: 'network', id: volume.id, mount_point: volume.mountPath })),
    region: machine.clusterId,
    tools: {
      jupyter,
      ssh,
      web_terminal: { endpoint: '', enabled: false, username: '', password: '' },
      log,
    },
    auto_migrate: {
      enabled: machine.autoMigrate.enabled,
      include_system_disk: machine.autoMigrate.includeSystemDisk,
    },
    status: { status, error: machine.statusError.state, message: machine.statusError.message },
    created_at: machine.createdAt,
    last_started_at: machine.lastStartedAt,
    last_stopped_at: machine.lastStoppedAt,
    member_id: '',
    owner_id: world.state.userId,
    region_version: 'v2',
  }
}

function toolsOf(world: World, machine: Machine) {
  const detail = instanceDetail(world, machine)
  const ready = detail.connectComponentSSH.isRunning
  const { connectComponentJupyter: jupyter, connectComponentLog: log } = detail
  return {
    ssh: {
      command: ready ? sshCommand(machine) : '',
      username: ready ? 'root' : '',
      password: ready ? machine.ssh.password : '',
    },
    jupyter: { endpoint: jupyter.address, enabled: jupyter.isRunning, port: jupyter.port },
    log: {
      instance_endpoint: hasNode(machine) ? log.instanceLogAddress : '',
      system_endpoint: hasNode(machine) ? log.systemLogAddress : '',
    },
  }
}
