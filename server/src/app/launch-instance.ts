import type { Bell } from '../core/bell.ts'
import {
  defaultProject,
  type HealthCheck,
  type Instance,
  type InstanceId,
  type InstanceSecrets,
  type Policies,
  type ProjectName,
  type Wish,
} from '../core/instances/instance.ts'
import { reasons } from '../core/instances/status.ts'
import { type Nanos, usdText } from '../core/money.ts'
import { type Explanation, explain } from '../core/offers/explain.ts'
import type { MarketWarning } from '../core/offers/market-view.ts'
import type { ExactProduct } from '../core/offers/match.ts'
import { type Market, type Offer, offerHandleFrom, offerId, offerKey } from '../core/offers/offer.ts'
import type { PlannedOffer } from '../core/offers/plan.ts'
import { filterFromWish, fulfils, interestFromWish, needFromWish, planForWish } from '../core/offers/wish-plan.ts'
import { fundsFor, ownBudget } from '../core/policies/budget.ts'
import { type ProviderName, providerNames, publicProviderNames } from '../core/providers.ts'
import { interruptionsBy, rememberedForMs } from '../core/spot/places.ts'
import { secondMs } from '../core/time.ts'
import type { Providers } from '../providers/provider.ts'
import type { BudgetStore } from '../store/budgets.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'
import { requireFunds } from './budget-gate.ts'
import { AppError } from './errors.ts'
import { type MarketDeps, modelLookup, modelsNamed } from './market.ts'
import {
  type AvoidedOffer,
  avoidedOffers,
  checkSavingWork,
  type Particulars,
  particularsOf,
} from './plan-particulars.ts'
import { checkPolicies } from './policy-checks.ts'
import { projectAsked, type Who } from './who.ts'

export interface LaunchInput {
  provider: ProviderName | null
  /** `provider_id` of an offer, or its id with the provider in front. */
  offerId: string | null
  gpuModels: readonly string[]
  exactly?: ExactProduct
  minVramGb: number | null
  gpuCount: number
  market: Market | 'any'
  maxPricePerHour: Nanos | null
  regions: readonly string[]
  minRamGb: number | null
  minReliability: number | null
  verifiedOnly: boolean
  minCuda: number | null
  diskGb: number
  traffic: Wish['traffic']
  image: string
  ports: Wish['ports']
  sshPublicKey: string | null
  label: string | null
  health: HealthCheck | null
  onInterruption: Wish['onInterruption']
  policies: Policies
  /** null: the caller's own, else `default`. */
  project: ProjectName | null
  /** The template that filled in what the request left out. */
  template?: NonNullable<Wish['template']>
  secrets: InstanceSecrets
}

export interface LaunchPlan {
  wish: Wish
  offers: readonly (PlannedOffer & { particulars: Particulars })[]
  /** Offers that fit and are left out for some minutes. */
  avoided: readonly AvoidedOffer[]
  warnings: readonly MarketWarning[]
  /** Why there is nothing to try; null when there is. */
  explanation: Explanation | null
}

export interface LaunchDeps extends MarketDeps {
  instances: Pick<InstanceStore, 'add' | 'get' | 'madeWith'>
  providers: Providers
  newInstanceId: () => InstanceId
  launches: Pick<LaunchStore, 'interruptions'>
  /** Where machines reach us; undefined: nowhere. */
  publicUrl: string | undefined
  budgets: Pick<BudgetStore, 'refusal'>
  bell: Bell
}

export interface Idempotency {
  scope: string
  key: string
  fingerprint: string
}

/** What a launch would try, in order. Rents nothing and writes nothing down. */
export async function planInstance(input: LaunchInput, deps: LaunchDeps): Promise<LaunchPlan> {
  const wish = wishFrom(input, deps)
  const { warnings, offers, context } = await planned(wish, deps)
  const all = candidates(wish, deps)
  const explanation = offers.length > 0 ? null : explanationOf(wish, all, deps)
  return {
    wish,
    offers: offers.map((one) => ({ ...one, particulars: particularsOf(one.offer, input, context, deps) })),
    avoided: wish.offer === null ? avoidedOffers(all, wish, context) : [],
    warnings,
    explanation,
  }
}

/**
 * Writes a wish down; the reconciler makes it so. A wish that nothing fits now is refused with the reason, before
 * anything is written.
 */
