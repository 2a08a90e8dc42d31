import type { Endpoint, Machine, MeterReading, Phase } from '../../core/instances/machine.ts'
import { nanos, nanosFromUsd, noMoney, usdNumber } from '../../core/money.ts'
import type { Offer } from '../../core/offers/offer.ts'
import { secondMs } from '../../core/time.ts'
import { type LaunchOrder, ProviderError } from '../provider.ts'
import { offeredDisk, runningDiskRate, stoppedDiskRate } from './disks.ts'
import { GraphqlGpuType, type GraphqlPod } from './graphql-wire.ts'
import { environmentFrom, portsFrom, refuseSpot } from './launch-body.ts'
import type { CatalogueQuestion, OfferReading } from './offers.ts'
import { externalIdFrom, placeFromExternalId, type RunpodCloud } from './places.ts'
import { regionFromRunpod } from './regions.ts'

/** The least that is rented; nothing survives a stop here, so that there is no volume. */
const smallestDiskGb = 20

/** Rows from before 2026 have no flags for the clouds, others no memory: nobody can tell what they sell. */
export function readGraphqlGpuType(raw: unknown): { row: GraphqlGpuType } | { skipped: string } {
  const parsed = GraphqlGpuType.safeParse(raw)
  if (!parsed.success) return { skipped: `unreadable_${String(parsed.error.issues[0]?.path[0] ?? 'row')}` }
  return parsed.data.memoryInGb > 0 ? { row: parsed.data } : { skipped: 'no_memory' }
}

/** undefined where it is not sold: prices of clouds that are not served are placeholders (0.5) or old. */
export function offerFromGraphql(
  row: GraphqlGpuType,
  { cloud, count }: CatalogueQuestion,
  { gpus, seenAt }: OfferReading,
): Offer | undefined {
  const served = cloud === 'SECURE' ? row.secureCloud : row.communityCloud
  const perGpu = nanosFromUsd((cloud === 'SECURE' ? row.securePrice : row.communityPrice) ?? 0)
  if (!served || perGpu <= 0n || count > (row.maxGpuCount ?? count)) return undefined

  const memoryGb = Math.round(row.memoryInGb)
  const pricePerHour = nanos(perGpu * BigInt(count))
  const externalId = externalIdFrom({ gpuId: row.id, count, cloud, dataCenterId: null })
  return {
    provider: 'runpod',
    externalId,
    market: 'on_demand',
    gpu: { ...gpus.recognise(row.id, { provider: 'runpod', memoryGb }), spelling: row.id, count, memoryGb },
    cpuCores: null,
    ramGb: null,
    disk: { ...offeredDisk, minGb: smallestDiskGb, stoppedPricePerGbHour: null },
    pricePerHour,
    traffic: { uploadPerGb: noMoney, downloadPerGb: noMoney },
    region: 'any',
    location: 'anywhere',
    reliability: null,
    verified: cloud === 'SECURE' ? true : null,
    cudaMax: null,
    network: null,
    endsAt: null,
    // No price for this many GPUs means none in stock.
    available: row.lowestPrice?.uninterruptablePrice != null,
    maxPorts: null,
    placeKey: externalId,
    rateKnownAfterLaunch: true,
    seenAt,
    details: {
      secure_cloud: row.secureCloud,
      community_cloud: row.communityCloud,
      minimum_bid_price: numberOrNull(row.lowestPrice?.minimumBidPrice),
      uninterruptable_price: numberOrNull(row.lowestPrice?.uninterruptablePrice),
      price_per_gpu: usdNumber(perGpu),
      cloud,
      data_center: null,
      availability: row.lowestPrice?.stockStatus ?? null,
      max_gpu_count: row.maxGpuCount ?? null,
      gpu_display_name: row.displayName ?? null,
      manufacturer: row.manufacturer ?? null,
    },
  }
}

/** `PodFindAndDeployOnDemandInput`, as far as we use it. */
export interface GraphqlDeployInput {
  cloudType: RunpodCloud
  gpuTypeId: string
  gpuCount: number
  name: string
  imageName: string
  ports: string
  env: { key: string; value: string }[]
  containerDiskInGb: number
  volumeInGb: number
  dataCenterId?: string
  /** Community hosts may have none of their own. */
  supportPublicIp?: true
}

/** @throws ProviderError `rejected` with what to do instead */
export function deployInputFromOrder(order: LaunchOrder): GraphqlDeployInput {
  refuseSpot(order)
  if (order.onstartScript !== null) throw onlyRest('onstart scripts')
  if (order.registryAuth !== null) throw onlyRest('private registries')
  const { gpuId, count, cloud, dataCenterId } = placeFromExternalId(order.offer.externalId)
  const ports = portsFrom(order)
  return {
    cloudType: cloud,
    gpuTypeId: gpuId,
    gpuCount: count,
    name: order.label,
    imageName: order.image,
    ports: ports.join(','),
    env: Object.entries(environmentFrom(order)).map(([key, value]) => ({ key, value })),
    containerDiskInGb: Math.max(smallestDiskGb, Math.ceil(order.diskGb)),
    volumeInGb: 0,
    ...(dataCenterId === null ? {} : { dataCenterId }),
    ...(ports.some((port) => port.endsWith('/tcp')) ? { supportPublicIp: true as const } : {}),
  }
}

