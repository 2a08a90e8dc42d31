import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pathOf } from './errors.ts'
import { HttpError } from './problem.ts'

/** For paths that nobody serves: says so, or which methods this path takes. Call it before the routes are added. */
export function answerNoRoute(app: FastifyInstance): void {
  const routes: { path: RegExp; methods: readonly string[] }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    if (!url.includes('*')) routes.push({ path: patternOf(url), methods: [method].flat() })
  })

  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = pathOf(request.url)
    const methods = new Set(routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods))
    const asked = `${request.method} ${path.slice(0, 200)}`
    if (methods.size === 0) throw new HttpError('no_such_route', `there is no ${asked}`, 'see /docs for what there is')
    const allowed = [...methods].sort().join(', ')
    reply.header('allow', allowed)
    throw new HttpError('method_not_allowed', `there is no ${asked}`, `this path takes ${allowed}`)
  })
}

function patternOf(url: string): RegExp {
  const literal = url.replace(/\/$/, '').replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replace(/:\w+/g, '[^/]+')}/?$`)
}
