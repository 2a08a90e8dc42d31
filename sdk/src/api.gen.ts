// Made from docs/reference/openapi.json by `npm run generate`. Do not edit.

export interface Problem {
  success: false
  /** What went wrong, in a sentence. */
  error: string
  /** What to branch on. */
  code: 'invalid_request' | 'unknown_gpu' | 'unknown_provider' | 'provider_not_configured' | 'not_possible_here' | 'malformed_json' | 'unauthorized' | 'forbidden' | 'not_found' | 'no_such_route' | 'method_not_allowed' | 'not_allowed_now' | 'offer_gone' | 'no_offer' | 'budget_spent' | 'idempotency_key_reused' | 'idempotency_in_progress' | 'request_timeout' | 'body_too_large' | 'headers_too_large' | 'too_many_requests' | 'internal' | 'provider_refused' | 'provider_unreadable' | 'provider_unavailable' | 'not_in_time'
  /** What to do about it. */
  fix: string
  /** Names this request in the server’s log. */
  request_id: string
  details?: Record<string, unknown>
}

export interface CostRow {
  /** null: instances without a label. */
  key: string | null
  /** The most that can have been billed, traffic included. */
  cost_usd: string
  cost_at_least_usd: string
  /** true where both are the same. */
  exact: boolean
  gpu_usd: string
  disk_usd: string
  /** As far as the marketplace has billed it; only Vast.ai names it. */
  traffic_usd: string
  /** For how long GPU machines were billed, at most. */
  hours: number
  instances: number
}

export interface CostSums {
  /** The most that can have been billed, traffic included. */
  cost_usd: string
  cost_at_least_usd: string
  /** true where both are the same. */
  exact: boolean
  gpu_usd: string
  disk_usd: string
  /** As far as the marketplace has billed it; only Vast.ai names it. */
  traffic_usd: string
  /** For how long GPU machines were billed, at most. */
  hours: number
  instances: number
}

export interface Costs {
  from: string
  until: string
  group_by: 'instance' | 'provider' | 'gpu' | 'label' | 'project' | 'market' | 'day'
  rows: CostRow[]
  /** Rows beyond `limit`; they are in `total`. */
  left_out: number
  total: CostSums
  at: string
}

export interface BillReconciliation {
  from: string
  until: string
  unexplained_usd: string
  accounts: Array<{
    provider: string
    account: string
    /** false: the marketplace has no API for it. null: not asked yet. */
    has_bill: boolean | null
    note: string | null
    read_at: string | null
    covered_from: string | null
    /** What happened after that is not on it yet. */
    complete_until: string | null
    error: string | null
    /** What the marketplace says. */
    bill_usd: string
    /** What we have, at most. */
    ledger_usd: string
    ledger_at_least_usd: string
    /** The bill less the ledger at most. */
    difference_usd: string
    /** Why; the amounts add up to the difference. */
    because: Array<{
      reason: 'inside_interval' | 'not_billed_yet' | 'traffic' | 'foreign_machine' | 'rounding' | 'minimum_period' | 'unexplained'
      amount_usd: string
    }>
    machines: Array<{
      /** The marketplace’s id; null where the bill names none. */
      id: string | null
      label: string | null
      /** Empty: it was not launched from here. */
      instance_ids: string[]
      /** What the marketplace says. */
      bill_usd: string
      /** What we have, at most. */
      ledger_usd: string
      ledger_at_least_usd: string
      /** The bill less the ledger at most. */
      difference_usd: string
      /** Why; the amounts add up to the difference. */
      because: Array<{
        reason: 'inside_interval' | 'not_billed_yet' | 'traffic' | 'foreign_machine' | 'rounding' | 'minimum_period' | 'unexplained'
        amount_usd: string
      }>
    }>
    /** Machines beyond `limit`; they are in the sums. */
    machines_left_out: number
  }>
  at: string
}

export interface Event {
  /** Grows with time; resume after it. */
  id: number
  at: string
  instance_id: string | null
  kind: 'status' | 'attempt' | 'attempt_ended' | 'offers_skipped' | 'order' | 'leftover_gone' | 'alarm' | 'bid_raised' | 'fallback' | 'reclaim_announced' | 'checkpoint' | 'warning' | 'budget' | 'charge' | 'stray_found' | 'stray_ended' | 'adopted' | 'released' | 'provider' | 'power' | 'changed'
  /** On whose behalf: the name of a key, `admin`, `keyless`, or `system`. */
  actor: string
  /** The status entered, for `status` events. */
  status: 'requested' | 'launching' | 'starting' | 'running' | 'ready' | 'interrupted' | 'stopping' | 'stopped' | 'terminating' | 'terminated' | 'failed' | null
  because: 'asked' | 'cancelled' | 'plan_made' | 'machine_rented' | 'machine_adopted' | 'adopted' | 'outcome_unknown' | 'no_capacity' | 'price_rose' | 'launch_rejected' | 'provider_unavailable' | 'never_happened' | 'start_failed' | 'start_deadline' | 'health_deadline' | 'no_offer_left' | 'nothing_on_sale' | 'restarting' | 'machine_up' | 'health_passed' | 'no_health_check' | 'provider_silent' | 'interrupted' | 'no_spot_in_time' | 'machine_lost' | 'stopped_outside' | 'started_outside' | 'machine_stopped' | 'machine_gone' | 'restored' | 'cannot_start' | 'idle_too_long' | 'lease_over' | 'budget_spent' | null
  message: string
  data: Record<string, unknown>
}

export interface ReloadReport {
  /** Settings that count from now on. */
  changed: string[]
  /** Settings that are different, and count after a restart. */
  need_restart: string[]
  /** How many GPU models came from GPU_MODELS_FILE. */
  gpu_models: number
}

export interface AuditEntry {
  /** Grows with time; resume after it. */
  id: number
  at: string
  instance_id: string | null
  kind: 'status' | 'attempt' | 'attempt_ended' | 'offers_skipped' | 'order' | 'leftover_gone' | 'alarm' | 'bid_raised' | 'fallback' | 'reclaim_announced' | 'checkpoint' | 'warning' | 'budget' | 'charge' | 'stray_found' | 'stray_ended' | 'adopted' | 'released' | 'provider' | 'power' | 'changed'
  /** On whose behalf: the name of a key, `admin`, `keyless`, or `system`. */
  actor: string
  /** The status entered, for `status` events. */
  status: 'requested' | 'launching' | 'starting' | 'running' | 'ready' | 'interrupted' | 'stopping' | 'stopped' | 'terminating' | 'terminated' | 'failed' | null
  because: 'asked' | 'cancelled' | 'plan_made' | 'machine_rented' | 'machine_adopted' | 'adopted' | 'outcome_unknown' | 'no_capacity' | 'price_rose' | 'launch_rejected' | 'provider_unavailable' | 'never_happened' | 'start_failed' | 'start_deadline' | 'health_deadline' | 'no_offer_left' | 'nothing_on_sale' | 'restarting' | 'machine_up' | 'health_passed' | 'no_health_check' | 'provider_silent' | 'interrupted' | 'no_spot_in_time' | 'machine_lost' | 'stopped_outside' | 'started_outside' | 'machine_stopped' | 'machine_gone' | 'restored' | 'cannot_start' | 'idle_too_long' | 'lease_over' | 'budget_spent' | null
  message: string
  data: Record<string, unknown>
  /** The values that were changed. */
  before: Record<string, unknown> | null
  /** What they were changed to. */
  after: Record<string, unknown> | null
  /** Of this entry and the one before it; empty for one that is older than the chain. */
  hash: string
}

