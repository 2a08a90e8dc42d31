import { type DeadManHere, deadManAt } from '../core/dead-man/possible.ts'
import type { Policies, Wish } from '../core/instances/instance.ts'
import type { Offer } from '../core/offers/offer.ts'
import { fulfils, type WishContext } from '../core/offers/wish-plan.ts'
import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import { type Interruptions, isBanned, noInterruptions, whyAvoided } from '../core/spot/places.ts'
import type { Instant } from '../core/time.ts'
import type { Abilities, Providers } from '../providers/provider.ts'
import { AppError } from './errors.ts'

/** What a person should know before renting this offer. */
export interface Particulars {
  diskSurvives: Abilities['diskSurvives'] | null
  /** Why it is ranked lower than its price: `ranked lower: interrupted 12 min ago`. */
  avoided: string | null
  /** null: none was asked for. */
  deadMan: DeadManHere | null
}

export interface AvoidedOffer {
  offer: Offer
  why: string
}

export interface ParticularsDeps {
  providers: Providers
  /** Where machines reach us; undefined: nowhere. */
  publicUrl: string | undefined
}

interface Asked {
  policies: Policies
  sshPublicKey: string | null
  secrets: { onstartScript: string | null }
}

export function particularsOf(
  offer: Offer,
  asked: Asked,
  { interruptions, now }: { interruptions: Interruptions; now: Instant },
  deps: ParticularsDeps,
): Particulars {
  return {
    diskSurvives: deps.providers.find(offer.provider)?.describe().abilities.diskSurvives ?? null,
    avoided: whyAvoided(offer, interruptions, now),
    deadMan: deadManHere(offer.provider, asked, deps),
  }
}

/** Offers that fit and are left out for some minutes, because machines were taken back there. */
export function avoidedOffers(offers: readonly Offer[], wish: Wish, context: WishContext): AvoidedOffer[] {
  const { interruptions = noInterruptions, now } = context
  if (interruptions.size === 0) return []
  return offers
    .filter((offer) => isBanned(offer, interruptions, now) && fulfils(offer, wish, context))
    .map((offer) => ({ offer, why: whyAvoided(offer, interruptions, now) ?? '' }))
}

/**
 * What was asked for has to be possible where it is asked for; where it is open, somewhere.
 *
 * @throws AppError with the reason and what to do
 */
export function checkSavingWork(
  asked: Asked,
  provider: ProviderName | null,
  isUsable: (name: ProviderName) => boolean,
  deps: ParticularsDeps,
): void {
  if (asked.policies.checkpoint !== null) requireSsh(asked)
  if (asked.policies.deadManMs === null) return
  const names =
    provider === null
      ? deps.providers
          .all()
          .map(({ name }) => name)
          .filter(isUsable)
      : [provider]
  const answers = names.map((name) => ({ name, here: deadManHere(name, asked, deps) }))
  const refused = answers.flatMap(({ name, here }) => (here === null || here.possible ? [] : [{ name, here }]))
  // What the caller can change is of more use than what no marketplace can do.
  const closest = refused.find(({ here }) => here.in !== 'marketplace') ?? refused[0]
  if (closest === undefined || refused.length < answers.length) return
  const name = publicProviderNames[closest.name]
  throw new AppError('not_possible_here', `a dead-man switch is not possible here (${name}): ${closest.here.why}`, {
    fix: closest.here.fix,
    details: { provider: name },
  })
}

/** @throws AppError where a checkpoint could never sign in */
export function requireSsh({ sshPublicKey }: Pick<Asked, 'sshPublicKey'>): void {
  if (sshPublicKey !== null) return
  throw new AppError(
    'invalid_request',
    'policies.checkpoint: the command runs over SSH, and the machine is launched without ssh_public_key',
    { fix: 'launch with ssh_public_key; gpufleet adds a key of its own beside it' },
  )
}

function deadManHere(
  provider: ProviderName,
  { policies, sshPublicKey, secrets }: Asked,
  { providers, publicUrl }: ParticularsDeps,
): DeadManHere | null {
  if (policies.deadManMs === null) return null
  const ability = providers.find(provider)?.describe().abilities.deadMan
  return deadManAt({
    provider,
    ability: ability ?? { possible: false, why: 'the provider is not configured here' },
    runsScript: sshPublicKey !== null || secrets.onstartScript !== null,
    hasPublicUrl: publicUrl !== undefined,
  })
}
