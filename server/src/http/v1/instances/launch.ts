import { z } from 'zod'
import { type LaunchDeps, type LaunchPlan, launchInstance, planInstance } from '../../../app/launch-instance.ts'
import type { Charge } from '../../../core/charges/charge.ts'
import type { InstanceId } from '../../../core/instances/instance.ts'
import { usdFromNanos } from '../../../core/money.ts'
import { type Answer, route } from '../../route.ts'
import { ExplanationView, explanationView, WarningView, warningView } from '../market/view.ts'
import { OfferView, offerView } from '../offers/view.ts'
import { LaunchBody, launchFrom } from './input.ts'
import { InstanceView, instanceView } from './view.ts'

export const PlanView = z
  .object({
    dry_run: z.literal(true),
    offers: z.array(OfferView).describe('What would be tried, in this order.'),
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

const LaunchHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\u0021-\u007e]{1,255}$/, 'takes 1 to 255 printable characters without blanks')
    .optional()
    .describe('The same key with the same body answers the same instance; with another body, 409.'),
})

export interface Fingerprints {
  /** Tells two bodies apart without keeping them: they hold secrets. */
  fingerprint: (text: string) => string
}

interface Charges {
  charges: { ofInstance(id: InstanceId): Promise<Charge[]> }
}

export const launchInstanceRoute = route({
  operationId: 'launchInstance',
  method: 'POST',
  path: '/api/v1/instances',
  tag: 'instances',
  access: 'operator',
  summary: 'Rent a machine. Answers once the wish is safely written down; follow the instance for the rest.',
  description:
    'With `provider` and `offer_id` that offer is rented; with wishes only, the cheapest that fits, and the next one when somebody was quicker, when its price rose above the cap, or when it does not come up in time. With an `Idempotency-Key` header a repeated call answers the same instance. With `dry_run` the answer is the plan.',
  headers: LaunchHeaders,
  body: LaunchBody,
  reply: {
    status: 201,
    message: 'Instance requested',
    data: z.union([InstanceView, PlanView]),
    more: { warnings: z.array(WarningView) },
  },
  errors: [...errors, 'idempotency_key_reused'],

  async handle({ body, caller, request }, deps: LaunchDeps & Charges & Fingerprints) {
    const input = launchFrom(body)
    if (body.dry_run === true) return planAnswer(await planInstance(input, deps), deps)
    const key = keyFrom(request.headers['idempotency-key'])
    const idempotency =
      key === null ? null : { scope: `launch ${caller.name}`, key, fingerprint: deps.fingerprint(inOrder(body)) }
    const { instance, repeated, warnings } = await launchInstance(input, idempotency, deps)
    const charges = repeated ? await deps.charges.ofInstance(instance.id) : []
    return {
      data: instanceView(instance, { charges, gpus: deps.gpus, now: deps.clock.now() }),
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
  handle: async ({ body }, deps: LaunchDeps) => planAnswer(await planInstance(launchFrom(body), deps), deps),
})

function planAnswer(
  { wish, offers, warnings, explanation }: LaunchPlan,
  deps: LaunchDeps,
): Answer<z.infer<typeof PlanView>> {
  const now = deps.clock.now()
  const [first] = offers
  return {
    message: offers.length === 0 ? 'Nothing on sale fits now' : 'Plan made',
    data: {
      dry_run: true,
      offers: offers.map((planned) => offerView(planned, { model: deps.gpus.find(planned.offer.gpu.model), now })),
      disk_gb: wish.diskGb,
      cheapest_per_hour_usd: first === undefined ? null : usdFromNanos(first.price.total),
      explanation: explanation === null ? null : explanationView(explanation),
    },
    more: { warnings: warnings.map(warningView) },
  }
}

function keyFrom(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null
}

/** Of what is asked, whatever the order of its names. */
function inOrder(body: z.infer<typeof LaunchBody>): string {
  const sorted = (_key: string, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value
  return JSON.stringify(body, sorted)
}
