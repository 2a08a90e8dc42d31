import type { GpuCatalogue } from '../../core/gpus/gpu.ts'
import { dividedBy, nanosFromUsd } from '../../core/money.ts'
import type { Market, Offer } from '../../core/offers/offer.ts'
import type { Instant } from '../../core/time.ts'
import { placeFromVast, regionFromVast } from './regions.ts'
import { VastOffer } from './wire.ts'

/** How Vast was asked: the type decides what the prices of a row mean. */
export type SearchType = 'ondemand' | 'bid'

export interface OfferReading {
  gpus: Pick<GpuCatalogue, 'recognise'>
  seenAt: Instant
}

/** A row as we understand it, or why we do not. */
export type OfferRow = { row: VastOffer } | { skipped: string }

/** Smaller disks are raised to this without a word (docs, autumn 2026). */
export const minDiskGb = 8
/** A container publishes at most this many ports. */
export const maxContainerPorts = 64

const hoursPerMonth = 720n

/**
 * @source providers/vast.md 1.6: `cpu_cores` null or 0 means a host that reports nothing usable; skip it. About one row in
 *         a hundred of the recordings, always with `cpu_cores_effective` 0.
 */
export function readVastOffer(raw: unknown): OfferRow {
  const parsed = VastOffer.safeParse(raw)
  if (!parsed.success) return { skipped: `unreadable_${String(parsed.error.issues[0]?.path[0] ?? 'row')}` }
  const row = parsed.data
  if (!row.cpu_cores || !row.cpu_cores_effective) return { skipped: 'no_cpu_cores' }
  return { row }
}

/**
 * A machine that takes bids is on sale twice: outright, and as spot at the lowest bid that wins.
 *
 * One row of an on-demand search tells both prices, which spares the daily row quota a second search. A row of a `bid`
 * search tells only the bid for sure: what its other prices mean is not documented, so it yields no on-demand offer.
 *
 * A bid at or above the outright price buys nothing but the risk of interruption (a third of the recorded rows); it is not
 * listed.
 */
export function offersFromVast(row: VastOffer, type: SearchType, reading: OfferReading): Offer[] {
  const outright = type === 'ondemand' ? [offerOn('on_demand', row, reading)] : []
  const spot = spotIsWorthListing(row, type) ? [offerOn('spot', row, reading)] : []
  return [...outright, ...spot]
}

/** The offer on one market, worth listing or not; undefined where it is not sold there. */
export function offerFromVast(row: VastOffer, market: Market, reading: OfferReading): Offer | undefined {
  return market === 'spot' && !takesBids(row) ? undefined : offerOn(market, row, reading)
}

export function placeKeyFrom(machineId: string): string {
  return `machine:${machineId}`
}

/** The way back from `placeKeyFrom`; undefined for anything else. */
export function machineIdFrom(placeKey: string): string | undefined {
  return /^machine:(\d+)$/.exec(placeKey)?.[1]
}

function takesBids(row: VastOffer): boolean {
  return Number(row.min_bid ?? 0) > 0
}

function spotIsWorthListing(row: VastOffer, type: SearchType): boolean {
  if (!takesBids(row)) return false
  const bid = nanosFromUsd(row.min_bid ?? 0)
  const outright = nanosFromUsd(row.dph_base)
  // In a bid search `dph_base` may be the bid itself, so that only a lower one says something.
  return type === 'ondemand' ? bid < outright : bid <= outright
}

