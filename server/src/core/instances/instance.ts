import type { Nanos } from '../money.ts'
import type { ExactProduct } from '../offers/match.ts'
import type { Market, Offer } from '../offers/offer.ts'
import type { ProviderName } from '../providers.ts'
import type { Instant } from '../time.ts'
import type { Endpoint, MeterReading, SshAccess } from './machine.ts'
import type { Because, Status } from './status.ts'

declare const instanceIdBrand: unique symbol
/** `inst_` and 16 lower-case letters and digits. */
export type InstanceId = string & { readonly [instanceIdBrand]: true }

/** What the caller asked for, as it stays for the instance's life. No secrets: those are `InstanceSecrets`. */
export interface Wish {
  /** Nobody here asked for it: its machine was found, and too little is known to rent another one in its place. */
  adopted?: true
  /** Set when one offer was chosen by the caller: then no other is rented. */
  offer: { provider: ProviderName; key: string } | null
  provider: ProviderName | null
  /** Canonical model names; empty: any. */
  models: readonly string[]
  /** Narrower than models and regions: what the marketplace itself calls the product, and where it is. */
  exactly?: ExactProduct
  minVramGb: number | null
  gpuCount: number
  market: Market | 'any'
  /** For the comparable price of this request, per hour. */
  maxPricePerHour: Nanos | null
  regions: readonly string[]
  minRamGb: number | null
  minReliability: number | null
  verifiedOnly: boolean
  minCuda: number | null
  diskGb: number
  /** What it is expected to send and receive, GB per hour: where traffic is billed, the comparable price counts it. */
  traffic: { uploadGbPerHour: number; downloadGbPerHour: number }
  image: string
  ports: readonly { containerPort: number; protocol: 'tcp' | 'udp' | 'http' }[]
  sshPublicKey: string | null
  health: HealthCheck | null
  onInterruption: 'relaunch' | 'wait' | 'end'
  policies: Policies
  /** Names of the environment values; the values are secrets. */
  environmentNames: readonly string[]
  /** The template that filled in what the request left out, as it was then. */
  template?: { name: string; version: number }
  /** The offer we would have tried first when the wish was made. */
  expected: { offer: Offer; price: Nanos } | null
}

/** When it is to stop or to end by itself, and what it may cost. Part of the wish: a relaunch keeps them. */
export interface Policies {
  /** Stopped (or ended) when nobody has used it for so long. */
  idle: {
    timeoutMs: number
    /** What happens where the marketplace cannot stop is said, not guessed: then `stop` does nothing but warn. */
    action: 'stop' | 'terminate'
    /** Percent: a GPU that works more than this is in use, where the marketplace reports it; null: not looked at. */
    busyAbovePercent: number | null
    /** Nobody asked for that: where the marketplace does not tell, it is as if it were not looked at. */
    busyByDefault?: true
  } | null
  /** Maximum lifetime, from the moment it is first up. */
  maxLifetimeMs: number | null
  /** The most that this instance may cost in all. */
  budget: { limit: Nanos; action: 'stop' | 'terminate' } | null
  /** After so long without a spot machine, an on-demand one is taken; null: never. */
  onDemandAfterMs: number | null
  /** What is bid, in percent of the lowest bid that wins. */
  bidPercent: number
  /** Runs on the machine before it is stopped by us, and when the marketplace announces that it takes it. */
  checkpoint: { command: string; timeoutMs: number } | null
  /** The machine ends itself when it has not heard of us for so long; null: it does not. */
  deadManMs: number | null
}

export const noPolicies: Policies = {
  idle: null,
  maxLifetimeMs: null,
  budget: null,
  onDemandAfterMs: null,
  bidPercent: 110,
  checkpoint: null,
  deadManMs: null,
}

export interface HealthCheck {
  path: string
  port: number
  /** From the moment the machine is up. */
  timeoutMs: number
}

/** Tokens live in here: encrypted at rest, masked everywhere, passed only to the machine. */
export interface InstanceSecrets {
  environment: Readonly<Record<string, string>>
  registryAuth: { server: string | null; username: string; password: string } | null
  onstartScript: string | null
  /** Arguments for the image’s entrypoint, in the place of its own. Only from templates of a marketplace that takes them. */
  startCommand?: string
}

/** Whose instances and budgets they are. Where nobody says, `default`. */
export type ProjectName = string
export const defaultProject: ProjectName = 'default'

