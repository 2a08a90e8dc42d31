/** /v2/catalog: GPU types, CPU flavours, data centres. Availability is advisory; it is answered only when asked for. */

import type { SimReply } from '../../kit/simulator.ts'
import {
  type Cloud,
  type CpuFlavor,
  cpuFlavors,
  cudaVersionOf,
  dataCenterOf,
  dataCenters,
  fits,
  type GpuType,
  gpuPriceUsd,
  gpuTypeOf,
  gpuTypes,
  type Level,
  levelOf,
} from '../market.ts'
import { compareCuda, cudaFits } from '../placing.ts'
import { badRequest, notFound, ok } from '../problem.ts'
import { type Call, flagOf, integerOf, listOf } from '../request.ts'
import type { World } from '../state.ts'

interface GpuFilter {
  count: number
  cloud: Cloud
  countries: string[] | null
  cudaVersions: string[]
  minCudaVersion: string | null
}

export function listGpus({ world, request }: Call): SimReply {
  const filter = gpuFilterFrom(request.query)
  const gpus = gpuTypes
    .filter((type) => !filter?.countries || sellingPlaces(type, filter).length > 0)
    .map((type) => gpuView(world, type, filter))
  return ok({ gpus })
}

export function getGpu({ world, request, id }: Call): SimReply {
  const filter = gpuFilterFrom(request.query)
  const type = gpuTypeOf(id)
  if (!type) throw notFound()
  return ok(gpuView(world, type, filter))
}

const availabilityFilters = ['count', 'cloud', 'countryCodes', 'cudaVersions', 'minCudaVersion']

/** null without `include=AVAILABILITY`. Every filter needs the include, and the include needs a product. */
function gpuFilterFrom(query: URLSearchParams): GpuFilter | null {
  const include = listOf(query, 'include', ['AVAILABILITY'])
  const product = listOf(query, 'product', ['POD', 'CLUSTER', 'SERVERLESS'])
  const count = integerOf(query, 'count', { min: 1 })
  const cloud = listOf(query, 'cloud', ['SECURE', 'COMMUNITY'])?.[0] as Cloud | undefined
  const countries = listOf(query, 'countryCodes', /^[A-Z]{2}$/)
  const cudaVersions = listOf(query, 'cudaVersions', /^\d+\.\d+$/)
  const minCudaVersion = listOf(query, 'minCudaVersion', /^\d+(\.\d+)?$/)?.[0] ?? null
  if (!include) {
    const alone = ['product', ...availabilityFilters].find((name) => query.has(name))
    if (alone) throw badRequest(`${alone} is only valid with include=AVAILABILITY`)
    return null
  }
  if (!product) throw badRequest('product is required with include=AVAILABILITY')
  if (cudaVersions && minCudaVersion) throw badRequest('cudaVersions and minCudaVersion are mutually exclusive')
  return { count: count ?? 1, cloud: cloud ?? 'SECURE', countries, cudaVersions: cudaVersions ?? [], minCudaVersion }
}

function gpuView(world: World, type: GpuType, filter: GpuFilter | null): unknown {
  return {
    id: type.id,
    name: type.name,
    pool: type.pool,
    manufacturer: type.id.startsWith('AMD') ? 'AMD' : 'NVIDIA',
    memory: type.memory,
    secure: type.sold.SECURE !== null,
    community: type.sold.COMMUNITY !== null,
    price: {
      secure: gpuPriceUsd(world, type, 'SECURE', 'listed'),
      community: gpuPriceUsd(world, type, 'COMMUNITY', 'listed'),
      ...(type.serverlessUsd === null ? {} : { serverless: type.serverlessUsd }),
    },
    maxCount: { secure: type.sold.SECURE?.maxCount ?? 0, community: type.sold.COMMUNITY?.maxCount ?? 0 },
    ...(filter ? availability(world, type, filter) : {}),
  }
}

function availability(world: World, type: GpuType, filter: GpuFilter): Record<string, unknown> {
  const { cloud, count } = filter
  const cuda = (place: string) => cudaVersionOf(world, type, cloud, place)
  const offered = sellingPlaces(type, filter).map((place) => ({
    place,
    version: cuda(place),
    free: fits(world, type, { cloud, dataCenter: place, count }),
  }))
  const wanted = offered.filter(({ version }) =>
    cudaFits(version, { allowedCudaVersions: filter.cudaVersions, minCudaVersion: filter.minCudaVersion }),
  )
  const listed = wanted.filter(({ free }) => free > 0)
  const shown = cloud === 'SECURE' || world.state.switches.communityHasDataCenters ? listed : []
  const versions = [...new Set(wanted.flatMap(({ version }) => version ?? []))].sort((a, b) => compareCuda(b, a))
  return {
    availability: levelOf(listed.reduce((sum, { free }) => sum + free, 0)),
    ...(shown.length > 0
      ? {
          dataCenters: shown.map(({ place, free }) => ({
            id: place,
            name: dataCenterOf(place)?.name ?? place,
            availability: levelOf(free),
          })),
        }
      : {}),
    cudaVersions: versions.map((version) => ({
      version,
      available: listed.some((one) => one.version === version),
    })),
  }
}

