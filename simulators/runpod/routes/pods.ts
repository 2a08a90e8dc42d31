/** /v2/pods: list, create, read, change, act, delete. */

import type { SimReply } from '../../kit/simulator.ts'
import { createPod, podAction, updatePod } from '../bodies.ts'
import { type ContainerBody, containerWith } from '../container.ts'
import { restart, startAgain, stop, terminate } from '../machines.ts'
import type { Cloud } from '../market.ts'
import { balanceNanos, setPodMeters, whyNoMoney } from '../money.ts'
import { checkContainer, type PodOrder, placePod } from '../placing.ts'
import { actionsOf, podView, shownStatus } from '../pod-view.ts'
import { badRequest, noContent, notFound, ok, Problem } from '../problem.ts'
import { bodyOf, type Call, flagOf, pageOf } from '../request.ts'
import { type Container, ceilSecond, type Mounts, type Pod, type Template, type World } from '../state.ts'
import { publicTemplates } from './templates.ts'

export function listPods({ world, request }: Call): SimReply {
  const withCluster = flagOf(request.query, 'includeClusterPods')
  const now = world.clock.now()
  const shown = world.state.pods.filter((pod) => !pod.forgotten && pod.listedFrom <= now).reverse()
  const { page, pagination } = pageOf(world, request.query, shown, 'pod')
  // Cluster members are taken out after the page is cut, so that a page may be short or empty and not the last.
  const pods = page.filter((pod) => withCluster || pod.clusterId === null).map((pod) => podView(world, pod))
  return ok(world.state.switches.v2 === 'older' ? { pods } : { pods, pagination })
}

export function createPodRoute({ world, request }: Call): SimReply {
  const body = bodyOf(request, createPod, (value) => ('templateId' in value ? [] : missingImage(value)))
  const pod = placePod(world, orderFrom(world, body as unknown as CreateBody))
  return ok(podView(world, pod), 201)
}

function missingImage(value: Record<string, unknown>): string[] {
  return 'image' in value ? [] : ["$: missing property 'image'"]
}

export function getPod({ world, id }: Call): SimReply {
  return ok(podView(world, podOf(world, id)))
}

interface CreateBody extends ContainerBody {
  name: string
  cloud?: Cloud
  gpu?: {
    id: string
    count?: number
    allowedCudaVersions?: string[]
    minCudaVersion?: string
    minRamPerGpu?: number
    minVcpuCountPerGpu?: number
  }
  cpu?: { id: string; vcpuCount: number }
  dataCenterIds?: string[]
  mounts?: Mounts
  globalNetworking?: boolean
  templateId?: string
}

/** The limit of a request holds for the body with its template written out as well. */
const expandedLimitBytes = 102_400

function orderFrom(world: World, body: CreateBody): PodOrder {
  const template = body.templateId === undefined ? null : templateOf(world, body.templateId)
  if (template && Buffer.byteLength(JSON.stringify(body) + JSON.stringify(template.container)) > expandedLimitBytes)
    throw new Problem(413, 'request body exceeds 102400 bytes')
  const base: Container = template?.container ?? {
    image: '',
    args: '',
    entrypoint: null,
    cmd: null,
    // The default size is not documented for v2; v1 had 50.
    disk: body.cpu ? 20 : 50,
    ports: [],
    env: {},
    registry: null,
  }
  const inherited = template?.persistent ? { persistent: template.persistent } : {}
  const cudaGiven = body.gpu?.allowedCudaVersions !== undefined || body.gpu?.minCudaVersion !== undefined
  return {
    name: body.name,
    container: containerWith(base, body, { ...base.env, ...body.env }),
    cloud: body.cloud ?? 'SECURE',
    gpu: body.gpu
      ? {
          id: body.gpu.id,
          count: body.gpu.count ?? 1,
          allowedCudaVersions: body.gpu.allowedCudaVersions ?? (cudaGiven ? [] : (template?.allowedCudaVersions ?? [])),
          minCudaVersion: body.gpu.minCudaVersion ?? null,
          minRamPerGpu: body.gpu.minRamPerGpu ?? 0,
          minVcpuPerGpu: body.gpu.minVcpuCountPerGpu ?? 0,
        }
      : null,
    cpu: body.cpu ?? null,
    dataCenterIds: body.dataCenterIds ?? [],
    mounts: body.mounts?.network?.length === 0 ? withoutNetwork(body.mounts) : (body.mounts ?? inherited),
    globalNetworking: body.globalNetworking ?? false,
  }
}

function withoutNetwork({ persistent }: Mounts): Mounts {
  return persistent ? { persistent } : {}
}

export function templateOf(world: World, id: string): Template {
  const template = [...world.state.templates, ...publicTemplates].find((one) => one.id === id)
  if (!template) throw notFound()
  if (template.serverless) throw badRequest('template is a serverless template')
  return template
}