export async function launchInstance(
  input: LaunchInput,
  idempotency: Idempotency | null,
  who: Who,
  deps: LaunchDeps,
): Promise<{ instance: Instance; repeated: boolean; warnings: readonly MarketWarning[] }> {
  const project = projectAsked(who, input.project) ?? defaultProject
  if (idempotency !== null) {
    const earlier = await earlierInstance(idempotency, deps)
    if (earlier !== undefined) return { instance: earlier, repeated: true, warnings: [] }
  }

  const wish = wishFrom(input, deps)
  const { offers, warnings } = await planned(wish, deps)
  const [first] = offers
  if (first === undefined) throw nothingFits(wish, warnings, deps)

  const now = deps.clock.now()
  const instance: Instance = {
    id: deps.newInstanceId(),
    project,
    label: input.label,
    wish: { ...wish, expected: { offer: first.offer, price: first.price.total } },
    wanted: 'up',
    status: 'requested',
    because: 'asked',
    message: null,
    statusSince: now,
    createdAt: now,
    endedAt: null,
    attempt: 0,
    launch: null,
  }
  await requireFunds(instance, ownBudget(instance), fundsFor(first.price.total), deps)
  try {
    await deps.instances.add({
      instance,
      secrets: input.secrets,
      idempotency,
      event: {
        at: now,
        actor: who.actor,
        instanceId: instance.id,
        kind: 'status',
        status: 'requested',
        because: 'asked',
        message: reasons.asked,
        data: { offers: offers.length, cheapest_usd: usdText(first.price.total, 9) },
      },
      dueAt: now,
    })
  } catch (error) {
    // Two calls with one key at the same moment: the other one was written down first.
    const earlier = idempotency && (await earlierInstance(idempotency, deps))
    if (earlier) return { instance: earlier, repeated: true, warnings: [] }
    throw error
  }
  deps.bell.ring()
  return { instance, repeated: false, warnings }
}

/** What this very call made before; undefined: nothing. @throws AppError when the key was used with another request */
export async function earlierInstance(
  { scope, key, fingerprint }: Idempotency,
  { instances }: Pick<LaunchDeps, 'instances'>,
): Promise<Instance | undefined> {
  const made = await instances.madeWith(scope, key)
  if (made === undefined) return undefined
  if (made.fingerprint !== fingerprint) {
    throw new AppError('idempotency_key_reused', `Idempotency-Key ${key} was used with another request before`, {
      fix: 'use a new key for a new request; the same key repeats the same one',
      details: { instance_id: made.instanceId },
    })
  }
  return instances.get(made.instanceId)
}

function wishFrom(input: LaunchInput, deps: LaunchDeps): Wish {
  const provider = checkedProvider(input, deps)
  const offer = input.offerId === null ? null : chosenOffer(input.offerId, provider)
  checkPossible(input, provider, deps.providers)
  checkSavingWork(input, provider, deps.isEnabled, deps)
  return {
    offer,
    provider: offer?.provider ?? provider,
    models: offer === null ? modelsNamed(input.gpuModels, deps.gpus).map((model) => model.name) : [],
    ...(input.exactly !== undefined && { exactly: input.exactly }),
    minVramGb: input.minVramGb,
    gpuCount: input.gpuCount,
    market: offer === null ? input.market : offerHandleFrom(offer.key).market,
    maxPricePerHour: input.maxPricePerHour,
    regions: input.regions,
    minRamGb: input.minRamGb,
    minReliability: input.minReliability,
    verifiedOnly: input.verifiedOnly,
    minCuda: input.minCuda,
    diskGb: input.diskGb,
    traffic: input.traffic,
    image: input.image,
    ports: input.ports,
    sshPublicKey: input.sshPublicKey,
    health: input.health,
    onInterruption: input.onInterruption,
    policies: input.policies,
    environmentNames: Object.keys(input.secrets.environment),
    ...(input.template !== undefined && { template: input.template }),
    expected: null,
  }
}

function checkedProvider({ provider, offerId: offer }: LaunchInput, { providers, isEnabled }: LaunchDeps) {
  if (provider === null) {
    if (offer === null) return null
    throw new AppError('invalid_request', 'offer_id needs provider', { fix: 'send both, as the search showed them' })
  }
  const name = publicProviderNames[provider]
  if (providers.find(provider) === undefined || !isEnabled(provider)) {
    throw new AppError('provider_not_configured', `${name} is not configured here`, {
      fix: 'set its API key, or leave provider out to use the others; GET /api/v1/providers shows which are configured',
      details: { provider: name },
    })
  }
  return provider
}

/** `30114277:spot`, or with the provider in front as `id` shows it: `vast_30114277:spot`. */
function chosenOffer(text: string, provider: ProviderName | null): NonNullable<Wish['offer']> {
  if (provider === null) throw new Error('a chosen offer has a provider')
  const plain = text.startsWith(`${provider}_`) ? text.slice(provider.length + 1) : text
  return { provider, key: offerKey(offerHandleFrom(plain)) }
}

function checkPossible(input: LaunchInput, provider: ProviderName | null, providers: Providers): void {
  if (provider === null) return
  const abilities = providers.find(provider)?.describe().abilities
  const name = publicProviderNames[provider]
  if (abilities === undefined) return
  checkPolicies(input.policies, provider, abilities)
  if (input.market === 'spot' && !abilities.hasSpot) {
    throw new AppError('not_possible_here', `${name} has no spot market`, {
      fix: 'ask for on_demand or any, or another provider',
      details: { provider: name },
    })
  }
  if (!abilities.udpPorts && input.ports.some((port) => port.protocol === 'udp')) {
    throw new AppError('not_possible_here', `${name} publishes no UDP ports`, {
      fix: 'use tcp, or another provider',
      details: { provider: name },
    })
  }
}

