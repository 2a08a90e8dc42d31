/** Creating in the words of contract 002: a product by its name, a template by its id, the lowest spot price. */

import { type Instance, noPolicies, type ProjectName } from '../core/instances/instance.ts'
import { isSamePlace, novitaRegionCodes, placeOf } from '../core/novita-face/regions.ts'
import type { NovitaRequest } from '../core/novita-face/request.ts'
import type { NovitaFaceSettings } from '../core/novita-face/settings.ts'
import type { MarketInterest, MarketWarning } from '../core/offers/market-view.ts'
import type { Offer } from '../core/offers/offer.ts'
import { providerPenalty } from '../core/offers/wish-plan.ts'
import { type Instant, minuteMs, secondMs } from '../core/time.ts'
import type { BreakerState } from '../outbound/breaker.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { NovitaRequestStore } from '../store/novita-face.ts'
import { AppError, appErrorFrom } from './errors.ts'
import {
  earlierInstance,
  type Idempotency,
  type LaunchDeps,
  type LaunchInput,
  launchInstance,
} from './launch-instance.ts'
import { type NovitaTemplate, type NovitaTemplateDeps, novitaTemplate } from './novita-template.ts'
import { requireReachable } from './webhook-address.ts'
import type { Who } from './who.ts'

export interface NovitaLaunchInput {
  name: string
  productName: string
  templateId: string
  gpuNum: number | null
  rootfsSize: number | null
  region: string | null
  webhookUrl: string | null
  billingMode: 'spot' | 'onDemand'
}

export type NovitaLaunchDeps = LaunchDeps &
  NovitaTemplateDeps & {
    instances: LaunchDeps['instances'] & Pick<InstanceStore, 'list'>
    novitaRequests: Pick<NovitaRequestStore, 'add' | 'remove' | 'ofInstances'>
    novita: NovitaFaceSettings
    webhooksMayStayInside: boolean
    breakerOf: (provider: 'novita', account: string) => BreakerState
  }

/** An older failure is not why Novita is avoided now. */
const refusalCountsMs = 10 * minuteMs

export interface NovitaLaunched {
  instance: Instance
  request: NovitaRequest | undefined
}

/**
 * Product and template are looked up before anything is written down, so that what is wrong with them is said at once; the
 * renting goes on by itself.
 */
export async function launchForNovita(
  input: NovitaLaunchInput,
  idempotency: Idempotency | null,
  who: Who,
  deps: NovitaLaunchDeps,
): Promise<NovitaLaunched> {
  const { novita, clock } = deps
  // Before all else: what was rented by this very call is not refused because the marketplace is silent now.
  const earlier = idempotency === null ? undefined : await earlierInstance(idempotency, deps)
  if (earlier !== undefined) return withRequest(earlier, deps)
  requireMarketplace(deps)
  if (input.webhookUrl !== null) requireWebhook(input.webhookUrl, deps)
  const region = (input.region ?? novita.defaultRegion).toUpperCase()
  const gpuNum = input.gpuNum ?? novita.defaultGpuCount
  const diskGb = input.rootfsSize ?? novita.defaultRootfsGb
  const wanted = { ...input, region, gpuNum, diskGb }
  const [product, template] = await settledBoth(
    productWish(wanted, deps),
    novitaTemplate(input.templateId, deps).catch((error: unknown) => {
      throw refusalFrom(error, deps)
    }),
  )

  const id = deps.newInstanceId()
  const madeAt = clock.now()
  const request: NovitaRequest = {
    instanceId: id,
    name: input.name,
    productName: input.productName,
    templateId: input.templateId,
    region,
    webhookUrl: input.webhookUrl ?? novita.webhookUrl ?? null,
    madeAt,
    deadlineAt: madeAt + novita.startupTimeoutMs,
    outcome: null,
    outcomeAt: null,
    message: null,
    endAskedAt: null,
    toldAt: null,
  }
  await deps.novitaRequests.add(request)
  const launch = launchInputFrom(wanted, product, template, who.project)
  const { instance, repeated } = await launchInstance(launch, idempotency, who, {
    ...deps,
    newInstanceId: () => id,
  }).catch(async (error: unknown) => {
    await deps.novitaRequests.remove(id)
    throw await nothingRented(error, wanted, who, deps)
  })
  if (!repeated) return { instance, request }
  await deps.novitaRequests.remove(id)
  return withRequest(instance, deps)
}

async function withRequest(instance: Instance, { novitaRequests }: NovitaLaunchDeps): Promise<NovitaLaunched> {
  return { instance, request: (await novitaRequests.ofInstances([instance.id])).get(instance.id) }
}

