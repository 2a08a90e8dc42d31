// Made from docs/reference/openapi.json by `npm run generate`. Do not edit.

export interface Problem {
  success: false
  /** What went wrong, in a sentence. */
  error: string
  /** What to branch on. */
  code: 'invalid_request' | 'unknown_gpu' | 'unknown_provider' | 'provider_not_configured' | 'not_possible_here' | 'malformed_json' | 'unauthorized' | 'not_found' | 'no_such_route' | 'method_not_allowed' | 'not_allowed_now' | 'offer_gone' | 'no_offer' | 'idempotency_key_reused' | 'request_timeout' | 'body_too_large' | 'headers_too_large' | 'too_many_requests' | 'internal' | 'provider_refused' | 'provider_unreadable' | 'provider_unavailable'
  /** What to do about it. */
  fix: string
  /** Names this request in the server’s log. */
  request_id: string
  details?: Record<string, unknown>
}

export interface Event {
  /** Grows with time; resume after it. */
  id: number
  at: string
  instance_id: string | null
  kind: 'status' | 'attempt' | 'attempt_ended' | 'offers_skipped' | 'order' | 'leftover_gone' | 'alarm'
  /** The status entered, for `status` events. */
  status: 'requested' | 'launching' | 'starting' | 'running' | 'ready' | 'interrupted' | 'stopping' | 'stopped' | 'terminating' | 'terminated' | 'failed' | null
  because: 'asked' | 'cancelled' | 'plan_made' | 'machine_rented' | 'machine_adopted' | 'outcome_unknown' | 'no_capacity' | 'price_rose' | 'launch_rejected' | 'provider_unavailable' | 'never_happened' | 'start_failed' | 'start_deadline' | 'health_deadline' | 'no_offer_left' | 'restarting' | 'machine_up' | 'health_passed' | 'no_health_check' | 'provider_silent' | 'interrupted' | 'machine_lost' | 'stopped_outside' | 'started_outside' | 'machine_stopped' | 'machine_gone' | 'cannot_start' | null
  message: string
  data: Record<string, unknown>
}

export interface GpuInfo {
  name: string
  memory_gb: number
  /** CUDA compute capability; 0 where there is none. */
  compute_capability: number
  architecture: string
  category: string
  /** 0 to 150. */
  performance_score: number | null
}

export interface Offer {
  /** Unique over all providers. */
  id: string
  provider: string
  /** What to send as `offer_id` when launching; ends in `:spot` on the spot market. */
  provider_id: string
  name: string
  /** `offline`: free to rent. */
  status: 'offline' | 'unavailable'
  available: boolean
  market: 'on_demand' | 'spot'
  gpu_model: string
  gpu_count: number
  /** Per GPU. */
  gpu_memory_gb: number
  /** false: the catalogue does not know this spelling, so no figures are shown. */
  gpu_known: boolean
  cpu_count: number | null
  ram_gb: number | null
  /** The most disk that can be rented. */
  storage_gb: number | null
  /** Comparable price in dollars: GPUs and the disk asked for. */
  price_per_hour: number
  price_per_hour_usd: string
  price_parts_usd: {
    gpu: string
    disk: string
    traffic: string
  }
  traffic_per_gb_usd: {
    upload: string
    download: string
  } | null
  region: string
  location: string
  reliability: number | null
  verified: boolean | null
  cuda_max: number | null
  network_info: {
    download_mbps: number | null
    upload_mbps: number | null
  }
  gpu_info: GpuInfo | null
  performance: number | null
  performance_score: number | null
  /** When the marketplace ends the rental at the latest. */
  ends_at: string | null
  seen_at: string
  age_seconds: number
  created_at: string
  updated_at: string
  provider_data: Record<string, unknown>
}

export type InstanceStatus = 'requested' | 'launching' | 'starting' | 'running' | 'ready' | 'interrupted' | 'stopping' | 'stopped' | 'terminating' | 'terminated' | 'failed'

