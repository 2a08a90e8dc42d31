import { z } from 'zod'
import {
  type ActionDeps,
  restartInstance,
  startInstance,
  stopInstance,
  terminateInstance,
} from '../../../app/instances.ts'
import type { Charge } from '../../../core/charges/charge.ts'
import type { GpuCatalogue } from '../../../core/gpus/gpu.ts'
import type { Instance, InstanceId } from '../../../core/instances/instance.ts'
import { route } from '../../route.ts'
import { InstanceParams } from '../inputs.ts'
import { InstanceView, instanceView } from './view.ts'

export type ActDeps = ActionDeps & {
  gpus: Pick<GpuCatalogue, 'find'>
  charges: { ofInstance(id: InstanceId): Promise<Charge[]> }
}

const NoBody = z.strictObject({}).nullish()

function action(options: {
  operationId: string
  method: 'POST' | 'DELETE'
  path: string
  summary: string
  description?: string
  message: string
  act: (id: string, deps: ActDeps) => Promise<Instance>
}) {
  const { act, message, ...spec } = options
  return route({
    ...spec,
    tag: 'instances',
    access: 'operator',
    params: InstanceParams,
    body: NoBody,
    bodyOptional: true,
    reply: { status: 200, message, data: InstanceView },
    errors: [
      'not_found',
      'not_allowed_now',
      'not_possible_here',
      'provider_not_configured',
      'provider_unavailable',
      'provider_refused',
    ],
    async handle({ params }, deps: ActDeps) {
      const instance = await act(params.id, deps)
      const charges = await deps.charges.ofInstance(instance.id)
      return { data: instanceView(instance, { charges, gpus: deps.gpus, now: deps.clock.now() }) }
    },
  })
}

export const startInstanceRoute = action({
  operationId: 'startInstance',
  method: 'POST',
  path: '/api/v1/instances/:id/start',
  summary: 'Start a stopped instance again, on its disk.',
  message: 'Instance started successfully',
  act: startInstance,
})

export const stopInstanceRoute = action({
  operationId: 'stopInstance',
  method: 'POST',
  path: '/api/v1/instances/:id/stop',
  summary: 'Stop it and keep its disk, where the marketplace can. The disk is still billed.',
  message: 'Instance stopped successfully',
  act: stopInstance,
})

export const restartInstanceRoute = action({
  operationId: 'restartInstance',
  method: 'POST',
  path: '/api/v1/instances/:id/restart',
  summary: 'Restart the machine in place.',
  message: 'Instance restarted successfully',
  act: restartInstance,
})

export const terminateInstanceRoute = action({
  operationId: 'terminateInstance',
  method: 'DELETE',
  path: '/api/v1/instances/:id',
  summary: 'End it for good, with its disk.',
  description: 'Answers once the wish is written down; `terminated` follows when the marketplace has confirmed it.',
  message: 'Instance destroyed successfully',
  act: terminateInstance,
})
