/**
 * POST /graphql: deprecated, ends early 2027 with 410. Of its root fields only those listed here are imitated; the spot
 * mutations are gone and answer as unknown fields. Business errors are HTTP 200, a query that does not fit is HTTP 400.
 */

import type { SimReply, SimRequest } from '../../kit/simulator.ts'
import {
  argumentValue,
  checkFields,
  type Field,
  type FieldType,
  fieldsOf,
  GraphqlRefusal,
  parseDocument,
  shaped,
  type TypeTable,
} from '../graphql.ts'
import { terminate } from '../machines.ts'
import {
  type Cloud,
  cudaVersionOf,
  dataCenterOf,
  fits,
  type GpuType,
  gpuPriceUsd,
  gpuTypeOf,
  gpuTypes,
  levelOf,
} from '../market.ts'
import { balanceNanos, spendLimitUsd, spendPerHour, usdFrom } from '../money.ts'
import { cudaFits, placePod } from '../placing.ts'
import { costUsd, shownDataCenter, shownPorts, shownStatus } from '../pod-view.ts'
import { noInstances, Problem } from '../problem.ts'
import type { Container, Mounts, Pod, World } from '../state.ts'
import { templateOf } from './pods.ts'

const deployInput =
  'cloudType gpuTypeId gpuCount name imageName dockerArgs ports env containerDiskInGb volumeInGb volumeMountPath networkVolumeId templateId dataCenterId countryCode minVcpuCount minMemoryInGb minDownload minUpload allowedCudaVersions minCudaVersion startSsh startJupyter supportPublicIp containerRegistryAuthId deployCost stopAfter terminateAfter'.split(
    ' ',
  )

function scalars(names: string): Record<string, FieldType> {
  return Object.fromEntries(names.split(' ').map((name) => [name, {}]))
}

/** Names: GraphQL reference and clients, 2024 to 2026; there is no official machine-readable schema. */
const types: TypeTable = {
  Query: {
    myself: { of: 'User' },
    pod: { of: 'Pod', input: ['podId'], inputName: 'PodFilter', inputRequired: true },
    gpuTypes: { of: 'GpuType', input: ['id'], inputName: 'GpuTypeFilter' },
  },
  Mutation: {
    podFindAndDeployOnDemand: {
      of: 'Pod',
      input: deployInput,
      inputName: 'PodFindAndDeployOnDemandInput',
      inputRequired: true,
    },
    podTerminate: { input: ['podId'], inputName: 'PodTerminateInput', inputRequired: true },
  },
  User: { ...scalars('id email clientBalance currentSpendPerHr spendLimit'), pods: { of: 'Pod' } },
  Pod: {
    ...scalars(
      'id name imageName desiredStatus lastStatusChange costPerHr gpuCount vcpuCount memoryInGb containerDiskInGb volumeInGb volumeMountPath ports env dockerArgs podType uptimeSeconds machineId',
    ),
    machine: { of: 'PodMachineInfo' },
    runtime: { of: 'PodRuntime' },
  },
  PodMachineInfo: scalars('gpuDisplayName podHostId dataCenterId location'),
  PodRuntime: {
    ...scalars('uptimeInSeconds'),
    ports: { of: 'PodRuntimePorts' },
    gpus: { of: 'PodRuntimeGpus' },
    container: { of: 'PodRuntimeContainer' },
  },
  PodRuntimePorts: scalars('ip isIpPublic privatePort publicPort type'),
  PodRuntimeGpus: scalars('id gpuUtilPercent memoryUtilPercent'),
  PodRuntimeContainer: scalars('cpuPercent memoryPercent'),
  GpuType: {
    ...scalars(
      'id displayName memoryInGb manufacturer maxGpuCount secureCloud communityCloud securePrice communityPrice secureSpotPrice communitySpotPrice',
    ),
    lowestPrice: {
      of: 'LowestPrice',
      input: 'gpuCount secureCloud dataCenterId countryCode minDisk minMemoryInGb minVcpuCount minCudaVersion'.split(
        ' ',
      ),
      inputName: 'GpuLowestPriceInput',
    },
  },
  LowestPrice: scalars(
    'minimumBidPrice uninterruptablePrice minVcpu minMemory stockStatus availableGpuCounts countryCode',
  ),
}

