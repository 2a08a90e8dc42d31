import { healthUrl } from '../core/instances/health-url.ts'
import type { HealthCheck } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { secondMs } from '../core/time.ts'
import { type Outbound, OutboundError } from '../outbound/outbound.ts'

/** Asks a machine whether what runs on it is ready. */
export type Probe = (machine: Pick<Machine, 'endpoints'>, check: HealthCheck) => Promise<'passing' | 'failing'>

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