export interface Instance {
  id: string
  name: string
  label: string | null
  status: InstanceStatus
  /** Why it entered this status; see `because_text`. */
  because: 'asked' | 'cancelled' | 'plan_made' | 'machine_rented' | 'machine_adopted' | 'outcome_unknown' | 'no_capacity' | 'price_rose' | 'launch_rejected' | 'provider_unavailable' | 'never_happened' | 'start_failed' | 'start_deadline' | 'health_deadline' | 'no_offer_left' | 'restarting' | 'machine_up' | 'health_passed' | 'no_health_check' | 'provider_silent' | 'interrupted' | 'machine_lost' | 'stopped_outside' | 'started_outside' | 'machine_stopped' | 'machine_gone' | 'cannot_start'
  because_text: string
  message: string | null
  status_since: string
  wanted: 'up' | 'stopped' | 'ended'
  /** null until a machine is asked for and no provider was named. */
  provider: string | null
  /** The marketplace’s id of the machine. */
  provider_id: string | null
  account: string | null
  /** How many machines were asked for. */
  attempt: number
  market: 'on_demand' | 'spot' | 'any'
  gpu_model: string | null
  gpu_count: number
  cpu_count: number | null
  ram_gb: number | null
  storage_gb: number
  region: string | null
  image: string
  /** Names; the values are secrets. */
  environment: Record<string, string>
  ports: Array<{
    container_port: number
    protocol: 'tcp' | 'udp' | 'http'
  }>
  /** Comparable price in dollars: GPUs and disk. */
  price_per_hour: number | null
  price_per_hour_usd: string | null
  max_price_per_hour_usd: string | null
  /** The most that can have been billed until now. */
  cost_so_far_usd: string
  /** What is being billed now. */
  cost_per_hour_usd: string
  ssh: {
    host: string
    port: number
    user: string
    command: string
  } | null
  endpoints: Array<{
    container_port: number
    protocol: 'tcp' | 'udp' | 'http'
    host: string
    port: number
    url: string | null
  }>
  /** The marketplace’s own words. */
  provider_status: string | null
  provider_message: string | null
  last_seen_at: string | null
  gpu_info: GpuInfo | null
  performance: number | null
  performance_score: number | null
  reliability: number | null
  network_info: {
    download_mbps: number | null
    upload_mbps: number | null
  }
  created_at: string
  updated_at: string
  ended_at: string | null
  provider_data: Record<string, unknown>
}

export interface InstanceCosts {
  instance_id: string
  status: InstanceStatus
  /** The most that can have been billed until now. */
  cost_so_far_usd: string
  cost_at_least_usd: string
  /** true where the marketplace’s own times determine every cent. */
  exact: boolean
  /** What is being billed now. */
  cost_per_hour_usd: string
  /** If it stays as it is. */
  projected_per_day_usd: string
  /** 30 days. */
  projected_per_month_usd: string
  at: string
  charges: Array<{
    attempt: number
    kind: 'gpu' | 'disk'
    rate_per_hour_usd: string
    started_after: string
    started_before: string
    ended_after: string | null
    ended_before: string | null
    amount_usd: string
    amount_at_least_usd: string
    exact: boolean
  }>
}

export interface MarketWarning {
  provider: string
  kind: 'slow' | 'down' | 'sampled' | 'switched_off'
  message: string
}

export interface Explanation {
  sentence: string
  /** Offers looked at. */
  total: number
  /** The filters to blame. */
  emptied_by: string[]
  filters: Array<{
    name: string
    /** Offers of the models asked for that fail it, whatever the other filters say; gpu_model: of all. */
    removes: number
    /** Offers of which the marketplace does not say; they do not pass. */
    unknown: number
    keeps: number
    /** How many would be left if only this filter were dropped. */
    left_without: number
  }>
}

export interface LaunchPlan {
  dry_run: true
  /** What would be tried, in this order. */
  offers: Offer[]
  disk_gb: number
  cheapest_per_hour_usd: string | null
  /** Why there is nothing to try; null when there is. */
  explanation: Explanation | null
}

export interface GpuModel {
  name: string
  memory_gb: number
  /** CUDA compute capability; 0 where there is none. */
  compute_capability: number
  architecture: string
  category: string
  /** 0 to 150. */
  performance_score: number | null
  canonical_name: string
  /** A wish for the family means all its variants. */
  family: string
  vendor: 'nvidia' | 'amd'
  memory_bandwidth_gbps: number | null
  fp32_tflops: number | null
  /** Dense, tensor cores. */
  fp16_tflops: number | null
}

