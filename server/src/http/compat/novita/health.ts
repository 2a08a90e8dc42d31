import type { FastifyInstance } from 'fastify'
import { type NovitaHealthDeps, serviceHealth } from '../../../app/novita-health.ts'
import type { NovitaFaceSettings } from '../../../core/novita-face/settings.ts'
import { isoFrom, minuteMs } from '../../../core/time.ts'
import type { ProcessFigures } from '../../../observability/process-figures.ts'
import { cachesOf, type NovitaCaches, totalsOf } from './caches.ts'
import type { RequestCounter } from './figures.ts'
import { systemView } from './metrics.ts'

export interface HealthRouteDeps extends NovitaHealthDeps, NovitaCaches {
  novita: Pick<NovitaFaceSettings, 'provider' | 'isDevelopment'>
  version: string
  processFigures: () => ProcessFigures
}

/** Of the contracts, which both call it so. */
const contractVersion = '1.0.0'

/**
 * For contracts 002 and 003 at once: 200 or 503. Open to all, so it says nothing about what runs or costs. `dependencies`
 * are words, as the contract shows them; what its own program adds is under `services` and `details`.
 */
export function healthRoute(app: FastifyInstance, deps: HealthRouteDeps, requests: RequestCounter): void {
  app.get('/health', { config: { access: 'open' }, schema: { hide: true } }, async (_request, reply) => {
    const { marketplace, store, marketplaceCheckedAt } = await serviceHealth(deps)
    const isHealthy = marketplace !== 'unhealthy' && store === 'healthy'
    const system = deps.processFigures()
    const timestamp = isoFrom(deps.clock.now())
    const { total } = requests.figures()
    const up = (well: boolean) => (well ? 'up' : 'down')
    return reply.status(isHealthy ? 200 : 503).send({
      status: isHealthy ? 'healthy' : 'unhealthy',
      service: 'gpu-cloud-manager',
      version: contractVersion,
      serverVersion: deps.version,
      timestamp,
      uptime: Math.round(system.uptimeMs) / 1_000,
      dependencies: {
        ...(marketplace !== 'unused' && { novitaApi: marketplace }),
        cache: 'healthy',
        database: store,
      },
      services: {
        novitaApi: marketplace === 'unused' ? 'unused' : up(marketplace === 'healthy'),
        jobQueue: up(store === 'healthy'),
        cache: 'up',
      },
      performance: {
        requestsPerMinute: perMinute(total.count, system.uptimeMs),
        averageResponseTime: Math.round(total.averageDuration),
        errorRate: total.count === 0 ? 0 : requests.failed() / total.count,
      },
      system: systemView(system, timestamp),
      details: {
        novitaApi: {
          lastChecked: marketplaceCheckedAt === null ? null : isoFrom(marketplaceCheckedAt),
        },
        cache: { entries: totalsOf(deps).entries, caches: cachesOf(deps).length },
      },
      ...(deps.novita.isDevelopment && { debug: { cacheStats: totalsOf(deps) } }),
    })
  })
}

function perMinute(count: number, uptimeMs: number): number {
  return Math.round((count / Math.max(uptimeMs, minuteMs)) * minuteMs * 10) / 10
}
