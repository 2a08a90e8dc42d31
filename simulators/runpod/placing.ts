/**
 * From a wish to a pod: the rules, the money, the place. REST and GraphQL both come through here, so that a pod is the
 * same pod whichever way it was made. Refusals are `Problem`s; GraphQL puts their text into its own envelope.
 */

import { nanosFromUsd } from '../kit/bill.ts'
import { beginBilling, planStart } from './machines.ts'
import {
  type Cloud,
  cpuFlavors,
  cudaVersionOf,
  dataCenterOf,
  fits,
  freeGpus,
  type GpuType,
  gpuPriceUsd,
  gpuTypeOf,
  matches,
} from './market.ts'
import { whyNoMoney } from './money.ts'
import { badRequest, noDiskSpace, noInstances, noResources, notFound, Problem } from './problem.ts'
import { type Container, type Mounts, newId, type Pod, type World } from './state.ts'

export interface PodOrder {
  name: string
  container: Container
  cloud: Cloud
  gpu: GpuWish | null
  cpu: { id: string; vcpuCount: number } | null
  dataCenterIds: readonly string[]
  mounts: Mounts
  globalNetworking: boolean
}

export interface GpuWish {
  id: string
  count: number
  allowedCudaVersions: readonly string[]
  minCudaVersion: string | null
  minRamPerGpu: number
  minVcpuPerGpu: number
}

interface Place {
  dataCenterId: string
  cudaVersion: string | null
  vcpuCount: number
  memory: number
  /** Nano-dollars per hour for the whole pod. */
  rate: bigint
}

/** @throws Problem with the marketplace's reason; nothing was made then. */
export function placePod(world: World, order: PodOrder): Pod {
  checkRules(world, order)
  const place = order.gpu ? placeGpu(world, order, order.gpu) : placeCpu(world, order)
  return makePod(world, order, place)
}

export function checkContainer(container: Container): void {
  let http = 0
  for (const port of container.ports) {
    const match = /^(\d+)\/(\w+)$/.exec(port)
    const number = Number(match?.[1])
    if (!match || number < 1) throw badRequest(`invalid port "${port}": expected port/protocol`)
    if (match[2] !== 'http' && match[2] !== 'tcp')
      throw badRequest(`invalid port "${port}": protocol must be http or tcp`)
    if (number > 65_535 && !(number >= 70_000 && match[2] === 'tcp')) throw badRequest(`invalid port "${port}"`)
    if (match[2] === 'http') http += 1
  }
  if (http > 10) throw badRequest('at most 10 http ports can be exposed')
}

function checkRules(world: World, order: PodOrder): void {
  const { container, gpu, cpu, mounts } = order
  if ((gpu === null) === (cpu === null)) throw badRequest('exactly one of gpu or cpu must be set')
  if (gpu?.allowedCudaVersions.length && gpu.minCudaVersion)
    throw badRequest('allowedCudaVersions and minCudaVersion are mutually exclusive')
  if (mounts.persistent && mounts.network?.length)
    throw badRequest('mounts.persistent and mounts.network are mutually exclusive')
  if (cpu && mounts.persistent) throw badRequest('mounts.persistent is not supported for CPU pods')
  // Field notes of 2026: CPU pods with 10 GB were refused, with 20 GB accepted.
  if (cpu && container.disk < 20) throw badRequest('disk must be at least 20 GB for CPU pods')
  checkContainer(container)
  if (container.registry !== null && !world.state.registries.some((one) => one.id === container.registry))
    throw notFound()
  if (order.globalNetworking && !gpu?.id.startsWith('NVIDIA'))
    throw badRequest('globalNetworking requires an NVIDIA GPU')
}

function placeGpu(world: World, order: PodOrder, wish: GpuWish): Place {
  const type = gpuTypeOf(wish.id)
  const volumeAt = volumePlace(world, order.mounts)
  // An id that RunPod never sold: the answer is not documented, a broken rule is our reading.
  if (!type) throw badRequest(`unknown gpu id "${wish.id}"`)
  checkPool(world, type, order.cloud)
  const rate = nanosFromUsd(gpuPriceUsd(world, type, order.cloud, 'rented')) * BigInt(wish.count)
  const noMoney = whyNoMoney(world, rate)
  if (noMoney) throw new Problem(402, noMoney)
  refuseAsOrdered(world, [type.id, type.name, order.cloud, ...order.dataCenterIds])

  const placesNamed = order.cloud === 'SECURE' || world.state.switches.communityHasDataCenters
  const places = (type.sold[order.cloud]?.dataCenters ?? [])
    .filter((id) => order.dataCenterIds.length === 0 || order.dataCenterIds.includes(id))
    .filter(() => placesNamed || order.dataCenterIds.length === 0)
    .filter((id) => volumeAt === null || volumeAt === id)
    .filter((id) => !order.globalNetworking || dataCenterOf(id)?.globalNetwork)
    .filter((id) => cudaFits(cudaVersionOf(world, type, order.cloud, id), wish))
    .filter((id) => fits(world, type, { cloud: order.cloud, dataCenter: id, count: wish.count }) > 0)
    .filter(() => type.ramPerGpu >= wish.minRamPerGpu && type.vcpuPerGpu >= wish.minVcpuPerGpu)
  // The catalogue is advisory: a create fails now and then on a type that it shows as free.
  if (places.length > 0 && world.random.chance(world.state.switches.capacityFailureRate)) throw badRequest(noInstances)
  const preferred = [...places].sort(
    (a, b) => freeGpus(world, type, order.cloud, b) - freeGpus(world, type, order.cloud, a),
  )[0]
  if (!preferred) throw badRequest(noInstances)
  return {
    dataCenterId: preferred,
    cudaVersion: cudaVersionOf(world, type, order.cloud, preferred),
    vcpuCount: type.vcpuPerGpu * wish.count,
    memory: type.ramPerGpu * wish.count,
    rate,
  }
}

