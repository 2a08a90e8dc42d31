/**
 * What Lambda sells and where: instance types, regions, images. Facts only; what is rentable right now is in
 * `market.ts`.
 */

import { seededRandom, seedFrom } from '../kit/random.ts'

export interface RegionView {
  name: string
  description: string
}

export interface TypeFacts {
  name: string
  description: string
  gpuDescription: string
  vcpus: number
  memoryGib: number
  storageGib: number
  gpus: number
  architecture: 'x86_64' | 'arm64'
  /** US cents per hour for the whole instance, by price list. */
  cents: Record<PriceListName, number>
}

/**
 * `2026-02` is gpuhunt's Lambda catalogue of 2026-02-21. `2026-08` is what the pages showed on 2026-08-06, by GPU; the
 * prices of H100 and B200 by count come from the hourly series, whose last rows are of 2026-06-30 (per GPU: 3.99, 4.09,
 * 4.19, 4.29 and 6.69, 6.79, 6.89, 6.99 for 8, 4, 2, 1). Between the two lists prices rose on 2026-03-11 or before and
 * on 2026-04-06: by steps, never by drift.
 */
export type PriceListName = '2026-02' | '2026-08'

type TypeRow = readonly [
  name: string,
  gpus: number,
  gpu: string,
  vcpus: number,
  memoryGib: number,
  storageGib: number,
  centsFebruary: number,
  centsAugust: number,
]

/**
 * Names, counts, vCPUs, RAM and prices of the GPU types: gpuhunt's catalogue of 2026-02-21 (207 rows, 23 types).
 * Storage is in no recording: sizes as public copies of the console show them (read 2026-11), guessed for some
 * multi-GPU types. The CPU type is not in the recording either.
 */
const typeRows: readonly TypeRow[] = [
  ['gpu_1x_gh200', 1, 'GH200 (96 GB)', 64, 432, 4096, 199, 229],
  ['gpu_8x_b200_sxm6', 8, 'B200 (180 GB SXM6)', 208, 2900, 22528, 3992, 5352],
  ['gpu_4x_b200_sxm6', 4, 'B200 (180 GB SXM6)', 104, 1440, 11264, 2036, 2716],
  ['gpu_2x_b200_sxm6', 2, 'B200 (180 GB SXM6)', 52, 720, 5632, 1038, 1378],
  ['gpu_1x_b200_sxm6', 1, 'B200 (180 GB SXM6)', 26, 360, 2816, 529, 699],
  ['gpu_8x_h100_sxm5', 8, 'H100 (80 GB SXM5)', 208, 1800, 22528, 2392, 3192],
  ['gpu_4x_h100_sxm5', 4, 'H100 (80 GB SXM5)', 104, 900, 11264, 1236, 1636],
  ['gpu_2x_h100_sxm5', 2, 'H100 (80 GB SXM5)', 52, 450, 5632, 638, 838],
  ['gpu_1x_h100_sxm5', 1, 'H100 (80 GB SXM5)', 26, 225, 2816, 329, 429],
  ['gpu_1x_h100_pcie', 1, 'H100 (80 GB PCIe)', 26, 200, 1024, 249, 329],
  ['gpu_8x_a100_80gb_sxm4', 8, 'A100 (80 GB SXM4)', 240, 1800, 20480, 1432, 2232],
  ['gpu_1x_a10', 1, 'A10 (24 GB PCIe)', 30, 200, 1400, 75, 129],
  ['gpu_8x_a100', 8, 'A100 (40 GB SXM4)', 124, 1800, 6144, 1032, 1592],
  ['gpu_1x_a100_sxm4', 1, 'A100 (40 GB SXM4)', 30, 200, 512, 129, 199],
  ['gpu_1x_a100', 1, 'A100 (40 GB PCIe)', 30, 200, 512, 129, 199],
  ['gpu_2x_a100', 2, 'A100 (40 GB PCIe)', 60, 400, 1024, 258, 398],
  ['gpu_4x_a100', 4, 'A100 (40 GB PCIe)', 120, 800, 1024, 516, 796],
  ['gpu_1x_a6000', 1, 'A6000 (48 GB)', 14, 100, 200, 80, 109],
  ['gpu_2x_a6000', 2, 'A6000 (48 GB)', 28, 200, 1024, 160, 218],
  ['gpu_4x_a6000', 4, 'A6000 (48 GB)', 56, 400, 1024, 320, 436],
  ['gpu_1x_rtx6000', 1, 'RTX 6000 (24 GB)', 14, 46, 512, 50, 69],
  ['gpu_8x_v100', 8, 'Tesla V100 (16 GB)', 92, 448, 5836, 440, 632],
  ['gpu_8x_v100_n', 8, 'Tesla V100 (16 GB)', 88, 448, 5836, 440, 632],
]

