import { z } from 'zod'
import { type AdoptDeps, adoptInstance } from '../../../app/adopt-instance.ts'
import { type ReleaseDeps, releaseInstance } from '../../../app/release-instance.ts'
import type { Charge } from '../../../core/charges/charge.ts'
import type { GpuCatalogue } from '../../../core/gpus/gpu.ts'
import type { InstanceId } from '../../../core/instances/instance.ts'
import { route } from '../../route.ts'
import { InstanceParams, Project, providerFrom } from '../inputs.ts'
import { InstanceView, instanceView } from '../instances/view.ts'

interface ViewDeps {
  gpus: Pick<GpuCatalogue, 'find'>
  charges: { ofInstance(id: InstanceId): Promise<Charge[]> }
}

/** One line for people, and for a marketplace's path. */
const Line = z
  .string()
  .trim()
  .min(1)
  .regex(/^\P{Cc}+$/u, 'is text without control characters')

const AdoptBody = z
  .strictObject({
    provider: z.string().max(40),
    machine_id: Line.max(120).describe('The marketplace’s own id of the machine.'),
    account: Line.max(60).optional().describe('`main` or `second`; without it, whichever has the machine.'),
    label: Line.max(120).optional(),
    project: Project.optional(),
  })
  .meta({ id: 'AdoptRequest' })

export const adoptInstanceRoute = route({
  operationId: 'adoptInstance',
  method: 'POST',
  path: '/api/v1/instances/adopt',
  tag: 'instances',
  access: 'admin',
  summary: 'Take over a machine that was not launched from here: it becomes an instance like any other.',
  description:
    'Its image, its disk’s size and its environment are not known, so it is not replaced when it is lost. Takes a key of all projects.',
  body: AdoptBody,
  reply: { status: 201, message: 'Machine adopted', data: InstanceView },
  errors: [
    'forbidden',
    'not_found',
    'not_allowed_now',
    'not_possible_here',
    'provider_not_configured',
    'provider_unavailable',
    'provider_refused',
    'provider_unreadable',
  ],
  async handle({ body, who }, deps: AdoptDeps & ViewDeps) {
    const { provider, machine_id: machineId, account, label, project } = body
    const instance = await adoptInstance(
      {
        provider: providerFrom(provider),
        machineId,
        ...(account !== undefined && { account }),
        ...(label !== undefined && { label }),
        ...(project !== undefined && { project }),
      },
      who,
      deps,
    )
    const charges = await deps.charges.ofInstance(instance.id)
    return { data: instanceView(instance, { charges, gpus: deps.gpus, now: deps.clock.now() }) }
  },
})

const ReleaseBody = z
  .strictObject({
    confirm: z.literal(true, { error: 'takes true: from then on nobody looks after the machine' }),
    reason: Line.max(500).describe('How you know that the machine is gone. It stays in the events.'),
  })
  .meta({ id: 'ReleaseRequest' })

export const releaseInstanceRoute = route({
  operationId: 'releaseInstance',
  method: 'POST',
  path: '/api/v1/instances/:id/release',
  tag: 'instances',
  access: 'admin',
  summary: 'Say that its machine is gone, where no key shows it any more.',
  description:
    'For machines of an account whose key was taken away. While the marketplace can be asked, only its word counts, and this is refused.',
  params: InstanceParams,
  body: ReleaseBody,
  reply: { status: 200, message: 'Machine released', data: InstanceView },
  errors: ['not_found', 'not_allowed_now', 'provider_unavailable', 'provider_refused', 'provider_unreadable'],
  async handle({ params, body, who }, deps: ReleaseDeps & ViewDeps) {
    const instance = await releaseInstance(params.id, body.reason, who, deps)
    const charges = await deps.charges.ofInstance(instance.id)
    return { data: instanceView(instance, { charges, gpus: deps.gpus, now: deps.clock.now() }) }
  },
})
