/**
 * What RunPod sells: GPU types per data centre, their prices and how many are free right now.
 *
 * Prices: the public `gpuTypes` list of 2026-08-09 (509 such lists from 2026-07-02 on held 17 price changes, every one
 * of them on the secure price: community prices stood still). Names and memory: docs.runpod.io GPU types, 2026-08.
 * Largest machines: `maxGpuCount` of 2025-06-19. Places, vCPU and RAM per GPU: a catalogue of 2026-02-21. Stock: hourly stock
 * words of 2026-07 (see `stock`). Pools and serverless prices are guesses.
 */

import { seedFrom } from '../kit/random.ts'
import type { Pod, World } from './state.ts'

export type Cloud = 'SECURE' | 'COMMUNITY'
export type Level = 'NONE' | 'LOW' | 'MEDIUM' | 'HIGH'

export interface GpuType {
  id: string
  name: string
  memory: number
  pool: string | null
  serverlessUsd: number | null
  vcpuPerGpu: number
  ramPerGpu: number
  sold: Record<Cloud, Sold | null>
  /** What the list shows where the type is not sold: 0 or the placeholder 0.5. */
  unsoldUsd: Record<Cloud, number>
}

interface Sold {
  usd: number
  maxCount: number
  stock: Stock
  dataCenters: readonly string[]
}

/**
 * Median number of free GPUs in one data centre. Chosen so that the words over all data centres come out as recorded
 * in 2026-07: H100 SXM High in 95 % of the hours; H200 High 62, Medium 26, Low 12; L40S Low 60, Medium 30, High 7;
 * RTX A6000 Low 74, none 15; B200 Low 90, none 8; H100 PCIe Low 62, none 37; H200 NVL none 70; B300 none 64.
 */
const stock = { plenty: 16, good: 9, some: 3.2, few: 1.4, rare: 0.75, scarce: 0.55 } as const
type Stock = keyof typeof stock

/** Half of the log of how far the free number strays from its median. */
const stockSpread = 0.55
const knotMs = 40 * 60_000

type Row = [
  id: string,
  name: string,
  memory: number,
  vcpuPerGpu: number,
  ramPerGpu: number,
  secure: readonly [usd: number, maxCount?: number, stock?: Stock, dataCenters?: string],
  community: readonly [usd: number, maxCount?: number, stock?: Stock, dataCenters?: string],
  pool?: readonly [pool: string, serverlessUsd: number],
]

