/**
 * The seam to a marketplace. Everything above it speaks our words; everything below speaks theirs.
 *
 * Abilities are data, so that faces can say why something is not possible. Trouble is a `ProviderError`, told apart only
 * as far as someone acts on the difference.
 */

import type { BilledThing } from '../core/billed-thing.ts'
import type { Machine } from '../core/instances/machine.ts'
import type { Nanos } from '../core/money.ts'
import type { Market, Offer } from '../core/offers/offer.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Instant } from '../core/time.ts'

export interface Provider {
  readonly name: ProviderName
  /** Tells two accounts of one marketplace apart: `main`, `second`. */
  readonly account: string

  describe(): ProviderDescription
  /** The marketplace's rate limits as we keep them: data with source and date. */
  limits(): readonly RateLimit[]

  /** What is on sale. One unreadable row is skipped and counted; an unreadable answer is an `unexpected_reply`. */
  searchOffers(query: OfferQuery, signal?: AbortSignal): Promise<OfferSearch>

  /**
   * The same offer as it stands now, right before it is rented.
   *
   * @throws ProviderError `no_capacity` when it is gone
   */
  quote(offer: Offer, order: Pick<LaunchOrder, 'diskGb'>, signal?: AbortSignal): Promise<Offer>

  /**
   * Rents a machine under `order.label`. Sent once: when the outcome is not known the error is `outcome_unknown`, and the
   * label settles it.
   */
  launch(order: LaunchOrder, signal?: AbortSignal): Promise<Launched>

  /**
   * All machines of the account, over all pages. An error body, a missing list or a page too few is an error, never an
   * empty fleet.
   */
  look(signal?: AbortSignal): Promise<Look>

  /** One machine. `absent` only where the marketplace's own rules make this answer mean gone. */
  lookAt(externalId: string, signal?: AbortSignal): Promise<Sighting>

  /** Each may be repeated. Already there, or on the way, counts as accepted. */
  stop(externalId: string, signal?: AbortSignal): Promise<void>
  start(externalId: string, signal?: AbortSignal): Promise<void>
  restart(externalId: string, signal?: AbortSignal): Promise<void>

  /**
   * Asks for the end of a machine, and of what the marketplace bills beside it (a static address, a start script). Safe
   * to repeat; an unknown machine counts as accepted. Acceptance is a promise, not the end of billing: look.
   */
  terminate(externalId: string, signal?: AbortSignal): Promise<void>

  /**
   * Everything else that the account is billed for: volumes, static addresses, file systems. Empty where the marketplace
   * sells nothing of the kind; an answer that cannot be read is an error, never an empty list.
   */
  lookAround(signal?: AbortSignal): Promise<BilledThing[]>
  /** Asks for the end of one of those. Safe to repeat; an unknown one counts as accepted. Where it cannot be: `rejected`. */
  endThing(thing: Pick<BilledThing, 'kind' | 'externalId'>, signal?: AbortSignal): Promise<void>

  /** What the marketplace says that it charged, as far as it says so by now; null where it has no API for that. */
  bill(period: { from: Instant; until: Instant }, signal?: AbortSignal): Promise<ProviderBill | null>

  /** Dollars per hour for the whole machine. Where there are no bids: `rejected`. */
  changeBid(externalId: string, bidPerHour: Nanos, signal?: AbortSignal): Promise<void>

  /** The last lines, oldest first. Where there are no logs: `rejected`. */
  logs(externalId: string, options: { tail: number }, signal?: AbortSignal): Promise<string[]>

  /** The account's registered public keys. Where there is no such list: `rejected`. */
  sshKeys(signal?: AbortSignal): Promise<SshKey[]>
  /** Registers a public key unless it is there; other keys are never touched. */
  addSshKey(key: { name: string; publicKey: string }, signal?: AbortSignal): Promise<SshKey>

  /** Spendable money; null where the marketplace does not tell. */
  balance(signal?: AbortSignal): Promise<Nanos | null>