export interface AuditVerdict {
  ok: boolean
  /** Entries of both logs that were read and found as they were written. */
  checked: number
  first_broken: {
    log: 'events' | 'operations' | 'charges'
    /** The entry; null: the head of the log, or a charge, which `what` names. */
    id: number | null
    what: string
  } | null
  /** Where each log ends now. */
  heads: Array<{
    log: 'events' | 'operations'
    /** The first entry that is part of the chain. */
    first_id: number | null
    last_id: number | null
    /** Note it elsewhere, and nobody can rewrite what came before. */
    last_hash: string | null
    /** Entries that were written before there was a chain. */
    unchained: number
  }>
  /** The ledger, against the audit log. */
  charges: {
    /** Charges that ended and are what the log says of them. */
    checked: number
    /** Charges that ended before the log told of any. */
    unrecorded: number
  }
}

export interface Budget {
  id: string
  scope: 'instance' | 'label' | 'project' | 'all'
  /** The instance, the label or the project; null for all. */
  key: string | null
  project: string | null
  /** month: per calendar month, UTC. */
  period: 'total' | 'month'
  limit_usd: string
  action: 'none' | 'stop' | 'terminate'
  /** The most that can have been billed, in this period. */
  spent_usd: string
  /** Held for launches, beyond what is spent. */
  held_usd: string
  left_usd: string
  spent_percent: number
  /** What is being billed now. */
  cost_per_hour_usd: string
  period_ends_at: string | null
  /** null while nothing is billed. */
  forecast: {
    ends_at: string | null
    text: string
  } | null
  created_at: string
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
  project: string
  status: InstanceStatus
  /** Why it entered this status; see `because_text`. */
  because: 'asked' | 'cancelled' | 'plan_made' | 'machine_rented' | 'machine_adopted' | 'adopted' | 'outcome_unknown' | 'no_capacity' | 'price_rose' | 'launch_rejected' | 'provider_unavailable' | 'never_happened' | 'start_failed' | 'start_deadline' | 'health_deadline' | 'no_offer_left' | 'nothing_on_sale' | 'restarting' | 'machine_up' | 'health_passed' | 'no_health_check' | 'provider_silent' | 'interrupted' | 'no_spot_in_time' | 'machine_lost' | 'stopped_outside' | 'started_outside' | 'machine_stopped' | 'machine_gone' | 'restored' | 'cannot_start' | 'idle_too_long' | 'lease_over' | 'budget_spent'
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
  /** The template that filled in what its request left out, as it was then. */
  template: {
    name: string
    version: number
  } | null
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
  policies: {
    on_interruption: 'relaunch' | 'wait' | 'end'
    idle_timeout_minutes: number | null
    idle_action: 'stop' | 'terminate' | null
    /** null: whether its GPU works is not looked at. */
    idle_busy_above_percent: number | null
    max_lifetime_hours: number | null
    budget_usd: string | null
    budget_action: 'stop' | 'terminate' | null
    on_demand_after_minutes: number | null
    bid_factor: number
    checkpoint: {
      /** `[secret]` for a viewer: tokens may be in it. */
      command: string
      timeout_s: number
    } | null
    dead_man_hours: number | null
  }
  /** null without an idle policy, and while it is not up. */
  idle: {
    /** The last sign of use. */
    since: string
    for_s: number
    /** null while something forbids it. */
    stops_in_s: number | null
    blocked_by: 'in_flight' | 'snoozed' | 'utilisation_unknown' | 'cannot_stop' | null
    snoozed_until: string | null
  } | null
  /** idle for 12 min, stops in 18 */
  idle_text: string | null
  lease: {
    ends_at: string
    ends_in_s: number
    text: string
  } | null
  /** Its own budget; others that pay for it are in GET /api/v1/budgets. */
  budget: {
    limit_usd: string
    spent_usd: string
    left_usd: string
    action: 'stop' | 'terminate'
    forecast: {
      ends_at: string | null
      text: string
    } | null
  } | null
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
  /** What the marketplace has billed for traffic. It tells only afterwards: not part of the two above. */
  traffic_usd: string
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
    kind: 'gpu' | 'disk' | 'traffic'
    /** null for traffic, of which only the amount is told. */
    rate_per_hour_usd: string | null
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
  kind: 'slow' | 'down' | 'sampled' | 'switched_off' | 'deprecated'
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

export interface PlannedOffer {
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
  /** Whether its disk is still there when the marketplace has taken the machine. */
  disk_survives_interruption: boolean
  disk_survives_stop: boolean
  /** Why it is ranked lower than its price: machines were taken back there lately. */
  avoided: string | null
  /** Whether the machine can end itself when it does not hear of us; null: not asked for. */
  dead_man: {
    possible: boolean
    why: string | null
  } | null
}

export interface LaunchPlan {
  dry_run: true
  /** What would be tried, in this order. */
  offers: PlannedOffer[]
  /** Offers that fit and are not rented for some minutes, because machines were taken back there. */
  avoided: Array<{
    id: string
    provider: string
    why: string
  }>
  disk_gb: number
  cheapest_per_hour_usd: string | null
  /** Why there is nothing to try; null when there is. */
  explanation: Explanation | null
}

export interface Launch {
  attempt: number
  provider: string
  account: string
  /** The marketplace’s id of the machine. */
  provider_id: string | null
  /** The machine’s name at the marketplace. */
  label: string
  offer_id: string
  market: 'on_demand' | 'spot'
  gpu_model: string
  gpu_count: number
  region: string
  /** When it was asked for. */
  from: string
  up_at: string | null
  /** When the marketplace confirmed that nothing is left; null while it may be billed. */
  until: string | null
  given_up_at: string | null
  /** Why it was given up. */
  because: 'asked' | 'cancelled' | 'plan_made' | 'machine_rented' | 'machine_adopted' | 'adopted' | 'outcome_unknown' | 'no_capacity' | 'price_rose' | 'launch_rejected' | 'provider_unavailable' | 'never_happened' | 'start_failed' | 'start_deadline' | 'health_deadline' | 'no_offer_left' | 'nothing_on_sale' | 'restarting' | 'machine_up' | 'health_passed' | 'no_health_check' | 'provider_silent' | 'interrupted' | 'no_spot_in_time' | 'machine_lost' | 'stopped_outside' | 'started_outside' | 'machine_stopped' | 'machine_gone' | 'restored' | 'cannot_start' | 'idle_too_long' | 'lease_over' | 'budget_spent' | null
  because_text: string | null
  /** When the marketplace last took it. */
  interrupted_at: string | null
  /** When it was going to be taken, where that was announced. */
  reclaim_at: string | null
  /** What was bid last for the GPUs. */
  bid_per_hour_usd: string | null
  /** The most that can have been billed until now. */
  cost_usd: string
  /** Where it was reached last; so is `ssh`. */
  endpoints: Array<{
    container_port: number
    protocol: 'tcp' | 'udp' | 'http'
    host: string
    port: number
    url: string | null
  }>
  ssh: {
    host: string
    port: number
    user: string
  } | null
  /** The last one. */
  checkpoint: {
    started_at: string
    ended_at: string | null
    result: 'done' | 'failed' | 'timed_out' | 'unreachable' | 'skipped' | null
  } | null
  /** Ends the machine after so many hours without us, once it has heard us; null: it has none. */
  dead_man: {
    hours: number
    first_heard_at: string | null
  } | null
}

export interface ProviderAccount {
  provider: string
  account: string
  source: 'environment' | 'stored'
  /** The last letters of a stored key; the rest is shown nowhere. */
  key_ending: string | null
  set_at: string | null
  set_by: string | null
}

export interface ApiKey {
  id: string
  name: string
  /** viewer: looks; operator: also acts on instances; admin: everything. Each includes the one before. */
  role: 'viewer' | 'operator' | 'admin'
  /** The only project that it opens; null: all of them. */
  project: string | null
  created_at: string
  created_by: string
  rotated_at: string | null
  expires_at: string | null
  /** To the minute. */
  last_used_at: string | null
  revoked_at: string | null
}

export interface IssuedApiKey {
  id: string
  name: string
  /** viewer: looks; operator: also acts on instances; admin: everything. Each includes the one before. */
  role: 'viewer' | 'operator' | 'admin'
  /** The only project that it opens; null: all of them. */
  project: string | null
  created_at: string
  created_by: string
  rotated_at: string | null
  expires_at: string | null
  /** To the minute. */
  last_used_at: string | null
  revoked_at: string | null
  /** Send it as `Authorization: Bearer`. Shown this once; only its hash is kept. */
  key: string
}

export interface Whoami {
  /** admin: CONTROL_API_KEY; keyless: from the server’s own machine. */
  kind: 'admin' | 'keyless' | 'key'
  key_id: string | null
  /** What the audit log calls you. */
  name: string
  /** viewer: looks; operator: also acts on instances; admin: everything. Each includes the one before. */
  role: 'viewer' | 'operator' | 'admin'
  /** The only project that you see and change; null: all of them. */
  project: string | null
}

export interface PriceTrend {
  gpu_model: string
  provider: string
  market: 'on_demand' | 'spot'
  /** We see only the cheapest there: median and p90 are lower than the market’s. */
  sampled: boolean
  /** The last hour with a price. */
  latest: {
    min_price_usd: string
    median_price_usd: string
    /** Nine of ten offers cost at most this. */
    p90_price_usd: string
    at: string
  } | null
  /** From the hour that began then to the latest; null when no price of that time is recorded. */
  change_24h: {
    since: string
    min_price: {
      by_usd: string
      percent: number | null
    }
    median_price: {
      by_usd: string
      percent: number | null
    }
  } | null
  /** From the hour that began then to the latest; null when no price of that time is recorded. */
  change_7d: {
    since: string
    min_price: {
      by_usd: string
      percent: number | null
    }
    median_price: {
      by_usd: string
      percent: number | null
    }
  } | null
  points: Array<{
    /** When the hour or day began. */
    at: string
    /** How often we looked. */
    looks: number
    /** null: there was nothing to rent. */
    prices: {
      min_price_usd: string
      median_price_usd: string
      /** Nine of ten offers cost at most this. */
      p90_price_usd: string
    } | null
  }>
}

export interface PriceTrends {
  from: string
  until: string
  interval: 'hour' | 'day'
  /** null: nothing is recorded yet. */
  recorded_since: string | null
  series: PriceTrend[]
}

export interface ModelAvailability {
  /** How often we looked and the marketplace answered. */
  looks: number
  /** Of the looks, how many found something: 0 to 1. */
  available_share: number
  offers_mean: number
  offers_most: number
  /** A machine that is on sale in several sizes counts once, by its largest, where the marketplace names its machines; elsewhere every size counts. */
  gpus_mean: number
  gpus_most: number
  gpu_model: string
  provider: string
  market: 'on_demand' | 'spot'
  /** We see only the cheapest there: the counts are the least there were. */
  sampled: boolean
  /** The last hour in which there was something. */
  last_available_at: string | null
  points: Array<{
    /** How often we looked and the marketplace answered. */
    looks: number
    /** Of the looks, how many found something: 0 to 1. */
    available_share: number
    offers_mean: number
    offers_most: number
    /** A machine that is on sale in several sizes counts once, by its largest, where the marketplace names its machines; elsewhere every size counts. */
    gpus_mean: number
    gpus_most: number
    /** When the hour or day began. */
    at: string
  }>
}

export interface MarketAvailability {
  from: string
  until: string
  interval: 'hour' | 'day'
  /** null: nothing is recorded yet. */
  recorded_since: string | null
  series: ModelAvailability[]
}

export interface Benchmark {
  /** 1 is the best value; null where the figure to rank by is not known. */
  rank: number | null
  gpu_model: string
  category: string | null
  /** Per GPU. */
  memory_gb: number
  /** 0 to 150; null: the figure is not known. */
  performance_score: number | null
  /** Dense, tensor cores; null: the figure is not known. */
  fp16_tflops: number | null
  /** Of one GPU with a disk of 10 GB, at the cheapest offer. */
  price_per_hour_usd: string
  /** Per hour and point of the score; null: the figure is not known. */
  price_per_score_usd: string | null
  /** Per hour and dense fp16 TFLOPS; null: the figure is not known. */
  price_per_tflops_usd: string | null
  /** Per hour and GB of GPU memory. */
  price_per_vram_gb_usd: string | null
  /** Offers of it that can be rented now. */
  available_count: number
  /** The offer that these prices are of. */
  cheapest: {
    provider: string
    /** What to send as `offer_id` when launching. */
    provider_id: string
    market: 'on_demand' | 'spot'
    gpu_count: number
    /** Of the whole offer, which may have several GPUs. */
    price_per_hour_usd: string
    region: string
  }
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
  /** Whose figures: ours, those of GPU_MODELS_FILE, or what was set through the API. */
  source: 'built_in' | 'file' | 'api'
}

export interface Provider {
  name: string
  display_name: string
  website: string
  /** Names that a search takes. */
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
    /** open: it failed again and again, and is left alone for some seconds. */
    circuit: 'closed' | 'half_open' | 'open'
  }>
  api_version: string
  /** It answers as we understand it, and what we use has not ended. */
  is_supported: boolean
  /** What it announced about the API we use, and who could be used instead. */
  deprecation: {
    text: string
    sunset_at: string | null
    alternatives: string[]
  } | null
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
    reports_utilisation: boolean
    /** How long before it takes a machine it says so; null: not at all. */
    reclaim_notice_seconds: number | null
    /** Whether a machine there can end itself when the control plane is silent. */
    dead_man_switch: {
      possible: boolean
      why: string
    }
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
  /** With what follows from vllm; the values of others are secrets. */
  environment: Record<string, string>
  health: {
    path: string
    port: number
    timeout_s: number
  } | null
  /** A secret where it is not built in. */
  onstart_script: string | null
  /** What is rented when a launch does not say; empty: any. */
  gpu_models: string[]
  gpu_count: number
  min_vram_gb: number | null
  max_price_per_hour_usd: string | null
  vllm: Record<string, string | number | boolean> | null
  /** Grows by one with every change. */
  version: number
  /** Only those of users can be changed here. */
  origin: 'built_in' | 'file' | 'user'
  changed_at: string | null
  changed_by: string | null
}

