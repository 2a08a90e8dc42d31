/** A machine as `GET /api/v0/instances/{id}/` shows it; the v1 list adds `volume_info`. */

import { seedFrom } from '../kit/random.ts'
import { listingOf } from './machines.ts'
import { hardwareOf, type Machine, type World } from './state.ts'
import { scoreOf } from './wire.ts'

export type InstanceView = Record<string, unknown>

export function instanceView(world: World, machine: Machine): InstanceView {
  const now = world.state.at
  const facts = hardwareOf(world, machine)
  const disk = machine.storagePerHour
  const total = machine.dphBase + disk
  const running = machine.actual === 'running' && !machine.offline
  const number = seedFrom(machine.id, 'addresses')
  const proxy = String((number % 9) + 1)
  const ports = machine.ports && running ? machine.ports : null
  const external = Object.values(ports ?? {}).map(Number)
  const hourly = {
    gpuCostPerHour: machine.dphBase,
    diskHour: disk,
    totalHour: total,
    discountTotalHour: 0,
    discountedTotalPerHour: total,
  }
  const load = seedFrom(machine.id, `load ${Math.floor(now / 60_000)}`)
  return {
    id: machine.id,
    // Computed on read: the stored word stays what it was, and filters look at the stored one.
    actual_status: machine.offline ? 'offline' : machine.actual,
    intended_status: machine.intended,
    cur_state: machine.current,
    next_state: machine.next,
    status_msg: messageOf(machine, now),
    label: machine.label,
    template_id: null,
    template_hash_id: machine.templateHash,
    template_name: null,
    image_uuid: machine.image,
    image_args: machine.args,
    image_runtype: machine.runtype,
    extra_env: machine.env,
    onstart: machine.onstart,
    jupyter_token: machine.jupyterToken,
    ssh_host: `ssh${proxy}.vast.ai`,
    ssh_idx: proxy,
    ssh_port: 10_000 + (machine.id % 30_000),
    machine_dir_ssh_port: 10_000 + (number % 500),
    public_ipaddr: facts.public_ipaddr,
    local_ipaddrs: `10.0.${number % 256}.${(number >> 8) & 255} 172.17.0.2 \n`,
    ports: ports ? portsView(ports) : machine.actual === 'loading' ? {} : null,
    direct_port_count: facts.direct_port_count,
    direct_port_start: external.length > 0 ? Math.min(...external) : -1,
    direct_port_end: external.length > 0 ? Math.max(...external) : -1,
    static_ip: facts.static_ip,
    machine_id: facts.machine_id,
    host_id: facts.host_id,
    hosting_type: facts.hosting_type,
    bundle_id: facts.bundle_id,
    geolocation: facts.geolocation,
    country_code: facts.geolocation?.slice(-2) ?? null,
    verification: facts.verification,
    reliability2: facts.reliability,
    gpu_name: facts.gpu_name,
    gpu_arch: facts.gpu_arch,
    num_gpus: machine.gpus,
    gpu_frac: facts.gpu_frac,
    gpu_ram: facts.gpu_ram,
    gpu_totalram: facts.gpu_total_ram,
    gpu_util: running ? (machine.utilisation ?? 70 + (load % 30)) : null,
    gpu_temp: running ? 35 + (load % 40) : null,
    gpu_lanes: facts.gpu_lanes,
    gpu_mem_bw: facts.gpu_mem_bw,
    bw_nvlink: facts.bw_nvlink,
    cuda_max_good: facts.cuda_max_good,
    driver_version: facts.driver_version,
    compute_cap: facts.compute_cap,
    total_flops: facts.total_flops,
    cpu_name: facts.cpu_name,
    cpu_arch: facts.cpu_arch,
    cpu_cores: facts.cpu_cores,
    cpu_cores_effective: facts.cpu_cores_effective,
    cpu_ram: facts.cpu_ram,
    cpu_util: running ? (load % 50) / 100 : 0,
    mem_limit: running ? Math.round(facts.cpu_ram / 100) / 10 : null,
    mem_usage: running ? Math.round(facts.cpu_ram / 2_000) / 10 : null,
    vmem_usage: running ? Math.round(facts.cpu_ram / 1_500) / 10 : null,
    disk_name: facts.disk_name,
    disk_space: machine.diskGb,
    disk_bw: facts.disk_bw,
    disk_util: running ? 12.5 : -1,
    disk_usage: running ? 12.5 : -1,
    inet_up: facts.inet_up,
    inet_down: facts.inet_down,
    inet_up_cost: facts.inet_up_cost,
    inet_down_cost: facts.inet_down_cost,
    mobo_name: facts.mobo_name,
    pci_gen: facts.pci_gen,
    pcie_bw: facts.pcie_bw,
    os_version: facts.os_version,
    dph_base: machine.dphBase,
    dph_total: total,
    storage_cost: facts.storage_cost,
    storage_total_cost: disk,
    min_bid: world.market.minBid(listingOf(world, machine), machine.gpus) / 1e9,
    is_bid: machine.isBid,
    vram_costperhour: (machine.dphBase * 1024) / facts.gpu_total_ram,
    search: hourly,
    instance: hourly,
    credit_balance: null,
    credit_discount: null,
    credit_discount_max: facts.credit_discount_max,
    start_date: machine.createdAt / 1_000,
    end_date: machine.endsAt / 1_000,
    duration: Math.max(0, machine.endsAt - now) / 1_000,
    uptime_mins: running && machine.runningSince !== null ? (now - machine.runningSince) / 60_000 : null,
    client_run_time: 1.1,
    host_run_time: 2_592_000,
    dlperf: facts.dlperf,
    dlperf_per_dphtotal: facts.dlperf === null ? null : facts.dlperf / total,
    flops_per_dphtotal: facts.total_flops / total,
    score:
      facts.dlperf === null ? null : scoreOf({ facts, id: 0, dphBase: 0, minBid: 0, listedAt: null, endsAt: 0 }, total),
    rentable: true,
    external: false,
    logo: facts.logo,
    webpage: null,
    time_remaining: '',
    time_remaining_isbid: '',
  }
}