type Wanted = NovitaLaunchInput & { region: string; gpuNum: number; diskGb: number }
type ProductWish = Pick<LaunchInput, 'provider' | 'gpuModels' | 'market' | 'regions'> & Pick<LaunchInput, 'exactly'>

function launchInputFrom(
  wanted: Wanted,
  product: ProductWish,
  template: NovitaTemplate,
  project: ProjectName | null,
): LaunchInput {
  return {
    ...product,
    ...(runsAtNovitaAlone(template) && { provider: 'novita' }),
    ...(template.ours !== null && { template: template.ours }),
    offerId: null,
    minVramGb: null,
    gpuCount: wanted.gpuNum,
    maxPricePerHour: null,
    minRamGb: null,
    minReliability: null,
    verifiedOnly: false,
    minCuda: null,
    diskGb: wanted.diskGb,
    traffic: { uploadGbPerHour: 0, downloadGbPerHour: 0 },
    image: template.image,
    ports: template.ports,
    sshPublicKey: null,
    label: wanted.name,
    health: template.health,
    onInterruption: 'relaunch',
    policies: noPolicies,
    project,
    secrets: {
      environment: template.environment,
      registryAuth: template.registryAuth,
      onstartScript: template.onstartScript,
      ...(template.startCommand !== null && { startCommand: template.startCommand }),
    },
  }
}

/** Other marketplaces have no start command, and a login that is kept at Novita is for Novita's machines. */
function runsAtNovitaAlone({ ours, startCommand, registryAuth }: NovitaTemplate): boolean {
  return ours === null && (startCommand !== null || registryAuth !== null)
}

/** @throws AppError when nobody knows a product of that name, or Novita does not answer */
async function productWish(wanted: Wanted, deps: NovitaLaunchDeps): Promise<ProductWish> {
  if (deps.novita.provider === 'any') return anywhere(wanted)
  const market = wanted.billingMode === 'spot' ? 'spot' : 'on_demand'
  const interest: MarketInterest = {
    providers: ['novita'],
    models: [],
    markets: [market],
    gpuCount: null,
    minVramGb: null,
    diskGb: wanted.diskGb,
  }
  const warnings = await deps.market.freshen(interest, { maxAgeMs: 60 * secondMs, waitMs: 10 * secondMs })
  const offers = deps.index.all().filter((offer) => offer.provider === 'novita')
  const silent = warnings.find(({ kind }) => kind === 'down' || kind === 'slow')
  if (offers.length === 0 && silent !== undefined) throw unheardOf(silent, deps)
  // What is known goes on being sold while the marketplace is silent for a moment, but not while it refuses our key.
  if (silent?.isRefusal === true) throw unheardOf(silent, deps)

  requireRegion(wanted.region, offers)
  const named = offers.filter(({ gpu }) => gpu.spelling.toLowerCase() === wanted.productName.toLowerCase())
  const [known] = named
  if (known === undefined) throw unknownProduct(wanted.productName, offers)
  const place = offers.some((offer) => isSamePlace(placeOf(offer), wanted.region))
  return {
    provider: 'novita',
    gpuModels: [],
    market,
    // A code of a place that Novita has not shown means the part of the world that it names.
    regions: place ? [] : [wanted.region],
    exactly: { spelling: known.gpu.spelling, ...(place && { place: wanted.region }) },
  }
}

/** Other marketplaces know neither Novita's names nor its places: the GPU is what is meant, wherever it is not said. */
function anywhere({ productName, region: _, ...wanted }: Wanted): ProductWish {
  return {
    provider: null,
    gpuModels: [productName],
    market: wanted.billingMode === 'spot' ? 'any' : 'on_demand',
    regions: [],
  }
}

function requireMarketplace({ novita, providers, isEnabled }: NovitaLaunchDeps): void {
  if (novita.provider === 'any' || (isEnabled('novita') && providers.find('novita') !== undefined)) return
  throw new AppError('provider_not_configured', 'Novita is not configured here', {
    fix: 'set NOVITA_API_KEY, or NOVITA_FACE_PROVIDER=any to rent from any marketplace that is',
  })
}

function requireWebhook(url: string, { webhooksMayStayInside }: NovitaLaunchDeps): void {
  try {
    requireReachable(url, { allowPrivate: webhooksMayStayInside })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new AppError(error.code, error.message, {
      fix: error.fix,
      details: { mistakes: [{ field: 'webhookUrl', problem: error.message }] },
    })
  }
}

