import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { InfraVastDeps as VerbDeps } from '../../../app/infra-vast.ts'
import { powerOff, powerOn } from '../../../app/infra-vast-power.ts'
import { powerActivity, powerAudit, powerCosts, powerStatus } from '../../../app/infra-vast-status.ts'
import { whoFrom } from '../../access.ts'
import { pathOf } from '../../errors.ts'
import { PortNumber, WholeText } from '../../v1/inputs.ts'
import { infraVastFace } from './face.ts'
import { activityView, costsView, poweredOffView, poweredOnView, statusView } from './view.ts'

export type InfraVastDeps = VerbDeps

/** Of the contract, not of this program. */
const apiVersion = '0.1.0'

const PowerOnBody = z
  .object({
    wait_for_health: z.boolean().optional(),
    health_path: z
      .string()
      .regex(/^\/\S{0,500}$/, 'is a path that begins with /')
      .optional(),
    health_port: PortNumber.optional(),
  })
  .nullish()
const AuditQuery = z.object({ limit: WholeText(1, 1_000).optional() })
const usualLimit = 50

/** Contract 001: one machine, switched on and off. Its key is asked for on this machine too. */
export function infraVastRoutes(app: FastifyInstance, deps: InfraVastDeps): void {
  const leaving = new AbortController()
  // Who waits for a machine would hold up the end of the server for minutes.
  app.addHook('preClose', async () => leaving.abort())
  app.addHook('onSend', async (request, reply) => {
    if (infraVastFace.owns(pathOf(request.url))) reply.header('x-api-version', apiVersion)
  })

  const routes = app.withTypeProvider<ZodTypeProvider>()
  const whoOf = ({ caller }: FastifyRequest) => whoFrom(caller)
  const reads = { config: { access: 'viewer', controlKeyOnly: true }, schema: { hide: true } } as const
  const changes = { config: { access: 'operator', controlKeyOnly: true }, schema: { hide: true } } as const

  routes.get('/infra/vast/status', reads, async () => statusView(await powerStatus(deps)))

  routes.post(
    '/infra/vast/power/on',
    { ...changes, schema: { hide: true, body: PowerOnBody } },
    async (request, reply) => {
      const { healthPath, healthPort } = deps.infraVast
      const { wait_for_health, health_path, health_port } = request.body ?? {}
      const asked = {
        waitForHealth: wait_for_health ?? true,
        healthPath: health_path ?? healthPath,
        healthPort: health_port ?? healthPort,
      }
      const connection = new AbortController()
      reply.raw.once('close', () => connection.abort())
      const ends = { leaving: leaving.signal, gone: connection.signal }
      return poweredOnView(await powerOn(asked, whoOf(request), { ...deps, ...ends }))
    },
  )

  routes.post('/infra/vast/power/off', changes, async (request) =>
    poweredOffView(await powerOff(whoOf(request), { ...deps, leaving: leaving.signal })),
  )

  routes.post('/infra/vast/activity', changes, async (request) =>
    activityView(await powerActivity(whoOf(request), deps)),
  )

  routes.get('/infra/vast/costs', reads, async () => costsView(await powerCosts(deps)))

  routes.get('/infra/vast/audit', { ...reads, schema: { hide: true, querystring: AuditQuery } }, async (request) =>
    powerAudit(request.query.limit ?? usualLimit, deps),
  )
}
