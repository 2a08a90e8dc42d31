/**
 * The machines that hosts have put on Vast: what never changes about each of them. Everything is drawn from the seed
 * and the machine's number, so the same seed has the same machines whatever is rented.
 */

import { type Random, seededRandom, seedFrom } from '../kit/random.ts'
import {
  cpus,
  disks,
  downlinks,
  drivers,
  freeDiskGb,
  type GpuModel,
  gpuModels,
  machineSizes,
  places,
  portCounts,
  quantile,
  reliabilities,
  rentableDays,
  storageCosts,
  trafficCosts,
} from './tables.ts'
import type { OfferFacts } from './wire.ts'

export interface Listing {
  index: number
  machineId: number
  gpuName: string
  totalGpus: number
  /** How many GPUs can be rented together, ascending. */
  sizes: number[]
  /** 0 is the cheapest of its model, 1 the dearest. */
  rank: number
  /** Machines that fail to start a container tend to fail again. */
  broken: boolean
  rentableMs: number
  /** False at 3 % of the listings: `start_date` is null. */
  showsStart: boolean
  /** GPUs that others use when the market opens. */
  takenAtFirst: number
  /** Nano-dollars per hour of the whole slice before any drift. */
  price(size: number): number
  minBid(size: number): number
  facts(size: number): OfferFacts
  /** Ids and prices by size as they were recorded, if they were. */
  recorded?: ReadonlyMap<number, { id: number; dphBase: number; minBid: number }>
}

/** Machines per listed offer: half of them are let at any time, and a machine with free GPUs lists 1.9 offers. */
const machinesPerOffer = 1.03

export function generatedListings(seed: number, offers: number): Listing[] {
  const listed = gpuModels.reduce((sum, model) => sum + model.offers, 0)
  const listings: Listing[] = []
  for (const model of gpuModels) {
    const machines = Math.max(2, Math.round((model.offers * machinesPerOffer * offers) / listed))
    for (let nth = 0; nth < machines; nth += 1) listings.push(generated(seed, model, nth, listings.length))
  }
  return listings
}

function generated(seed: number, model: GpuModel, nth: number, index: number): Listing {
  const random = seededRandom(seedFrom(seed, `machine ${model.name} ${nth}`))
  const machineId = 700 + index * 61 + random.int(0, 60)
  const joke = random.chance(0.004)
  const totalGpus = weighted(random, machineSizes[model.sizes])
  const rank = random.next()
  const perGpu = Math.round(quantile(model.price, rank) * 1e9)
  // A quarter of the recorded bids equal the price and only one offer in eight asks more than it, which straight lines
  // between the quantiles would blur.
  const bidShare = random.next()
  const ratio = quantile(model.bidRatio, bidShare)
  const bidPerGpu = Math.round(perGpu * (bidShare < 0.87 ? Math.min(1, ratio) : ratio))
  // A joke price keeps a machine listed that is not for rent: 64 to 128 dollars, whatever the GPUs are. Recordings have
  // fewer of them (one offer in 2,000); a small market should have some, too.
  const jokeUsd = random.pick([64, 64, 74.666666667, 96, 106.666666667, 128])
  const whole = joke || random.chance(0.18)
  const smallest = whole ? totalGpus : random.chance(0.15) ? Math.min(2, totalGpus) : 1
  const sizes = slices(smallest, totalGpus)
  const rentableMs = Math.round(quantile(rentableDays, random.next()) * 86_400_000)
  const takenAtFirst = random.chance(0.5) ? totalGpus : random.chance(0.5) ? 0 : random.int(0, totalGpus - 1)
  const broken = random.chance(0.015)
  const showsStart = random.chance(0.97)
  const factsSeed = seedFrom(seed, `facts ${machineId}`)
  let whole8: OfferFacts | undefined
  return {
    index,
    machineId,
    gpuName: model.name,
    totalGpus,
    sizes,
    rank: joke ? 1 : rank,
    broken,
    rentableMs,
    showsStart,
    takenAtFirst: joke ? 0 : takenAtFirst,
    price: (size) => (joke ? Math.round(jokeUsd * 1e9) : perGpu * size),
    minBid: (size) => (joke ? Math.round(jokeUsd * 0.95e9) : bidPerGpu * size),
    facts(size) {
      whole8 ??= machineFacts(seededRandom(factsSeed), { model, machineId, index, totalGpus })
      return slice(whole8, size, totalGpus)
    },
  }
}

/** One, two, four ... up to the whole machine. */
export function slices(smallest: number, total: number): number[] {
  const sizes: number[] = []
  for (let size = 1; size < total; size *= 2) if (size >= smallest) sizes.push(size)
  sizes.push(total)
  return sizes
}