function offerOn(market: Market, row: VastOffer, { gpus, seenAt }: OfferReading): Offer {
  // 24,564 MB is sold as 24 GB and 81,559 MB as 80 GB: graphics memory counts in units of 1024.
  const memoryGb = Math.round(row.gpu_ram / 1024)
  const recognised = gpus.recognise(row.gpu_name, { provider: 'vast', memoryGb })
  const diskPerGbHour = dividedBy(nanosFromUsd(row.storage_cost), hoursPerMonth)
  return {
    provider: 'vast',
    externalId: row.id,
    market,
    gpu: { ...recognised, spelling: row.gpu_name, count: row.num_gpus, memoryGb },
    cpuCores: row.cpu_cores_effective ?? null,
    ramGb: ramGbFrom(row),
    disk: {
      includedGb: 0,
      maxGb: row.disk_space == null ? null : Math.floor(row.disk_space),
      minGb: minDiskGb,
      pricePerGbHour: diskPerGbHour,
      // Some hosts ask more while stopped; the offer does not say how much (providers/vast.md 3.4).
      stoppedPricePerGbHour: diskPerGbHour,
      sizesGb: [],
    },
    pricePerHour: nanosFromUsd(market === 'spot' ? (row.min_bid ?? 0) : row.dph_base),
    traffic: trafficFrom(row),
    ...whereabouts(row.geolocation),
    reliability: row.reliability2 ?? row.reliability ?? null,
    verified: row.verification == null ? (row.verified ?? null) : row.verification === 'verified',
    cudaMax: row.cuda_max_good ?? null,
    network: { downloadMbps: row.inet_down ?? null, uploadMbps: row.inet_up ?? null },
    endsAt: endFrom(row, seenAt),
    available: row.rentable !== false && row.rented !== true && row.available !== false,
    maxPorts: row.direct_port_count == null ? null : Math.min(Math.max(row.direct_port_count, 0), maxContainerPorts),
    placeKey: placeKeyFrom(row.machine_id),
    // Outright rentals cost what the offer costs at that moment, and the answer does not echo it (vast-cli#403). A bid is a bid.
    rateKnownAfterLaunch: market === 'on_demand',
    seenAt,
    details: detailsFrom(row, memoryGb),
  }
}

/**
 * System memory of the slice. The documents say that `cpu_ram` is the whole machine's; in the recordings of July and August
 * 2026 it is the slice's already (a machine on sale as 1, 2, 4 and 8 GPUs shows 290,240, 580,480, 1,160,960 and 2,321,920 MB).
 * Memory counts in units of 1000, as their CLI does.
 */
function ramGbFrom({ cpu_ram, ram_amount }: VastOffer): number | null {
  if (cpu_ram) return Math.round(cpu_ram / 1000)
  return ram_amount ? Math.round(ram_amount) : null
}

function trafficFrom({ inet_up_cost, inet_down_cost }: VastOffer): Offer['traffic'] {
  if (inet_up_cost == null || inet_down_cost == null) return null
  return { uploadPerGb: nanosFromUsd(inet_up_cost), downloadPerGb: nanosFromUsd(inet_down_cost) }
}

function whereabouts(geolocation: string | null | undefined): Pick<Offer, 'region' | 'location'> {
  const location = placeFromVast(geolocation ?? '') || 'unknown'
  return { region: regionFromVast(geolocation ?? '') ?? location, location }
}

function endFrom(row: VastOffer, seenAt: Instant): Instant | null {
  if (row.end_date != null) return Math.round(row.end_date * 1000)
  return row.duration == null ? null : seenAt + Math.round(row.duration * 1000)
}

/** Contract 003's `provider_data` keys first, in its names and Vast's units; then what our own faces show. */
function detailsFrom(row: VastOffer, memoryGb: number): Readonly<Record<string, unknown>> {
  return {
    machine_id: Number(row.machine_id),
    compute_cap: row.compute_cap ?? null,
    cpu_name: row.cpu_name ?? null,
    gpu_memory_gb: memoryGb,
    disk_name: row.disk_name ?? null,
    internet_down: row.inet_down ?? null,
    internet_up: row.inet_up ?? null,
    public_ipv4: row.public_ipaddr?.trim() ?? null,
    reliability: row.reliability2 ?? row.reliability ?? null,
    score: row.score ?? null,
    host_id: row.host_id ?? null,
    bundle_id: row.bundle_id ?? null,
    verification: row.verification ?? null,
    datacenter: row.hosting_type == null ? null : row.hosting_type === 1,
    static_ip: row.static_ip ?? null,
    direct_port_count: row.direct_port_count ?? null,
    gpu_frac: row.gpu_frac ?? null,
    total_flops: row.total_flops ?? null,
    dlperf: row.dlperf ?? null,
    driver_version: row.driver_version ?? null,
    disk_bw: row.disk_bw ?? null,
    dph_total: row.dph_total ?? null,
    min_bid: row.min_bid ?? null,
  }
}