function placeCpu(world: World, order: PodOrder): Place {
  const flavor = cpuFlavors.find((one) => one.id === order.cpu?.id)
  const vcpuCount = order.cpu?.vcpuCount ?? 0
  const volumeAt = volumePlace(world, order.mounts)
  if (!flavor) throw badRequest(`unknown cpu id "${order.cpu?.id}"`)
  if (vcpuCount > flavor.maxVcpu || (vcpuCount & (vcpuCount - 1)) !== 0)
    throw badRequest(`vcpuCount must be a power of two between 2 and ${flavor.maxVcpu}`)
  const rate = nanosFromUsd(flavor.securePerVcpu) * BigInt(vcpuCount)
  const noMoney = whyNoMoney(world, rate)
  if (noMoney) throw new Problem(402, noMoney)
  refuseAsOrdered(world, [flavor.id, flavor.name, order.cloud, ...order.dataCenterIds])
  const place = flavor.dataCenters.find(
    (id) =>
      order.cloud === 'SECURE' &&
      (order.dataCenterIds.length === 0 || order.dataCenterIds.includes(id)) &&
      (volumeAt === null || volumeAt === id),
  )
  if (!place) throw badRequest(noInstances)
  return {
    dataCenterId: place,
    cudaVersion: null,
    vcpuCount,
    memory: Math.floor(flavor.ramGbPerVcpu * vcpuCount),
    rate,
  }
}

/** The data centre of the network volume pins the pod's; null without one. */
function volumePlace(world: World, mounts: Mounts): string | null {
  const mount = mounts.network?.[0]
  if (!mount) return null
  const volume = world.state.volumes.find((one) => one.id === mount.volumeId)
  if (!volume) throw notFound()
  return volume.dataCenter
}

function checkPool(world: World, type: GpuType, cloud: Cloud): void {
  const closed = world.state.switches.forbiddenPools.some((pool) => matches(pool, [type.id, type.name, cloud]))
  if (closed) throw new Problem(403, 'access denied')
}

/** Capacity refusals that a control asked for, in the disguise it asked for. */
function refuseAsOrdered(world: World, names: string[]): void {
  const { state } = world
  const order = state.sellOuts.find((one) => matches(one.matching, names))
  if (!order) return
  order.left -= 1
  state.sellOuts = state.sellOuts.filter((one) => one.left > 0)
  if (order.how === 'no_resources') throw badRequest(noResources)
  if (order.how === 'no_disk') throw badRequest(noDiskSpace)
  throw badRequest(noInstances)
}

export function cudaFits(
  version: string | null,
  wish: Pick<GpuWish, 'allowedCudaVersions' | 'minCudaVersion'>,
): boolean {
  if (wish.allowedCudaVersions.length > 0) return version !== null && wish.allowedCudaVersions.includes(version)
  if (wish.minCudaVersion !== null) return version !== null && compareCuda(version, wish.minCudaVersion) >= 0
  return true
}

/** Numeric by part: 12.10 is newer than 12.9. A bare major stands for its first release. */
export function compareCuda(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number)
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number)
  return aMajor - bMajor || aMinor - bMinor
}

export function makePod(world: World, order: PodOrder, place: Place, more: Partial<Pod> = {}): Pod {
  const { state, clock, random } = world
  const now = clock.now()
  const pod: Pod = {
    id: newId(world, 14),
    number: state.pods.length + 1,
    name: order.name,
    status: 'RUNNING',
    container: order.container,
    mounts: order.mounts,
    gpuId: order.gpu?.id ?? null,
    gpuCount: order.gpu?.count ?? 0,
    cpuId: order.cpu?.id ?? null,
    vcpuCount: place.vcpuCount,
    memory: place.memory,
    cloud: order.cloud,
    dataCenterId: place.dataCenterId,
    cudaVersion: place.cudaVersion,
    rate: place.rate.toString(),
    locked: false,
    globalIp: order.globalNetworking ? `10.0.${random.int(0, 255)}.${random.int(2, 250)}` : null,
    globalWanted: order.globalNetworking,
    createdAt: now,
    startedAt: null,
    runtime: null,
    lastPorts: [],
    lastStatus: 'RUNNING',
    sshToken: random.hex(8),
    machineId: newId(world, 12),
    clusterId: null,
    clusterRank: 0,
    foreign: false,
    hostLost: false,
    gpuTaken: false,
    failure: null,
    listedFrom: listedFrom(world),
    address: null,
    due: [],
    statusChangedAt: now,
    forgotten: false,
    logs: [],
    ...more,
  }
  state.pods.push(pod)
  beginBilling(world, pod)
  planStart(world, pod, 'create')
  return pod
}

/** Clients poll lists with growing waits after a create; how often and how long they must is a guess. */
function listedFrom(world: World): number {
  const { state, clock, random } = world
  const late = random.chance(0.2)
  const drawn = random.int(300, 2500)
  if (state.listLagMs !== null) return clock.now() + state.listLagMs
  return late ? clock.after(drawn) : clock.now()
}