// biome-ignore format: one row per type reads as a table
const rows: Row[] = [
  ['NVIDIA B300 SXM6 AC', 'B300', 288, 28, 275, [7.39, 8, 'scarce', 'US-CA-2'], [6.94, 8, 'rare', 'US-TX-4'], ['BLACKWELL_288', 11.5]],
  ['NVIDIA B200', 'B200', 180, 28, 283, [6.79, 8, 'rare', 'EU-RO-1 US-CA-2 US-GA-2'], [5.98, 8, 'rare', 'US-TX-4'], ['BLACKWELL_180', 8.64]],
  ['NVIDIA H200', 'H200 SXM', 141, 24, 251, [4.59, 8, 'some', 'EU-FR-1 EUR-IS-2 US-CA-2 US-GA-2'], [3.59, 8, 'some', 'CA-MTL-1 US-TX-4'], ['HOPPER_141', 5.58]],
  ['NVIDIA H200 NVL', 'NVIDIA H200 NVL', 143, 16, 283, [3.79, 8, 'scarce', 'US-KS-3'], [0.5]],
  ['NVIDIA H100 80GB HBM3', 'H100 SXM', 80, 20, 188, [3.29, 8, 'plenty', 'EU-FR-1 EUR-IS-3 EU-NL-1 US-NC-1 CA-MTL-3'], [2.69, 8, 'good', 'US-TX-4 CA-MTL-2'], ['ADA_80_PRO', 4.18]],
  ['NVIDIA H100 NVL', 'H100 NVL', 94, 16, 94, [3.19, 10, 'few', 'OC-AU-1 US-CA-2'], [2.59, 8, 'few', 'CA-MTL-2'], ['ADA_80_PRO', 4.18]],
  ['NVIDIA H100 PCIe', 'H100 PCIe', 80, 16, 176, [2.89, 8, 'scarce', 'US-KS-2 US-GA-1'], [1.99, 8, 'rare', 'US-TX-4'], ['ADA_80_PRO', 4.18]],
  ['NVIDIA A100-SXM4-80GB', 'A100 SXM', 80, 16, 125, [1.59, 8, 'good', 'EUR-IS-1 US-KS-2 US-WA-1'], [1.39, 8, 'few', 'US-TX-4'], ['AMPERE_80', 2.72]],
  ['NVIDIA A100 80GB PCIe', 'A100 PCIe', 80, 12, 117, [1.39, 8, 'some', 'US-GA-1 US-KS-3 EU-RO-1'], [1.19, 8, 'few', 'CA-MTL-1'], ['AMPERE_80', 2.72]],
  ['AMD Instinct MI300X OAM', 'MI300X', 192, 24, 283, [2.39, 8, 'rare', 'EU-RO-1'], [0.5]],
  ['NVIDIA L40S', 'L40S', 48, 16, 94, [0.99, 8, 'few', 'OC-AU-1 US-NC-1 US-TX-3'], [0.79, 8, 'few', 'CA-MTL-2'], ['ADA_48_PRO', 1.9]],
  ['NVIDIA L40', 'L40', 48, 9, 151, [0.82, 10, 'few', 'US-GA-2 EU-SE-1'], [0.69, 8, 'some', 'CA-MTL-1'], ['ADA_48_PRO', 1.9]],
  ['NVIDIA L4', 'L4', 24, 12, 56, [0.49, 10, 'good', 'EU-RO-1 US-IL-1 CA-MTL-3'], [0.44], ['ADA_24', 0.69]],
  ['NVIDIA A40', 'A40', 48, 9, 50, [0.44, 10, 'plenty', 'EU-SE-1 CA-MTL-1 US-KS-2'], [0.35], ['AMPERE_48', 1.22]],
  ['NVIDIA RTX PRO 6000 Blackwell Server Edition', 'RTX PRO 6000', 96, 16, 188, [2.09, 8, 'good', 'EU-CZ-1 EU-RO-1 EUR-IS-1 US-NC-1'], [1.69, 8, 'few', 'US-TX-1'], ['BLACKWELL_96', 3.2]],
  ['NVIDIA RTX PRO 6000 Blackwell Workstation Edition', 'RTX PRO 6000 WK', 96, 16, 188, [1.89, 4, 'some', 'EU-RO-1 EUR-IS-1'], [1.69, 4, 'few', 'EU-CZ-1'], ['BLACKWELL_96', 3.2]],
  ['NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition', 'RTX PRO 6000 MaxQ', 96, 18, 215, [0.5], [1.64, 4, 'few', 'US-TX-1 EU-FR-1']],
  ['NVIDIA RTX PRO 4500 Blackwell', 'RTX PRO 4500', 32, 16, 62, [0.72, 8, 'some', 'EU-RO-1'], [0.34]],
  ['NVIDIA RTX 6000 Ada Generation', 'RTX 6000 Ada', 48, 16, 62, [0.84, 8, 'some', 'US-WA-1 EU-NL-1'], [0.74, 8, 'few', 'EU-FR-1'], ['ADA_48_PRO', 1.9]],
  ['NVIDIA RTX 5000 Ada Generation', 'RTX 5000 Ada', 32, 6, 62, [0.83], [0.49, 4, 'few', 'US-IL-1'], ['ADA_32_PRO', 1.3]],
  ['NVIDIA RTX 4000 Ada Generation', 'RTX 4000 Ada', 20, 16, 62, [0.28, 8, 'good', 'EUR-IS-1 EU-RO-1'], [0.2, 4, 'few', 'EU-CZ-1'], ['AMPERE_16', 0.58]],
  ['NVIDIA RTX 4000 SFF Ada Generation', 'RTX 4000 Ada SFF', 20, 12, 62, [0.44], [0.18, 1, 'rare', 'EU-CZ-1']],
  ['NVIDIA RTX 2000 Ada Generation', 'RTX 2000 Ada', 16, 6, 31, [0.24, 8, 'good', 'EU-RO-1 EUR-IS-1'], [0.5]],
  ['NVIDIA RTX A6000', 'RTX A6000', 48, 9, 50, [0.53, 10, 'rare', 'EU-SE-1 CA-MTL-3'], [0.33, 8, 'rare', 'EU-FR-1'], ['AMPERE_48', 1.22]],
  ['NVIDIA RTX A5000', 'RTX A5000', 24, 9, 50, [0.27, 10, 'good', 'US-IL-1 EU-SE-1'], [0.16, 8, 'some', 'EUR-NO-1'], ['AMPERE_24', 0.69]],
  ['NVIDIA RTX A4500', 'RTX A4500', 20, 12, 62, [0.25, 4, 'some', 'EU-RO-1'], [0.19, 4, 'few', 'EU-FR-1'], ['AMPERE_16', 0.58]],
  ['NVIDIA RTX A4000', 'RTX A4000', 16, 9, 50, [0.25, 12, 'good', 'EU-RO-1 EUR-IS-1'], [0.17, 4, 'some', 'EU-CZ-1'], ['AMPERE_16', 0.58]],
  ['NVIDIA RTX A2000', 'RTX A2000', 6, 6, 31, [0.5], [0.12, 4, 'rare', 'EU-RO-1']],
  ['NVIDIA GeForce RTX 5090', 'RTX 5090', 32, 16, 92, [0.99, 8, 'good', 'EU-CZ-1 EU-RO-1 EUR-IS-1 US-NC-1'], [0.69, 8, 'good', 'CA-MTL-2 US-TX-1'], ['ADA_32_PRO', 1.58]],
  ['NVIDIA GeForce RTX 5080', 'RTX 5080', 16, 16, 78, [0.59], [0.39, 4, 'few', 'EU-FR-1']],
  ['NVIDIA GeForce RTX 4090', 'RTX 4090', 24, 16, 62, [0.74, 8, 'plenty', 'EU-RO-1 EU-CZ-1 US-KS-2 US-IL-1 EUR-NO-1'], [0.34, 8, 'good', 'CA-MTL-1 US-TX-1 EU-CZ-1'], ['ADA_24', 1.1]],
  ['NVIDIA GeForce RTX 4080 SUPER', 'RTX 4080 SUPER', 16, 21, 41, [0.5], [0.28, 5, 'some', 'EU-FR-1']],
  ['NVIDIA GeForce RTX 4080', 'RTX 4080', 16, 12, 41, [0.5], [0.27, 2, 'rare', 'US-TX-1']],
  ['NVIDIA GeForce RTX 4070 Ti', 'RTX 4070 Ti', 12, 8, 30, [0.5], [0.19, 2, 'rare', 'US-DE-1']],
  ['NVIDIA GeForce RTX 3090 Ti', 'RTX 3090 Ti', 24, 28, 54, [0.46], [0.27, 2, 'few', 'CA-MTL-1']],
  ['NVIDIA GeForce RTX 3090', 'RTX 3090', 24, 16, 62, [0.5, 9, 'some', 'EU-CZ-1'], [0.22, 5, 'good', 'EU-CZ-1 CA-MTL-1 US-TX-1'], ['AMPERE_24', 0.69]],
  ['NVIDIA GeForce RTX 3080 Ti', 'RTX 3080 Ti', 12, 16, 23, [0], [0.18, 4, 'some', 'CA-MTL-1']],
  ['NVIDIA GeForce RTX 3080', 'RTX 3080', 10, 14, 30, [0], [0.17, 2, 'some', 'CA-MTL-1 US-TX-1']],
  ['NVIDIA GeForce RTX 3070', 'RTX 3070', 8, 16, 27, [0], [0.13, 2, 'few', 'US-TX-1']],
  ['Tesla V100-PCIE-16GB', 'Tesla V100', 16, 12, 62, [0], [0.19, 4, 'rare', 'EU-CZ-1']],
  ['Tesla V100-SXM2-16GB', 'V100 SXM2', 16, 10, 40, [0], [0.23, 8, 'rare', 'US-DE-1']],
]

