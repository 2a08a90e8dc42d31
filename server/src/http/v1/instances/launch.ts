import { z } from 'zod'
import {
  earlierInstance,
  type LaunchDeps,
  type LaunchPlan,
  launchInstance,
  planInstance,
} from '../../../app/launch-instance.ts'
import { findTemplate, listTemplates, type TemplateDeps } from '../../../app/templates.ts'
import { usdFromNanos } from '../../../core/money.ts'
import { offerId } from '../../../core/offers/offer.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { type Fingerprints, idempotencyKeyOf, inOrder } from '../../idempotency.ts'
import { invalidRequest } from '../../problem.ts'
import { type Answer, route } from '../../route.ts'
import { ExplanationView, explanationView, WarningView, warningView } from '../market/view.ts'
import { OfferView, offerView } from '../offers/view.ts'
import { LaunchBody, type LaunchRequest, launchFrom } from './input.ts'
import { type ShownDeps, shown } from './shown.ts'
import { InstanceView } from './view.ts'

export const PlannedOfferView = OfferView.extend({
  disk_survives_interruption: z
    .boolean()
    .describe('Whether its disk is still there when the marketplace has taken the machine.'),
  disk_survives_stop: z.boolean(),
  avoided: z
    .string()
    .nullable()
    .describe('Why it is ranked lower than its price: machines were taken back there lately.'),
  dead_man: z
    .object({ possible: z.boolean(), why: z.string().nullable() })
    .nullable()
    .describe('Whether the machine can end itself when it does not hear of us; null: not asked for.'),
}).meta({ id: 'PlannedOffer' })

export const PlanView = z
  .object({
    dry_run: z.literal(true),
    offers: z.array(PlannedOfferView).describe('What would be tried, in this order.'),
    avoided: z
      .array(z.object({ id: z.string(), provider: z.string(), why: z.string() }))
      .describe('Offers that fit and are not rented for some minutes, because machines were taken back there.'),
    disk_gb: z.number(),
    cheapest_per_hour_usd: z.string().nullable(),
    explanation: ExplanationView.nullable().describe('Why there is nothing to try; null when there is.'),
  })
  .meta({ id: 'LaunchPlan' })

const errors = [
  'unknown_gpu',
  'provider_not_configured',
  'not_possible_here',
  'offer_gone',
  'no_offer',
  'malformed_json',
  'provider_unavailable',
] as const

export const launchInstanceRoute = route({
  operationId: 'launchInstance',
  method: 'POST',
  path: '/api/v1/instances',
  tag: 'instances',
  access: 'operator',
  summary: 'Rent a machine. Answers once the wish is safely written down; follow the instance for the rest.',
  description:
    'With `provider` and `offer_id` that offer is rented; with wishes only, the cheapest that fits, and the next one when somebody was quicker, when its price rose above the cap, or when it does not come up in time. With an `Idempotency-Key` header a repeated call answers the same instance. With `dry_run` the answer is the plan.',
  keepsItsOwnIdempotencyKey: true,
  body: LaunchBody,
  reply: {
    status: 201,
    message: 'Instance requested',
    data: z.union([InstanceView, PlanView]),
    more: { warnings: z.array(WarningView) },
  },
  errors: [...errors, 'budget_spent', 'idempotency_key_reused'],

  async handle({ body, caller, who, request }, deps: LaunchDeps & ShownDeps & Fingerprints & TemplateDeps) {
    if (body.dry_run === true) return planAnswer(await planInstance(await launchAsked(body, deps), deps), deps)
    const key = idempotencyKeyOf(request)
    const idempotency =
      key === null ? null : { scope: `launch ${caller.id}`, key, fingerprint: deps.fingerprint(inOrder(body)) }
    // First of all: its template may be another one by now, or gone.
    const earlier = idempotency && (await earlierInstance(idempotency, deps))
    const { instance, repeated, warnings } = earlier
      ? { instance: earlier, repeated: true, warnings: [] }
      : await launchInstance(await launchAsked(body, deps), idempotency, who, deps)
    return {
      data: await shown(instance, caller, deps),
      ...(repeated && { message: 'Instance was requested before with this Idempotency-Key' }),
      more: { warnings: warnings.map(warningView) },
    }
  },
})

export const planInstanceRoute = route({
  operationId: 'planInstance',
  method: 'POST',
  path: '/api/v1/instances/plan',
  tag: 'instances',
  access: 'viewer',
  summary: 'What a launch would try, in order. Rents nothing.',
  body: LaunchBody,
  reply: { status: 200, message: 'Plan made', data: PlanView, more: { warnings: z.array(WarningView) } },
  errors,
  handle: async ({ body }, deps: LaunchDeps & TemplateDeps) =>
    planAnswer(await planInstance(await launchAsked(body, deps), deps), deps),
})

async function launchAsked(body: LaunchRequest, deps: TemplateDeps) {
  if (body.template === undefined) return launchFrom(body)
  const template = await findTemplate(body.template, deps)
  if (template !== undefined) return launchFrom(body, template)
  const names = (await listTemplates(deps)).map(({ name }) => name).join(', ')
  throw invalidRequest([{ field: 'template', problem: `${body.template} is none; there are ${names}` }])
}

function planAnswer(
  { wish, offers, avoided, warnings, explanation }: LaunchPlan,
  deps: LaunchDeps,
): Answer<z.infer<typeof PlanView>> {
  const now = deps.clock.now()
  const [first] = offers
  return {
    message: offers.length === 0 ? 'Nothing on sale fits now' : 'Plan made',
    data: {
      dry_run: true,
      offers: offers.map(({ particulars: { diskSurvives, avoided, deadMan }, ...planned }) => ({
        ...offerView(planned, { model: deps.gpus.find(planned.offer.gpu.model), now }),
        disk_survives_interruption: diskSurvives?.interruption ?? false,
        disk_survives_stop: diskSurvives?.stop ?? false,
        avoided,
        dead_man: deadMan && {
          possible: deadMan.possible,
          why: deadMan.possible ? null : `not possible here: ${deadMan.why}`,
        },
      })),
      avoided: avoided.map(({ offer, why }) => ({
        id: offerId(offer),
        provider: publicProviderNames[offer.provider],
        why,
      })),
      disk_gb: wish.diskGb,
      cheapest_per_hour_usd: first === undefined ? null : usdFromNanos(first.price.total),
      explanation: explanation === null ? null : explanationView(explanation),
    },
    more: { warnings: warnings.map(warningView) },
  }
}
