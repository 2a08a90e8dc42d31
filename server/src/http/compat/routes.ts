import type { FastifyInstance } from 'fastify'
import { type InfraVastDeps, infraVastRoutes } from './infra-vast/routes.ts'
import { type NovitaDeps, novitaRoutes } from './novita/routes.ts'
import { type VastDeps, vastRoutes } from './vast/routes.ts'

export type CompatDeps = VastDeps & InfraVastDeps & NovitaDeps

/** The routes of other people's APIs. They are in their own documents, so the OpenAPI file leaves them out. */
export function compatRoutes(app: FastifyInstance, deps: CompatDeps): void {
  vastRoutes(app, deps)
  infraVastRoutes(app, deps)
  novitaRoutes(app, deps)
}
