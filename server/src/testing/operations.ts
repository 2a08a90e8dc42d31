import { v1Routes } from '../http/v1/routes.ts'
import { type HttpWorld, openApi } from './http-world.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** Every operation of the OpenAPI file with an address of it. */
export const operations = Object.entries(openApi.paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, { operationId }]) => ({
    operationId,
    method: method.toUpperCase() as Method,
    template,
  })),
)

/** The rule of an operation, as its route says it. */
export const ruleOf = new Map(
  v1Routes.map(({ spec }) => [spec.operationId, { access: spec.access, allProjects: spec.allProjects === true }]),
)
// Not made by `route()`: it never ends.
ruleOf.set('streamEvents', { access: 'viewer', allProjects: false })
// Nor this: it is sent as it is read.
ruleOf.set('exportCosts', { access: 'viewer', allProjects: false })

export const elsewhere = '203.0.113.9'

/** The status of a stream would only come with its end. */
export async function statusOf(
  world: HttpWorld,
  request: { method: Method; url: string; headers?: Record<string, string>; remoteAddress?: string },
): Promise<number> {
  const abort = new AbortController()
  const answer = await world.app.inject({
    payloadAsStream: true,
    signal: abort.signal,
    remoteAddress: '127.0.0.1',
    ...request,
    headers: { host: 'localhost:8080', ...request.headers },
  })
  const { statusCode } = answer
  answer.stream().on('error', () => {})
  abort.abort()
  return statusCode
}
