/**
 * What the market of Vast looks like, as facts: price levels, bids, hardware, places. Nothing here is a copied listing.
 *
 * Price and bid quantiles of the first fourteen models: public hourly recordings of `GET /api/v0/bundles/`, 2026-07-02
 * to 2026-08-09, 33,901 offers. The other models: 500.farm's `/gpu-stats` of 2025-12-07 (10th, 50th and 90th
 * percentile), raised by a fifth because the recorded models rose by that much between the two dates.
 */

/** At 5, 10, 25, 50, 75, 90 and 95 %. */
export type Quantiles = readonly [number, number, number, number, number, number, number]

const quantileAt = [0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1] as const

export interface GpuModel {
  name: string
  /** Listed offers of this model among some 1,500. */
  offers: number
  /** Dollars per GPU and hour. */
  price: Quantiles
  /** `min_bid` divided by `dph_base`. */
  bidRatio: Quantiles
  /** `gpu_ram` in MB; some names cover two memory sizes. */
  ramMb: readonly number[]
  tflops: number
  dlperf: number
  memoryBandwidth: number
  watts: number
  computeCap: number
  /** Share of offers on verified machines. */
  verified: number
  datacenter: number
  nvlink: number
  sizes: 'server' | 'workstation' | 'home'
}

/** All models together; used where a model has no bids recorded. */
const pooledBids: Quantiles = [0.333, 0.492, 0.692, 0.9, 1, 1.2, 1.38]

