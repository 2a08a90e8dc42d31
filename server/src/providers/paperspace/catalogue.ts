import { dividedBy, type Nanos, nanosFromUsd } from '../../core/money.ts'
import type { RegionCode } from './regions.ts'

/**
 * What Paperspace sells, as a dated list: no endpoint tells hardware or prices (providers/paperspace.md 2.2). The list
 * only decides what is offered; a machine that was created tells its own `usageRate`, and that is what is charged.
 *
 * Sources
 * - prices of one GPU: paperspace.com/pricing as harvested 2026-09-20 (api-evangelist/paperspace, plans). Its H100 3.09 and
 *   A100-80G 1.15 carry footnotes (commitments), so these two are the on-demand prices of SkyPilot's catalogue v7. A100:
 *   the-full-stack's list (2022-2024).
 * - several GPUs: SkyPilot's catalogue v6 and v7, and the-full-stack's list. Each is a multiple of the price of one, which
 *   is also how the A5000 pair, which nobody lists with a price, got its price: a guess.
 * - vCPUs and memory: the same lists; null where they disagree or show the memory of the GPU instead.
 * - regions: docs.digitalocean.com/products/paperspace/machines/details/availability (2026 copy). That a label for several
 *   GPUs is sold where the single one is, is a guess; `/machine-availability` decides.
 */
export const catalogueDate = '2026-09-20'

export interface MachineType {
  /** As it is sent, in the canonical capitals. */
  label: string
  /** Other words for the same type in answers and documents. */
  aliases: readonly string[]
  /** The label of one such GPU. */
  gpuLabel: string
  gpuCount: number
  /** GB per GPU. */
  vramGb: number
  /** Of the whole machine. */
  vcpus: number | null
  ramGb: number | null
  pricePerHour: Nanos
  regions: readonly RegionCode[]
}

/** Number of GPUs: dollars per hour, vCPUs, GB of memory. */
type Sizes = Record<number, readonly [usdPerHour: string, vcpus: number | null, ramGb: number | null]>

interface Line {
  label: string
  aliases?: readonly string[]
  vramGb: number
  regions: readonly RegionCode[]
  sizes: Sizes
}

const everywhere = ['ny2', 'ca1', 'ams1'] as const
const american = ['ny2', 'ca1'] as const

const lines: readonly Line[] = [
  { label: 'H100', vramGb: 80, regions: ['ny2'], sizes: { 1: ['5.95', 15, null], 8: ['47.60', 128, null] } },
  {
    label: 'A100-80G',
    vramGb: 80,
    regions: ['ny2'],
    sizes: { 1: ['3.18', 12, 90], 2: ['6.36', 24, 180], 4: ['12.72', 48, 360], 8: ['25.44', 96, 720] },
  },
  {
    label: 'A100',
    vramGb: 40,
    regions: ['ny2'],
    sizes: { 1: ['3.09', 12, 90], 2: ['6.18', 24, 180], 4: ['12.36', 48, 360], 8: ['24.72', 96, 720] },
  },
  {
    label: 'A6000',
    vramGb: 48,
    regions: american,
    sizes: { 1: ['1.89', 8, 45], 2: ['3.78', 16, 90], 4: ['7.56', 32, 180] },
  },
  { label: 'A5000', vramGb: 24, regions: american, sizes: { 1: ['1.38', null, null], 2: ['2.76', null, null] } },
  {
    label: 'A4000',
    vramGb: 16,
    regions: everywhere,
    sizes: { 1: ['0.76', 8, 45], 2: ['1.52', 16, 92], 4: ['3.04', 32, 193] },
  },
  {
    label: 'V100-32G',
    vramGb: 32,
    regions: ['ny2'],
    sizes: { 1: ['2.30', 8, 30], 2: ['4.60', 16, 60], 4: ['9.20', 32, 120] },
  },
  { label: 'V100', vramGb: 16, regions: ['ny2', 'ams1'], sizes: { 1: ['2.30', 8, 30] } },
  { label: 'RTX5000', vramGb: 16, regions: ['ny2'], sizes: { 1: ['0.82', null, null] } },
  { label: 'RTX4000', vramGb: 8, regions: everywhere, sizes: { 1: ['0.56', null, null] } },
  { label: 'P6000', vramGb: 24, regions: everywhere, sizes: { 1: ['1.10', null, null] } },
  { label: 'P5000', vramGb: 16, regions: everywhere, sizes: { 1: ['0.78', null, null] } },
  { label: 'P4000', vramGb: 8, regions: everywhere, sizes: { 1: ['0.51', 8, 32], 2: ['1.02', 16, 64] } },
  { label: 'GPU+', aliases: ['M4000'], vramGb: 8, regions: ['ny2', 'ams1'], sizes: { 1: ['0.45', 8, 32] } },
]

export const machineTypes: readonly MachineType[] = lines.flatMap(({ label, aliases = [], vramGb, regions, sizes }) =>
  Object.entries(sizes).map(([count, [usdPerHour, vcpus, ramGb]]) => ({
    label: count === '1' ? label : `${label}x${count}`,
    aliases: count === '1' ? aliases : [],
    gpuLabel: label,
    gpuCount: Number(count),
    vramGb,
    vcpus,
    ramGb,
    pricePerHour: nanosFromUsd(usdPerHour),
    regions,
  })),
)

const typesByWord = new Map(
  machineTypes.flatMap((type) => [type.label, ...type.aliases].map((word) => [word.toLowerCase(), type] as const)),
)

/** Both `A100-80G` and `a100-80g` are in the documents. */
export function machineTypeNamed(label: string): MachineType | undefined {
  return typesByWord.get(label.trim().toLowerCase())
}

/** CPU machines are `C1` … `C10`, and older ones by name. */
export function isCpuLabel(label: string): boolean {
  return /^(c\d+|air|standard|pro|advanced)$/i.test(label.trim())
}

export interface DiskTier {
  sizeGb: number
  pricePerMonth: Nanos
  /** true: nobody confirms the price. */
  guessed: boolean
}

/**
 * A disk is sold in these sizes, by the month and prorated; it bills while the machine is off as well.
 *
 * 50, 100 and 250 GB: providers/paperspace.md 2.11. The larger sizes exist (spec), but their prices are not established:
 * they continue the 4 cents per GB of the 250 GB disk. Sizes above 2,000 GB are on request only and not offered.
 */
export const diskTiers: readonly DiskTier[] = [
  tier(50, '5'),
  tier(100, '7'),
  tier(250, '10'),
  tier(500, '20', true),
  tier(1000, '40', true),
  tier(2000, '80', true),
]

/** Hours of a month, here as everywhere in the ledger; Paperspace prorates by the calendar month. */
export const hoursPerMonth = 720n

/** The disk that is rented when this many GB are needed; undefined when there is none so large. */
export function diskTierFor(diskGb: number): DiskTier | undefined {
  return diskTiers.find(({ sizeGb }) => sizeGb >= diskGb)
}

/** The whole disk per hour: its monthly price over 720, halves up. */
export function diskRatePerHour({ pricePerMonth }: DiskTier): Nanos {
  return dividedBy(pricePerMonth, hoursPerMonth)
}

/** One GB of it per hour. Times the size it can differ from the rate of the whole disk by the rounding of a nano-dollar. */
export function diskPricePerGbHour({ pricePerMonth, sizeGb }: DiskTier): Nanos {
  return dividedBy(pricePerMonth, hoursPerMonth * BigInt(sizeGb))
}

function tier(sizeGb: number, usdPerMonth: string, guessed = false): DiskTier {
  return { sizeGb, pricePerMonth: nanosFromUsd(usdPerMonth), guessed }
}
