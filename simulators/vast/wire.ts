/**
 * An offer as the search answers it: the fields of the recorded answers of 2026-07 and 2026-08, in their order.
 *
 * @source  Recorded arithmetic, true of all 14,226 offers of 2026-08-08: `dph_total = dph_base + storage_total_cost`,
 *          `storage_total_cost = storage_cost × gigabytes / 720`, `dph_total_adj = dph_total + 2 × inet_down_cost`,
 *          `internet_*_cost_per_tb = 1024 × inet_*_cost`. `cpu_ram` and `disk_space` are those of the slice, not of the machine.
 */

/** What does not depend on time, price or query. */
export interface OfferFacts {
  bundle_id: number
  bundled_results: number | null
  bw_nvlink: number
  compute_cap: number
  cpu_arch: string
  cpu_cores: number | null
  cpu_cores_effective: number
  cpu_ghz: number | null
  cpu_name: string | null
  cpu_ram: number
  credit_discount_max: number
  cuda_max_good: number
  direct_port_count: number
  disk_bw: number | null
  disk_name: string | null
  disk_space: number
  dlperf: number | null
  driver_version: string
  driver_vers: number | null
  external: boolean | null
  geolocation: string | null
  geolocode: number
  gpu_arch: string
  gpu_display_active: boolean
  gpu_frac: number
  gpu_ids: number[]
  gpu_lanes: number
  gpu_mem_bw: number
  gpu_name: string
  gpu_ram: number
  gpu_total_ram: number
  gpu_max_power: number
  gpu_max_temp: number
  has_avx: number | null
  host_id: number
  hosting_type: number
  hostname: string | null
  inet_down: number
  inet_down_cost: number
  inet_up: number
  inet_up_cost: number
  logo: string
  machine_id: number
  mobo_name: string | null
  num_gpus: number
  os_version: string | null
  pci_gen: number
  pcie_bw: number | null
  public_ipaddr: string
  reliability: number
  static_ip: boolean
  storage_cost: number
  total_flops: number
  verification: string
  vericode: number
  webpage: string | null
  vms_enabled: boolean
  is_vm_deverified: boolean
  cluster_id: number | null
  avail_vol_ask_id: number | null
  avail_vol_dph: number | null
  avail_vol_size: number | null
}

/** An offer on sale now. */
export interface LiveOffer {
  id: number
  facts: OfferFacts
  /** Dollars per hour without storage. */
  dphBase: number
  minBid: number
  /** Milliseconds since 1970; null where the API says null. */
  listedAt: number | null
  endsAt: number
}

export interface SearchTerms {
  /** `bid` prices everything at the lowest winning bid. */
  type: 'on-demand' | 'bid' | 'reserved'
  storageGb: number
}

export type WireOffer = Record<string, unknown>

export const defaultStorageGb = 8

export function storagePerHour(facts: Pick<OfferFacts, 'storage_cost'>, storageGb: number): number {
  return (facts.storage_cost * storageGb) / 720
}

export function gpuPerHour(offer: LiveOffer, terms: SearchTerms): number {
  return terms.type === 'bid' ? offer.minBid : offer.dphBase
}

export function totalPerHour(offer: LiveOffer, terms: SearchTerms): number {
  return gpuPerHour(offer, terms) + storagePerHour(offer.facts, terms.storageGb)
}

/** Fitted on the recordings: 0.6 → 0.207, 0.899 → 0.517, 0.9944 → 0.947. */
export function reliabilityFactor(reliability: number): number {
  return Math.round(1e7 / (1 + 9.6 * (1 - reliability))) / 1e7
}

/** The median of the recorded scores is 0.98 times this; the real formula is unknown. */
export function scoreOf(offer: LiveOffer, total: number): number {
  return ((offer.facts.dlperf ?? 0) / total) * reliabilityFactor(offer.facts.reliability)
}