const recorded: GpuModel[] = [
  model('H100 SXM', 45, [1.467, 1.6, 1.733, 2.2, 2.933, 3.493, 3.973], [0.22, 0.22, 0.31, 0.67, 1, 2.16, 2.4], {
    ramMb: [81559],
    tflops: 53.5,
    dlperf: 316,
    memoryBandwidth: 2877.8,
    watts: 700,
    computeCap: 900,
    verified: 0.61,
    datacenter: 0.09,
    nvlink: 478.1160888671875,
    sizes: 'server',
  }),
  model('H100 NVL', 11, [1.467, 1.6, 1.987, 2.133, 2.587, 2.907, 2.987], [0.26, 0.31, 0.57, 0.8, 1, 1, 1], {
    ramMb: [95830],
    tflops: 48.3,
    dlperf: 348.4,
    memoryBandwidth: 3383.4,
    watts: 400,
    computeCap: 900,
    verified: 0.69,
    datacenter: 0.06,
    nvlink: 0,
    sizes: 'workstation',
  }),
  model('H100 PCIE', 10, [1.467, 1.733, 1.733, 1.96, 2.133, 2.133, 2.2], [0.17, 0.21, 0.67, 0.75, 0.85, 0.91, 1.02], {
    ramMb: [81559],
    tflops: 41,
    dlperf: 239.5,
    memoryBandwidth: 1758.4,
    watts: 350,
    computeCap: 900,
    verified: 0.82,
    datacenter: 0,
    nvlink: 0,
    sizes: 'server',
  }),
  model('H200', 22, [3.289, 3.526, 3.816, 4.079, 4.211, 4.342, 4.513], [0.48, 0.69, 0.85, 0.92, 0.94, 0.96, 1], {
    ramMb: [143771],
    tflops: 53.5,
    dlperf: 462.2,
    memoryBandwidth: 4041.4,
    watts: 700,
    computeCap: 900,
    verified: 0.95,
    datacenter: 0.51,
    nvlink: 478.1160888671875,
    sizes: 'server',
  }),
  model('B200', 24, [4.975, 5, 5.5, 5.625, 6.237, 7.75, 7.75], [0.78, 0.79, 0.89, 0.9, 0.95, 1, 1.06], {
    ramMb: [183359],
    tflops: 59.6,
    dlperf: 527.7,
    memoryBandwidth: 6153.3,
    watts: 1000,
    computeCap: 1000,
    verified: 0.9,
    datacenter: 0.36,
    nvlink: 956.25,
    sizes: 'server',
  }),
  model('A100 SXM4', 66, [0.52, 0.6, 0.733, 0.867, 1.067, 1.279, 1.395], [0.22, 0.38, 0.55, 0.89, 1, 1, 1.34], {
    ramMb: [81920, 40960],
    tflops: 15.6,
    dlperf: 95.4,
    memoryBandwidth: 1653.3,
    watts: 400,
    computeCap: 800,
    verified: 0.69,
    datacenter: 0.21,
    nvlink: 300,
    sizes: 'server',
  }),
  model('A100 PCIE', 48, [0.267, 0.4, 0.56, 0.827, 1, 1.053, 1.231], [0.13, 0.13, 0.29, 0.89, 1, 1, 1.08], {
    ramMb: [40960, 81920],
    tflops: 15.6,
    dlperf: 90.9,
    memoryBandwidth: 1315.9,
    watts: 250,
    computeCap: 800,
    verified: 0.67,
    datacenter: 0,
    nvlink: 0,
    sizes: 'workstation',
  }),
  model('L40S', 30, [0.4, 0.449, 0.467, 0.6, 0.8, 1.067, 1.2], [0.43, 0.43, 0.5, 0.71, 0.89, 1, 1], {
    ramMb: [46068],
    tflops: 73.3,
    dlperf: 81,
    memoryBandwidth: 625.3,
    watts: 350,
    computeCap: 890,
    verified: 0.55,
    datacenter: 0.2,
    nvlink: 0,
    sizes: 'server',
  }),
  model(
    'RTX PRO 6000 WS',
    75,
    [0.827, 0.88, 0.999, 1.067, 1.227, 1.48, 1.867],
    [0.38, 0.44, 0.61, 0.85, 0.98, 1, 1.11],
    {
      ramMb: [97887],
      tflops: 119,
      dlperf: 282.8,
      memoryBandwidth: 1403.3,
      watts: 600,
      computeCap: 1200,
      verified: 0.66,
      datacenter: 0.11,
      nvlink: 0,
      sizes: 'home',
    },
  ),
  model('RTX A6000', 20, [0.267, 0.299, 0.347, 0.4, 0.4, 0.453, 0.467], [0.52, 0.65, 0.66, 0.93, 0.97, 1, 1], {
    ramMb: [49140],
    tflops: 36.1,
    dlperf: 51.3,
    memoryBandwidth: 650.7,
    watts: 300,
    computeCap: 860,
    verified: 0.13,
    datacenter: 0,
    nvlink: 0,
    sizes: 'workstation',
  }),
  model('RTX 3090', 210, [0.107, 0.12, 0.133, 0.16, 0.231, 0.267, 0.333], [0.38, 0.54, 0.76, 0.92, 1, 1.1, 1.83], {
    ramMb: [24576],
    tflops: 35.3,
    dlperf: 42.2,
    memoryBandwidth: 805.3,
    watts: 350,
    computeCap: 860,
    verified: 0.49,
    datacenter: 0.07,
    nvlink: 0,
    sizes: 'home',
  }),
  model('RTX 4090', 250, [0.267, 0.307, 0.347, 0.4, 0.533, 0.667, 0.733], [0.44, 0.57, 0.75, 0.91, 1, 1.23, 1.71], {
    ramMb: [24564, 24564, 24564, 24564, 24564, 49140],
    tflops: 81.4,
    dlperf: 94.1,
    memoryBandwidth: 879.3,
    watts: 450,
    computeCap: 890,
    verified: 0.63,
    datacenter: 0.1,
    nvlink: 0,
    sizes: 'home',
  }),
  model('RTX 5080', 60, [0.147, 0.16, 0.173, 0.2, 0.24, 0.333, 0.333], [0.5, 0.63, 0.78, 1, 1, 1, 1.75], {
    ramMb: [16303],
    tflops: 53.2,
    dlperf: 83.6,
    memoryBandwidth: 782.7,
    watts: 360,
    computeCap: 1200,
    verified: 0.48,
    datacenter: 0,
    nvlink: 0,
    sizes: 'home',
  }),
  model('RTX 5090', 300, [0.333, 0.347, 0.4, 0.493, 0.627, 0.8, 0.933], [0.39, 0.52, 0.73, 0.9, 1, 1.33, 1.92], {
    ramMb: [32607],
    tflops: 108.1,
    dlperf: 170.9,
    memoryBandwidth: 1453.6,
    watts: 575,
    computeCap: 1200,
    verified: 0.53,
    datacenter: 0.1,
    nvlink: 0,
    sizes: 'home',
  }),
]

