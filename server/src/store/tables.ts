import type { Generated } from 'kysely'

/** Times are milliseconds since 1970, money is nano-dollars in columns named `…_nano`, structures are JSON text. */
export interface Tables {
  instances: InstancesTable
  launches: LaunchesTable
  events: EventsTable
  charges: ChargesTable
  idempotency_keys: IdempotencyKeysTable
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
  ended_after: number | null
  ended_before: number | null
}

export interface IdempotencyKeysTable {
  scope: string
  key: string
  /** Of the request's body: the same key with another body is a mistake. */
  fingerprint: string
  instance_id: string
  created_at: number
}
