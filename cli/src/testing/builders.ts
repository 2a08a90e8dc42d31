import type { Event, Instance, Offer } from '@gpufleet/sdk/api'

export const anId = 'inst_7zx53zq35bpt13g8'
export const startOfTime = Date.parse('2026-11-21T03:00:00.000Z')

/** A moment of the tests, seconds after their start. */
export function at(seconds: number): string {
  return new Date(startOfTime + seconds * 1_000).toISOString()
}

export function anInstance(changes: Partial<Instance> = {}): Instance {
  return {
    id: anId,
    name: anId,
    label: null,
    project: 'default',
    status: 'ready',
    because: 'no_health_check',
    because_text: 'the machine is up and no health check was asked for',
    message: null,
    status_since: at(90),
    wanted: 'up',
    provider: 'vast_ai',
    provider_id: '30004098',
    account: 'default',
    attempt: 1,
    market: 'spot',
    gpu_model: 'RTX 4090',
    gpu_count: 1,
    cpu_count: 16,
    ram_gb: 64,
    storage_gb: 10,
    region: 'europe-west',
    template: null,
    image: 'pytorch/pytorch:latest',
    environment: {},
    ports: [],
    price_per_hour: 0.3134,
    price_per_hour_usd: '0.313388889',
    max_price_per_hour_usd: '0.5',
    cost_so_far_usd: '0.0078',
    cost_per_hour_usd: '0.313388889',
    policies: {
      on_interruption: 'relaunch',
      idle_timeout_minutes: null,
      idle_action: null,
      idle_busy_above_percent: null,
      max_lifetime_hours: null,
      budget_usd: null,
      budget_action: null,
      on_demand_after_minutes: null,
      bid_factor: 1.1,
      checkpoint: null,
      dead_man_hours: null,
    },
    idle: null,
    idle_text: null,
    lease: null,
    budget: null,
    ssh: { host: '198.51.100.7', port: 41022, user: 'root', command: 'ssh -p 41022 root@198.51.100.7' },
    endpoints: [{ container_port: 8000, protocol: 'http', host: '198.51.100.7', port: 41080, url: null }],
    provider_status: 'running',
    provider_message: null,
    last_seen_at: at(95),
    gpu_info: null,
    performance: 100,
    performance_score: 100,
    reliability: 0.99,
    network_info: { download_mbps: 800, upload_mbps: 400 },
    created_at: at(0),
    updated_at: at(95),
    ended_at: null,
    provider_data: {},
    ...changes,
  }
}

export function anOffer(changes: Partial<Offer> = {}): Offer {
  return {
    id: 'vast_30001172',
    provider: 'vast_ai',
    provider_id: '30001172',
    name: '1x RTX 4090',
    status: 'offline',
    available: true,
    market: 'on_demand',
    gpu_model: 'RTX 4090',
    gpu_count: 1,
    gpu_memory_gb: 24,
    gpu_known: true,
    cpu_count: 16,
    ram_gb: 64.4,
    storage_gb: 500,
    price_per_hour: 0.31,
    price_per_hour_usd: '0.313388889',
    price_parts_usd: { gpu: '0.3', disk: '0.013388889', traffic: '0' },
    traffic_per_gb_usd: null,
    region: 'europe-west',
    location: 'DE',
    reliability: 0.9912,
    verified: true,
    cuda_max: 12.8,
    network_info: { download_mbps: 800.4, upload_mbps: null },
    gpu_info: null,
    performance: 100,
    performance_score: 100,
    ends_at: null,
    seen_at: at(-12),
    age_seconds: 12,
    created_at: at(-12),
    updated_at: at(-12),
    provider_data: {},
    ...changes,
  }
}

let lastEventId = 0

export function anEvent(changes: Partial<Event> = {}): Event {
  lastEventId += 1
  return {
    id: lastEventId,
    at: at(0),
    instance_id: anId,
    kind: 'status',
    actor: 'system',
    status: null,
    because: null,
    message: 'something happened',
    data: {},
    ...changes,
  }
}

export function statusEvent(status: Event['status'], because: Event['because'], message: string, seconds = 0): Event {
  return anEvent({ at: at(seconds), kind: 'status', status, because, message })
}
