/** A pod as REST v2 shows it. */

import { seedFrom } from '../kit/random.ts'
import { usdFrom } from './money.ts'
import { isoSecond, type Pod, type PodPort, type PodStatus, type World } from './state.ts'

/** docs.runpod.io: valid transitions by status; anything else is a 409. */
export const actionsOf: Record<PodStatus, readonly string[]> = {
  PROVISIONING: ['stop', 'terminate'],
  STARTING: ['stop', 'terminate'],
  RUNNING: ['stop', 'restart', 'terminate'],
  EXITED: ['start', 'terminate'],
  ERROR: ['start', 'terminate'],
  TERMINATED: [],
}

export function podView(world: World, pod: Pod): Record<string, unknown> {
  const { switches } = world.state
  const status = shownStatus(world, pod)
  const assigned = status !== 'PROVISIONING'
  const { container } = pod
  return {
    id: pod.id,
    name: pod.name,
    status,
    actions: actionsOf[status],
    image: container.image,
    args: container.args,
    ...(container.entrypoint || container.cmd
      ? { entrypoint: container.entrypoint ?? [], cmd: container.cmd ?? [] }
      : {}),
    disk: container.disk,
    mounts: pod.mounts,
    ports: container.ports,
    env: container.env,
    registry: container.registry,
    ...(pod.gpuId !== null
      ? { gpu: { id: pod.gpuId, count: pod.gpuCount, vcpuCount: pod.vcpuCount, memory: pod.memory } }
      : { cpu: { id: pod.cpuId, vcpuCount: pod.vcpuCount, memory: pod.memory } }),
    cloud: pod.cloud,
    dataCenterId: assigned && shownDataCenter(world, pod) ? pod.dataCenterId : null,
    cudaVersion: assigned ? pod.cudaVersion : null,
    ssh: sshView(pod, status),
    ...(pod.clusterId ? { cluster: { id: pod.clusterId, rank: pod.clusterRank } } : {}),
    // The OpenAPI file keeps this null: a template is expanded once, at create. Its examples show an id.
    template: null,
    cost: costUsd(world, pod, status),
    locked: pod.locked,
    globalNetworking: pod.globalIp
      ? { enabled: true, ip: pod.globalIp, internalDns: `${pod.id}.runpod.internal` }
      : { enabled: false },
    runtime: runtimeView(world, pod, status) ?? (switches.emptyRuntime && status === 'RUNNING' ? {} : null),
    createdAt: isoSecond(pod.createdAt),
    startedAt: pod.startedAt === null ? null : isoSecond(pod.startedAt),
  }
}

export function shownStatus(world: World, pod: Pod): PodStatus {
  if (pod.status === 'TERMINATED' && world.state.switches.deletedFace === 'stale') return pod.lastStatus
  return pod.status
}

export function shownDataCenter(world: World, pod: Pod): boolean {
  return pod.cloud === 'SECURE' || world.state.switches.communityHasDataCenters
}

/** The public face of a port: the drawn one, or the address that a control set. */
export function shownPorts(pod: Pod, ports: readonly PodPort[]): PodPort[] {
  const { address } = pod
  if (!address) return [...ports]
  return ports.map((port) => {
    const number = address.ports[String(port.private)]
    return port.type === 'tcp' && number !== undefined ? { ...port, ip: address.ip, public: number } : { ...port }
  })
}

/** What computing costs now; a stopped pod was seen to keep showing its running price. */
export function costUsd(world: World, pod: Pod, status: PodStatus): number {
  if (status === 'TERMINATED') return 0
  if (status === 'EXITED' && world.state.switches.exitedCostZero) return 0
  return usdFrom(BigInt(pod.rate))
}

function sshView(pod: Pod, status: PodStatus): unknown {
  if (!['STARTING', 'RUNNING', 'ERROR'].includes(status)) return { proxy: null, direct: null }
  const username = `${pod.id}-${pod.sshToken}`
  const proxy = { host: 'ssh.runpod.io', port: 22, username, command: `ssh ${username}@ssh.runpod.io` }
  const port = shownPorts(pod, pod.runtime?.ports ?? []).find((one) => one.private === 22 && one.type === 'tcp')
  if (!port?.public) return { proxy, direct: null }
  const direct = {
    host: port.ip,
    port: port.public,
    username: 'root',
    command: `ssh root@${port.ip} -p ${port.public}`,
  }
  return { proxy, direct }
}

/** High, as of somebody who pays for it; another number every minute. */
function busyPercent(world: World, pod: Pod): number {
  return 70 + (seedFrom(world.state.seed, `load ${pod.id} ${Math.floor(world.clock.now() / 60_000)}`) % 30)
}

function runtimeView(world: World, pod: Pod, status: PodStatus): unknown {
  if (status === 'EXITED' && world.state.switches.staleRuntime && pod.lastPorts.length > 0) {
    return { uptime: 0, ports: shownPorts(pod, pod.lastPorts) }
  }
  if (!pod.runtime || status !== 'RUNNING') return null
  const load = pod.number % 7
  const busy = pod.utilisation ?? busyPercent(world, pod)
  return {
    uptime: Math.max(0, Math.floor((world.clock.now() - pod.runtime.since) / 1000)),
    ...(pod.gpuId !== null
      ? { gpus: Array.from({ length: pod.gpuCount }, () => ({ util: busy, memoryUtil: Math.floor(busy * 0.8) })) }
      : {}),
    cpu: { util: load },
    memory: { util: 3 + load },
    ports: shownPorts(pod, pod.runtime.ports),
  }
}
