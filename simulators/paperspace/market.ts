/**
 * What is on sale. The API lists neither hardware nor prices, so these tables are the marketplace's inside: they come
 * out only as `availableMachineTypes`, as `/machine-availability` and as the fields of a created machine.
 */

import { seededRandom, seedFrom } from '../kit/random.ts'
import { issue } from './errors.ts'
import type { World } from './state.ts'

export type Region = 'ny2' | 'ca1' | 'ams1'

export interface MachineType {
  label: string
  cpus: number
  ramGib: number
  gpu: { name: string; memoryGib: number; count: number } | null
  usdPerHour: number
  regions: readonly Region[]
  /** Share of the time with capacity. No recording of it exists: a guess that makes big machines scarce. */
  usuallyAvailable: number
}

/** Long names are what the API answers; both forms are accepted. */
export const longRegionNames: Record<Region, string> = {
  ny2: 'East Coast (NY2)',
  ca1: 'West Coast (CA1)',
  ams1: 'Europe (AMS1)',
}

const everywhere = ['ny2', 'ca1', 'ams1'] as const
const newYorkAndAmsterdam = ['ny2', 'ams1'] as const
const newYorkAndCalifornia = ['ny2', 'ca1'] as const
const newYork = ['ny2'] as const

interface GpuRow {
  label: string
  gpu: string
  memoryGib: number
  counts: readonly number[]
  cpus: number
  ramGib: number
  usd: number
  regions: readonly Region[]
  available: number
}

function row(
  label: string,
  gpu: string,
  memoryGib: number,
  counts: readonly number[],
  [cpus, ramGib, usd]: readonly [number, number, number],
  regions: readonly Region[],
  available: number,
): GpuRow {
  return { label, gpu, memoryGib, counts, cpus, ramGib, usd, regions, available }
}

/**
 * CPUs, GiB of RAM and on-demand dollars per hour are for one GPU.
 *
 * @source Prices: SkyPilot's Paperspace catalogue v6/v7 (2024) and paperspace.com/pricing as harvested 2026-09-20; where
 *         the page shows a commitment price (H100, A100-80G) the on-demand price stands. Regions:
 *         docs.digitalocean.com/products/paperspace/machines/details/availability (2026). Hardware: the same catalogue and
 *         the-full-stack cloud GPU table (2022-2024). RAM of the H100 and the names of the accelerators other than
 *         the A4000's and the V100's are guesses.
 */
const gpuRows: readonly GpuRow[] = [
  row('H100', 'NVIDIA H100', 80, [1, 8], [15, 250, 5.95], newYork, 0.55),
  row('A100-80G', 'NVIDIA A100-80G', 80, [1, 2, 4, 8], [12, 90, 3.18], newYork, 0.6),
  row('A100', 'NVIDIA A100', 40, [1, 2, 4, 8], [12, 90, 3.09], newYork, 0.65),
  row('V100-32G', 'Tesla V100 32GB', 32, [1, 2, 4], [8, 30, 2.3], newYork, 0.8),
  row('V100', 'Tesla V100', 16, [1], [8, 30, 2.3], newYorkAndAmsterdam, 0.85),
  row('A6000', 'Quadro RTX A6000', 48, [1, 2, 4], [8, 45, 1.89], newYorkAndCalifornia, 0.85),
  row('A5000', 'Quadro RTX A5000', 24, [1], [8, 45, 1.38], newYorkAndCalifornia, 0.88),
  row('A4000', 'Quadro RTX A4000', 16, [1, 2, 4], [8, 45, 0.76], everywhere, 0.93),
  row('P6000', 'Quadro P6000', 24, [1], [8, 30, 1.1], everywhere, 0.9),
  row('P5000', 'Quadro P5000', 16, [1], [8, 30, 0.78], everywhere, 0.9),
  row('P4000', 'Quadro P4000', 8, [1, 2], [8, 30, 0.51], everywhere, 0.93),
  row('RTX5000', 'Quadro RTX 5000', 16, [1], [8, 30, 0.82], newYork, 0.88),
  row('RTX4000', 'Quadro RTX 4000', 8, [1], [8, 30, 0.56], everywhere, 0.92),
  row('GPU+', 'Quadro M4000', 8, [1], [8, 30, 0.45], newYorkAndAmsterdam, 0.95),
]

