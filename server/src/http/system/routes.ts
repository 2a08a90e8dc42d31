import type { FastifyInstance } from 'fastify'

export interface SystemDeps {
  /** Throws when the store does not answer. */
  checkStore: () => Promise<void>
  /** The text of `/metrics`, and its content type. */
  metricsText: () => Promise<{ text: string; contentType: string }>
}

/** Probes and metrics, for machines that watch machines. */
export function systemRoutes(
  app: FastifyInstance,
  deps: SystemDeps,
  options: { version: string; marketLabel: string | undefined; metrics: boolean },
): void {
  const hidden = { schema: { hide: true } }
  const probe = { ...hidden, config: { access: 'open' as const } }
  app.get('/healthz', probe, async () => ({
    status: 'ok',
    version: options.version,
    market: options.marketLabel ?? null,
  }))

  app.get('/readyz', probe, async (_request, reply) => {
    try {
      await deps.checkStore()
      return { status: 'ready' }
    } catch {
      return reply.status(503).send({ status: 'not_ready', error: 'the database does not answer' })
    }
  })

  // Figures about money of all projects: with a key, like everything else.
  if (!options.metrics) return
  app.get('/metrics', { ...hidden, config: { access: 'viewer', allProjects: true } }, async (_request, reply) => {
    const { text, contentType } = await deps.metricsText()
    return reply.type(contentType).send(text)
  })
}