interface UpdateBody extends ContainerBody {
  name?: string
  locked?: boolean
  globalNetworking?: boolean
  mounts?: Mounts
  templateId?: string
}

const containerFields = ['image', 'args', 'entrypoint', 'cmd', 'disk', 'ports', 'env', 'registry', 'templateId']

export function patchPod({ world, request, id }: Call): SimReply {
  const pod = podOf(world, id)
  const body = bodyOf(request, updatePod) as unknown as UpdateBody
  refuseCluster(pod)
  if (pod.status === 'TERMINATED') throw notFound('pod not found')
  const template = body.templateId === undefined ? null : templateOf(world, body.templateId)
  const env = body.env || template ? { ...template?.container.env, ...body.env } : pod.container.env
  const container = containerWith(template?.container ?? pod.container, body, env)
  checkContainer(container)
  if (container.registry !== null && !world.state.registries.some((one) => one.id === container.registry))
    throw notFound()
  const mounts = mountsWith(pod.mounts, body.mounts)

  if (body.name !== undefined) pod.name = body.name
  if (body.locked !== undefined) pod.locked = body.locked
  if (body.globalNetworking !== undefined) pod.globalWanted = body.globalNetworking
  pod.container = container
  pod.mounts = mounts
  const changed = containerFields.some((field) => field in body)
  const running = !['EXITED', 'ERROR'].includes(pod.status)
  if (!pod.hostLost) setPodMeters(world, pod, running ? 'running' : 'stopped', ceilSecond(world.clock.now()))
  if (changed && pod.status === 'RUNNING') again(world, pod)
  return ok(podView(world, pod))
}

/** Only the kind that is there can change: a volume grows, a path moves. */
function mountsWith(now: Mounts, wanted: Mounts | undefined): Mounts {
  if (!wanted || (!wanted.persistent && !wanted.network?.length)) return now
  if (wanted.persistent && now.persistent && !wanted.network?.length) {
    if (wanted.persistent.size < now.persistent.size) throw badRequest('persistent mount size cannot be reduced')
    return { persistent: wanted.persistent }
  }
  const network = wanted.network?.[0]
  if (network && now.network?.[0] && !wanted.persistent) {
    if (network.volumeId !== now.network[0].volumeId) throw badRequest('volumeId cannot be changed')
    return { network: [network] }
  }
  throw badRequest('the kind of a mount cannot be changed')
}

export function actOnPod({ world, request, id }: Call): SimReply {
  const pod = podOf(world, id)
  const { action } = bodyOf(request, podAction) as { action: 'start' | 'stop' | 'restart' | 'terminate' }
  refuseCluster(pod)
  if (!actionsOf[shownStatus(world, pod)].includes(action) || pod.status === 'TERMINATED')
    throw new Problem(409, 'action not valid for current pod status')
  if (action !== 'start') refuseLocked(world, pod)
  switch (action) {
    case 'start':
      start(world, pod)
      break
    case 'stop':
      stop(world, pod)
      break
    case 'restart':
      again(world, pod)
      break
    case 'terminate':
      terminate(world, pod, world.clock.now())
      return noContent()
  }
  return ok(podView(world, pod))
}

function start(world: World, pod: Pod): void {
  const noMoney =
    balanceNanos(world.state, world.clock.now()) <= 0n ? 'insufficient balance' : whyNoMoney(world, BigInt(pod.rate))
  if (noMoney) throw new Problem(402, noMoney)
  if (pod.gpuTaken || pod.hostLost)
    throw badRequest('There are not enough free GPUs on the host machine to start this pod.')
  applyNetworking(pod)
  startAgain(world, pod)
}

function again(world: World, pod: Pod): void {
  applyNetworking(pod)
  restart(world, pod)
}

/** Global networking takes effect on the next start. */
function applyNetworking(pod: Pod): void {
  if (!pod.globalWanted) pod.globalIp = null
  else pod.globalIp ??= `10.0.${pod.number % 250}.${2 + (pod.gpuCount % 240)}`
}

export function deletePod({ world, id }: Call): SimReply {
  const pod = podOf(world, id)
  if (pod.status === 'TERMINATED') throw notFound('pod not found')
  refuseCluster(pod)
  refuseLocked(world, pod)
  terminate(world, pod, world.clock.now())
  return noContent()
}

export function podOf(world: World, id: string): Pod {
  const pod = world.state.pods.find((one) => one.id === id && !one.forgotten)
  if (!pod || world.clock.now() < pod.createdAt + world.state.switches.getLagMs) throw notFound('pod not found')
  return pod
}

function refuseCluster(pod: Pod): void {
  if (pod.clusterId !== null) throw new Problem(409, 'pod belongs to a cluster')
}

/** A locked pod can be neither stopped nor reset; that restart and delete count too, and the 409, are our reading. */
function refuseLocked(world: World, pod: Pod): void {
  if (pod.locked) throw new Problem(world.state.switches.lockedStatus, 'pod is locked')
}
