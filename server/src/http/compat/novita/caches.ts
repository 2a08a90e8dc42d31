import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { AppError } from '../../../app/errors.ts'
import type { NovitaInstance } from '../../../app/novita-instances.ts'
import type { NovitaTemplateDeps } from '../../../app/novita-template.ts'
import type { CacheFigures, TimedCache } from '../../../core/novita-face/cache.ts'
import { type Clock, isoFrom } from '../../../core/time.ts'
import type { NovitaLimit } from './limits.ts'

export interface NovitaCaches {
  novitaInstances: TimedCache<NovitaInstance>
  novitaTemplates: NovitaTemplateDeps['novitaTemplates']
  clock: Pick<Clock, 'now'>
}

export function cachesOf({ novitaInstances, novitaTemplates }: NovitaCaches): readonly TimedCache<unknown>[] {
  return [novitaInstances, novitaTemplates] as readonly TimedCache<unknown>[]
}

export function totalsOf(deps: NovitaCaches) {
  const all = cachesOf(deps).map((cache) => cache.figures())
  const sum = (of: (figures: CacheFigures) => number) => all.reduce((total, figures) => total + of(figures), 0)
  const [hits, misses, entries] = [sum((one) => one.hits), sum((one) => one.misses), sum((one) => one.size)]
  return { hits, misses, entries, hitRate: rate(hits, misses) }
}

const ClearBody = z.object({ cacheName: z.string().min(1).max(60).optional() }).optional()
const NameParams = z.object({ name: z.string().min(1).max(60) })
const KeyParams = NameParams.extend({ key: z.string().min(1).max(255) })

export function novitaCacheRoutes(plain: FastifyInstance, deps: NovitaCaches, limit: NovitaLimit): void {
  const app = plain.withTypeProvider<ZodTypeProvider>()
  const timestamp = () => isoFrom(deps.clock.now())
  const limited = {
    onRequest: async (...[request, reply]: [Parameters<NovitaLimit>[1], Parameters<NovitaLimit>[2]]) =>
      limit('other', request, reply),
  }
  const look = { ...limited, config: { access: 'viewer' as const } }
  const change = { ...limited, config: { access: 'admin' as const } }

  app.get('/api/cache/stats', { ...look, schema: { hide: true } }, async () => {
    const caches = cachesOf(deps)
    const { hits, misses, entries, hitRate } = totalsOf(deps)
    return {
      timestamp: timestamp(),
      cacheManager: {
        cacheNames: caches.map(({ name }) => name),
        stats: Object.fromEntries(caches.map((cache) => [cache.name, figuresView(cache.figures())])),
      },
      summary: {
        totalCaches: caches.length,
        totalEntries: entries,
        totalHits: hits,
        totalMisses: misses,
        overallHitRatio: Math.round(hitRate * 10_000) / 100,
      },
    }
  })

  app.post('/api/cache/clear', { ...change, schema: { hide: true, body: ClearBody } }, async ({ body }) => {
    const name = body?.cacheName
    const cleared = name === undefined ? cachesOf(deps) : [named(name)]
    for (const cache of cleared) cache.clear()
    return {
      message: name === undefined ? 'All caches cleared' : `Cache ${name} cleared`,
      timestamp: timestamp(),
    }
  })

  app.post('/api/cache/cleanup', { ...change, schema: { hide: true } }, async () => {
    const entriesRemoved = cachesOf(deps).reduce((sum, cache) => sum + cache.cleanup(deps.clock.now()), 0)
    return { message: 'Cache cleanup completed', entriesRemoved, timestamp: timestamp() }
  })

  app.get('/api/cache/:name/stats', { ...look, schema: { hide: true, params: NameParams } }, async ({ params }) => ({
    timestamp: timestamp(),
    ...figuresView(named(params.name).figures()),
  }))

  app.delete('/api/cache/:name/:key', { ...change, schema: { hide: true, params: KeyParams } }, async ({ params }) => {
    const cache = named(params.name)
    // An instance is kept once for those who see all, under its id.
    if (!cache.remove(params.key) && !cache.remove(`*|${params.key}`)) throw noSuch(`no entry ${params.key}`)
    return { message: `Entry ${params.key} removed from cache ${params.name}`, timestamp: timestamp() }
  })

  function named(name: string): TimedCache<unknown> {
    const found = cachesOf(deps).find((cache) => cache.name === name)
    if (found === undefined) throw noSuch(`no cache ${name}`)
    return found
  }
}

function noSuch(what: string): AppError {
  return new AppError('not_found', `there is ${what}`, {
    fix: 'GET /api/cache/stats lists the caches',
    details: { what: 'cache' },
  })
}

function figuresView({ name, size, maxSize, ttlMs, hits, misses }: CacheFigures) {
  return { name, size, maxSize, ttlMs, hits, misses, hitRatio: Math.round(rate(hits, misses) * 10_000) / 100 }
}

function rate(hits: number, misses: number): number {
  return hits + misses === 0 ? 0 : hits / (hits + misses)
}