export interface Instance {
  id: InstanceId
  project: ProjectName
  label: string | null
  wish: Wish
  /** What the user wants it to be; the status says how far we are. */
  wanted: 'up' | 'stopped' | 'ended'
  status: Status
  because: Because
  /** A sentence with the particulars, where there are any. */
  message: string | null
  statusSince: Instant
  createdAt: Instant
  endedAt: Instant | null
  /** The number of the newest launch; 0 before the first. */
  attempt: number
  /** The machine it has now, or is asking for. */
  launch: Launch | null
}

/**
 * The attempt to rent one machine, and that machine for as long as it may be billed. An instance has one current
 * launch; the earlier ones stay until the marketplace has confirmed their end.
 */
export interface Launch {
  instanceId: InstanceId
  attempt: number
  /** `gf-<installation>-<instance>-<attempt>` */
  label: string
  provider: ProviderName
  account: string
  /** Tells the key that rented it from other keys; see `KeyMarks`. Another key may belong to another account. */
  keyMark: string
  offer: Offer
  /** What this request costs per hour at this offer, by what we knew when we chose it. */
  comparablePrice: Nanos
  /** The marketplace's id of the machine; null until we know it. */
  externalId: string | null
  /** When the intent was written down: before the call. */
  intendedAt: Instant
  /** When the launch call ended, whatever came of it; null while it may still be under way, and after a crash. */
  answeredAt: Instant | null
  /** When the machine became ours. */
  rentedAt: Instant | null
  /** When it was first seen up. */
  upAt: Instant | null
  /** When we last ordered it to start again. */
  startOrderedAt: Instant | null
  /** Set when this launch is given up: whatever machine carries its label has to end. */
  abandonedAt: Instant | null
  abandonedBecause: Because | null
  /** Set when the marketplace has confirmed that nothing is left. */
  settledAt: Instant | null
  /** GPU price per hour as the marketplace shows it on the machine. */
  pricePerHour: Nanos | null
  ssh: SshAccess | null
  endpoints: readonly Endpoint[]
  providerStatus: string | null
  providerMessage: string | null
  lastSeenAt: Instant | null
  /** Good looks in a row that did not show it. */
  missedLooks: number
  /** The newest of them: the same look again does not count. */
  missedAt: Instant | null
  /** When each of its meters was last seen off. */
  metersOffAt: Readonly<Partial<Record<MeterReading['kind'], Instant>>>
  /** When an end or a stop was last ordered, and how often. */
  orderedAt: Instant | null
  orders: number
  /** When people were last told that nobody can look after it. */
  alarmedAt: Instant | null
  /** Where it was reached last; a machine that is down or gone shows no addresses. */
  lastAddresses: { ssh: SshAccess | null; endpoints: readonly Endpoint[] } | null
  /** What we bid per hour for the GPUs, as decided last; null where there are no bids. */
  bidPerHour: Nanos | null
  /** On-demand price of the same machine when it was chosen; null: not known. */
  onDemandPrice: Nanos | null
  /** When the marketplace last took it; it may have come back since. */
  interruptedAt: Instant | null
  /** When it is going to be taken, where that was announced, and when we first saw the announcement. */
  reclaimAt: Instant | null
  reclaimNoticedAt: Instant | null
  checkpointStartedAt: Instant | null
  checkpointEndedAt: Instant | null
  checkpointResult: CheckpointResult | null
  /** Its SSH host key at our first visit, as a hash: another one is not let in on a secret. */
  hostKey: string | null
  /** After how much silence it ends itself; null: it does not. */
  deadManMs: number | null
  /** When its dead-man switch first asked whether we are here. */
  deadManHeardAt: Instant | null
  /** When people were told that it has not asked. */
  deadManWarnedAt: Instant | null
}

export type CheckpointResult = 'done' | 'failed' | 'timed_out' | 'unreachable' | 'skipped'

/** Of a launch to which nothing of this has happened. */
export const uneventful = {
  lastAddresses: null,
  bidPerHour: null,
  onDemandPrice: null,
  interruptedAt: null,
  reclaimAt: null,
  reclaimNoticedAt: null,
  checkpointStartedAt: null,
  checkpointEndedAt: null,
  checkpointResult: null,
  hostKey: null,
  deadManMs: null,
  deadManHeardAt: null,
  deadManWarnedAt: null,
} as const satisfies Partial<Launch>