interface GraphqlError {
  message: string
  path?: string[]
  locations?: unknown[]
  extensions: { code: string }
}

export function graphql(world: World, request: SimRequest): SimReply {
  if (world.state.switches.graphql === 'gone') {
    return reply(410, { errors: [refused('The GraphQL API has been shut down. Use the REST API v2.', 'GONE')] })
  }
  if (request.method !== 'POST') return reply(405, { errors: [refused('GraphQL takes POST.', 'BAD_REQUEST')] })
  const throttled = throttle(world)
  if (throttled) return throttled
  try {
    return answer(world, request)
  } catch (error) {
    if (!(error instanceof GraphqlRefusal)) throw error
    return reply(400, {
      errors: [
        {
          message: error.message,
          ...(error.at ? { locations: [error.at] } : {}),
          extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
        },
      ],
    })
  }
}

function answer(world: World, request: SimRequest): SimReply {
  const key = keyOf(request)
  if (key !== null && key !== world.apiKey) return unauthorized()
  if (world.state.switches.forbidden.includes('POST /graphql'))
    return reply(403, { errors: [refused('Forbidden', 'FORBIDDEN')] })
  const body = bodyFrom(request.body)
  const document = parseDocument(body.query)
  const named = document.operations.filter((one) => body.operationName === null || one.name === body.operationName)
  const operation = named[0]
  if (!operation || named.length > 1)
    throw new GraphqlRefusal('Must provide operation name if query contains multiple operations.')
  const fields = fieldsOf(document, operation.fields)
  const root = operation.kind === 'query' ? 'Query' : 'Mutation'
  checkFields(types, document, root, fields)
  if (key === null && fields.some((field) => field.name !== 'gpuTypes')) return unauthorized()

  const defaults = Object.fromEntries(
    Object.entries(operation.defaults).map(([name, value]) => [name, argumentValue(value, {})]),
  )
  const variables = { ...defaults, ...body.variables }
  const data: Record<string, unknown> = {}
  const errors: GraphqlError[] = []
  // All inputs are checked before the first mutation does anything.
  const inputs = fields.map((field) => inputOf(field, variables))
  for (const [index, field] of fields.entries()) {
    try {
      const found = rootValue(world, field, inputs[index] ?? {})
      data[field.alias] = field.fields ? shaped(document, field.fields, found, variables) : (found ?? null)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const code = error.message.startsWith('pod not found') ? 'POD_NOT_FOUND' : 'RUNPOD'
      errors.push({ message: error.message, path: [field.alias], extensions: { code } })
      data[field.alias] = null
    }
  }
  return reply(200, errors.length > 0 ? { errors, data } : { data })
}