  /** A launch that is kept there by id; null: there is none. Missing where there are no templates. */
  template?(id: string, signal?: AbortSignal): Promise<ProviderTemplate | null>

  /** Their spellings of one of our GPU models, best first. @throws RangeError when they do not sell it */
  gpuSpellings(model: string): string[]
  /** Their regions for one of ours. @throws RangeError when they have none there */
  regionSpellings(region: string): string[]
  /** Our name for one of their regions. @throws RangeError when we do not know it */
  regionFrom(spelling: string): string
}

/** The marketplaces' accounts we may use now. */
export interface Providers {
  all(): readonly Provider[]
  find(name: ProviderName, account?: string): Provider | undefined
}

export interface ProviderDescription {
  name: ProviderName
  displayName: string
  website: string
  /** Which version of their API this client speaks. */
  apiVersion: string
  /** What replies may call themselves, where they do; none or left out: whatever. `v1` stands for every 1.x. */
  expectedVersions?: readonly string[]
  /** Their documents say that it is going to end. */
  deprecated?: { since: Instant; sunsetAt: Instant | null; text: string; link: string | null }
  abilities: Abilities
  billing: {
    /** The smallest billed step. */
    stepMs: number
    /** What a launch costs at least, as a stretch of time. */
    minimumMs: number
    /** When the GPU meter starts. */
    startsWhen: 'created' | 'running'
    /** Billed while stopped. */
    stopped: 'disk' | 'nothing' | 'cannot_stop'
    /** What the disk costs while stopped, in percent of what it costs while running; 100 unless it differs. */
    stoppedDiskPercent?: number
    /** What a line of its bill is rounded to, where it has a bill to read. */
    billRoundsTo?: Nanos
  }
  /** Our names of the regions it has. */
  regions: readonly string[]
  /** Features as a person would list them. */
  features: readonly string[]
}

export interface Abilities {
  canStop: boolean
  canStart: boolean
  canRestart: boolean
  hasSpot: boolean
  hasBids: boolean
  hasLogs: boolean
  hasBalance: boolean
  hasSshKeys: boolean
  reportsUtilisation: boolean
  /** `container`: the image runs as it is. `vm`: it runs under Docker from a start script. */
  runs: 'container' | 'vm'
  /** `mapped`: another outside port. `direct`: the same port, subject to their firewall. `proxied`: by URL. */
  ports: 'mapped' | 'direct' | 'proxied'
  udpPorts: boolean
  /** Whether the disk outlives an interruption, and a stop. */
  diskSurvives: { stop: boolean; interruption: boolean }
  /** How long before it takes a spot machine the marketplace says so; null where it gives no notice that can be relied on. */
  noticeMs: number | null
  deadMan: DeadMan
  /** How long a new machine may be missing from the list. */
  listLagMs: number
  /** How many good answers without the machine it takes to call it absent. */
  looksForAbsence: number
  /** How long a launch may take until the machine runs. */
  startDeadlineMs: number
  /** How long a stop or a termination usually takes at most, before we raise an alarm. */
  endDeadlineMs: number
  /** How often the fleet should be looked at. */
  lookEveryMs: number
  /** How often offers may be refreshed. */
  refreshEveryMs: number
  /** `whole`: one search shows everything on sale. `sample`: it shows the cheapest that match, so it is asked per wish. */
  search: 'whole' | 'sample'
  maxLabelLength: number
}

/**
 * Whether a machine can end itself without the account's key: by a credential for itself alone that the marketplace puts
 * into it. `why` is a sentence for people, also where it is possible.
 */
export interface DeadMan {
  possible: boolean
  why: string
  /** The variable inside the machine that holds the credential. */
  credential?: string
}

export interface RateLimit {
  /** Which calls: `launch`, `search`, `all` … */
  scope: string
  /** Calls per window. */
  calls: number
  windowMs: number
  burst: number
  /** Document and date. */
  source: string
}