export const gpuTypes: readonly GpuType[] = rows.map(
  ([id, name, memory, vcpuPerGpu, ramPerGpu, secure, community, pool]) => ({
    id,
    name,
    memory,
    vcpuPerGpu,
    ramPerGpu,
    pool: pool?.[0] ?? null,
    serverlessUsd: pool?.[1] ?? null,
    sold: { SECURE: soldFrom(secure), COMMUNITY: soldFrom(community) },
    unsoldUsd: { SECURE: secure[0], COMMUNITY: community[0] },
  }),
)

function soldFrom([usd, maxCount, level, dataCenters]: Row[5]): Sold | null {
  if (!maxCount || !level || !dataCenters) return null
  return { usd, maxCount, stock: level, dataCenters: dataCenters.split(' ') }
}

export function gpuTypeOf(id: string): GpuType | undefined {
  return gpuTypes.find((type) => type.id === id)
}

export interface DataCenter {
  id: string
  name: string
  region: string
  country: string
  globalNetwork: boolean
  networkVolumeTypes: readonly ('STANDARD' | 'HIGH_PERFORMANCE')[]
  compliance: readonly string[]
}

/** Ids: docs.runpod.io, 2026-08. Which of them has which storage, certificate or global network is a guess. */
const places: Array<[id: string, name: string, traits: string]> = [
  ['EU-RO-1', 'EU Romania 1', 'net std hps gdpr iso soc'],
  ['EU-SE-1', 'EU Sweden 1', 'net std gdpr iso'],
  ['EU-CZ-1', 'EU Czechia 1', 'net std gdpr'],
  ['EU-NL-1', 'EU Netherlands 1', 'net std gdpr iso soc'],
  ['EU-FR-1', 'EU France 1', 'net std hps gdpr iso soc'],
  ['EUR-IS-1', 'Europe Iceland 1', 'net std gdpr iso'],
  ['EUR-IS-2', 'Europe Iceland 2', 'net std gdpr iso'],
  ['EUR-IS-3', 'Europe Iceland 3', 'std gdpr'],
  ['EUR-NO-1', 'Europe Norway 1', 'net std hps gdpr iso'],
  ['CA-MTL-1', 'Canada Montreal 1', 'net std soc'],
  ['CA-MTL-2', 'Canada Montreal 2', ''],
  ['CA-MTL-3', 'Canada Montreal 3', 'net std hps soc iso'],
  ['US-IL-1', 'US Illinois 1', 'net std hps soc'],
  ['US-TX-1', 'US Texas 1', ''],
  ['US-TX-3', 'US Texas 3', 'net std gdpr iso soc'],
  ['US-TX-4', 'US Texas 4', 'std soc'],
  ['US-KS-2', 'US Kansas 2', 'net std hps soc iso'],
  ['US-KS-3', 'US Kansas 3', 'std soc'],
  ['US-GA-1', 'US Georgia 1', 'std soc'],
  ['US-GA-2', 'US Georgia 2', 'net std soc iso'],
  ['US-WA-1', 'US Washington 1', 'net std soc'],
  ['US-CA-2', 'US California 2', 'net std hps soc iso'],
  ['US-NC-1', 'US North Carolina 1', 'net std hps soc'],
  ['US-DE-1', 'US Delaware 1', ''],
  ['OC-AU-1', 'Oceania Australia 1', 'std iso'],
  ['AP-JP-1', 'Asia Pacific Japan 1', 'net std iso'],
]

