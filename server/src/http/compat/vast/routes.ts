import type { FastifyInstance } from 'fastify'
import { type VastHealthDeps, vastHealthRoute } from './health.ts'
import { type VastInstanceDeps, vastInstanceRoutes } from './instances.ts'
import { type VastOfferDeps, vastOfferRoutes } from './offers.ts'
import { type VastStatisticsDeps, vastStatisticsRoutes } from './statistics.ts'
import { type VastTemplateDeps, vastTemplateRoutes } from './templates.ts'

export type VastDeps = VastOfferDeps & VastTemplateDeps & VastInstanceDeps & VastStatisticsDeps & VastHealthDeps

export function vastRoutes(app: FastifyInstance, deps: VastDeps): void {
  vastOfferRoutes(app, deps)
  vastTemplateRoutes(app, deps)
  vastInstanceRoutes(app, deps)
  vastStatisticsRoutes(app, deps)
  vastHealthRoute(app, deps)
}