export interface TemplateVersion {
  name: string
  /** Grows by one with every change. */
  version: number
  /** Only those of users can be changed here. */
  origin: 'built_in' | 'file' | 'user'
  changed_at: string | null
  changed_by: string | null
  /** null: with this version it was deleted. */
  template: {
    name: string
    description: string
    image: string
    disk_gb: number
    ports: Array<{
      container_port: number
      protocol: 'tcp' | 'udp' | 'http'
    }>
    /** With what follows from vllm; the values of others are secrets. */
    environment: Record<string, string>
    health: {
      path: string
      port: number
      timeout_s: number
    } | null
    /** A secret where it is not built in. */
    onstart_script: string | null
    /** What is rented when a launch does not say; empty: any. */
    gpu_models: string[]
    gpu_count: number
    min_vram_gb: number | null
    max_price_per_hour_usd: string | null
    vllm: Record<string, string | number | boolean> | null
  } | null
}

export interface Operation {
  id: number
  at: string
  provider: string
  account: string
  /** What it was for: launch, look, terminate … */
  operation: string
  /** Method and path, without ids and without the query. */
  request: string
  /** null: not about one instance. */
  instance_id: string | null
  /** Of the launch, where the call carried it. */
  label: string | null
  duration_ms: number
  /** HTTP; null without a reply. */
  status: number | null
  /** 2xx, 4xx, 429, 5xx, or the trouble that left no reply: timeout, network, not_sent … */
  outcome: string
  error: string | null
  /** 1 for the first try, 2 for its repeat. */
  attempt: number
}