export interface Provider {
  name: string
  display_name: string
  website: string
  regions: string[]
  /** On sale there now, as far as we have seen. */
  gpu_models: string[]
  features: string[]
  /** There is an API key for it. */
  is_configured: boolean
  is_enabled: boolean
  accounts: Array<{
    name: string
    balance_usd: string | null
  }>
  api_version: string
  abilities: {
    can_stop: boolean
    can_restart: boolean
    has_spot: boolean
    has_bids: boolean
    has_logs: boolean
    has_balance: boolean
    runs: 'container' | 'vm'
    ports: 'mapped' | 'direct' | 'proxied'
    udp_ports: boolean
    disk_survives_stop: boolean
    disk_survives_interruption: boolean
    start_deadline_seconds: number
  }
  billing: {
    step_seconds: number
    minimum_seconds: number
    starts_when: 'created' | 'running'
    while_stopped: 'disk' | 'nothing' | 'cannot_stop'
  }
  rate_limits: Array<{
    scope: string
    calls: number
    window_seconds: number
    source: string
  }>
  offers: number
  offers_seen_at: string | null
  /** It shows only the cheapest of what matches a search. */
  offers_sampled: boolean
  last_error: string | null
}

export interface MarketplaceStats {
  /** Offers listed. */
  total_instances: number
  /** Offers that can be rented now. */
  available_instances: number
  model_stats: Record<string, {
    /** The variant that a contract’s short name stands for. */
    canonical_name: string
    model: {
      name: string
      memory_gb?: number
      /** CUDA compute capability; 0 where there is none. */
      compute_capability?: number
      architecture?: string
      category?: string
      /** 0 to 150. */
      performance_score?: number | null
    }
    available_count: number
    min_price: number
    max_price: number
    avg_price: number
    /** Says more than the mean: joke prices exist. */
    median_price: number
    providers: string[]
  }>
  provider_stats: Record<string, number>
  average_price: number
  price_range: {
    min: number
    max: number
    avg: number
    median: number
  }
  /** Providers of which we hold only a sample: the cheapest of what is searched. */
  sampled: string[]
}

export interface Template {
  name: string
  description: string
  image: string
  disk_gb: number
  ports: Array<{
    container_port: number
    protocol: 'tcp' | 'udp' | 'http'
  }>
  environment: Record<string, string>
  health: {
    path: string
    port: number
    timeout_s: number
  } | null
}

export interface LaunchRequest {
  provider?: string | undefined
  /** `provider_id` of an offer; needs `provider`. */
  offer_id?: string | undefined
  /** A model or a family: RTX 4090, A100. */
  gpu_model?: string | undefined
  gpu_models?: string[] | undefined
  /** Per GPU. */
  min_vram_gb?: number | undefined
  /** Default 1. */
  gpu_count?: number | undefined
  /** Default on_demand. */
  market?: 'on_demand' | 'spot' | 'any' | undefined
  /** For everything: GPUs and disk. No offer above it is rented. */
  max_price_per_hour_usd?: number | string | undefined
  regions?: string[] | undefined
  min_reliability?: number | undefined
  verified?: boolean | undefined
  min_cuda?: number | undefined
  /** Decimal gigabytes. Default 10. Fixed for its life. */
  disk_gb?: number | undefined
  /** Fills in what is left out; see GET /api/v1/templates. */
  template?: string | undefined
  /** Counts in the comparable price where traffic is billed. */
  expected_traffic?: {
    upload_gb_per_hour?: number | undefined
    download_gb_per_hour?: number | undefined
  } | undefined
  /** Default pytorch/pytorch:latest. */
  image?: string | undefined
  registry_auth?: {
    server?: string | undefined
    username: string
    password: string
  } | undefined
  /** Secrets: encrypted at rest, shown nowhere, passed only to the machine. */
  environment?: Record<string, string> | undefined
  ports?: Array<{
    container_port: number
    /** A hint; the marketplace decides. */
    host_port?: number | undefined
    /** Default tcp. */
    protocol?: 'tcp' | 'udp' | 'http' | undefined
  }> | undefined
  ssh_public_key?: string | undefined
  /** The same under contract 003’s name. */
  ssh_key?: string | undefined
  /** Shell text that runs when the machine starts. */
  onstart_script?: string | undefined
  label?: string | undefined
  health?: {
    /** Default /. */
    path?: string | undefined
    /** The container’s port; it has to be among `ports`. */
    port: number
    /** From the moment the machine is up. Default 600. */
    timeout_s?: number | undefined
  } | undefined
  policies?: {
    /** Default relaunch. */
    on_interruption?: 'relaunch' | 'wait' | 'end' | undefined
  } | undefined
  /** Contract 003’s way to ask for memory, disk and GPUs. */
  resources?: {
    min_ram_gb?: number | undefined
    /** The disk to rent. */
    min_storage_gb?: number | undefined
    min_gpus?: number | undefined
  } | undefined
  /** true: answer the plan, rent nothing. As POST /instances/plan. */
  dry_run?: boolean | undefined
}