const regions: Record<string, string> = {
  EU: 'EUROPE',
  EUR: 'EUROPE',
  CA: 'NORTH_AMERICA',
  US: 'NORTH_AMERICA',
  OC: 'OCEANIA',
  AP: 'ASIA',
}
const certificates: Array<[string, string]> = [
  ['gdpr', 'GDPR'],
  ['iso', 'ISO_IEC_27001'],
  ['soc', 'SOC_2_TYPE_2'],
]

export const dataCenters: readonly DataCenter[] = places.map(([id, name, traits]) => {
  const [area = '', place = ''] = id.split('-')
  const has = new Set(traits.split(' '))
  return {
    id,
    name,
    region: regions[area] ?? 'UNKNOWN',
    country: area === 'US' || area === 'CA' ? area : place,
    globalNetwork: has.has('net'),
    networkVolumeTypes: [
      ...(has.has('std') ? (['STANDARD'] as const) : []),
      ...(has.has('hps') ? (['HIGH_PERFORMANCE'] as const) : []),
    ],
    compliance: certificates.filter(([trait]) => has.has(trait)).map(([, certificate]) => certificate),
  }
})

export function dataCenterOf(id: string): DataCenter | undefined {
  return dataCenters.find((place) => place.id === id)
}

export interface CpuFlavor {
  id: string
  name: string
  group: string
  maxVcpu: number
  ramGbPerVcpu: number
  securePerVcpu: number
  serverlessPerVcpu: number
  dataCenters: readonly string[]
}

/** Flavours: docs.runpod.io, 2026-08. Prices are guesses near the public list. */
export const cpuFlavors: readonly CpuFlavor[] = [
  flavor('cpu3c', 'Compute-Optimized', 'Gen 3', 2, 0.03),
  flavor('cpu3g', 'General Purpose', 'Gen 3', 4, 0.04),
  flavor('cpu3m', 'Memory-Optimized', 'Gen 3', 8, 0.055),
  flavor('cpu5c', 'Compute-Optimized', 'Gen 5', 2, 0.035),
  flavor('cpu5g', 'General Purpose', 'Gen 5', 4, 0.045),
  flavor('cpu5m', 'Memory-Optimized', 'Gen 5', 8, 0.06),
]