export interface ProviderVersion {
  provider: string
  /** The version of its API that we speak. */
  version: string
  /** What its replies call themselves; null where they don’t. */
  observed_version: string | null
  /** When it last answered as we understand it. */
  last_checked: string | null
  /** It answers as we understand it, from a version that we know, and what we use has not ended. */
  is_supported: boolean
  /** When we first heard that what we use is going to end; left out where we have not. */
  deprecated_at?: string
  /** When it stops working, where that was said. */
  sunset_at: string | null
  /** What is announced or wrong, and what to do about it. */
  notice: string | null
  link: string | null
  /** Calls whose last answer we could not read. */
  unreadable: Array<{
    call: string
    since: string
    what: string
  }>
  /** Providers with a key here that could be used instead. */
  alternatives: string[]
}

export interface Finding {
  provider: string
  account: string
  kind: 'machine' | 'volume' | 'file_system' | 'static_ip' | 'snapshot'
  /** The marketplace’s own. */
  id: string
  /** The name that somebody gave it. */
  label: string | null
  /** The machine it belongs to. */
  attached_to: string | null
  region: string | null
  /** wanted: the machine of a live instance, or part of it. ending: its launch was given up or is being ended; we ask until the marketplace confirms. ours_unwanted: it carries our installation’s label and nothing wants it; it is ended. ours_unknown: it carries our installation’s label and our database does not know it. foreign: it carries another installation’s label or none; it is never touched */
  verdict: 'wanted' | 'ending' | 'ours_unwanted' | 'ours_unknown' | 'foreign'
  why: string
  instance_id: string | null
  attempt: number | null
  /** What it costs now; null where the marketplace does not tell. */
  rate_per_hour_usd: string | null
  /** When we first saw it. */
  since: string
  last_seen_at: string
  /** How often the sweep itself has asked for its end. */
  ended_orders: number
}

export interface UnseenLaunch {
  provider: string
  account: string
  /** The marketplace’s own; null while it has not answered. */
  id: string | null
  label: string
  instance_id: string
  attempt: number
  /** launching: a machine was asked for, and none has been seen yet. not_checked: its machine is newer than the last check of its account. not_found: its machine was seen before, and was not there at the last check; its end is not confirmed yet */
  state: 'launching' | 'not_checked' | 'not_found'
  /** When the launch was written down. */
  asked_at: string
  /** As it was agreed. */
  price_per_hour_usd: string
}

export interface Reconciliation {
  findings: Finding[]
  /** Launches of ours that may be billed and are not among the findings, most of them newer than the last check. */
  unseen: UnseenLaunch[]
  accounts: Array<{
    provider: string
    account: string
    /** When all that it bills was last compared with what we know. */
    checked_at: string | null
    tried_at: string
    /** Why not since. */
    error: string | null
  }>
  totals: {
    machines: number
    /** Volumes, addresses, file systems, snapshots. */
    things: number
    per_hour_usd: string
    /** How many carry our label, and no launch that is live or being ended explains them. */
    unexplained: number
    unexplained_per_hour_usd: string
    foreign: number
    foreign_per_hour_usd: string
    /** How many do not tell what they cost: they are in no sum. */
    unknown_rates: number
  }
  /** The account that was checked the longest ago; null while one never was. */
  checked_at: string | null
}

export interface Webhook {
  id: string
  url: string
  /** standard: as standardwebhooks.com says. contract002: X-Webhook-Signature. */
  style: 'standard' | 'contract002'
  /** Types that it wants; empty: all. */
  events: string[]
  enabled: boolean
  disabled_because: string | null
  created_at: string
}

export interface IssuedWebhook {
  id: string
  url: string
  /** standard: as standardwebhooks.com says. contract002: X-Webhook-Signature. */
  style: 'standard' | 'contract002'
  /** Types that it wants; empty: all. */
  events: string[]
  enabled: boolean
  disabled_because: string | null
  created_at: string
  /** What its receiver checks signatures with. Shown this once. */
  secret: string
}

export interface WebhookDelivery {
  /** What the receiver sees as `webhook-id`, the same for every try. */
  id: string
  event_id: number
  type: string
  /** dead: given up; it can be replayed. */
  state: 'pending' | 'delivered' | 'dead'
  tries: number
  created_at: string
  next_try_at: string | null
  ended_at: string | null
  /** HTTP; null without a reply. */
  last_status: number | null
  last_error: string | null
}

export interface WebhookTest {
  delivered: boolean
  /** HTTP; null without a reply. */
  status: number | null
  error: string | null
}

