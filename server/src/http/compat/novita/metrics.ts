import type { FastifyInstance } from 'fastify'
import { allNovitaInstances, type NovitaInstance, type NovitaInstanceDeps } from '../../../app/novita-instances.ts'
import type { ProjectName } from '../../../core/instances/instance.ts'
import type { Outcome } from '../../../core/novita-face/request.ts'
import { isoFrom } from '../../../core/time.ts'
import type { ProcessFigures } from '../../../observability/process-figures.ts'
import { type Caller, whoFrom } from '../../access.ts'
import { cachesOf, type NovitaCaches, totalsOf } from './caches.ts'
import type { RequestCounter } from './figures.ts'
import type { NovitaLimit } from './limits.ts'

export interface NovitaMetricsDeps extends NovitaInstanceDeps, NovitaCaches {
  novitaRequests: NovitaInstanceDeps['novitaRequests'] & {
    countByOutcome(project: ProjectName | null): Promise<Readonly<Record<Outcome | 'open', number>>>
  }
  processFigures: () => ProcessFigures
}

const mb = (bytes: number) => Math.round(bytes / 1024 / 1024)

export function novitaMetricsRoutes(
  app: FastifyInstance,
  deps: NovitaMetricsDeps,
  { requests, limit }: { requests: RequestCounter; limit: NovitaLimit },
): void {
  const timestamp = () => isoFrom(deps.clock.now())
  const route = (access: 'viewer' | 'admin') => ({
    config: { access },
    schema: { hide: true },
    onRequest: async (...[request, reply]: [Parameters<NovitaLimit>[1], Parameters<NovitaLimit>[2]]) =>
      limit('other', request, reply),
  })

  app.get('/api/metrics', route('viewer'), async ({ caller }) => {
    const { instances, jobs } = await workOf(caller, deps)
    const { total } = requests.figures()
    const { hits, misses, hitRate, entries } = totalsOf(deps)
    const system = deps.processFigures()
    return {
      status: 'success',
      timestamp: timestamp(),
      requests: {
        total: total.count,
        successful: total.count - requests.failed(),
        failed: requests.failed(),
        averageResponseTime: Math.round(total.averageDuration),
      },
      instances,
      jobs,
      cache: { hits, misses, hitRate },
      system: { uptime: Math.round(system.uptimeMs / 1_000), memoryUsage: memoryUsage(system) },
      data: {
        requests: requests.figures(),
        jobs: { total: { processed: jobs.completed, failed: jobs.failed, queueSize: jobs.pending + jobs.processing } },
        system: systemView(system, timestamp()),
        cache: { hits, misses, totalSize: entries, hitRatio: Math.round(hitRate * 10_000) / 100 },
      },
    }
  })

  app.get('/api/metrics/summary', route('viewer'), async ({ caller }) => {
    const { instances, jobs } = await workOf(caller, deps)
    const { total } = requests.figures()
    return {
      status: 'success',
      timestamp: timestamp(),
      data: {
        requests: {
          total: total.count,
          averageResponseTime: Math.round(total.averageDuration),
          errorRate: total.count === 0 ? 0 : requests.failed() / total.count,
        },
        instances,
        jobs,
        cache: { hitRate: totalsOf(deps).hitRate },
        uptime: Math.round(deps.processFigures().uptimeMs / 1_000),
      },
    }
  })

  app.get('/api/metrics/system', route('viewer'), async () => ({
    status: 'success',
    timestamp: timestamp(),
    data: systemView(deps.processFigures(), timestamp()),
  }))

  app.post('/api/metrics/reset', route('admin'), async () => {
    requests.reset()
    for (const cache of cachesOf(deps)) cache.forgetFigures()
    return { status: 'success', message: 'Metrics reset', timestamp: timestamp() }
  })
}

/** A creation is a job: it waits, it comes up, it is done or it has failed. */
async function workOf(caller: Caller, deps: NovitaMetricsDeps) {
  const who = whoFrom(caller)
  const [shown, outcomes] = await Promise.all([
    allNovitaInstances(who, deps),
    deps.novitaRequests.countByOutcome(who.project),
  ])
  const count = (...words: NovitaInstance['status'][]) => shown.filter(({ status }) => words.includes(status)).length
  return {
    instances: {
      total: shown.length,
      creating: count('creating'),
      starting: count('starting'),
      running: count('running'),
      stopped: count('stopped'),
      failed: count('failed'),
    },
    jobs: {
      pending: shown.filter(({ instance }) => instance.status === 'requested').length,
      processing: shown.filter(({ instance, status }) => instance.status !== 'requested' && isUnderWay(status)).length,
      completed: outcomes.ready + outcomes.ended,
      failed: outcomes.failed + outcomes.timeout,
    },
  }
}

function isUnderWay(status: NovitaInstance['status']): boolean {
  return status === 'creating' || status === 'starting'
}

function memoryUsage({ memory }: ProcessFigures) {
  const percentage = memory.heapTotal === 0 ? 0 : Math.round((memory.heapUsed / memory.heapTotal) * 100)
  return { used: mb(memory.heapUsed), total: mb(memory.heapTotal), percentage }
}

export function systemView({ memory, cpu, uptimeMs }: ProcessFigures, timestamp: string) {
  return {
    memory: {
      usedMB: mb(memory.heapUsed),
      totalMB: mb(memory.heapTotal),
      externalMB: mb(memory.external),
      rss: mb(memory.rss),
    },
    cpu,
    uptime: uptimeMs / 1_000,
    timestamp,
  }
}
