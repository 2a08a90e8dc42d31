import type { Generated } from 'kysely'

/** Times are milliseconds since 1970, money is nano-dollars in columns named `…_nano`, structures are JSON text. */
export interface Tables {
  instances: InstancesTable
  launches: LaunchesTable
  events: EventsTable
  charges: ChargesTable
  bill_lines: BillLinesTable
  bill_reads: BillReadsTable
  bill_alarms: BillAlarmsTable
  idempotency_keys: IdempotencyKeysTable
  findings: FindingsTable
  templates: TemplatesTable
  account_checks: AccountChecksTable
  activity: ActivityTable
  budgets: BudgetsTable
  budget_marks: BudgetMarksTable
  holds: HoldsTable
  idempotent_answers: IdempotentAnswersTable
  api_keys: ApiKeysTable
  provider_keys: ProviderKeysTable
  provider_health: ProviderHealthTable
  installation: InstallationTable
  chain_heads: ChainHeadsTable
  operations: OperationsTable
  webhooks: WebhooksTable
  webhook_deliveries: WebhookDeliveriesTable
  infra_vast: InfraVastTable
  novita_requests: NovitaRequestsTable
  vast_settings: VastSettingsTable
  vast_refusals: VastRefusalsTable
  vast_execution_logs: VastExecutionLogsView
  market_looks: MarketLooksTable
  market_hours: MarketHoursTable
  gpu_models: GpuModelsTable
}

export interface InstancesTable {
  id: string
  project: string
  label: string | null
  /** Where its newest launch is, or where the first is expected. */
  provider: string | null
  wish: string
  /** Environment, registry credentials and start script, encrypted. */
  sealed: string
  wanted: string
  status: string
  because: string
  message: string | null
  status_since: number
  created_at: number
  ended_at: number | null
  attempt: number
  /** When it is to be looked at next; null when nothing follows any more. */
  due_at: number | null
  /** Grows with every claim: whoever writes under an older one is refused. */
  claim_token: number
  claimed_until: number
}

export interface LaunchesTable {
  instance_id: string
  attempt: number
  label: string
  provider: string
  account: string
  key_mark: string
  offer: string
  comparable_price_nano: bigint
  external_id: string | null
  intended_at: number
  answered_at: number | null
  rented_at: number | null
  up_at: number | null
  start_ordered_at: number | null
  abandoned_at: number | null
  abandoned_because: string | null
  settled_at: number | null
  price_nano: bigint | null
  ssh: string | null
  endpoints: string
  provider_status: string | null
  provider_message: string | null
  last_seen_at: number | null
  missed_looks: number
  missed_at: number | null
  meters_off_at: string
  ordered_at: number | null
  orders: number
  alarmed_at: number | null
  last_addresses: string | null
  bid_nano: bigint | null
  on_demand_nano: bigint | null
  interrupted_at: number | null
  reclaim_at: number | null
  reclaim_noticed_at: number | null
  checkpoint_started_at: number | null
  checkpoint_ended_at: number | null
  checkpoint_result: string | null
  host_key: string | null
  dead_man_ms: number | null
  dead_man_heard_at: number | null
  dead_man_warned_at: number | null
  /** For launches that were given up: when to look after them next. */
  due_at: number | null
  claim_token: number
  claimed_until: number
}

export interface EventsTable {
  id: Generated<number>
  at: number
  instance_id: string | null
  kind: string
  status: string | null
  because: string | null
  message: string
  data: string
  actor: Generated<string>
  before: string | null
  after: string | null
  /** Of this row and the one before it; '' for one that is older than the chain. */
  hash: Generated<string>
}

export interface ChargesTable {
  instance_id: string
  attempt: number
  kind: string
  sequence: number
  rate_nano: bigint
  step_ms: number
  started_after: number
  started_before: number
  last_on_at: number
  /** 0 or 1. */
  certain: number
  ended_after: number | null
  ended_before: number | null
}

/** What a marketplace says that it charged, as it was read last. */
export interface BillLinesTable {
  provider: string
  account: string
  external_id: string | null
  label: string | null
  kind: string
  from_at: number
  until_at: number
  amount_nano: bigint
}

/** How far an account's bill has been read. */
export interface BillReadsTable {
  provider: string
  account: string
  /** 0 or 1: whether the marketplace has an API for it. */
  has_bill: number
  covered_from: number | null
  complete_until: number | null
  read_at: number | null
  tried_at: number
  error: string | null
}

/** The unexplained differences that people were told of. */
export interface BillAlarmsTable {
  provider: string
  account: string
  machine: string
  amount_nano: bigint
  at: number
}

export interface IdempotencyKeysTable {
  scope: string
  key: string
  /** Of the request's body: the same key with another body is a mistake. */
  fingerprint: string
  instance_id: string
  created_at: number
}

export interface ProviderHealthTable {
  provider: string
  observed_version: string | null
  versions: string | null
  last_checked_at: number | null
  deprecations: string | null
  unreadable: string
  /** 0 or 1; null: as the settings say. */
  enabled: number | null
}

export interface ChainHeadsTable {
  chain: string
  /** Rows up to here are not part of the chain: pruned, or older than it. */
  anchor_id: number
  anchor_hash: string
  last_id: number
  last_hash: string
  mac: string
}

export interface OperationsTable {
  id: number
  at: number
  provider: string
  account: string
  operation: string
  method: string
  path: string
  instance_id: string | null
  label: string | null
  duration_ms: number
  status: number | null
  outcome: string
  error: string | null
  attempt: number
  hash: string
}

