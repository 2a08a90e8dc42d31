import type { FastifyInstance } from 'fastify'
import { type NovitaCaches, novitaCacheRoutes } from './caches.ts'
import { type CorrelationDeps, correlate } from './correlation.ts'
import { countRequests } from './figures.ts'
import { type HealthRouteDeps, healthRoute } from './health.ts'
import { type NovitaInstanceRouteDeps, novitaInstanceRoutes } from './instances.ts'
import { createNovitaLimit } from './limits.ts'
import { type NovitaMetricsDeps, novitaMetricsRoutes } from './metrics.ts'

export type NovitaDeps = NovitaInstanceRouteDeps & NovitaMetricsDeps & NovitaCaches & CorrelationDeps & HealthRouteDeps

/** Contract 002. */
export function novitaRoutes(app: FastifyInstance, deps: NovitaDeps): void {
  correlate(app, deps)
  const requests = countRequests(app)
  const limit = createNovitaLimit(deps)
  novitaInstanceRoutes(app, deps, limit)
  novitaMetricsRoutes(app, deps, { requests, limit })
  novitaCacheRoutes(app, deps, limit)
  healthRoute(app, deps, requests)
}
