/**
 * What is on sale, what it costs and how many cards are free.
 *
 * @source prices: novita.ai/pricing as collected by tardellirs/gpu-pricing on 2026-05-24; the cheaper RTX 4090, RTX 5090
 *         and H100 rows are those of novita.ai/gpu-instance in 2026-02 (and of 34 of 58 days seen from 2026-02-11 to
 *         2026-04-09 by cherielilili/gpu-pricing-tracker). Several product ids share one name.
 * @source price steps: in those 58 days one of four products changed its price, once: one step in about 232 product
 *         days. Between steps a price stands still to the cent.
 * @source cluster ids and names: live clients of the API, 2025-2026.
 * Stock has no public source; the numbers here are a guess.
 */

import { seededRandom, seedFrom } from '../kit/random.ts'
import { type BillingMode, dayMs, type Machine, type Status, type World } from './state.ts'

export interface Cluster {
  id: string
  code: string
  place: string
  storage: boolean
  network: boolean
  cuda: number
}

export const clusters: readonly Cluster[] = [
  { id: 'us-ca-6', code: 'US-CA-06', place: 'California', storage: true, network: true, cuda: 12.8 },
  { id: 'as-sgp-2', code: 'AS-SGP-02', place: 'Singapore', storage: true, network: true, cuda: 12.8 },
  { id: 'cn-hongkong-1', code: 'CN-HK-01', place: 'Hong Kong', storage: true, network: false, cuda: 12.6 },
  { id: 'as-in-1', code: 'AS-IN-01', place: 'India', storage: false, network: false, cuda: 12.4 },
  { id: 'oc-au-1', code: 'OC-AU-01', place: 'Australia', storage: false, network: false, cuda: 12.4 },
]

export interface Product {
  id: string
  name: string
  gpuName: string
  vramGb: number
  cpuPerGpu: number
  memoryPerGpu: number
  diskPerGpu: number
  /** 1/100000 USD per GPU and hour; 0 = not sold as spot. */
  price: number
  spotPrice: number
  /** Mean number of free cards per cluster. */
  stock: Record<string, number>
}

type Row = [
  id: string,
  gpuName: string,
  vramGb: number,
  cpu: number,
  memory: number,
  disk: number,
  price: number,
  spotPrice: number,
  stock: Record<string, number>,
  suffix?: string,
]

const rows: Row[] = [
  ['3090.12c40g', 'RTX 3090', 24, 12, 40, 700, 21_000, 11_000, { 'as-sgp-2': 14, 'as-in-1': 8 }],
  ['4090.16c62g', 'RTX 4090', 24, 16, 62, 1016, 35_000, 18_000, { 'us-ca-6': 40, 'as-sgp-2': 28, 'cn-hongkong-1': 20 }],
  ['4090.16c125g', 'RTX 4090', 24, 16, 125, 1016, 67_000, 34_000, { 'us-ca-6': 24, 'as-sgp-2': 12, 'oc-au-1': 6 }],
  ['4090hf.16c62g', 'RTX 4090', 24, 16, 62, 1016, 69_000, 35_000, { 'us-ca-6': 10 }, ' (High freq.)'],
  ['5090.16c92g', 'RTX 5090', 32, 16, 92, 1200, 60_000, 30_000, { 'us-ca-6': 32, 'as-sgp-2': 16, 'cn-hongkong-1': 12 }],
  ['5090.24c125g', 'RTX 5090', 32, 24, 125, 1200, 63_000, 32_000, { 'us-ca-6': 12, 'oc-au-1': 8 }],
  ['5090hf.24c125g', 'RTX 5090', 32, 24, 125, 1200, 72_000, 36_000, { 'as-sgp-2': 8 }, ' (High freq.)'],
  ['L40S.15c90g', 'L40S', 48, 15, 90, 1000, 55_000, 0, { 'us-ca-6': 12, 'as-in-1': 8 }],
  ['6000Ada.16c125g', 'RTX 6000 Ada', 48, 16, 125, 1000, 77_000, 39_000, { 'us-ca-6': 10, 'as-sgp-2': 6 }],
  ['A100-80GB.14c240g', 'A100 SXM', 80, 14, 240, 1800, 160_000, 80_000, { 'us-ca-6': 16, 'as-sgp-2': 8 }],
  ['H100-80GB.20c200g', 'H100 SXM', 80, 20, 200, 2800, 145_000, 73_000, { 'as-in-1': 12, 'oc-au-1': 6 }],
  ['H100-80GB.24c240g', 'H100 SXM', 80, 24, 240, 2800, 259_000, 130_000, { 'us-ca-6': 24, 'as-sgp-2': 10 }],
]

export const products: readonly Product[] = rows.map(
  ([id, gpuName, vramGb, cpuPerGpu, memoryPerGpu, diskPerGpu, price, spotPrice, stock, suffix = '']) => ({
    id,
    name: `${gpuName} ${vramGb}GB${suffix}`,
    gpuName,
    vramGb,
    cpuPerGpu,
    memoryPerGpu,
    diskPerGpu,
    price,
    spotPrice,
    stock,
  }),
)

