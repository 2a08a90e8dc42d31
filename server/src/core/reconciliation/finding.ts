/** What a marketplace bills, and whose it is. */

import type { BilledThing } from '../billed-thing.ts'
import type { Launch } from '../instances/instance.ts'
import type { Nanos } from '../money.ts'
import type { ProviderName } from '../providers.ts'
import type { Instant } from '../time.ts'

export const verdicts = {
  wanted: 'the machine of a live instance, or part of it',
  ending: 'its launch was given up or is being ended; we ask until the marketplace confirms',
  ours_unwanted: 'it carries our installation’s label and nothing wants it; it is ended',
  ours_unknown: 'it carries our installation’s label and our database does not know it',
  foreign: 'it carries another installation’s label or none; it is never touched',
} as const
export type Verdict = keyof typeof verdicts

/** What is done with a machine that carries our label and that our database does not know. */
export const unknownMachinePolicies = ['adopt', 'ask', 'end'] as const
export type UnknownMachinePolicy = (typeof unknownMachinePolicies)[number]

export const findingKinds = ['machine', 'volume', 'file_system', 'static_ip', 'snapshot'] as const
export type FindingKind = 'machine' | BilledThing['kind']

export interface Account {
  provider: ProviderName
  account: string
}

export interface Finding extends Account {
  kind: FindingKind
  externalId: string
  /** The name that somebody gave it. */
  label: string | null
  attachedTo: string | null
  region: string | null
  verdict: Verdict
  /** A sentence with the particulars. */
  why: string
  /** Whose it is, as far as we know. */
  owner: Pick<Launch, 'instanceId' | 'attempt'> | null
  /** What it costs now; null where the marketplace does not tell. */
  ratePerHour: Nanos | null
  firstSeenAt: Instant
  lastSeenAt: Instant
  /** When the sweep itself last asked for its end, and how often. */
  orderedAt: Instant | null
  orders: number
}

/** When an account was last compared with what we know, and why not since. */
export interface AccountCheck extends Account {
  checkedAt: Instant | null
  triedAt: Instant
  error: string | null
}

export interface ReconciliationReport {
  findings: readonly Finding[]
  accounts: readonly AccountCheck[]
}