const phases: ReadonlyMap<string, Phase> = new Map<string, Phase>([
  ['RUNNING', 'running'],
  ['EXITED', 'stopped'],
  ['TERMINATED', 'ended'],
])

/** `RUNNING` is what is wanted; it runs once there is a runtime with an outside port for each tcp port. */
export function phaseFromGraphql(pod: GraphqlPod): Phase {
  if (pod.desiredStatus === 'RUNNING' && !isUp(pod)) return 'starting'
  return phases.get(pod.desiredStatus) ?? 'unclear'
}

export function machineFromGraphql(pod: GraphqlPod): Machine {
  const up = pod.desiredStatus === 'RUNNING' && pod.runtime != null
  const dataCenterId = pod.machine?.dataCenterId
  const spelling = pod.machine?.gpuDisplayName
  const gpuCount = pod.gpuCount ?? pod.machine?.gpuCount ?? 0
  const ssh = up ? outsideOf(pod, 22) : undefined
  return {
    externalId: pod.id,
    label: pod.name || null,
    phase: phaseFromGraphql(pod),
    providerStatus: pod.desiredStatus,
    message: pod.lastStatusChange || null,
    market: pod.podType === 'INTERRUPTABLE' ? 'spot' : 'on_demand',
    gpu: spelling && gpuCount > 0 ? { spelling, count: gpuCount } : null,
    region: dataCenterId ? (regionFromRunpod(dataCenterId) ?? dataCenterId) : null,
    pricePerHour: pod.desiredStatus === 'RUNNING' ? nanosFromUsd(pod.costPerHr) : null,
    ssh: ssh ? { ...ssh, user: 'root' } : null,
    endpoints: up ? endpointsFrom(pod) : [],
    // This API does not tell when a pod was made.
    createdAt: null,
    reclaimAt: null,
    gpuUtilisation: null,
    meters: metersFrom(pod),
  }
}

function isUp(pod: GraphqlPod): boolean {
  if (pod.runtime == null) return false
  return portsOf(pod).every(({ port, protocol }) => protocol !== 'tcp' || outsideOf(pod, port) !== undefined)
}

const meterStates: ReadonlyMap<string, MeterReading['state']> = new Map<string, MeterReading['state']>([
  ['RUNNING', 'on'],
  ['EXITED', 'off'],
  ['TERMINATED', 'off'],
])

function metersFrom(pod: GraphqlPod): MeterReading[] {
  const volumeGb = pod.volumeInGb ?? 0
  const containerGb = pod.containerDiskInGb ?? pod.machine?.diskInGb ?? 0
  const state = meterStates.get(pod.desiredStatus) ?? 'unclear'
  const rest = { since: null, until: null, stepMs: secondMs }
  const disk: MeterReading =
    pod.desiredStatus === 'EXITED'
      ? { kind: 'disk', ratePerHour: stoppedDiskRate(volumeGb), state: volumeGb > 0 ? 'on' : 'off', ...rest }
      : { kind: 'disk', ratePerHour: runningDiskRate(containerGb, volumeGb), state, ...rest }
  return [{ kind: 'gpu', ratePerHour: nanosFromUsd(pod.costPerHr), state, ...rest }, disk]
}

function endpointsFrom(pod: GraphqlPod): Endpoint[] {
  return portsOf(pod).flatMap(({ port, protocol }): Endpoint[] => {
    if (protocol === 'http') {
      const host = `${pod.id}-${port}.proxy.runpod.net`
      return [{ containerPort: port, protocol, host, port: 443, url: `https://${host}` }]
    }
    const outside = port === 22 ? undefined : outsideOf(pod, port)
    return outside ? [{ containerPort: port, protocol, ...outside, url: null }] : []
  })
}

function portsOf(pod: GraphqlPod): { port: number; protocol: 'tcp' | 'http' }[] {
  return (pod.ports ?? '').split(',').flatMap((text) => {
    const [, digits, protocol] = /^(\d+)\/(tcp|http)$/.exec(text.trim()) ?? []
    return protocol === 'tcp' || protocol === 'http' ? [{ port: Number(digits), protocol }] : []
  })
}

function outsideOf(pod: GraphqlPod, port: number): { host: string; port: number } | undefined {
  const found = pod.runtime?.ports?.find(
    (entry) => entry.type === 'tcp' && entry.privatePort === port && entry.publicPort && entry.isIpPublic !== false,
  )
  return found?.ip && found.publicPort ? { host: found.ip, port: found.publicPort } : undefined
}

function numberOrNull(usd: string | number | null | undefined): number | null {
  return usd == null ? null : Number(usd)
}

function onlyRest(what: string): ProviderError {
  const message = `${what} need RunPod's REST API: set RUNPOD_API_VERSION=v2`
  return new ProviderError('runpod', { kind: 'rejected' }, message)
}
