import type { FastifyInstance, RouteOptions } from 'fastify'

/** Stops the start when a route does not say who may call it. Call it before the routes are added. */
export function requireAccessRules(app: FastifyInstance): void {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => void routes.push(route))
  app.addHook('onReady', async () => {
    // Preflights carry no key and answer nothing.
    const unruled = routes.filter(({ method, config }) => config?.access === undefined && String(method) !== 'OPTIONS')
    if (unruled.length === 0) return
    const named = unruled.map(({ method, url }) => `${method} ${url}`).join(', ')
    throw new Error(`nobody said who may call ${named}: give each route an access rule`)
  })
}