export const instanceTypes: ReadonlyMap<string, TypeFacts> = new Map(
  [...typeRows.map(gpuType), cpuType()].map((type) => [type.name, type]),
)

function gpuType([name, gpus, gpu, vcpus, memoryGib, storageGib, february, august]: TypeRow): TypeFacts {
  return {
    name,
    description: `${gpus}x ${gpu}`,
    gpuDescription: gpu,
    vcpus,
    memoryGib,
    storageGib,
    gpus,
    architecture: name.includes('gh200') ? 'arm64' : 'x86_64',
    cents: { '2026-02': february, '2026-08': august },
  }
}

/** `gpus: 0` and a placeholder where the GPU would be; a client that divides by the count falls over here. */
function cpuType(): TypeFacts {
  return {
    name: 'cpu_4x_general',
    description: '4x CPU General (16 GiB)',
    gpuDescription: 'N/A',
    vcpus: 4,
    memoryGib: 16,
    storageGib: 100,
    gpus: 0,
    architecture: 'x86_64',
    cents: { '2026-02': 20, '2026-08': 20 },
  }
}

/**
 * Descriptions in use in the hourly series (Georgia, North Texas, Washington DC, Central Texas, Utah, Virginia, Sydney,
 * Arizona, Tokyo, Germany, Illinois) are recorded. Which name each belongs to, and the other descriptions, come from
 * public copies of the console's list (read 2026-11); two of them swap Tokyo and Osaka.
 */
export const regions: readonly RegionView[] = [
  { name: 'us-east-1', description: 'Virginia, USA' },
  { name: 'us-east-2', description: 'Washington DC, USA' },
  { name: 'us-east-3', description: 'Washington DC, USA' },
  { name: 'us-southeast-1', description: 'Georgia, USA' },
  { name: 'us-midwest-1', description: 'Illinois, USA' },
  { name: 'us-midwest-2', description: 'Ohio, USA' },
  { name: 'us-south-1', description: 'Texas, USA' },
  { name: 'us-south-2', description: 'North Texas, USA' },
  { name: 'us-south-3', description: 'Central Texas, USA' },
  { name: 'us-west-1', description: 'California, USA' },
  { name: 'us-west-2', description: 'Arizona, USA' },
  { name: 'us-west-3', description: 'Utah, USA' },
  { name: 'europe-central-1', description: 'Germany' },
  { name: 'europe-south-1', description: 'Italy' },
  { name: 'asia-northeast-1', description: 'Osaka, Japan' },
  { name: 'asia-northeast-2', description: 'Tokyo, Japan' },
  { name: 'asia-south-1', description: 'India' },
  { name: 'me-west-1', description: 'Israel' },
  { name: 'australia-east-1', description: 'Sydney, Australia' },
]

const regionsByName = new Map(regions.map((region) => [region.name, region]))

export const regionNamed = (name: string): RegionView | undefined => {
  const region = regionsByName.get(name)
  return region && { ...region }
}

export interface ImageView {
  id: string
  created_time: string
  updated_time: string
  name: string
  description: string
  family: string
  version: string
  architecture: 'x86_64' | 'arm64'
  region: RegionView
}

/** `lambda-stack-24-04` is in use in public clients; the other families and all versions and dates are guesses. */
const imageFamilies = [
  {
    family: 'lambda-stack-24-04',
    name: 'lambda-stack-24-04',
    description: 'Lambda Stack on Ubuntu 24.04 LTS',
    version: '24.04.3',
    created: '2026-05-12T17:20:00.000Z',
  },
  {
    family: 'lambda-stack-22-04',
    name: 'lambda-stack-22-04',
    description: 'Lambda Stack on Ubuntu 22.04 LTS',
    version: '22.04.5',
    created: '2026-03-03T16:05:00.000Z',
  },
  {
    family: 'ubuntu-lts',
    name: 'ubuntu-24.04.01',
    description: 'Ubuntu LTS',
    version: '24.04.01',
    created: '2025-11-18T09:40:00.000Z',
  },
] as const

export const defaultImageFamily = 'lambda-stack-24-04'

/** One row per image per region, and per architecture in the region that has Grace machines. */
export const images: readonly ImageView[] = regions.flatMap((region) => {
  const architectures = region.name === 'us-east-3' ? (['x86_64', 'arm64'] as const) : (['x86_64'] as const)
  return architectures.flatMap((architecture) =>
    imageFamilies.map((image) => ({
      id: imageId(`${image.family}/${architecture}/${region.name}`),
      created_time: image.created,
      updated_time: image.created,
      name: image.name,
      description: image.description,
      family: image.family,
      version: image.version,
      architecture,
      region: { ...region },
    })),
  )
})

function imageId(text: string): string {
  const hex = seededRandom(seedFrom(110, text)).hex(32)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