function flavor(id: string, name: string, group: string, ramGbPerVcpu: number, securePerVcpu: number): CpuFlavor {
  const dataCenters = ['EU-RO-1', 'EUR-IS-1', 'US-KS-2', 'US-TX-3']
  const serverlessPerVcpu = Math.round(securePerVcpu * 1400) / 1000
  return { id, name, group, maxVcpu: 32, ramGbPerVcpu, securePerVcpu, serverlessPerVcpu, dataCenters }
}

/** CUDA versions of a data centre's hosts with one GPU type; Blackwell needs 12.8. */
export function cudaVersionOf(world: World, type: GpuType, cloud: Cloud, place: string): string | null {
  if (type.id.startsWith('AMD')) return null
  const versions = /Blackwell|B200|B300|RTX 50/.test(type.id)
    ? ['12.8', '12.9', '13.0']
    : ['12.4', '12.6', '12.8', '12.8', '12.9', '13.0']
  return versions[seedFrom(world.state.seed, `cuda/${type.id}/${cloud}/${place}`) % versions.length] ?? null
}

/** Free GPUs of one type in one data centre at this moment, what we rent there already taken off. */
export function freeGpus(world: World, type: GpuType, cloud: Cloud, place: string): number {
  const sold = type.sold[cloud]
  if (!sold?.dataCenters.includes(place)) return 0
  for (const order of world.state.stockOrders) {
    if (matches(order.matching, [type.id, type.name, cloud, place])) return order.free
  }
  const drift = smoothNoise(world, `stock/${type.id}/${cloud}/${place}`)
  const market = Math.floor(stock[sold.stock] * Math.exp(2 * stockSpread * drift) + 0.35)
  const ours = world.state.pods.filter(
    (pod) => holdsGpu(pod) && pod.gpuId === type.id && pod.cloud === cloud && pod.dataCenterId === place,
  )
  return Math.max(0, market - ours.reduce((sum, pod) => sum + pod.gpuCount, 0))
}

export function holdsGpu(pod: Pod): boolean {
  return pod.gpuId !== null && ['PROVISIONING', 'STARTING', 'RUNNING'].includes(pod.status)
}

export function levelOf(freeMachines: number): Level {
  if (freeMachines <= 0) return 'NONE'
  if (freeMachines <= 4) return 'LOW'
  return freeMachines <= 12 ? 'MEDIUM' : 'HIGH'
}

/** How many pods of `count` GPUs still fit. */
export function fits(world: World, type: GpuType, place: { cloud: Cloud; dataCenter: string; count: number }): number {
  if (place.count > (type.sold[place.cloud]?.maxCount ?? 0)) return 0
  return Math.floor(freeGpus(world, type, place.cloud, place.dataCenter) / place.count)
}

/** USD per hour for one GPU: what the list shows, or what a new pod really costs. */
export function gpuPriceUsd(world: World, type: GpuType, cloud: Cloud, what: 'listed' | 'rented'): number {
  const sold = type.sold[cloud]
  if (!sold) return type.unsoldUsd[cloud]
  let usd = cloud === 'SECURE' ? sold.usd * secureDrift(world, type) : sold.usd
  if (usd !== sold.usd) usd = Math.round(usd * 100) / 100
  for (const order of world.state.priceOrders) {
    if (what === 'listed' && !order.listed) continue
    if (matches(order.matching, [type.id, type.name, cloud, ...sold.dataCenters])) {
      usd = Math.round(usd * order.factor * 10_000) / 10_000
    }
  }
  return usd
}

/** About one type in five changes its secure price within a month, by some percent (recorded 2026-07 and 08). */
function secureDrift(world: World, type: GpuType): number {
  const fortnight = Math.floor(world.clock.marketTime() / (14 * 86_400_000))
  if (fortnight === 0) return 1
  const roll = seedFrom(world.state.seed, `price/${type.id}/${fortnight}`) % 100
  if (roll < 6) return 0.92
  return roll < 14 ? 1.08 : 1
}

/** A value around 0 with a deviation near 0.5 that wanders over market time; the same seed gives the same path. */
function smoothNoise(world: World, name: string): number {
  const at = world.clock.marketTime() / knotMs
  const knot = Math.floor(at)
  const share = at - knot
  const value = (index: number) =>
    (scrambled(seedFrom(world.state.seed, `${name}/${index}`)) / 4294967296 - 0.5) * Math.sqrt(3)
  return value(knot) * (1 - share) + value(knot + 1) * share
}

/** The last characters of a text hardly reach the high bits of its FNV hash; this spreads them. */
function scrambled(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

export function matches(matching: string | null, names: readonly string[]): boolean {
  if (matching === null) return true
  const wanted = matching.toLowerCase()
  return names.some((name) => name.toLowerCase().includes(wanted))
}