interface CpuProduct {
  id: string
  name: string
  cpuNum: number
  memorySize: number
  rootfsSize: number
  price: number
  clusterIds: string[]
}

/** Invented: no public source shows the CPU products. */
export const cpuProducts: readonly CpuProduct[] = [
  {
    id: 'cpu.4c8g',
    name: 'CPU 4C 8GB',
    cpuNum: 4,
    memorySize: 8,
    rootfsSize: 60,
    price: 8_000,
    clusterIds: ['us-ca-6'],
  },
  {
    id: 'cpu.16c64g',
    name: 'CPU 16C 64GB',
    cpuNum: 16,
    memorySize: 64,
    rootfsSize: 60,
    price: 36_000,
    clusterIds: ['us-ca-6', 'as-sgp-2'],
  },
]

/** 1/100000 USD per GB and day. @source novita.ai/docs, GPU instance pricing: 0.005 $ container disk, 0.002 $ network volume. */
export const containerDiskPrice = 500
export const networkVolumePrice = 200
/** GB of container disk that cost nothing. */
export const freeDiskGb = 60

const stockStepMs = 30 * 60_000
const priceStepMs = 29 * dayMs

export function clusterById(id: string): Cluster | undefined {
  return clusters.find((cluster) => cluster.id === id)
}

export function clusterName(world: World, id: string): string {
  const cluster = clusterById(id)
  if (!cluster) return ''
  return world.state.settings.regionNames === 'code' ? cluster.code : `${cluster.code} (${cluster.place})`
}

export function matches(matching: string, ...words: string[]): boolean {
  return words.join(' ').toLowerCase().includes(matching.toLowerCase())
}

/** `shown` is what the lists say; without it, what a new rental costs. */
export function unitPrice(
  world: World,
  product: { id: string; name: string; price: number; spotPrice?: number },
  mode: BillingMode,
  shown = false,
): number {
  let price = mode === 'spot' ? (product.spotPrice ?? 0) : product.price
  if (price === 0) return 0
  const steps = priceFactor(world, product.id)
  if (steps !== 1) price = Math.max(1_000, Math.round((price * steps) / 1_000) * 1_000)
  for (const change of world.state.priceChanges) {
    if (shown && !change.listed) continue
    if (matches(change.matching, product.id, product.name)) price = Math.max(1, Math.round(price * change.factor))
  }
  return price
}

function priceFactor(world: World, productId: string): number {
  const step = Math.floor(marketTime(world) / priceStepMs)
  let factor = 1
  for (let index = 1; index <= step; index += 1) {
    const random = seededRandom(seedFrom(world.seed, `price/${productId}/${index}`))
    if (random.chance(1 / 8)) factor *= random.pick([0.9, 0.95, 1.05, 1.1])
  }
  return factor
}

/** Total per GPU for the whole term: a fifth off, as in the documented 35000 per hour and 20160000 for one month. */
export function monthlyPrice(price: number, months: number): number {
  return Math.round((price * 24 * 30 * months * 4) / 5)
}

export function marketTime(world: World): number {
  return world.clock.marketTime() + world.state.marketOffsetMs
}

/** Cards free now: a level for the day, a ripple for the half hour, less what this account holds. */
export function freeCards(world: World, product: Product, clusterId: string): number {
  const mean = product.stock[clusterId]
  if (mean === undefined) return 0
  const time = marketTime(world)
  const level = chanceAt(world, `${product.id}/${clusterId}/day/${Math.floor(time / dayMs)}`)
  const ripple = chanceAt(world, `${product.id}/${clusterId}/step/${Math.floor(time / stockStepMs)}`)
  // A scarce product is sold out one day in eight.
  if (mean <= 8 && level < 0.125) return 0
  const free = Math.max(1, Math.round(mean * (0.5 + 0.7 * level + 0.3 * ripple)))
  return Math.max(0, free - held(world.state.machines, product.id, clusterId))
}

function chanceAt(world: World, key: string): number {
  return seededRandom(seedFrom(world.seed, key)).next()
}

const withoutGpu: ReadonlySet<Status> = new Set<Status>(['exited', 'removed', 'gone', 'migrating'])

function held(machines: readonly Machine[], productId: string, clusterId: string): number {
  let cards = 0
  for (const machine of machines) {
    if (machine.productId !== productId || machine.clusterId !== clusterId || withoutGpu.has(machine.status)) continue
    cards += machine.gpuNum
  }
  return cards
}

export function inventoryState(cards: number): 'none' | 'low' | 'normal' | 'high' {
  if (cards === 0) return 'none'
  if (cards <= 8) return 'low'
  return cards <= 32 ? 'normal' : 'high'
}