export function wireOffer(offer: LiveOffer, terms: SearchTerms, now: number): WireOffer {
  const { facts } = offer
  const gpu = gpuPerHour(offer, terms)
  const disk = storagePerHour(facts, terms.storageGb)
  const total = gpu + disk
  return {
    id: offer.id,
    ask_contract_id: offer.id,
    bundle_id: facts.bundle_id,
    bundled_results: facts.bundled_results,
    bw_nvlink: facts.bw_nvlink,
    compute_cap: facts.compute_cap,
    cpu_arch: facts.cpu_arch,
    cpu_cores: facts.cpu_cores,
    cpu_cores_effective: facts.cpu_cores_effective,
    cpu_ghz: facts.cpu_ghz,
    cpu_name: facts.cpu_name,
    cpu_ram: facts.cpu_ram,
    credit_discount_max: facts.credit_discount_max,
    cuda_max_good: facts.cuda_max_good,
    direct_port_count: facts.direct_port_count,
    disk_bw: facts.disk_bw,
    disk_name: facts.disk_name,
    disk_space: facts.disk_space,
    dlperf: facts.dlperf,
    dlperf_per_dphtotal: facts.dlperf === null ? null : facts.dlperf / total,
    dph_base: gpu,
    dph_total: total,
    driver_version: facts.driver_version,
    driver_vers: facts.driver_vers,
    duration: (offer.endsAt - now) / 1_000,
    end_date: offer.endsAt / 1_000,
    external: facts.external,
    flops_per_dphtotal: facts.total_flops / total,
    geolocation: facts.geolocation,
    geolocode: facts.geolocode,
    gpu_arch: facts.gpu_arch,
    gpu_display_active: facts.gpu_display_active,
    gpu_frac: facts.gpu_frac,
    gpu_ids: facts.gpu_ids,
    gpu_lanes: facts.gpu_lanes,
    gpu_mem_bw: facts.gpu_mem_bw,
    gpu_name: facts.gpu_name,
    gpu_ram: facts.gpu_ram,
    gpu_total_ram: facts.gpu_total_ram,
    gpu_max_power: facts.gpu_max_power,
    gpu_max_temp: facts.gpu_max_temp,
    has_avx: facts.has_avx,
    host_id: facts.host_id,
    hosting_type: facts.hosting_type,
    hostname: facts.hostname,
    inet_down: facts.inet_down,
    inet_down_cost: facts.inet_down_cost,
    inet_up: facts.inet_up,
    inet_up_cost: facts.inet_up_cost,
    is_bid: terms.type === 'bid',
    logo: facts.logo,
    machine_id: facts.machine_id,
    min_bid: offer.minBid,
    mobo_name: facts.mobo_name,
    num_gpus: facts.num_gpus,
    os_version: facts.os_version,
    pci_gen: facts.pci_gen,
    pcie_bw: facts.pcie_bw,
    public_ipaddr: facts.public_ipaddr,
    reliability: facts.reliability,
    reliability_mult: reliabilityFactor(facts.reliability),
    rentable: true,
    rented: false,
    score: facts.dlperf === null ? null : scoreOf(offer, total),
    start_date: offer.listedAt === null ? null : offer.listedAt / 1_000,
    static_ip: facts.static_ip,
    storage_cost: facts.storage_cost,
    storage_total_cost: disk,
    total_flops: facts.total_flops,
    verification: facts.verification,
    vericode: facts.vericode,
    vram_costperhour: (gpu * 1024) / facts.gpu_total_ram,
    webpage: facts.webpage,
    vms_enabled: facts.vms_enabled,
    expected_reliability: 0,
    sla_sigma_x: null,
    sla_broker_rate: null,
    is_vm_deverified: facts.is_vm_deverified,
    resource_type: 'gpu',
    cluster_id: facts.cluster_id,
    avail_vol_ask_id: facts.avail_vol_ask_id === null ? null : facts.avail_vol_ask_id || offer.id + 1,
    avail_vol_dph: facts.avail_vol_dph,
    avail_vol_size: facts.avail_vol_size,
    nw_disk_min_bw: null,
    nw_disk_max_bw: null,
    nw_disk_avg_bw: null,
    rn: 1,
    dph_total_adj: total + 2 * facts.inet_down_cost,
    reliability2: facts.reliability,
    target_reliability: 0,
    sla_r_claim: 0,
    discount_rate: null,
    discounted_hourly: 0,
    discounted_dph_total: total,
    search: hourly(gpu, disk),
    instance: hourly(0, disk),
    time_remaining: '',
    time_remaining_isbid: '',
    internet_up_cost_per_tb: facts.inet_up_cost * 1024,
    internet_down_cost_per_tb: facts.inet_down_cost * 1024,
  }
}

const texts = new WeakMap<LiveOffer, Map<string, [before: string, after: string]>>()

/** The same as JSON text. Only `duration` changes while the offer stays, so the rest is written once. */
export function offerText(offer: LiveOffer, terms: SearchTerms, now: number): string {
  const key = `${terms.type} ${terms.storageGb} ${offer.endsAt}`
  const known = texts.get(offer) ?? new Map<string, [string, string]>()
  let text = known.get(key)
  if (!text) {
    const mark = '~duration~'
    const whole = JSON.stringify({ ...wireOffer(offer, terms, now), duration: mark })
    const at = whole.indexOf(`"${mark}"`)
    text = [whole.slice(0, at), whole.slice(at + mark.length + 2)]
    known.set(key, text)
    texts.set(offer, known)
  }
  return `${text[0]}${(offer.endsAt - now) / 1_000}${text[1]}`
}

function hourly(gpu: number, disk: number): Record<string, number> {
  return {
    gpuCostPerHour: gpu,
    diskHour: disk,
    slaPremiumPerHour: 0,
    totalHour: gpu + disk,
    discountTotalHour: 0,
    discountedTotalPerHour: gpu + disk,
  }
}
