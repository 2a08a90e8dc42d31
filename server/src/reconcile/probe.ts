import type { HealthCheck } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { secondMs } from '../core/time.ts'
import { type Outbound, OutboundError } from '../outbound/outbound.ts'

/** Asks a machine whether what runs on it is ready. */
export type Probe = (machine: Machine, check: HealthCheck) => Promise<'passing' | 'failing'>

/** Passing is any answer below 400 within five seconds. Nothing of ours is sent along. */
export function createProbe(outbound: Outbound): Probe {
  return async (machine, check) => {
    const url = healthUrl(machine, check)
    if (url === undefined) return 'failing'
    try {
      const reply = await outbound.send({
        target: 'health-check',
        account: 'all',
        farSide: 'machine',
        operation: 'probe',
        method: 'GET',
        url,
        limits: [],
        repeat: 'once',
        timeoutMs: 5 * secondMs,
      })
      return reply.status < 400 ? 'passing' : 'failing'
    } catch (error) {
      if (error instanceof OutboundError) return 'failing'
      throw error
    }
  }
}

/** Where the port is reached from outside; undefined while it is not published yet. */
export function healthUrl(machine: Pick<Machine, 'endpoints'>, { path, port }: HealthCheck): string | undefined {
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