export interface OfferQuery {
  /** Our model names. Empty: whatever the marketplace shows. */
  models: readonly string[]
  markets: readonly Market[]
  /** The disk that the price should include, where the marketplace prices it in. */
  diskGb: number
  /** Only needed where the marketplace shows a sample: the cheapest that fit, not the cheapest of all. */
  gpuCount?: number
  minVramGb?: number
}

export interface OfferSearch {
  offers: Offer[]
  /** Rows that could not be read, by reason. */
  skipped: Record<string, number>
  /** true when the marketplace has more than it showed. */
  sampled: boolean
}

export interface LaunchOrder {
  /** `gf-<installation>-<instance>-<attempt>`, at most 60 characters. */
  label: string
  offer: Offer
  image: string
  registryAuth: { server: string | null; username: string; password: string } | null
  environment: Readonly<Record<string, string>>
  ports: readonly { containerPort: number; protocol: 'tcp' | 'udp' | 'http' }[]
  sshPublicKey: string | null
  /** Let in beside it, and only where there is one: alone, a key would change how the image runs. */
  furtherSshKeys?: readonly string[]
  onstartScript: string | null
  /** See `InstanceSecrets`. */
  startCommand?: string
  diskGb: number
  /** System memory that the machine must have, where that can be asked for. */
  minRamGb?: number
  /** On the spot market of a provider with bids: what we offer per hour for the GPUs. */
  bidPerHour: Nanos | null
}

/** What a marketplace keeps of a launch. Its environment values and its credentials are secrets. */
export interface ProviderTemplate {
  name: string
  image: string
  registryAuth: LaunchOrder['registryAuth']
  environment: Readonly<Record<string, string>>
  ports: LaunchOrder['ports']
  diskGb: number | null
  startCommand: string | null
}

export interface Launched {
  externalId: string
  /** Dollars per hour for the GPUs, where the answer tells. */
  pricePerHour: Nanos | null
}

export interface Look {
  machines: Machine[]
  at: Instant
}

export type Sighting =
  | { kind: 'seen'; machine: Machine; at: Instant }
  | { kind: 'absent'; at: Instant }
  | { kind: 'unknown'; at: Instant; why: string }

export interface ProviderBill {
  /**
   * Each says its own stretch, which may reach beyond the period on both sides. Asked again, a line of something that still
   * bills may have grown: it takes the place of the earlier one.
   */
  lines: readonly BillLine[]
  /** What happened after this moment is not on it yet. */
  completeUntil: Instant
}

/** One amount on a marketplace's bill. */
export interface BillLine {
  /** The machine's or the thing's id, or the name that was given at launch; null where the bill does not tell. */
  externalId: string | null
  label: string | null
  /** As far as the bill tells them apart; `all` is everything of that machine in one sum. */
  kind: 'gpu' | 'disk' | 'traffic' | 'all' | 'other'
  from: Instant
  until: Instant
  amount: Nanos
}

export interface SshKey {
  id: string
  name: string | null
  publicKey: string
}

/** `newCode`: the marketplace named a code that its client has not met; the kind is a guess by the status. */
export type ProviderFailure = { newCode?: string } & (
  | { kind: 'no_capacity' } // somebody was quicker: try the next offer
  | { kind: 'outcome_unknown'; externalId?: string } // it may have worked: look before trying again
  | { kind: 'rate_limited'; retryAfterMs: number } // nothing was done
  | { kind: 'unavailable' } // theirs, and nothing was changed: trying again is safe
  | { kind: 'unauthorized' } // our key: trying again cannot help
  | { kind: 'no_money' } // their account is empty or capped: no offer of theirs will work
  | { kind: 'not_now' } // the machine's state forbids it: look, then decide
  | { kind: 'rejected' } // our request: trying again cannot help
  | { kind: 'unexpected_reply' } // their API changed, or we misread it
)

export class ProviderError extends Error {
  readonly provider: ProviderName
  readonly failure: ProviderFailure

  constructor(provider: ProviderName, failure: ProviderFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProviderError'
    this.provider = provider
    this.failure = failure
  }

  get kind(): ProviderFailure['kind'] {
    return this.failure.kind
  }
}