/** name, offers, 10th, 50th, 90th percentile, MB, TFLOPS, dlperf, GB/s, watts, compute capability, verified share, sizes */
const surveyed = [
  ['H200 NVL', 6, 1.63, 2.16, 2.22, 143771, 48.3, 452.6, 4100, 600, 900, 0.8, 'server'],
  ['RTX PRO 6000 S', 14, 1.2, 2, 2, 97887, 93.6, 279.4, 1340, 600, 1200, 0.9, 'server'],
  ['RTX 6000Ada', 9, 0.41, 0.53, 0.66, 49140, 81.4, 117, 806, 300, 890, 0.6, 'workstation'],
  ['RTX 5880Ada', 4, 0.35, 0.35, 0.46, 49140, 69.9, 108.7, 806, 285, 890, 0.5, 'workstation'],
  ['L40', 5, 0.18, 0.53, 0.66, 46068, 72.4, 93.2, 726, 300, 890, 0.5, 'server'],
  ['L4', 3, 0.26, 0.38, 0.44, 23034, 24.2, 25.6, 252, 72, 890, 0.7, 'server'],
  ['A40', 12, 0.29, 0.29, 0.6, 46068, 29.9, 44.2, 585, 300, 860, 0.45, 'server'],
  ['A10', 3, 0.16, 0.16, 0.16, 23028, 25, 30, 504, 150, 860, 0.8, 'server'],
  ['RTX A5000', 17, 0.16, 0.2, 0.23, 24564, 27.5, 35.3, 645, 230, 860, 0.75, 'workstation'],
  ['RTX A4000', 20, 0.055, 0.08, 0.15, 16376, 20.6, 21.6, 376, 140, 860, 0.65, 'workstation'],
  ['RTX A2000', 10, 0.02, 0.03, 0.08, 12282, 11.2, 10.9, 242, 70, 860, 0.15, 'home'],
  ['RTX 3060', 45, 0.04, 0.06, 0.1, 12288, 12.4, 12.5, 310, 170, 860, 0.5, 'home'],
  ['RTX 3060 Ti', 9, 0.025, 0.06, 0.18, 8192, 16.1, 14, 376, 200, 860, 0.3, 'home'],
  ['RTX 3070', 26, 0.04, 0.05, 0.3, 8192, 20.3, 16.7, 385, 220, 860, 0.25, 'home'],
  ['RTX 3080', 18, 0.05, 0.08, 0.12, 10240, 29.7, 27.5, 654, 320, 860, 0.57, 'home'],
  ['RTX 3080 Ti', 7, 0.06, 0.11, 0.16, 12288, 35.4, 34.7, 785, 350, 860, 0.32, 'home'],
  ['RTX 3090 Ti', 5, 0.08, 0.18, 0.26, 24564, 36.5, 46.4, 867, 450, 860, 0.55, 'home'],
  ['RTX 4060', 4, 0.045, 0.065, 0.14, 8188, 15.3, 15.8, 230, 115, 890, 0.25, 'home'],
  ['RTX 4060 Ti', 16, 0.06, 0.12, 0.21, 16380, 21.7, 22.9, 247, 165, 890, 0.66, 'home'],
  ['RTX 4070', 8, 0.06, 0.09, 0.12, 12282, 29.5, 34, 433, 200, 890, 0.57, 'home'],
  ['RTX 4070S', 5, 0.06, 0.085, 0.16, 12282, 35.7, 35.2, 433, 220, 890, 0.52, 'home'],
  ['RTX 4070 Ti', 6, 0.07, 0.08, 0.12, 12282, 38.2, 35.6, 433, 285, 890, 0.75, 'home'],
  ['RTX 4070S Ti', 9, 0.13, 0.17, 0.19, 16376, 42.6, 51.8, 577, 285, 890, 0.87, 'home'],
  ['RTX 4080', 4, 0.12, 0.205, 0.26, 16376, 48.7, 54.4, 616, 320, 890, 0.52, 'home'],
  ['RTX 4080S', 8, 0.08, 0.15, 0.19, 16376, 51, 56.1, 633, 320, 890, 0.51, 'home'],
  ['RTX 5060 Ti', 28, 0.06, 0.09, 0.2, 16311, 23.7, 38.7, 385, 180, 1200, 0.46, 'home'],
  ['RTX 5070', 8, 0.06, 0.08, 0.13, 12227, 31.1, 50.4, 577, 250, 1200, 0.58, 'home'],
  ['RTX 5070 Ti', 13, 0.1, 0.11, 0.17, 16303, 44.7, 76.1, 770, 300, 1200, 0.63, 'home'],
  ['RTX 2080 Ti', 9, 0.055, 0.06, 0.14, 11264, 15.2, 11, 529, 250, 750, 0.44, 'home'],
  ['Q RTX 8000', 3, 0.24, 0.25, 0.25, 49152, 15.5, 14.4, 577, 260, 750, 0.75, 'workstation'],
  ['Q RTX 6000', 3, 0.13, 0.13, 0.13, 24576, 11.9, 9.1, 577, 260, 750, 0.9, 'workstation'],
  ['Tesla V100', 15, 0.1, 0.18, 0.21, 32768, 12.5, 25.7, 773, 300, 700, 0.45, 'server'],
  ['Tesla T4', 3, 0.13, 0.14, 0.14, 15360, 6.5, 4.2, 275, 70, 750, 0.33, 'server'],
  ['GTX 1080 Ti', 4, 0.02, 0.04, 0.045, 11264, 11.2, 5.3, 416, 250, 610, 0.05, 'home'],
] as const

