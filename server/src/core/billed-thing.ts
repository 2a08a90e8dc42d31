import type { Nanos } from './money.ts'
import type { Instant } from './time.ts'

/** Something a marketplace bills beside machines, or after them. */
export interface BilledThing {
  kind: 'volume' | 'file_system' | 'static_ip' | 'snapshot'
  externalId: string
  /** The name that somebody gave it; ours begin with `gf-`. */
  name: string | null
  /** The machine it is part of or attached to. */
  attachedTo: string | null
  region: string | null
  sizeGb: number | null
  /** Null where the marketplace does not tell. */
  ratePerHour: Nanos | null
  createdAt: Instant | null
}