function sellingPlaces(type: GpuType, filter: GpuFilter): string[] {
  const { cloud, countries } = filter
  return (type.sold[cloud]?.dataCenters ?? []).filter(
    (place) => !countries || countries.includes(dataCenterOf(place)?.country ?? ''),
  )
}

export function listCpus({ request }: Call): SimReply {
  const withAvailability = cpuIncludeFrom(request.query)
  return ok({ cpus: cpuFlavors.map((flavor) => cpuView(flavor, withAvailability)) })
}

export function getCpu({ request, id }: Call): SimReply {
  const withAvailability = cpuIncludeFrom(request.query)
  const flavor = cpuFlavors.find((one) => one.id === id)
  if (!flavor) throw notFound()
  return ok(cpuView(flavor, withAvailability))
}

function cpuIncludeFrom(query: URLSearchParams): boolean {
  const include = listOf(query, 'include', ['AVAILABILITY'])
  const product = listOf(query, 'product', ['POD', 'SERVERLESS'])
  if (product && !include) throw badRequest('product is only valid with include=AVAILABILITY')
  if (include && !product) throw badRequest('product is required with include=AVAILABILITY')
  return include !== null
}

function cpuView(flavor: CpuFlavor, withAvailability: boolean): unknown {
  const everywhere: Level = 'HIGH'
  return {
    id: flavor.id,
    name: flavor.name,
    group: flavor.group,
    vcpu: { min: 2, max: flavor.maxVcpu },
    ramGbPerVcpu: flavor.ramGbPerVcpu,
    price: { securePerVcpu: flavor.securePerVcpu, serverlessPerVcpu: flavor.serverlessPerVcpu },
    ...(withAvailability
      ? {
          availability: everywhere,
          dataCenters: flavor.dataCenters.map((id) => ({
            id,
            name: dataCenterOf(id)?.name ?? id,
            availability: everywhere,
          })),
        }
      : {}),
  }
}

const regionNames = 'NORTH_AMERICA SOUTH_AMERICA EUROPE ASIA MIDDLE_EAST AFRICA OCEANIA ANTARCTICA UNKNOWN'.split(' ')
const complianceNames =
  'GDPR ISO_IEC_27001 ISO_14001 PCI_DSS HITRUST SOC_1_TYPE_2 SOC_2_TYPE_2 SOC_3_TYPE_2 ITAR FISMA_HIGH HIPAA RENEWABLE'.split(
    ' ',
  )

export function listDataCenters({ world, request: { query } }: Call): SimReply {
  const include = placeIncludeFrom(query)
  const regions = listOf(query, 'regions', regionNames)
  const tiers = listOf(query, 'networkVolumeTypes', ['STANDARD', 'HIGH_PERFORMANCE']) ?? []
  const compliance = listOf(query, 'compliance', complianceNames) ?? []
  const global = query.has('globalNetwork') ? flagOf(query, 'globalNetwork') : null
  const shown = dataCenters.filter(
    (place) =>
      (!regions || regions.includes(place.region)) &&
      tiers.every((tier) => (place.networkVolumeTypes as readonly string[]).includes(tier)) &&
      compliance.every((one) => place.compliance.includes(one)) &&
      (global === null || place.globalNetwork === global),
  )
  return ok({ dataCenters: shown.map((place) => placeView(world, place.id, include)) })
}

export function getDataCenter({ world, request, id }: Call): SimReply {
  if (!dataCenterOf(id)) throw notFound()
  return ok(placeView(world, id, placeIncludeFrom(request.query)))
}

function placeIncludeFrom(query: URLSearchParams): string[] {
  return listOf(query, 'include', ['GPU_AVAILABILITY', 'CPU_AVAILABILITY']) ?? []
}

function placeView(world: World, id: string, include: string[]): unknown {
  const place = dataCenterOf(id)
  const gpus = gpuTypes
    .filter((type) => type.sold.SECURE?.dataCenters.includes(id) || type.sold.COMMUNITY?.dataCenters.includes(id))
    .map((type) => ({
      id: type.id,
      name: type.name,
      availability: levelOf(
        fits(world, type, { cloud: 'SECURE', dataCenter: id, count: 1 }) +
          fits(world, type, { cloud: 'COMMUNITY', dataCenter: id, count: 1 }),
      ),
    }))
  const cpus = cpuFlavors
    .filter((flavor) => flavor.dataCenters.includes(id))
    .map((flavor) => ({ id: flavor.id, name: flavor.name, availability: 'HIGH' }))
  return {
    id,
    name: place?.name,
    region: place?.region,
    globalNetwork: place?.globalNetwork,
    networkVolumeTypes: place?.networkVolumeTypes,
    compliance: place?.compliance,
    ...(include.includes('GPU_AVAILABILITY') && gpus.length > 0 ? { gpuAvailability: gpus } : {}),
    ...(include.includes('CPU_AVAILABILITY') && cpus.length > 0 ? { cpuAvailability: cpus } : {}),
  }
}