/** What each operation takes and answers, by its operationId. */
export interface Operations {
  /** Everything on sale that fits, cheapest first, over all providers. */
  searchOffers: {
    params: undefined
    query: {
      provider?: string | undefined
      gpu_model?: string | undefined
      gpu_category?: 'consumer' | 'professional' | 'datacenter' | undefined
      market?: 'on_demand' | 'spot' | 'any' | undefined
      min_gpu_count?: number | undefined
      max_gpu_count?: number | undefined
      min_vram_gb?: number | undefined
      /** The same as min_ram_gb. */
      min_ram?: number | undefined
      min_ram_gb?: number | undefined
      max_ram_gb?: number | undefined
      min_storage_gb?: number | undefined
      disk_gb?: number | undefined
      upload_gb_per_hour?: number | undefined
      download_gb_per_hour?: number | undefined
      min_price?: string | undefined
      max_price?: string | undefined
      region?: string | undefined
      available?: '0' | '1' | 'true' | 'false' | undefined
      verified?: '0' | '1' | 'true' | 'false' | undefined
      min_reliability?: number | undefined
      min_performance?: number | undefined
      min_cuda?: number | undefined
      min_download_mbps?: number | undefined
      min_upload_mbps?: number | undefined
      min_lifetime_hours?: number | undefined
      /** Default price. */
      sort_by?: 'price' | 'performance' | 'performance_score' | 'price_per_performance' | 'reliability' | 'memory' | 'gpu_count' | undefined
      /** Default asc. */
      sort_order?: 'asc' | 'desc' | undefined
      /** Default 100. */
      limit?: number | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: Offer[]
      /** How many fit, beyond the limit too. */
      matching: number
      /** false: at least so many; a huge market is not counted to its end. */
      matching_is_exact: boolean
      /** Providers that are slow or down; their offers may be missing. */
      warnings: MarketWarning[]
      /** Which filter emptied the result; null when it is not empty. */
      explanation: Explanation | null
    }
  }
  /** The same search with lists, as a JSON body. */
  searchOffersAdvanced: {
    params: undefined
    query: undefined
    body: {
      provider?: string | undefined
      providers?: string[] | undefined
      gpu_model?: string | undefined
      gpu_models?: string[] | undefined
      gpu_category?: 'consumer' | 'professional' | 'datacenter' | undefined
      market?: 'on_demand' | 'spot' | 'any' | undefined
      min_gpu_count?: number | undefined
      max_gpu_count?: number | undefined
      /** Per GPU. */
      min_vram_gb?: number | undefined
      /** The same as min_ram_gb. */
      min_ram?: number | undefined
      min_ram_gb?: number | undefined
      max_ram_gb?: number | undefined
      min_storage_gb?: number | undefined
      /** The disk that the offer has to hold and the price includes. Default 10. */
      disk_gb?: number | undefined
      min_price?: number | string | undefined
      /** Bounds the comparable price per hour. */
      max_price?: number | string | undefined
      region?: string | undefined
      regions?: string[] | undefined
      /** true: only what can be rented now. Default true; false shows all. */
      available?: boolean | undefined
      verified?: boolean | undefined
      min_reliability?: number | undefined
      min_performance?: number | undefined
      min_cuda?: number | undefined
      min_download_mbps?: number | undefined
      min_upload_mbps?: number | undefined
      /** Expected traffic that the price includes. */
      upload_gb_per_hour?: number | undefined
      download_gb_per_hour?: number | undefined
      min_lifetime_hours?: number | undefined
      /** Default price. */
      sort_by?: 'price' | 'performance' | 'performance_score' | 'price_per_performance' | 'reliability' | 'memory' | 'gpu_count' | undefined
      /** Default asc. */
      sort_order?: 'asc' | 'desc' | undefined
      /** Default 100. */
      limit?: number | undefined
    }
    reply: {
      success: true
      message: string
      data: Offer[]
      /** How many fit, beyond the limit too. */
      matching: number
      /** false: at least so many; a huge market is not counted to its end. */
      matching_is_exact: boolean
      /** Providers that are slow or down; their offers may be missing. */
      warnings: MarketWarning[]
      /** Which filter emptied the result; null when it is not empty. */
      explanation: Explanation | null
    }
  }
  /** The GPU models we know, with their figures. */
  listGpuModels: {
    params: undefined
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Record<string, GpuModel>
      /** Names met on the market that nobody here knows, with how often. */
      unknown_spellings: Record<string, number>
    }
  }
  /** The marketplaces, what they can do, and how they are. */
  listProviders: {
    params: undefined
    query: {
      /** true: ask each for the account’s balance. */
      balances?: 'true' | 'false' | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: Provider[]
    }
  }
  /** The market in figures: dollars per hour with a disk of 10 GB. */
  getMarketplaceStats: {
    params: undefined
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: MarketplaceStats
      warnings: MarketWarning[]
    }
  }
  /** Launches by name: what a request leaves out comes from its template. */
  listTemplates: {
    params: undefined
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Template[]
    }
  }
  /** What a launch would try, in order. Rents nothing. */
  planInstance: {
    params: undefined
    query: undefined
    body: LaunchRequest
    reply: {
      success: true
      message: string
      data: LaunchPlan
      warnings: MarketWarning[]
    }
  }
  /** Rent a machine. Answers once the wish is safely written down; follow the instance for the rest. */
  launchInstance: {
    params: undefined
    query: undefined
    body: LaunchRequest
    reply: {
      success: true
      message: string
      data: Instance | LaunchPlan
      warnings: MarketWarning[]
    }
  }
  /** Your instances, newest first. */
  listInstances: {
    params: undefined
    query: {
      /** One or several, separated by commas; `active` means all that have not ended. */
      status?: string | undefined
      provider?: string | undefined
      label?: string | undefined
      /** Default 50. */
      limit?: number | undefined
      /** `next_cursor` of the page before. */
      cursor?: string | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: Instance[]
      /** null on the last page. */
      next_cursor: string | null
    }
  }
  /** One instance. */
  getInstance: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** End it for good, with its disk. */
  terminateInstance: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** What happened to it, oldest first. */
  listInstanceEvents: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: {
      /** The id of the last event you have. */
      after?: number | undefined
      /** Default 200. */
      limit?: number | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: Event[]
    }
  }
  /** What it has cost, what it costs now, and what it would cost. */
  getInstanceCosts: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: InstanceCosts
    }
  }
  /** The last lines that its machine printed. */
  getInstanceLogs: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: {
      /** How many lines. Default 100. */
      tail?: number | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: string[]
    }
  }
  /** Start a stopped instance again, on its disk. */
  startInstance: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** Stop it and keep its disk, where the marketplace can. The disk is still billed. */
  stopInstance: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** Restart the machine in place. */
  restartInstance: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** Follow what happens, as server-sent events. */
  streamEvents: {
    params: undefined
    query: {
      /** Only this instance. */
      instance_id?: string | undefined
      /** The id of the last event you have. */
      after?: number | undefined
    }
    body: undefined
    reply: undefined
  }
}