/** C5 to C9 from the same SkyPilot catalogue; the hardware of C1 and C10 is a guess, C2 to C4 are left out. */
const cpuRows: readonly (readonly [label: string, cpus: number, ramGib: number, usd: number])[] = [
  ['C1', 1, 0.5, 0.0045],
  ['C5', 4, 8, 0.08],
  ['C6', 8, 16, 0.16],
  ['C7', 12, 30, 0.3],
  ['C8', 16, 60, 0.6],
  ['C9', 24, 120, 0.9],
  ['C10', 32, 244, 1.6],
]

/** An eight-GPU H100 has 128 vCPUs in the catalogue, not eight times fifteen. */
const exceptions: Record<string, Partial<MachineType>> = { H100x8: { cpus: 128, ramGib: 1638 } }

const scarcerByCount: Record<number, number> = { 1: 1, 2: 0.92, 4: 0.8, 8: 0.55 }

export const machineTypes: readonly MachineType[] = [
  ...gpuRows.flatMap((gpu) =>
    gpu.counts.map((count): MachineType => {
      const label = count === 1 ? gpu.label : `${gpu.label}x${count}`
      return {
        label,
        cpus: gpu.cpus * count,
        ramGib: gpu.ramGib * count,
        gpu: { name: gpu.gpu, memoryGib: gpu.memoryGib, count },
        usdPerHour: tidy(gpu.usd * count),
        regions: gpu.regions,
        usuallyAvailable: gpu.available * (scarcerByCount[count] ?? 0.5),
        ...exceptions[label],
      }
    }),
  ),
  ...cpuRows.map(
    ([label, cpus, ramGib, usdPerHour]): MachineType => ({
      label,
      cpus,
      ramGib,
      gpu: null,
      usdPerHour,
      regions: everywhere,
      usuallyAvailable: 0.995,
    }),
  ),
]

/** The documentation writes M4000 for what is labelled GPU+. */
const aliases: Record<string, string> = { m4000: 'gpu+' }

const byLabel = new Map(machineTypes.map((type) => [type.label.toLowerCase(), type]))

/** Labels are matched in any case. */
export function machineTypeFrom(label: string): MachineType {
  const lower = label.toLowerCase()
  const type = byLabel.get(aliases[lower] ?? lower)
  if (!type) throw issue('Invalid machine type')
  return type
}

export function typeOfMachine(label: string): MachineType {
  const type = byLabel.get(label.toLowerCase())
  if (!type) throw new RangeError(`no such machine type: ${label}`)
  return type
}

/** The schema admits any text; what is not one of the three regions in either form is refused (a guess). */
export function regionFrom(text: string): Region {
  const region = /\b(ny2|ca1|ams1)\b/i.exec(text)?.[1]?.toLowerCase()
  if (!region) throw issue('Invalid region')
  return region as Region
}

export function matches(type: MachineType, region: Region, matching: string | undefined): boolean {
  if (!matching) return true
  const haystack = `${type.label} ${type.gpu?.name ?? 'cpu'} ${longRegionNames[region]}`.toLowerCase()
  return haystack.includes(matching.toLowerCase())
}

/** The `usageRate` of a machine created or upgraded now. */
export function priceNow(world: World, type: MachineType, region: Region): number {
  let usd = type.usdPerHour
  for (const change of world.state.orders.prices) if (matches(type, region, change.matching)) usd *= change.factor
  return tidy(usd)
}

/**
 * Whether the availability endpoint says yes. Each type in each region draws anew every 40 to 120 minutes of market time
 * from its own stream, so that asking changes nothing.
 */
export function saysAvailable(world: World, type: MachineType, region: Region): boolean {
  if (!type.regions.includes(region)) return false
  const order = world.state.orders.availability.findLast((each) => matches(type, region, each.matching))
  if (order) return order.available
  if (world.state.orders.calm) return true
  const place = `${type.label}@${region}`
  const holdsMinutes = seededRandom(seedFrom(world.state.seed, `${place} holds`)).int(40, 120)
  const period = Math.floor(world.clock.marketTime() / (holdsMinutes * 60_000))
  return seededRandom(seedFrom(world.state.seed, `${place} ${period}`)).chance(type.usuallyAvailable)
}

/** Binary noise off a product of decimals. */
function tidy(usd: number): number {
  return Number(usd.toFixed(6))
}