export const gpuModels: readonly GpuModel[] = [
  ...recorded,
  ...surveyed.map(
    ([
      name,
      offers,
      p10,
      p50,
      p90,
      ram,
      tflops,
      dlperf,
      memoryBandwidth,
      watts,
      computeCap,
      verified,
      sizes,
    ]): GpuModel => {
      const up = (usd: number) => usd * 1.2
      const price: Quantiles = [
        up(p10 * 0.9),
        up(p10),
        up(Math.sqrt(p10 * p50)),
        up(p50),
        up(Math.sqrt(p50 * p90)),
        up(p90),
        up(p90 * 1.15),
      ]
      return {
        name,
        offers,
        price,
        bidRatio: pooledBids,
        ramMb: [ram],
        tflops,
        dlperf,
        memoryBandwidth,
        watts,
        computeCap,
        verified,
        datacenter: 0.05,
        nvlink: 0,
        sizes,
      }
    },
  ),
]

function model(
  name: string,
  offers: number,
  price: Quantiles,
  bidRatio: Quantiles,
  rest: Omit<GpuModel, 'name' | 'offers' | 'price' | 'bidRatio'>,
): GpuModel {
  return { name, offers, price, bidRatio, ...rest }
}

/** The value at a share between 0 and 1; beyond the outer percentiles it goes on by a fifth. */
export function quantile(values: Quantiles, share: number): number {
  const points = [values[0] * 0.8, ...values, values[6] * 1.2]
  let upper = 1
  while (upper < quantileAt.length - 1 && share > (quantileAt[upper] ?? 1)) upper += 1
  const fromShare = quantileAt[upper - 1] ?? 0
  const toShare = quantileAt[upper] ?? 1
  const from = points[upper - 1] ?? 0
  const to = points[upper] ?? from
  return from + ((to - from) * (share - fromShare)) / (toShare - fromShare)
}

/** GPUs in a machine, with weights. */
export const machineSizes: Record<GpuModel['sizes'], readonly (readonly [number, number])[]> = {
  server: [
    [1, 8],
    [2, 7],
    [4, 20],
    [8, 65],
  ],
  workstation: [
    [1, 30],
    [2, 22],
    [4, 25],
    [8, 23],
  ],
  home: [
    [1, 34],
    [2, 24],
    [3, 2],
    [4, 17],
    [5, 2],
    [6, 4],
    [7, 1],
    [8, 15],
    [10, 1],
  ],
}

/** cpu_name, cpu_cores, mobo_name, pci_gen, cpu_ghz; the most frequent ones of 2026-08-08. */
export const cpus: readonly (readonly [string | null, number, string | null, number, number])[] = [
  ['AMD EPYC 7B12 64-Core Processor', 256, 'ROME2D32GM-2T', 4, 3.3],
  ['AMD EPYC 7K62 48-Core Processor', 192, 'ROME2D32GM-2T', 4, 3.3],
  ['AMD EPYC 7B13 64-Core Processor', 256, 'ROME2D32GM-2T', 4, 3.541],
  ['AMD EPYC 7742 64-Core Processor', 256, 'ROME2D32GM-2T', 4, 2.25],
  ['AMD EPYC 7452 32-Core Processor', 64, 'ROMED8-2T', 4, 2.35],
  ['AMD EPYC 7543 32-Core Processor', 128, 'ROME2D32GM-2T', 4, 3.7],
  ['AMD EPYC 9654 96-Core Processor', 384, 'GENOA2D24G-2L', 5, 3.7],
  ['AMD EPYC 7713 64-Core Processor', 128, 'YZMB-02382-102', 4, 3.7],
  ['AMD EPYC 7282 16-Core Processor', 32, 'ROMED8-2T', 4, 2.8],
  ['Xeon® Gold 6430', 128, 'KR4268-X2-A0-R0-00', 4, 3.4],
  ['Xeon® Platinum 8559C', 192, 'X14DBG-DAP', 5, 4],
  ['Xeon® E5-2673 v4 ', 80, 'X10DRG-O', 3, 2.3],
  ['Xeon® Gold 6248R ', 96, 'YZMB-01130-10C', 3, 3],
  ['AMD Ryzen Threadripper PRO 3975WX 32-Cores', 64, 'Pro WS WRX80E-SAGE SE WIFI', 4, 4.3],
  ['AMD Ryzen 9 7950X 16-Core Processor', 32, 'X670E Steel Legend', 4, 5.6],
  ['Core™ i7-7800X ', 12, 'WS X299 SAGE', 3, 4],
]