function machineFacts(
  random: Random,
  machine: { model: GpuModel; machineId: number; index: number; totalGpus: number },
): OfferFacts {
  const { model, machineId, index, totalGpus } = machine
  const [cpuName, cpuCores, moboName, pciGen, cpuGhz] = random.pick(cpus)
  const coresUnknown = random.chance(0.013)
  const nameUnknown = random.chance(0.023)
  const [driver, cuda] = random.pick(drivers)
  const draw = random.next()
  // Of the machines that are not verified about half never were, and half lost it.
  const verification =
    draw < model.verified
      ? 'verified'
      : draw < model.verified + (1 - model.verified) * 0.52
        ? 'unverified'
        : 'deverified'
  const reliability =
    verification === 'verified'
      ? Math.max(0.9, quantile(reliabilities, random.next()))
      : quantile(reliabilities, random.next() * 0.8)
  const ramMb = random.pick(model.ramMb)
  const cpuRam = random.pick([32_198, 64_343, 128_939, 257_963, 515_828, 515_870, 1_021_955]) * (totalGpus > 4 ? 2 : 1)
  const volumes = random.chance(0.9)
  const downCost = quantile(trafficCosts, random.next())
  const upCost = random.chance(0.46) ? downCost : quantile(trafficCosts, random.next())
  const down = quantile(downlinks, random.next())
  const host = Math.floor(index / random.int(1, 5))
  return {
    bundle_id: 60_000_000 + random.int(0, 2_000_000_000),
    bundled_results: null,
    bw_nvlink: model.nvlink > 0 && random.chance(0.7) ? model.nvlink : 0,
    compute_cap: model.computeCap,
    cpu_arch: 'amd64',
    cpu_cores: coresUnknown ? null : cpuCores,
    cpu_cores_effective: coresUnknown ? 0 : cpuCores,
    cpu_ghz: coresUnknown ? null : cpuGhz,
    cpu_name: nameUnknown ? null : cpuName,
    cpu_ram: cpuRam,
    credit_discount_max: random.pick([0, 0, 0, 0, 0.1, 0.4]),
    cuda_max_good: cuda,
    direct_port_count: random.pick(portCounts),
    disk_bw: round(random.logNormal(3300, 0.8), 1),
    disk_name: random.pick(disks),
    disk_space: round(quantile(freeDiskGb, random.next()) * Math.max(1, totalGpus / 2), 1),
    dlperf: model.dlperf * random.logNormal(1, 0.12),
    driver_version: driver,
    driver_vers: random.chance(0.03) ? null : driverNumber(driver),
    external: null,
    geolocation: random.chance(0.001) ? null : weighted(random, places),
    geolocode: random.int(50_000_000, 2_127_000_000),
    gpu_arch: 'nvidia',
    gpu_display_active: random.chance(0.05),
    gpu_frac: 1,
    gpu_ids: Array.from({ length: totalGpus }, (_, nth) => 10_000 + machineId * 2 + nth),
    gpu_lanes: pciGen > 3 ? 16 : 8,
    gpu_mem_bw: round(model.memoryBandwidth * random.logNormal(1, 0.02), 1),
    gpu_name: model.name,
    gpu_ram: ramMb,
    gpu_total_ram: ramMb,
    gpu_max_power: model.watts,
    gpu_max_temp: random.int(58, 98),
    has_avx: 1,
    host_id: 1_200 + host * 97,
    hosting_type: random.chance(model.datacenter) ? 1 : 0,
    hostname: null,
    inet_down: round(down, 1),
    inet_down_cost: downCost,
    inet_up: round(down * (0.4 + random.next() * 0.6), 1),
    inet_up_cost: upCost,
    logo: '/static/logos/vastai_small2.png',
    machine_id: machineId,
    mobo_name: moboName,
    num_gpus: 1,
    os_version: random.pick(['22.04', '22.04', '22.04', '24.04', '20.04']),
    pci_gen: pciGen,
    pcie_bw: round((pciGen === 5 ? 45.4 : pciGen === 4 ? 22 : 9) * random.logNormal(1, 0.2), 1),
    public_ipaddr: `198.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
    reliability: round(Math.min(reliability, 0.9999925), 7),
    static_ip: random.chance(0.54),
    storage_cost: quantile(storageCosts, random.next()),
    total_flops: model.tflops,
    verification,
    vericode: verification === 'verified' ? 1 : verification === 'unverified' ? 0 : random.pick([2, 4, 4, 8, 12]),
    webpage: null,
    vms_enabled: random.chance(0.05),
    is_vm_deverified: random.chance(0.22),
    cluster_id: null,
    avail_vol_ask_id: volumes ? 0 : null,
    avail_vol_dph: volumes ? random.pick([0.00018518518518518515, 0.0002777777777777778, 0.0003703703703703703]) : null,
    avail_vol_size: volumes ? random.int(50, 4_000) : null,
  }
}

function slice(whole: OfferFacts, size: number, totalGpus: number): OfferFacts {
  const share = size / totalGpus
  return {
    ...whole,
    bundle_id: whole.bundle_id + size * 1_009,
    cpu_cores_effective: whole.cpu_cores_effective * share,
    cpu_ram: Math.floor(whole.cpu_ram * share),
    disk_space: whole.disk_space * share,
    dlperf: whole.dlperf === null ? null : whole.dlperf * size,
    gpu_frac: share,
    gpu_ids: whole.gpu_ids.slice(0, size),
    gpu_total_ram: whole.gpu_ram * size,
    num_gpus: size,
    total_flops: whole.total_flops * size,
  }
}

/** "570.124.06" → 570124006: each part padded to three digits. */
function driverNumber(version: string): number {
  const [major = '0', minor = '0', patch = '0'] = version.split('.')
  return Number(major) * 1_000_000 + Number(minor) * 1_000 + Number(patch)
}

function weighted<T>(random: Random, choices: readonly (readonly [T, number])[]): T {
  let left = random.next() * choices.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [choice, weight] of choices) {
    left -= weight
    if (left < 0) return choice
  }
  return (choices[0] as readonly [T, number])[0]
}

export function round(value: number, digits: number): number {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale
}