/** A key may also stand in the query string, as old pages say. */
function keyOf(request: SimRequest): string | null {
  const bearer = /^Bearer\s+(.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  return bearer ?? request.query.get('api_key')
}

function bodyFrom(text: string): { query: string; variables: Record<string, unknown>; operationName: string | null } {
  let body: { query?: unknown; variables?: Record<string, unknown> | null; operationName?: string | null } | null
  try {
    body = JSON.parse(text)
  } catch {
    throw new GraphqlRefusal('POST body is not valid JSON.')
  }
  if (typeof body?.query !== 'string') throw new GraphqlRefusal('Must provide query string.')
  return { query: body.query, variables: body.variables ?? {}, operationName: body.operationName ?? null }
}

/** @throws GraphqlRefusal for keys of a variable that the input type does not know */
function inputOf(field: Field, variables: Record<string, unknown>): Record<string, unknown> {
  const input = (argumentValue(field.args.input, variables) ?? {}) as Record<string, unknown>
  const type = types.Query?.[field.name] ?? types.Mutation?.[field.name]
  const unknown = Object.keys(input).find((key) => !type?.input?.includes(key))
  if (unknown) throw new GraphqlRefusal(`Field "${unknown}" is not defined by type "${type?.inputName}".`, field.at)
  return input
}

function rootValue(world: World, field: Field, input: Record<string, unknown>): unknown {
  switch (field.name) {
    case 'myself':
      return userValue(world)
    case 'pod':
      return podValue(
        world,
        shownPods(world).find((pod) => pod.id === input.podId && pod.status !== 'TERMINATED'),
      )
    case 'gpuTypes':
      return gpuTypes
        .filter((type) => input.id === undefined || input.id === null || type.id === input.id)
        .map((type) => gpuValue(world, type))
    case 'podFindAndDeployOnDemand':
      return podValue(world, deploy(world, input))
    case 'podTerminate': {
      const pod = shownPods(world).find((one) => one.id === input.podId && one.status !== 'TERMINATED')
      if (!pod) throw new Problem(404, 'pod not found to terminate')
      if (pod.locked) throw new Problem(409, 'pod is locked')
      terminate(world, pod, world.clock.now())
      return null
    }
    default:
      return field.name === '__typename' ? 'Query' : null
  }
}

function shownPods(world: World): Pod[] {
  return world.state.pods.filter((pod) => !pod.forgotten)
}

function userValue(world: World): unknown {
  const now = world.clock.now()
  return {
    __typename: 'User',
    id: 'user_2xSimulated',
    email: 'ops@example.com',
    clientBalance: usdFrom(balanceNanos(world.state, now)),
    currentSpendPerHr: usdFrom(spendPerHour(world.state)),
    spendLimit: spendLimitUsd,
    pods: () =>
      shownPods(world)
        .filter((pod) => pod.listedFrom <= now)
        .reverse()
        .map((pod) => podValue(world, pod)),
  }
}

function podValue(world: World, pod: Pod | undefined): unknown {
  if (!pod) return null
  const { container } = pod
  const status = shownStatus(world, pod)
  const mount = pod.mounts.persistent ?? pod.mounts.network?.[0]
  const desired = status === 'TERMINATED' || status === 'EXITED' ? status : 'RUNNING'
  return {
    __typename: 'Pod',
    id: pod.id,
    name: pod.name,
    imageName: container.image,
    desiredStatus: status === 'ERROR' ? 'EXITED' : desired,
    lastStatusChange: `${desired === 'RUNNING' ? 'Rented' : 'Exited'} by User: ${new Date(pod.statusChangedAt).toUTCString()}`,
    costPerHr: costUsd(world, pod, status),
    gpuCount: pod.gpuCount,
    vcpuCount: pod.vcpuCount,
    memoryInGb: pod.memory,
    containerDiskInGb: container.disk,
    volumeInGb: pod.mounts.persistent?.size ?? 0,
    volumeMountPath: mount?.path ?? '/workspace',
    ports: container.ports.join(','),
    env: Object.entries(container.env).map(([name, value]) => `${name}=${value}`),
    dockerArgs: container.args,
    podType: 'RESERVED',
    // Always 0 on the real one too: the container's age stands in `runtime`.
    uptimeSeconds: 0,
    machineId: pod.machineId,
    machine: {
      gpuDisplayName: pod.gpuId === null ? null : (gpuTypeOf(pod.gpuId)?.name ?? null),
      podHostId: `${pod.id}-${pod.sshToken}`,
      dataCenterId: shownDataCenter(world, pod) ? pod.dataCenterId : null,
      location: dataCenterOf(pod.dataCenterId)?.country ?? null,
    },
    runtime: status === 'RUNNING' && pod.runtime ? runtimeValue(world, pod, pod.runtime) : null,
  }
}

function runtimeValue(world: World, pod: Pod, runtime: NonNullable<Pod['runtime']>): unknown {
  const load = pod.number % 7
  return {
    uptimeInSeconds: Math.max(0, Math.floor((world.clock.now() - runtime.since) / 1000)),
    ports: shownPorts(pod, runtime.ports).map((port) => ({
      ip: port.ip,
      isIpPublic: port.type === 'tcp',
      privatePort: port.private,
      publicPort: port.public,
      type: port.type,
    })),
    gpus: Array.from({ length: pod.gpuCount }, (_, index) => ({
      id: `GPU-${pod.machineId}-${index}`,
      gpuUtilPercent: load * 3,
      memoryUtilPercent: load * 2,
    })),
    container: { cpuPercent: load, memoryPercent: 3 + load },
  }
}

function gpuValue(world: World, type: GpuType): unknown {
  return {
    __typename: 'GpuType',
    id: type.id,
    displayName: type.name,
    memoryInGb: type.memory,
    manufacturer: type.id.startsWith('AMD') ? 'AMD' : 'Nvidia',
    maxGpuCount: Math.max(type.sold.SECURE?.maxCount ?? 0, type.sold.COMMUNITY?.maxCount ?? 0),
    secureCloud: type.sold.SECURE !== null,
    communityCloud: type.sold.COMMUNITY !== null,
    securePrice: gpuPriceUsd(world, type, 'SECURE', 'listed'),
    communityPrice: gpuPriceUsd(world, type, 'COMMUNITY', 'listed'),
    secureSpotPrice: null,
    communitySpotPrice: null,
    lowestPrice: (input: Record<string, unknown>) => lowestPrice(world, type, input),
  }
}

/** The price of the whole machine for `gpuCount`, as recorded on 2026-07-18 (8 × 1.39 = 11.12); nulls without stock. */
function lowestPrice(world: World, type: GpuType, input: Record<string, unknown>): unknown {
  const count = typeof input.gpuCount === 'number' ? input.gpuCount : 1
  const secure = input.secureCloud
  const clouds: Cloud[] = secure === true ? ['SECURE'] : secure === false ? ['COMMUNITY'] : ['SECURE', 'COMMUNITY']
  const offers = clouds.flatMap((cloud) =>
    (type.sold[cloud]?.dataCenters ?? [])
      .filter((place) => (input.dataCenterId ?? place) === place)
      .filter((place) => (input.countryCode ?? dataCenterOf(place)?.country) === dataCenterOf(place)?.country)
      .filter((place) =>
        cudaFits(cudaVersionOf(world, type, cloud, place), {
          allowedCudaVersions: [],
          minCudaVersion: (input.minCudaVersion as string | undefined) ?? null,
        }),
      )
      .map((place) => ({
        cloud,
        place,
        free: fits(world, type, { cloud, dataCenter: place, count }),
        single: fits(world, type, { cloud, dataCenter: place, count: 1 }),
      })),
  )
  const enough =
    type.vcpuPerGpu * count >= ((input.minVcpuCount as number | undefined) ?? 0) &&
    type.ramPerGpu * count >= ((input.minMemoryInGb as number | undefined) ?? 0)
  const free = enough ? offers.filter((offer) => offer.free > 0) : []
  const prices = free.map((offer) => gpuPriceUsd(world, type, offer.cloud, 'listed') * count)
  const words = { NONE: null, LOW: 'Low', MEDIUM: 'Medium', HIGH: 'High' }
  const most = Math.max(0, ...offers.map((offer) => Math.min(offer.single, type.sold[offer.cloud]?.maxCount ?? 0)))
  const none = free.length === 0
  return {
    minimumBidPrice: null,
    uninterruptablePrice: none ? null : Math.round(Math.min(...prices) * 1e6) / 1e6,
    minVcpu: none ? null : type.vcpuPerGpu * count,
    minMemory: none ? null : type.ramPerGpu * count,
    stockStatus: words[levelOf(free.reduce((sum, offer) => sum + offer.free, 0))],
    availableGpuCounts: Array.from({ length: most }, (_, index) => index + 1),
    countryCode: none ? null : (dataCenterOf(free[0]?.place ?? '')?.country ?? null),
  }
}

function deploy(world: World, input: Record<string, unknown>): Pod {
  const text = (name: string) =>
    typeof input[name] === 'string' && input[name] !== '' ? (input[name] as string) : null
  const number = (name: string) => (typeof input[name] === 'number' ? (input[name] as number) : null)
  const cloudType = text('cloudType') ?? 'ALL'
  const clouds: Cloud[] = cloudType === 'ALL' ? ['SECURE', 'COMMUNITY'] : [cloudType as Cloud]
  const gpuId = text('gpuTypeId')
  if (!gpuId) throw new Problem(400, 'gpuTypeId is required')
  const count = number('gpuCount') ?? 1
  const template = text('templateId') ? templateOf(world, text('templateId') as string) : null
  const env = (input.env ?? []) as Array<{ key: string; value: string }>
  const container: Container = {
    image: text('imageName') ?? template?.container.image ?? '',
    args: text('dockerArgs') ?? template?.container.args ?? '',
    entrypoint: null,
    cmd: null,
    disk: number('containerDiskInGb') ?? template?.container.disk ?? 20,
    ports:
      text('ports')
        ?.split(',')
        .map((port) => port.trim()) ??
      template?.container.ports ??
      [],
    env: { ...template?.container.env, ...Object.fromEntries(env.map((one) => [one.key, String(one.value)])) },
    registry: text('containerRegistryAuthId'),
  }
  if (!container.image) throw new Problem(400, 'imageName is required')
  const order = {
    name: text('name') ?? `${gpuTypeOf(gpuId)?.name ?? 'pod'}`,
    container,
    gpu: {
      id: gpuId,
      count,
      allowedCudaVersions: (input.allowedCudaVersions as string[] | undefined) ?? [],
      minCudaVersion: text('minCudaVersion'),
      minRamPerGpu: (number('minMemoryInGb') ?? 0) / count,
      minVcpuPerGpu: (number('minVcpuCount') ?? 0) / count,
    },
    cpu: null,
    dataCenterIds: placesOf(text('dataCenterId'), text('countryCode')),
    mounts: mountsOf(text('networkVolumeId'), number('volumeInGb'), text('volumeMountPath')),
    globalNetworking: false,
  }
  let refusal = new Problem(400, noInstances)
  const ordered = refusalsOrdered(world)
  for (const cloud of clouds) {
    try {
      const pod = placePod(world, { ...order, cloud })
      planEnd(world, pod, 'stop_after', text('stopAfter'))
      planEnd(world, pod, 'terminate_after', text('terminateAfter'))
      return pod
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      refusal = error
      // One attempt is refused once, although ALL looks at both clouds.
      if (error.status !== 400 || refusalsOrdered(world) !== ordered) break
    }
  }
  throw refusal
}

function refusalsOrdered(world: World): number {
  return world.state.sellOuts.reduce((sum, order) => sum + order.left, 0)
}

function placesOf(dataCenterId: string | null, countryCode: string | null): string[] {
  if (dataCenterId) return [dataCenterId]
  if (!countryCode) return []
  const places = gpuTypes
    .flatMap((type) => [...(type.sold.SECURE?.dataCenters ?? []), ...(type.sold.COMMUNITY?.dataCenters ?? [])])
    .filter((place) => dataCenterOf(place)?.country === countryCode)
  return places.length > 0 ? [...new Set(places)] : [countryCode]
}

function mountsOf(networkVolumeId: string | null, volumeInGb: number | null, path: string | null): Mounts {
  if (networkVolumeId) return { network: [{ volumeId: networkVolumeId, path: path ?? '/workspace' }] }
  if (volumeInGb) return { persistent: { size: volumeInGb, path: path ?? '/workspace' } }
  return {}
}

/** GraphQL has a dead man's switch on the server; REST v2 has none. */
function planEnd(world: World, pod: Pod, what: 'stop_after' | 'terminate_after', when: string | null): void {
  const at = when === null ? Number.NaN : Date.parse(when)
  if (!Number.isNaN(at)) pod.due.push({ at: Math.max(at, world.clock.now()), what })
}

function throttle(world: World): SimReply | null {
  const limit = world.state.switches.graphqlPerMinute
  if (limit === null) return null
  const now = world.clock.now()
  const opened = Math.floor(now / 60_000) * 60_000
  const rate = world.state.graphqlRate
  if (rate.opened !== opened) world.state.graphqlRate = { opened, used: 0 }
  world.state.graphqlRate.used += 1
  if (world.state.graphqlRate.used <= limit) return null
  const retryAfter = String(Math.ceil((opened + 60_000 - now) / 1000))
  return reply(429, { errors: [refused('Too many requests', 'RATE_LIMITED')] }, { 'retry-after': retryAfter })
}

function unauthorized(): SimReply {
  return reply(401, { errors: [refused('Unauthorized', 'UNAUTHENTICATED')] })
}

function refused(message: string, code: string): GraphqlError {
  return { message, extensions: { code } }
}

function reply(status: number, body: unknown, headers: Record<string, string> = {}): SimReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}