export interface NewBudget {
  scope: 'instance' | 'label' | 'project' | 'all'
  /** The instance’s id, the label or the project; none for all. */
  key?: string | undefined
  /** The project; default `default`. A key of one project sees and changes only that. */
  project?: string | undefined
  /** Default month: per calendar month, UTC. */
  period?: 'total' | 'month' | undefined
  /** Above 0. */
  limit_usd: number | string
  /** What happens to what runs when it is spent; new launches and starts are refused in any case. Default none. */
  action?: 'none' | 'stop' | 'terminate' | undefined
}

export interface BudgetChange {
  /** Above 0. */
  limit_usd?: number | string | undefined
  period?: 'total' | 'month' | undefined
  /** What happens to what runs when it is spent; new launches and starts are refused in any case. Default none. */
  action?: 'none' | 'stop' | 'terminate' | undefined
}

export interface PoliciesChange {
  idle_timeout_minutes?: number | null | undefined
  /** Default stop. Where the marketplace cannot stop a machine, stop only warns. */
  idle_action?: 'stop' | 'terminate' | undefined
  idle_busy_above_percent?: number | null | undefined
  max_lifetime_hours?: number | null | undefined
  /** The most that it may cost in all. */
  budget_usd?: number | string | null | undefined
  /** What happens when that is spent. Default stop. */
  budget_action?: 'stop' | 'terminate' | undefined
  on_demand_after_minutes?: number | null | undefined
  /** What is bid, as a multiple of the lowest bid that wins. Default 1.1. */
  bid_factor?: number | undefined
  checkpoint?: {
    /** A shell line that runs on the machine. */
    command: string
    /** Default 120. */
    timeout_s?: number | undefined
  } | null | undefined
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
  /** The project; default `default`. A key of one project sees and changes only that. */
  project?: string | undefined
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
    /** Stopped when nobody used it for so long: no reported activity, and no busy GPU where that is looked at. */
    idle_timeout_minutes?: number | undefined
    /** Default stop. Where the marketplace cannot stop a machine, stop only warns. */
    idle_action?: 'stop' | 'terminate' | undefined
    idle_busy_above_percent?: number | null | undefined
    /** From the moment it is first up; then it is ended. */
    max_lifetime_hours?: number | undefined
    /** The most that it may cost in all. */
    budget_usd?: number | string | undefined
    /** What happens when that is spent. Default stop. */
    budget_action?: 'stop' | 'terminate' | undefined
    /** So long without a spot machine, and an on-demand one is taken. */
    on_demand_after_minutes?: number | undefined
    /** What is bid, as a multiple of the lowest bid that wins. Default 1.1. */
    bid_factor?: number | undefined
    /** Runs before it is stopped by us, and when the marketplace announces that it takes the machine. */
    checkpoint?: {
      /** A shell line that runs on the machine. */
      command: string
      /** Default 120. */
      timeout_s?: number | undefined
    } | undefined
    /** It ends itself after so long without a word from us. */
    dead_man_hours?: number | undefined
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

export interface ProviderKey {
  api_key: string
}

export interface NewApiKey {
  /** What the audit log calls its holder. */
  name: string
  /** viewer: looks; operator: also acts on instances; admin: everything. Each includes the one before. */
  role: 'viewer' | 'operator' | 'admin'
  /** The only project that it is to open. Without it: all of them. */
  project?: string | undefined
  /** From then on it opens nothing. */
  expires_at?: string | undefined
}

export interface GpuModelChange {
  /** A wish for the family means all its variants. Default: the name. */
  family?: string | undefined
  vendor?: 'nvidia' | 'amd' | undefined
  category?: 'consumer' | 'professional' | 'datacenter' | undefined
  architecture?: string | undefined
  /** Such as 8.9; null for AMD. */
  compute_capability?: number | null | undefined
  /** Per GPU. Needed for a new model. */
  memory_gb?: number | undefined
  memory_bandwidth_gbps?: number | null | undefined
  fp32_tflops?: number | null | undefined
  /** Dense, tensor cores. */
  fp16_tflops?: number | null | undefined
  /** Default: the contract’s for its family, else worked out from its TFLOPS. */
  performance_score?: number | undefined
  /** By provider, what its offers call this model. */
  spellings?: Record<string, string[]> | undefined
}

export interface NewTemplate {
  /** Lower-case letters, digits, dots, dashes and _. */
  name: string
  description?: string | undefined
  /** Default vllm/vllm-openai:latest with vllm, else pytorch/pytorch:latest. */
  image?: string | undefined
  /** Default 100 with vllm, else 50. */
  disk_gb?: number | undefined
  ports?: Array<{
    container_port: number
    protocol?: 'tcp' | 'udp' | 'http' | undefined
  }> | undefined
  health?: {
    /** Default /. */
    path?: string | undefined
    /** It has to be among `ports`, or vllm_port. */
    port: number
    /** Default 600. */
    timeout_s?: number | undefined
  } | null | undefined
  /** Secrets, shown nowhere. */
  environment?: Record<string, string> | undefined
  onstart_script?: string | null | undefined
  /** What to rent when a launch does not say. */
  gpu_models?: string[] | undefined
  /** Per GPU. */
  min_vram_gb?: number | null | undefined
  /** For everything: GPUs and disk. */
  max_price_per_hour_usd?: number | string | null | undefined
  vllm?: Record<string, string | number | boolean> | null | undefined
}

export interface TemplateChange {
  description?: string | undefined
  /** Default vllm/vllm-openai:latest with vllm, else pytorch/pytorch:latest. */
  image?: string | undefined
  /** Default 100 with vllm, else 50. */
  disk_gb?: number | undefined
  ports?: Array<{
    container_port: number
    protocol?: 'tcp' | 'udp' | 'http' | undefined
  }> | undefined
  health?: {
    /** Default /. */
    path?: string | undefined
    /** It has to be among `ports`, or vllm_port. */
    port: number
    /** Default 600. */
    timeout_s?: number | undefined
  } | null | undefined
  /** Secrets, shown nowhere. */
  environment?: Record<string, string> | undefined
  onstart_script?: string | null | undefined
  /** What to rent when a launch does not say. */
  gpu_models?: string[] | undefined
  /** Per GPU. */
  min_vram_gb?: number | null | undefined
  /** For everything: GPUs and disk. */
  max_price_per_hour_usd?: number | string | null | undefined
  vllm?: Record<string, string | number | boolean> | null | undefined
}

export interface AdoptRequest {
  provider: string
  /** The marketplace’s own id of the machine. */
  machine_id: string
  /** `main` or `second`; without it, whichever has the machine. */
  account?: string | undefined
  label?: string | undefined
  /** The project; default `default`. A key of one project sees and changes only that. */
  project?: string | undefined
}

export interface ReleaseRequest {
  confirm: true
  /** How you know that the machine is gone. It stays in the events. */
  reason: string
}

export interface NewWebhook {
  /** Where to deliver, by http(s). Redirects are not followed. */
  url: string
  /** Types to deliver: `instance.ready`, `instance.*`, `fleet.changed` …; empty: all. */
  events?: string[] | undefined
  /** Default standard. */
  style?: 'standard' | 'contract002' | undefined
  /** One that the receiver knows already. Without it one is made. */
  secret?: string | undefined
}

export interface WebhookChange {
  /** Where to deliver, by http(s). Redirects are not followed. */
  url?: string | undefined
  /** Types to deliver: `instance.ready`, `instance.*`, `fleet.changed` …; empty: all. */
  events?: string[] | undefined
  enabled?: boolean | undefined
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
      sort_by?: 'price' | 'performance' | 'performance_score' | 'price_per_performance' | 'reliability' | 'memory' | 'vram' | 'gpu_count' | undefined
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
      sort_by?: 'price' | 'performance' | 'performance_score' | 'price_per_performance' | 'reliability' | 'memory' | 'vram' | 'gpu_count' | undefined
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
  /** Change a GPU model, or add one, while the server runs. */
  setGpuModel: {
    params: {
      /** A name from GET /api/v1/gpu-models in any spelling, or a new one. */
      name: string
    }
    query: undefined
    body: GpuModelChange
    reply: {
      success: true
      message: string
      data: GpuModel
    }
  }
  /** Take back what was said of a GPU model through the API. */
  removeGpuModel: {
    params: {
      /** A name from GET /api/v1/gpu-models in any spelling, or a new one. */
      name: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      /** As it is now; null: it was added here, and is gone. */
      data: GpuModel | null
    }
  }
  /** The marketplaces, what they can do, and how they are. */
  listProviders: {
    params: undefined
    query: {
      /** true: ask each for the account’s balance. Keys of one project are not told. */
      balances?: 'true' | 'false' | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: Provider[]
    }
  }
  /** Which version of each provider’s API is spoken, and whether it is going to end. */
  listProviderVersions: {
    params: undefined
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: ProviderVersion[]
    }
  }
  /** Switch a provider on or off for new launches and searches. */
  switchProvider: {
    params: {
      name: string
    }
    query: undefined
    body: {
      /** null: as the settings say. */
      enabled: boolean | null
    }
    reply: {
      success: true
      message: string
      data: {
        provider: string
        is_enabled: boolean
      }
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
  /** What models cost over time, as we have seen it. */
  getPriceTrends: {
    params: undefined
    query: {
      /** In any spelling; several with commas. A family means all its variants. */
      gpu_model?: string | undefined
      /** Several with commas. */
      provider?: string | undefined
      /** Default any. */
      market?: 'on_demand' | 'spot' | 'any' | undefined
      /** Default: seven days before until. */
      from?: string | undefined
      /** Before this moment. Default: now. */
      until?: string | undefined
      /** Default: hour for up to seven days of not too many models, else day. UTC. */
      interval?: 'hour' | 'day' | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: PriceTrends
    }
  }
  /** How much of a model there was to rent over time, as we have seen it. */
  getAvailability: {
    params: undefined
    query: {
      /** In any spelling; several with commas. A family means all its variants. */
      gpu_model?: string | undefined
      /** Several with commas. */
      provider?: string | undefined
      /** Default any. */
      market?: 'on_demand' | 'spot' | 'any' | undefined
      /** Default: seven days before until. */
      from?: string | undefined
      /** Before this moment. Default: now. */
      until?: string | undefined
      /** Default: hour for up to seven days of not too many models, else day. UTC. */
      interval?: 'hour' | 'day' | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: MarketAvailability
    }
  }
  /** What each model costs now for what it does, the best value first. */
  getBenchmarks: {
    params: undefined
    query: {
      /** In any spelling; several with commas. A family means all its variants. */
      gpu_model?: string | undefined
      /** Several with commas. */
      provider?: string | undefined
      /** Default any. */
      market?: 'on_demand' | 'spot' | 'any' | undefined
      gpu_category?: 'consumer' | 'professional' | 'datacenter' | undefined
      /** Default price_per_score. */
      rank_by?: 'price_per_score' | 'price_per_tflops' | 'price_per_vram_gb' | 'price_per_hour' | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: Benchmark[]
      rank_by: 'price_per_score' | 'price_per_tflops' | 'price_per_vram_gb' | 'price_per_hour'
      /** Providers of which we hold only the cheapest of what is searched. */
      sampled: string[]
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
  /** Make a template of your own. */
  createTemplate: {
    params: undefined
    query: undefined
    body: NewTemplate
    reply: {
      success: true
      message: string
      data: Template
    }
  }
  /** One template, as it is now. */
  getTemplate: {
    params: {
      /** The template’s name. */
      name: string
    }
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Template
    }
  }
  /** Make a template’s next version. What is left out stays; null takes something away. */
  changeTemplate: {
    params: {
      /** The template’s name. */
      name: string
    }
    query: undefined
    body: TemplateChange
    reply: {
      success: true
      message: string
      data: Template
    }
  }
  /** Delete a template. Its versions can still be read, and what was launched with it goes on. */
  deleteTemplate: {
    params: {
      /** The template’s name. */
      name: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: TemplateVersion
    }
  }
  /** Everything that a template ever was, newest first. */
  listTemplateVersions: {
    params: {
      /** The template’s name. */
      name: string
    }
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: TemplateVersion[]
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
      /** The project; default `default`. A key of one project sees and changes only that. */
      project?: string | undefined
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
    query: {
      /** true: at once, without running its checkpoint command or waiting for it. */
      force?: 'true' | 'false' | undefined
    }
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
  /** Every machine it had, oldest first: where, from when to when, why it ended, its addresses and its cost. */
  listInstanceLaunches: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Launch[]
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
  /** Somebody uses it now, so it is not idle. */
  reportActivity: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: {
      /** Pieces of work under way now. */
      in_flight?: number | undefined
      /** What it was used for, such as http or ssh. */
      kind?: string | undefined
    } | null
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** Do not stop it for being idle for a while. */
  snoozeInstance: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: {
      /** From now. Default 60. */
      minutes?: number | undefined
    } | null
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** Let it live longer than its maximum lifetime says. */
  extendInstance: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: {
      hours: number
    }
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** Change its policies from now on. What is named changes, null takes it away, the rest stays. */
  changePolicies: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: PoliciesChange
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** What was spent within a range of time, by anything. */
  getCosts: {
    params: undefined
    query: {
      /** Default: the beginning of the month in which the range ends, UTC. */
      from?: string | undefined
      /** Before this moment. Default: now. */
      until?: string | undefined
      /** The project; default `default`. A key of one project sees and changes only that. */
      project?: string | undefined
      instance_id?: string | undefined
      provider?: string | undefined
      label?: string | undefined
      /** Default instance. */
      group_by?: 'instance' | 'provider' | 'gpu' | 'label' | 'project' | 'market' | 'day' | undefined
      /** How many rows, the dearest first. Default 1000. */
      limit?: number | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: Costs
    }
  }
  /** Every marketplace’s bill against our ledger, machine by machine, each difference explained. */
  getBillReconciliation: {
    params: undefined
    query: {
      /** Default: 31 days before the end. */
      from?: string | undefined
      /** Before this moment. Default: now. */
      until?: string | undefined
      provider?: string | undefined
      /** How many machines of each account. Default 1000. */
      limit?: number | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: BillReconciliation
    }
  }
  /** Every budget: what is spent, held and left, and when it ends at this rate. */
  listBudgets: {
    params: undefined
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Budget[]
    }
  }
  /** Set a budget for an instance, a label, a project or everything. */
  createBudget: {
    params: undefined
    query: undefined
    body: NewBudget
    reply: {
      success: true
      message: string
      data: Budget
    }
  }
  /** One budget. */
  getBudget: {
    params: {
      id: string
    }
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Budget
    }
  }
  /** Change a budget. What is left out stays; its thresholds are told anew. */
  changeBudget: {
    params: {
      id: string
    }
    query: undefined
    body: BudgetChange
    reply: {
      success: true
      message: string
      data: Budget
    }
  }
  /** Remove a budget. What runs goes on. */
  removeBudget: {
    params: {
      id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: {
        id: string
      }
    }
  }
  /** Take over a machine that was not launched from here: it becomes an instance like any other. */
  adoptInstance: {
    params: undefined
    query: undefined
    body: AdoptRequest
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** Say that its machine is gone, where no key shows it any more. */
  releaseInstance: {
    params: {
      /** The instance’s id: inst_… */
      id: string
    }
    query: undefined
    body: ReleaseRequest
    reply: {
      success: true
      message: string
      data: Instance
    }
  }
  /** Everything that the accounts bill, whose it is, and when that was last checked. */
  getReconciliation: {
    params: undefined
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Reconciliation
    }
  }
  /** Look at every account now. What carries our label and nothing wants is ended. */
  runReconciliation: {
    params: undefined
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: Reconciliation
    }
  }
  /** Who you are here, and what you may do. */
  whoami: {
    params: undefined
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Whoami
    }
  }
  /** The API keys, newest first, without the keys themselves. */
  listKeys: {
    params: undefined
    query: {
      /** true: those that were revoked as well. */
      revoked?: '0' | '1' | 'true' | 'false' | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: ApiKey[]
    }
  }
  /** Make an API key. It is shown this once. */
  createKey: {
    params: undefined
    query: undefined
    body: NewApiKey
    reply: {
      success: true
      message: string
      data: IssuedApiKey
    }
  }
  /** Give a key a new secret. The old one opens nothing from now on. */
  rotateKey: {
    params: {
      /** The key’s id: key_… */
      id: string
    }
    query: undefined
    body: {
      expires_at?: string | null | undefined
    } | null
    reply: {
      success: true
      message: string
      data: IssuedApiKey
    }
  }
  /** Revoke a key: it opens nothing from now on. */
  revokeKey: {
    params: {
      /** The key’s id: key_… */
      id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: ApiKey
    }
  }
  /** The accounts that we have keys of at a marketplace. */
  listProviderAccounts: {
    params: {
      /** A provider: vast_ai, runpod, … */
      name: string
    }
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: ProviderAccount[]
    }
  }
  /** Store a marketplace’s API key, encrypted. Accounts of the environment are changed there. */
  setProviderKey: {
    params: {
      /** A provider: vast_ai, runpod, … */
      name: string
      /** What the account is called here. */
      account: string
    }
    query: undefined
    body: ProviderKey
    reply: {
      success: true
      message: string
      data: ProviderAccount
    }
  }
  /** Forget a stored key. Refused while machines of that account may be billed. */
  removeProviderKey: {
    params: {
      /** A provider: vast_ai, runpod, … */
      name: string
      /** What the account is called here. */
      account: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: ProviderAccount
    }
  }
  /** Take over provider keys, flags and the GPU catalogue as they are set now. */
  reloadSettings: {
    params: undefined
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: ReloadReport
    }
  }
  /** Who changed what, when and why, newest first. */
  listAudit: {
    params: undefined
    query: {
      instance_id?: string | undefined
      /** The name of a key, `admin`, `keyless` or `system`. */
      actor?: string | undefined
      kind?: 'status' | 'attempt' | 'attempt_ended' | 'offers_skipped' | 'order' | 'leftover_gone' | 'alarm' | 'bid_raised' | 'fallback' | 'reclaim_announced' | 'checkpoint' | 'warning' | 'budget' | 'charge' | 'stray_found' | 'stray_ended' | 'adopted' | 'released' | 'provider' | 'power' | 'changed' | undefined
      /** At this moment or later. */
      from?: string | undefined
      /** Before this moment. */
      until?: string | undefined
      /** Default 100. */
      limit?: number | undefined
      /** `next_cursor` of the page before. */
      cursor?: number | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: AuditEntry[]
      /** null on the last page. */
      next_cursor: number | null
    }
  }
  /** Check that nobody has changed, removed or added an entry of the audit log or the operations log, or a charge that has ended. */
  verifyAudit: {
    params: undefined
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: AuditVerdict
    }
  }
  /** Every call to a marketplace, newest first. */
  listOperations: {
    params: undefined
    query: {
      provider?: string | undefined
      instance_id?: string | undefined
      /** `failed`: whatever did not go well. */
      outcome?: string | undefined
      /** Default 100. */
      limit?: number | undefined
      /** `next_cursor` of the page before. */
      cursor?: number | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: Operation[]
      /** null on the last page. */
      next_cursor: number | null
    }
  }
  /** The webhooks, oldest first, without their secrets. */
  listWebhooks: {
    params: undefined
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Webhook[]
    }
  }
  /** Have events delivered to an address. The secret is shown this once. */
  addWebhook: {
    params: undefined
    query: undefined
    body: NewWebhook
    reply: {
      success: true
      message: string
      data: IssuedWebhook
    }
  }
  /** One webhook. */
  getWebhook: {
    params: {
      /** The webhook’s id: wh_… */
      id: string
    }
    query: undefined
    body: undefined
    reply: {
      success: true
      message: string
      data: Webhook
    }
  }
  /** Change where a webhook goes or what it wants, or switch it off and on. What is left out stays. */
  changeWebhook: {
    params: {
      /** The webhook’s id: wh_… */
      id: string
    }
    query: undefined
    body: WebhookChange
    reply: {
      success: true
      message: string
      data: Webhook
    }
  }
  /** Remove a webhook, with whatever waits to be delivered to it. */
  removeWebhook: {
    params: {
      /** The webhook’s id: wh_… */
      id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: Webhook
    }
  }
  /** Give a webhook a new secret. For 24 hours the old one signs as well. */
  rotateWebhookSecret: {
    params: {
      /** The webhook’s id: wh_… */
      id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: IssuedWebhook
    }
  }
  /** Send a `webhook.test` now, once, and say what came of it. */
  testWebhook: {
    params: {
      /** The webhook’s id: wh_… */
      id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: WebhookTest
    }
  }
  /** What was delivered to it, what waits, and what was given up, newest first. */
  listWebhookDeliveries: {
    params: {
      /** The webhook’s id: wh_… */
      id: string
    }
    query: {
      state?: 'pending' | 'delivered' | 'dead' | undefined
      /** Default 50. */
      limit?: number | undefined
      /** `next_cursor` of the page before. */
      cursor?: number | undefined
    }
    body: undefined
    reply: {
      success: true
      message: string
      data: WebhookDelivery[]
      /** null on the last page. */
      next_cursor: number | null
    }
  }
  /** Have a dead letter tried again, under the id it had. */
  replayWebhookDelivery: {
    params: {
      /** The webhook’s id: wh_… */
      id: string
      /** The delivery’s id: msg_… */
      delivery_id: string
    }
    query: undefined
    body: Record<string, never> | null
    reply: {
      success: true
      message: string
      data: WebhookDelivery
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
  /** What was spent within a range of time, as CSV. */
  exportCosts: {
    params: undefined
    query: {
      /** Default: the beginning of the month in which the range ends, UTC. */
      from?: string | undefined
      /** Before this moment. Default: now. */
      until?: string | undefined
      /** The project; default `default`. A key of one project sees and changes only that. */
      project?: string | undefined
      instance_id?: string | undefined
      provider?: string | undefined
      label?: string | undefined
      /** Default charge: one line for each. */
      group_by?: 'charge' | 'instance' | 'provider' | 'gpu' | 'label' | 'project' | 'market' | 'day' | undefined
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
  setGpuModel: { method: 'PUT', path: '/api/v1/gpu-models/{name}' },
  removeGpuModel: { method: 'DELETE', path: '/api/v1/gpu-models/{name}' },
  listProviders: { method: 'GET', path: '/api/v1/providers' },
  listProviderVersions: { method: 'GET', path: '/api/v1/providers/versions' },
  switchProvider: { method: 'PUT', path: '/api/v1/providers/{name}' },
  getMarketplaceStats: { method: 'GET', path: '/api/v1/marketplace/stats' },
  getPriceTrends: { method: 'GET', path: '/api/v1/marketplace/trends' },
  getAvailability: { method: 'GET', path: '/api/v1/marketplace/availability' },
  getBenchmarks: { method: 'GET', path: '/api/v1/marketplace/benchmarks' },
  listTemplates: { method: 'GET', path: '/api/v1/templates' },
  createTemplate: { method: 'POST', path: '/api/v1/templates' },
  getTemplate: { method: 'GET', path: '/api/v1/templates/{name}' },
  changeTemplate: { method: 'PUT', path: '/api/v1/templates/{name}' },
  deleteTemplate: { method: 'DELETE', path: '/api/v1/templates/{name}' },
  listTemplateVersions: { method: 'GET', path: '/api/v1/templates/{name}/versions' },
  planInstance: { method: 'POST', path: '/api/v1/instances/plan' },
  launchInstance: { method: 'POST', path: '/api/v1/instances' },
  listInstances: { method: 'GET', path: '/api/v1/instances' },
  getInstance: { method: 'GET', path: '/api/v1/instances/{id}' },
  terminateInstance: { method: 'DELETE', path: '/api/v1/instances/{id}' },
  listInstanceEvents: { method: 'GET', path: '/api/v1/instances/{id}/events' },
  getInstanceCosts: { method: 'GET', path: '/api/v1/instances/{id}/costs' },
  listInstanceLaunches: { method: 'GET', path: '/api/v1/instances/{id}/launches' },
  getInstanceLogs: { method: 'GET', path: '/api/v1/instances/{id}/logs' },
  startInstance: { method: 'POST', path: '/api/v1/instances/{id}/start' },
  stopInstance: { method: 'POST', path: '/api/v1/instances/{id}/stop' },
  restartInstance: { method: 'POST', path: '/api/v1/instances/{id}/restart' },
  reportActivity: { method: 'POST', path: '/api/v1/instances/{id}/activity' },
  snoozeInstance: { method: 'POST', path: '/api/v1/instances/{id}/snooze' },
  extendInstance: { method: 'POST', path: '/api/v1/instances/{id}/extend' },
  changePolicies: { method: 'POST', path: '/api/v1/instances/{id}/policies' },
  getCosts: { method: 'GET', path: '/api/v1/costs' },
  getBillReconciliation: { method: 'GET', path: '/api/v1/costs/reconciliation' },
  listBudgets: { method: 'GET', path: '/api/v1/budgets' },
  createBudget: { method: 'POST', path: '/api/v1/budgets' },
  getBudget: { method: 'GET', path: '/api/v1/budgets/{id}' },
  changeBudget: { method: 'PUT', path: '/api/v1/budgets/{id}' },
  removeBudget: { method: 'DELETE', path: '/api/v1/budgets/{id}' },
  adoptInstance: { method: 'POST', path: '/api/v1/instances/adopt' },
  releaseInstance: { method: 'POST', path: '/api/v1/instances/{id}/release' },
  getReconciliation: { method: 'GET', path: '/api/v1/reconciliation' },
  runReconciliation: { method: 'POST', path: '/api/v1/reconciliation' },
  whoami: { method: 'GET', path: '/api/v1/whoami' },
  listKeys: { method: 'GET', path: '/api/v1/keys' },
  createKey: { method: 'POST', path: '/api/v1/keys' },
  rotateKey: { method: 'POST', path: '/api/v1/keys/{id}/rotate' },
  revokeKey: { method: 'DELETE', path: '/api/v1/keys/{id}' },
  listProviderAccounts: { method: 'GET', path: '/api/v1/providers/{name}/accounts' },
  setProviderKey: { method: 'PUT', path: '/api/v1/providers/{name}/accounts/{account}' },
  removeProviderKey: { method: 'DELETE', path: '/api/v1/providers/{name}/accounts/{account}' },
  reloadSettings: { method: 'POST', path: '/api/v1/admin/reload' },
  listAudit: { method: 'GET', path: '/api/v1/audit' },
  verifyAudit: { method: 'GET', path: '/api/v1/audit/verify' },
  listOperations: { method: 'GET', path: '/api/v1/operations' },
  listWebhooks: { method: 'GET', path: '/api/v1/webhooks' },
  addWebhook: { method: 'POST', path: '/api/v1/webhooks' },
  getWebhook: { method: 'GET', path: '/api/v1/webhooks/{id}' },
  changeWebhook: { method: 'PUT', path: '/api/v1/webhooks/{id}' },
  removeWebhook: { method: 'DELETE', path: '/api/v1/webhooks/{id}' },
  rotateWebhookSecret: { method: 'POST', path: '/api/v1/webhooks/{id}/rotate' },
  testWebhook: { method: 'POST', path: '/api/v1/webhooks/{id}/test' },
  listWebhookDeliveries: { method: 'GET', path: '/api/v1/webhooks/{id}/deliveries' },
  replayWebhookDelivery: { method: 'POST', path: '/api/v1/webhooks/{id}/deliveries/{delivery_id}/replay' },
  streamEvents: { method: 'GET', path: '/api/v1/events' },
  exportCosts: { method: 'GET', path: '/api/v1/costs.csv' },
}