async function planned(wish: Wish, deps: LaunchDeps) {
  const warnings = await deps.market.freshen(interestFromWish(wish), { maxAgeMs: 60 * secondMs, waitMs: 10 * secondMs })
  const now = deps.clock.now()
  const interruptions = interruptionsBy(await deps.launches.interruptions(now - rememberedForMs))
  const context = { now, modelNamed: modelLookup(deps.gpus), penalties: deps.penalties, interruptions }
  const offers = planForWish(candidates(wish, deps), wish, context)
  const chosen = wish.offer
  if (chosen === null) {
    const [silent] = warnings
    if (offers.length === 0 && silent !== undefined && nobodyAnswered(wish, warnings, deps)) throw unheardOf(silent)
    return { offers, warnings, context }
  }
  const [only] = offers
  if (only === undefined) {
    const silent = warnings.find((warning) => warning.provider === chosen.provider && isSilent(warning))
    if (silent !== undefined) throw unheardOf(silent)
    const name = publicProviderNames[chosen.provider]
    throw new AppError('offer_gone', `${name} does not list offer ${chosen.key} any more`, {
      fix: 'search again and choose another; offers of marketplaces change by the minute',
      details: { provider: name, offer_id: chosen.key },
    })
  }
  if (!fulfils(only.offer, wish, context)) {
    throw new AppError('no_offer', explanationOf(wish, [only.offer], deps).sentence, {
      fix: 'choose another offer, or ask for less',
      details: { offer_id: offerId(only.offer) },
    })
  }
  return { offers, warnings, context }
}

/** What we could rent from: a provider that is switched off, or has no key any more, may still be in the index. */
function candidates({ offer: chosen }: Wish, { index, isEnabled, providers }: LaunchDeps): Offer[] {
  if (chosen !== null) {
    const offer = index.get(offerId({ provider: chosen.provider, ...offerHandleFrom(chosen.key) }))
    return offer === undefined ? [] : [offer]
  }
  const usable = new Set(providerNames.filter((name) => isEnabled(name) && providers.find(name) !== undefined))
  return index.all().filter((offer) => usable.has(offer.provider))
}

/** Silence is not absence: where nobody who was asked has shown anything, nothing is known about what is on sale. */
function nobodyAnswered(wish: Wish, warnings: readonly MarketWarning[], deps: LaunchDeps): boolean {
  const silent = new Set(warnings.filter(isSilent).map((warning) => warning.provider))
  const asked = providerNames.filter(
    (name) =>
      (wish.provider === null || wish.provider === name) &&
      deps.isEnabled(name) &&
      deps.providers.find(name) !== undefined,
  )
  const heardOf = candidates(wish, deps).some((offer) => asked.includes(offer.provider))
  return !heardOf && asked.length > 0 && asked.every((name) => silent.has(name))
}

function isSilent({ kind }: MarketWarning): boolean {
  return kind === 'down' || kind === 'slow'
}

function unheardOf({ provider, message }: MarketWarning): AppError {
  return new AppError('provider_unavailable', message, {
    fix: 'try again in a minute, or ask for another provider; nothing was rented',
    details: { provider: publicProviderNames[provider] },
  })
}

function explanationOf(wish: Wish, offers: readonly Offer[], deps: LaunchDeps): Explanation {
  const context = { now: deps.clock.now(), need: needFromWish(wish), modelNamed: modelLookup(deps.gpus) }
  return explain(offers, filterFromWish(wish), context)
}

function nothingFits(wish: Wish, warnings: readonly MarketWarning[], deps: LaunchDeps): AppError {
  const explanation = explanationOf(wish, candidates(wish, deps), deps)
  const why =
    explanation.left > 0 ? 'the offers that fit failed lately and are avoided for some minutes' : explanation.sentence
  const unheard = warnings.length === 0 ? '' : `; ${warnings.map((one) => one.message).join('; ')}`
  return new AppError('no_offer', `nothing on sale fits: ${why}${unheard}`, {
    fix: `${adviceFor(explanation.emptiedBy)}; POST /api/v1/instances/plan tries a request without renting`,
    details: {
      filters: explanation.filters.map(({ leftWithout, ...one }) => ({ ...one, left_without: leftWithout })),
      emptied_by: explanation.emptiedBy,
      warnings: warnings.map((one) => one.message),
    },
  })
}

/** What to change is what emptied the result. */
function adviceFor(emptiedBy: readonly string[]): string {
  if (emptiedBy.length === 0) return 'try again in some minutes, or ask for another GPU'
  if (emptiedBy.every((name) => name === 'available'))
    return 'nothing of it is free now: try again later, or ask for another GPU'
  const [first = ''] = emptiedBy
  return emptiedBy.length === 1 ? `change ${first}` : `change one of ${emptiedBy.join(', ')}`
}