function requireRegion(region: string, offers: readonly Offer[]): void {
  const known = new Set([...novitaRegionCodes, ...offers.map((offer) => placeOf(offer).toUpperCase())])
  if (known.has(region)) return
  const problem = `${region} is not a region; there are ${[...known].join(', ')}`
  throw new AppError('invalid_request', problem, {
    fix: 'name one of them, or leave it out',
    details: { mistakes: [{ field: 'region', problem }] },
  })
}

function unknownProduct(name: string, offers: readonly Offer[]): AppError {
  const names = [...new Set(offers.map(({ gpu }) => gpu.spelling))].sort()
  return new AppError('not_found', `Novita has no product ${name}`, {
    fix: `it sells ${names.join(', ')}`,
    details: { what: 'product', field: 'productName', known: names },
  })
}

function unheardOf(warning: MarketWarning, deps: NovitaLaunchDeps): AppError {
  if (warning.isRefusal === true) {
    return new AppError('provider_refused', warning.message, {
      fix: 'check NOVITA_API_KEY and the account’s balance',
      details: {
        provider: 'novita',
        kind: /unauthori[sz]ed|HTTP 40[13]/i.test(warning.message) ? 'unauthorized' : 'no_money',
      },
    })
  }
  return new AppError('provider_unavailable', warning.message, {
    fix: 'try again in a minute; nothing was rented',
    details: { provider: 'novita', ...breakerDetails(deps) },
  })
}

function refusalFrom(error: unknown, deps: NovitaLaunchDeps): unknown {
  const known = appErrorFrom(error)
  if (!(known instanceof AppError) || known.code !== 'provider_unavailable') return known
  return new AppError(known.code, known.message, {
    fix: known.fix,
    details: { ...known.details, ...breakerDetails(deps) },
  })
}

function breakerDetails({ breakerOf }: NovitaLaunchDeps) {
  return breakerOf('novita', 'main') === 'closed' ? {} : { breaker: 'open' }
}

/** Nothing fits because Novita refused what came before: then that is why, and not what was asked for. */
async function nothingRented(error: unknown, wanted: Wanted, who: Who, deps: NovitaLaunchDeps): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'no_offer') return refusalFrom(error, deps)
  const avoidedUntil: Instant = deps.penalties.get(providerPenalty('novita')) ?? Number.NEGATIVE_INFINITY
  if (deps.novita.provider === 'any' || avoidedUntil <= deps.clock.now()) {
    return deps.novita.provider === 'any' ? error : notAvailable(wanted, deps)
  }
  return new AppError(
    'provider_refused',
    `Novita refused a creation lately, and is not asked again for some minutes${await lastRefusal(who, deps)}`,
    { fix: 'look at the account’s balance and quotas at Novita', details: { provider: 'novita', kind: 'no_money' } },
  )
}

/** What Novita said to the caller's own project; what others met is not theirs to read. */
async function lastRefusal({ project }: Who, { instances, novitaRequests, clock }: NovitaLaunchDeps): Promise<string> {
  const [refused] = await instances.list({
    provider: 'novita',
    statuses: ['failed'],
    ...(project !== null && { project }),
    limit: 1,
  })
  if (refused === undefined || (refused.endedAt ?? refused.statusSince) < clock.now() - refusalCountsMs) return ''
  const message = (await novitaRequests.ofInstances([refused.id])).get(refused.id)?.message ?? refused.message
  return message === null ? '' : `: ${message}`
}

function notAvailable({ productName, region, gpuNum, billingMode }: Wanted, { index }: NovitaLaunchDeps): AppError {
  const elsewhere = index
    .all()
    .filter((offer) => offer.provider === 'novita' && offer.available && offer.gpu.count === gpuNum)
    .filter((offer) => offer.market === (billingMode === 'spot' ? 'spot' : 'on_demand'))
    .filter(({ gpu }) => gpu.spelling.toLowerCase() === productName.toLowerCase())
  const places = [...new Set(elsewhere.map(placeOf))].filter((place) => !isSamePlace(place, region)).sort()
  return new AppError('no_offer', `${productName} with ${gpuNum} GPUs is not available in ${region} now`, {
    fix:
      places.length === 0
        ? 'try again in some minutes, or ask for another product'
        : `it is available in ${places.join(', ')}`,
    details: { field: 'productName', region, available_in: places },
  })
}

/** Both to their end, so that none fails unheard; the first trouble counts. */
async function settledBoth<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([one, other])
  if (first.status === 'rejected') throw first.reason
  if (second.status === 'rejected') throw second.reason
  return [first.value, second.value]
}