/** geolocation with its number of offers of some 14,000 on 2026-08-08. */
export const places: readonly (readonly [string, number])[] = [
  ['Czechia, CZ', 855],
  [', US', 847],
  ['California, US', 769],
  ['Taiwan, TW', 693],
  ['Japan, JP', 630],
  ['United Kingdom, GB', 515],
  ['Quebec, CA', 506],
  ['Spain, ES', 428],
  ['Virginia, US', 399],
  ['Texas, US', 363],
  ['Finland, FI', 330],
  ['South Korea, KR', 264],
  ['Washington, US', 252],
  ['Hungary, HU', 240],
  ['British Columbia, CA', 226],
  ['The Netherlands, NL', 217],
  ['Sweden, SE', 214],
  ['Poland, PL', 211],
  ['Norway, NO', 211],
  ['Bulgaria, BG', 209],
  ['Estonia, EE', 209],
  [', CN', 199],
  ['Hong Kong, HK', 196],
  ['Moscow, RU', 188],
  ['Germany, DE', 166],
  ['Ontario, CA', 164],
  ['Oregon, US', 158],
  ['Romania, RO', 157],
  ['France, FR', 148],
  ['United Arab Emirates, AE', 140],
  [', CA', 135],
  ['Florida, US', 125],
]

export const disks = [
  'nvme',
  'nvme',
  'nvme',
  '',
  'WD_BLACK SN850X 4000GB',
  'QEMU HARDDISK',
  'SAMSUNG MZQL27T6HBLA-00A07',
  'SAMSUNG MZQL23T8HCLS-00A07',
  'WD_BLACK SN850X 8000GB',
  'Samsung SSD 990 PRO 2TB',
  'CT4000P3PSSD8',
] as const

/** driver_version, cuda_max_good */
export const drivers = [
  ['595.71.05', 13.2],
  ['595.71.05', 13.2],
  ['580.173.02', 13],
  ['595.84', 13.2],
  ['580.159.03', 13],
  ['590.48.01', 13.1],
  ['580.126.09', 13],
  ['580.95.05', 13],
  ['570.124.06', 12.8],
  ['550.54.15', 12.4],
] as const

export const portCounts = [256, 256, 256, 256, 256, 98, 249, 99, 49, 124, 199, 14, 24, 12, 6] as const

/** Dollars per gigabyte and month: `storage_cost` at the quantiles. */
export const storageCosts: Quantiles = [
  0.04, 0.1333333333333333, 0.1333333333333333, 0.2, 0.2933333333333334, 0.4666666666666667, 0.6666666666666666,
]
/** Dollars per gigabyte moved: `inet_up_cost` and `inet_down_cost`. */
export const trafficCosts: Quantiles = [0, 0, 0.0026041666666666665, 0.00390625, 0.01, 0.0286458333, 0.0390625]
/** Megabits per second. */
export const downlinks: Quantiles = [109, 340.7, 728.9, 925.5, 3613.1, 7804, 9195.8]
export const reliabilities: Quantiles = [0.9365, 0.9575, 0.9766, 0.9926, 0.9969, 0.9985, 0.999]
/** Days until the listing ends. */
export const rentableDays: Quantiles = [6.5, 8.4, 23.2, 54, 151.8, 184, 431.9]
export const freeDiskGb: Quantiles = [124, 213, 428.9, 948.5, 2148.5, 3613, 6339.2]
