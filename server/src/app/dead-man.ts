import { timingSafeEqual } from 'node:crypto'
import type { Clock } from '../core/time.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'

export interface DeadManDeps {
  launches: Pick<LaunchStore, 'byLabel' | 'recordFacts'>
  instances: Pick<InstanceStore, 'get'>
  /** Signs a label: nobody else can. */
  signLabel: (label: string) => string
  clock: Clock
}

/** What a machine sends to ask whether we are here. It opens nothing else. */
export function deadManToken(label: string, { signLabel }: Pick<DeadManDeps, 'signLabel'>): string {
  return `${label}.${signLabel(label)}`
}

/**
 * A machine asks whether it is still wanted. A machine that nobody wants any more hears nothing, like one whose server is
 * gone: should its end at the marketplace fail, it ends itself.
 */
export async function isWanted(token: string, deps: DeadManDeps): Promise<boolean> {
  const label = labelFrom(token, deps)
  if (label === undefined) return false
  const launch = await deps.launches.byLabel(label)
  if (launch === undefined || launch.abandonedAt !== null || launch.settledAt !== null) return false
  const instance = await deps.instances.get(launch.instanceId)
  if (instance === undefined || instance.wanted === 'ended') return false
  if (launch.deadManHeardAt === null) await deps.launches.recordFacts(launch, { deadManHeardAt: deps.clock.now() })
  return true
}

function labelFrom(token: string, deps: DeadManDeps): string | undefined {
  const at = token.lastIndexOf('.')
  if (at < 1) return undefined
  const label = token.slice(0, at)
  const given = Buffer.from(token)
  const right = Buffer.from(deadManToken(label, deps))
  return given.length === right.length && timingSafeEqual(given, right) ? label : undefined
}