export type OperationId = keyof Operations

/** Where each operation lives. */
export const routes: { readonly [Id in OperationId]: { readonly method: string; readonly path: string } } = {
  searchOffers: { method: 'GET', path: '/api/v1/offers/search' },
  searchOffersAdvanced: { method: 'POST', path: '/api/v1/offers/search/advanced' },
  listGpuModels: { method: 'GET', path: '/api/v1/gpu-models' },
  listProviders: { method: 'GET', path: '/api/v1/providers' },
  getMarketplaceStats: { method: 'GET', path: '/api/v1/marketplace/stats' },
  listTemplates: { method: 'GET', path: '/api/v1/templates' },
  planInstance: { method: 'POST', path: '/api/v1/instances/plan' },
  launchInstance: { method: 'POST', path: '/api/v1/instances' },
  listInstances: { method: 'GET', path: '/api/v1/instances' },
  getInstance: { method: 'GET', path: '/api/v1/instances/{id}' },
  terminateInstance: { method: 'DELETE', path: '/api/v1/instances/{id}' },
  listInstanceEvents: { method: 'GET', path: '/api/v1/instances/{id}/events' },
  getInstanceCosts: { method: 'GET', path: '/api/v1/instances/{id}/costs' },
  getInstanceLogs: { method: 'GET', path: '/api/v1/instances/{id}/logs' },
  startInstance: { method: 'POST', path: '/api/v1/instances/{id}/start' },
  stopInstance: { method: 'POST', path: '/api/v1/instances/{id}/stop' },
  restartInstance: { method: 'POST', path: '/api/v1/instances/{id}/restart' },
  streamEvents: { method: 'GET', path: '/api/v1/events' },
}