export interface WebhooksTable {
  id: string
  url: string
  style: string
  events: string
  /** Its secrets, encrypted. */
  sealed: string
  /** 0 or 1 */
  enabled: number
  disabled_because: string | null
  created_at: number
}

export interface WebhookDeliveriesTable {
  /** What the receiver sees as `webhook-id`: the same for every try. */
  id: string
  webhook_id: string
  event_id: number
  type: string
  body: string
  /** pending, delivered, dead */
  state: string
  tries: number
  created_at: number
  due_at: number | null
  ended_at: number | null
  last_status: number | null
  last_error: string | null
  claim_token: number
  claimed_until: number
}

export interface ApiKeysTable {
  id: string
  name: string
  project: string | null
  role: string
  hash: string
  created_at: number
  created_by: string
  rotated_at: number | null
  expires_at: number | null
  last_used_at: number | null
  revoked_at: number | null
}

export interface IdempotentAnswersTable {
  scope: string
  key: string
  fingerprint: string
  created_at: number
  /** Grows whenever a claim that ran out is taken over. */
  claim_token: number
  claimed_until: number
  /** Null while the call is under way. */
  sealed_answer: string | null
  /** The id of what it has made or changed: written with that, in one transaction. Null before. */
  done_with: string | null
}

export interface ProviderKeysTable {
  provider: string
  account: string
  sealed_key: string
  ending: string
  set_at: number
  set_by: string
}

/** What is remembered of the use of an instance; see `Activity`. */
export interface ActivityTable {
  instance_id: string
  active_at: number | null
  active_kind: string | null
  in_flight: number
  in_flight_until: number | null
  reported_at: number | null
  ready_at: number | null
  snoozed_until: number | null
  idle_warned_at: number | null
  lease_warned_at: number | null
}

export interface BudgetsTable {
  id: string
  scope: string
  key: string
  project: string
  period: string
  limit_nano: bigint
  action: string
  created_at: number
  /** Grows with every hold: the row is locked by whoever decides whether a launch is paid for. */
  holds: number
}

/** The thresholds that people were told of. */
export interface BudgetMarksTable {
  /** A budget's id, or that of an instance with a budget of its own. */
  budget_id: string
  period: string
  threshold: number
  at: number
}

/** Funds set aside when a launch or a start was written down. They count until its charges are more, or it is settled. */
export interface HoldsTable {
  instance_id: string
  attempt: number
  amount_nano: bigint
  made_at: number
}

export interface FindingsTable {
  provider: string
  account: string
  kind: string
  external_id: string
  label: string | null
  attached_to: string | null
  region: string | null
  verdict: string
  why: string
  instance_id: string | null
  attempt: number | null
  rate_nano: bigint | null
  first_seen_at: number
  last_seen_at: number
  ordered_at: number | null
  orders: number
}

export interface AccountChecksTable {
  provider: string
  account: string
  checked_at: number | null
  tried_at: number
  error: string | null
}

/** One row; see `InfraVastState`. */
export interface InfraVastTable {
  id: string
  last_activity_at: number | null
  awaited_until: number | null
  shutdown_at: number | null
  instance_ids: string
  mirrored_event_id: number
}

export interface InstallationTable {
  id: string
  restored_at: number | null
  /** When a process was last at work on it. */
  last_seen_at: number | null
}

/** Every version of every template that a user made. */
export interface TemplatesTable {
  name: string
  version: number
  /** All of it, encrypted; null: deleted with this version. */
  sealed: string | null
  origin: string
  created_at: number
  created_by: string
}

/** One look at what one marketplace has of one model; only those of the hour that is under way. */
export interface MarketLooksTable {
  provider: string
  model: string
  market: string
  at: number
  sampled: number
  offers: number
  gpus: number
  min_nano: bigint | null
  median_nano: bigint | null
  p90_nano: bigint | null
}

/** What the looks of an hour have come to. */
export interface MarketHoursTable {
  provider: string
  model: string
  market: string
  at: number
  sampled: number
  looks: number
  looks_available: number
  offers_total: number
  offers_most: number
  gpus_total: number
  gpus_most: number
  min_nano: bigint | null
  median_nano: bigint | null
  p90_nano: bigint | null
}

/** GPU models that somebody changed or added. */
export interface GpuModelsTable {
  name: string
  model: string
  set_by: string
  set_at: number
}

/** What contract 000 asks for beyond a wish. */
export interface VastSettingsTable {
  instance_id: string
  /** 0 or 1 */
  auto_destroy: number
  start_command: string | null
  model_name: string | null
  max_model_len: number | null
  made_at: number
}

export interface VastRefusalsTable {
  id: Generated<number>
  at: number
  operation: string
  command: string
  error_message: string
  duration_ms: number
  metadata: string
}

/** A view: read only. */
export interface VastExecutionLogsView {
  id: number
  instance_id: string | null
  operation: string
  command: string
  result: string | null
  error_message: string | null
  /** Seconds. */
  execution_time: number
  /** 0 or 1 */
  success: number
  metadata: string | null
  created_at: string
  updated_at: string
}

/** Creations in the words of contract 002; see `NovitaRequest`. */
export interface NovitaRequestsTable {
  instance_id: string
  name: string
  product_name: string
  template_id: string
  region: string
  sealed_webhook: string | null
  made_at: number
  deadline_at: number
  outcome: string | null
  outcome_at: number | null
  message: string | null
  end_asked_at: number | null
  told_at: number | null
}
