import type { HealthCheck } from './instance.ts'
import type { Machine } from './machine.ts'

/** Where the port is reached from outside; undefined while it is not published yet. */
export function healthUrl(
  machine: Pick<Machine, 'endpoints'>,
  { path, port }: Pick<HealthCheck, 'path' | 'port'>,
): string | undefined {
  const endpoint = machine.endpoints.find((one) => one.containerPort === port && one.protocol !== 'udp')
  if (endpoint === undefined) return undefined
  const base =
    endpoint.url ?? `http://${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`
  // Set on what was parsed, never joined as text: `//other.host/` is a path here, not another machine.
  const url = new URL(base)
  const [pathname = '/', query] = path.split(/\?(.*)/s)
  url.pathname = pathname
  url.search = query ?? ''
  return url.href
}