function messageOf(machine: Machine, now: number): string | null {
  if (machine.actual !== 'loading' || !machine.loading) return machine.message
  const { from, until } = machine.loading
  // A download that hangs never reaches the end.
  const most = machine.failure === null ? 99 : 41
  const share = until > from ? (now - from) / (until - from) : 1
  return `Downloading ${machine.image}: ${Math.max(0, Math.min(most, Math.floor(share * 100)))}%`
}

function portsView(ports: Record<string, string>): Record<string, { HostIp: string; HostPort: string }[]> {
  return Object.fromEntries(
    Object.entries(ports).map(([port, external]) => [
      port,
      [
        { HostIp: '0.0.0.0', HostPort: external },
        { HostIp: '::', HostPort: external },
      ],
    ]),
  )
}

/** Columns stored with the contract; only these can be filtered and sorted by. */
export function storedColumns(world: World, machine: Machine): Record<string, string | number | boolean | null> {
  const facts = hardwareOf(world, machine)
  return {
    id: machine.id,
    label: machine.label,
    actual_status: machine.actual,
    intended_status: machine.intended,
    cur_state: machine.current,
    next_state: machine.next,
    status_msg: machine.message,
    template_id: null,
    template_hash_id: machine.templateHash,
    image_uuid: machine.image,
    image_runtype: machine.runtype,
    machine_id: facts.machine_id,
    host_id: facts.host_id,
    gpu_name: facts.gpu_name,
    gpu_arch: facts.gpu_arch,
    cpu_arch: facts.cpu_arch,
    geolocation: facts.geolocation,
    verification: facts.verification,
    is_bid: machine.isBid,
    start_date: machine.createdAt / 1_000,
    end_date: machine.endsAt / 1_000,
  }
}
