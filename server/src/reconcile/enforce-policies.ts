import type { Instance } from '../core/instances/instance.ts'
import { type Because, finalStatuses, reasons, statuses } from '../core/instances/status.ts'
import { type Verdict, verdictOf } from '../core/policies/verdict.ts'
import type { Clock } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { InstanceStore } from '../store/instances.ts'
import { limitsOf } from './pass.ts'
import type { PolicyDeps } from './policies.ts'
import { accountOf } from './sight.ts'

export interface EnforceDeps extends Pick<PolicyDeps, 'activity' | 'book'> {
  providers: Parameters<typeof accountOf>[1]['providers']
  keyMarkOf: Parameters<typeof accountOf>[1]['keyMarkOf']
  instances: Pick<InstanceStore, 'list' | 'want'>
  clock: Clock
  log: Log
  countStop?: (because: Because) => void
}

const pageSize = 200
const live = statuses.filter((status) => !finalStatuses.has(status) && status !== 'terminating')

/**
 * What leases and budgets say, by what is stored alone: for the moments after a start, a sleep and a jump of the clock,
 * before anything else is done. What is to stop comes first of all that is due. Idleness is left to the next look: nobody
 * could report while we were away.
 *
 * @returns how many are to be stopped or ended
 */
export async function enforcePolicies(deps: EnforceDeps): Promise<number> {
  let count = 0
  let before: { createdAt: number; id: string } | undefined
  for (;;) {
    const page = await deps.instances.list({ statuses: live, limit: pageSize, ...(before !== undefined && { before }) })
    const activities = await deps.activity.ofInstances(page.map(({ id }) => id))
    for (const instance of page) {
      const activity = activities.get(instance.id)
      if (activity === undefined) continue
      const facts = { activity, budgets: await deps.book.of(instance) }
      const limits = limitsOf(instance.launch === null ? undefined : accountOf(instance.launch, deps))
      const verdict = verdictOf(instance, facts, { now: deps.clock.now(), limits })
      if (verdict === null || verdict.because === 'idle_too_long') continue
      if (await enforce(instance, verdict, deps)) count += 1
    }
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return count
    before = { createdAt: last.createdAt, id: last.id }
  }
}

async function enforce(instance: Instance, { status, because, message }: Verdict, deps: EnforceDeps): Promise<boolean> {
  const at = deps.clock.now()
  const wanted = status === 'stopping' ? 'stopped' : 'ended'
  const done = await deps.instances.want(
    instance.id,
    { from: [instance.status], wanted, status, because, at },
    {
      at,
      instanceId: instance.id,
      kind: 'status',
      status,
      because,
      message: `${reasons[because]}: ${message}`,
      data: { from: instance.status },
    },
  )
  if (!done) return false
  deps.log.info('policy enforced', { instanceId: instance.id, status, because })
  deps.countStop?.(because)
  return true
}
