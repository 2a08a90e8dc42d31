import { z } from 'zod'
import {
  type ActionDeps,
  restartInstance,
  startInstance,
  stopInstance,
  type TerminateOptions,
  terminateInstance,
} from '../../../app/instances.ts'
import type { Who } from '../../../app/who.ts'
import type { Instance } from '../../../core/instances/instance.ts'
import { route } from '../../route.ts'
import { InstanceParams } from '../inputs.ts'
import { type ShownDeps, shown } from './shown.ts'
import { InstanceView } from './view.ts'

export type ActDeps = ActionDeps & ShownDeps

/** What only some of them take. */
type ActQuery = TerminateOptions

const NoBody = z.strictObject({}).nullish()

function action(options: {
  operationId: string
  method: 'POST' | 'DELETE'
  path: string
  summary: string
  description?: string
  message: string
  query?: z.ZodType<ActQuery>
  act: (id: string, who: Who, deps: ActDeps, query: ActQuery) => Promise<Instance>
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
      'budget_spent',
      'provider_not_configured',
      'provider_unavailable',
      'provider_refused',
    ],
    async handle({ params, query, caller, who }, deps: ActDeps) {
      return { data: await shown(await act(params.id, who, deps, query), caller, deps) }
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
  query: z.strictObject({
    force: z
      .enum(['true', 'false'])
      .transform((text) => text === 'true')
      .optional()
      .describe('true: at once, without running its checkpoint command or waiting for it.'),
  }),
  act: terminateInstance,
})
