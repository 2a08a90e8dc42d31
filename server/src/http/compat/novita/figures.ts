import type { FastifyInstance } from 'fastify'
import { pathOf } from '../../errors.ts'
import { isNovitaPath } from './face.ts'

export interface Figures {
  count: number
  totalDuration: number
  averageDuration: number
  minDuration: number
  maxDuration: number
  statusCodes: Record<string, number>
}

export interface RequestFigures {
  total: Figures
  byEndpoint: Record<string, Figures>
  byMethod: Record<string, Figures>
}

export interface RequestCounter {
  figures(): RequestFigures
  /** Since it was last reset, or since the start. */
  failed(): number
  reset(): void
}

const none = (): Figures => ({
  count: 0,
  totalDuration: 0,
  averageDuration: 0,
  minDuration: 0,
  maxDuration: 0,
  statusCodes: {},
})

/** Counts what this face was asked and how long the answers took, in milliseconds. */
export function countRequests(app: FastifyInstance): RequestCounter {
  let total = none()
  const byEndpoint = new Map<string, Figures>()
  const byMethod = new Map<string, Figures>()

  app.addHook('onResponse', async (request, reply) => {
    if (!isNovitaPath(pathOf(request.url))) return
    const { elapsedTime, statusCode } = reply
    // By the route, where ids are replaced by their name; what is no route is counted as one.
    const endpoint = request.is404 ? 'unknown' : `${request.method} ${request.routeOptions.url}`
    for (const figures of [total, figuresIn(byEndpoint, endpoint), figuresIn(byMethod, request.method)]) {
      add(figures, elapsedTime, statusCode)
    }
  })

  return {
    figures: () => ({
      total: { ...total },
      byEndpoint: Object.fromEntries(byEndpoint),
      byMethod: Object.fromEntries(byMethod),
    }),
    failed: () =>
      Object.entries(total.statusCodes).reduce(
        (sum, [status, count]) => (Number(status) >= 400 ? sum + count : sum),
        0,
      ),
    reset() {
      total = none()
      byEndpoint.clear()
      byMethod.clear()
    },
  }
}

function figuresIn(map: Map<string, Figures>, key: string): Figures {
  const known = map.get(key) ?? none()
  map.set(key, known)
  return known
}

function add(figures: Figures, ms: number, status: number): void {
  figures.count += 1
  figures.totalDuration += ms
  figures.averageDuration = figures.totalDuration / figures.count
  figures.minDuration = figures.count === 1 ? ms : Math.min(figures.minDuration, ms)
  figures.maxDuration = Math.max(figures.maxDuration, ms)
  figures.statusCodes[status] = (figures.statusCodes[status] ?? 0) + 1
}
