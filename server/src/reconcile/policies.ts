/** What is known for the policies of one instance, and what people are told before they act. */

import type { Instance } from '../core/instances/instance.ts'
import { type Activity, noActivity } from '../core/policies/activity.ts'
import { budgetName, isSpent, ownBudget, periodAt } from '../core/policies/budget.ts'
import { idleOf, idleText } from '../core/policies/idle.ts'
import { leaseOf } from '../core/policies/lease.ts'
import type { PolicyFacts, PolicySituation } from '../core/policies/verdict.ts'
import { momentText, spanText } from '../core/policies/words.ts'
import { type Instant, isoFrom } from '../core/time.ts'
import type { ActivityStore } from '../store/activity.ts'
import type { BudgetStore } from '../store/budgets.ts'
import type { NewEvent } from '../store/events.ts'
import type { BudgetBook } from './budget-book.ts'
import { tellThresholds } from './budget-events.ts'
import type { Sight } from './sight.ts'

export interface PolicyDeps {
  activity: ActivityStore
  budgets: BudgetStore
  book: BudgetBook
}

/** What a look at the machine tells about its use is written down on the way. */
export async function policyFacts(
  instance: Instance,
  seen: Pick<Sight, 'sighting'>,
  now: Instant,
  { activity, book }: PolicyDeps,
): Promise<PolicyFacts> {
  const { idle, maxLifetimeMs } = instance.wish.policies
  const budgets = await book.of(instance)
  if (idle === null && maxLifetimeMs === null) return { activity: noActivity, budgets }
  const known = await activity.of(instance.id)
  const sign = signOf(instance, known, seen, now)
  if (sign === null) return { activity: known, budgets }
  const facts = { activeAt: now, activeKind: sign }
  await activity.note(instance.id, facts)
  return { activity: { ...known, ...facts }, budgets }
}

/**
 * Whether the GPU works. Where somebody asked for it and it is the only sign there is, silence about it is not idleness: it
 * counts as use until somebody tells.
 */
function signOf(
  { wish, status }: Instance,
  { reportedAt }: Activity,
  { sighting }: Pick<Sight, 'sighting'>,
  now: Instant,
): 'gpu' | 'unclear' | null {
  const { busyAbovePercent: limit = null, busyByDefault = false } = wish.policies.idle ?? {}
  if (limit === null || (status !== 'running' && status !== 'ready')) return null
  const works = sighting.kind === 'seen' ? sighting.machine.gpuUtilisation : null
  if (works !== null) return works > limit ? 'gpu' : null
  if (busyByDefault) return null
  return reportedAt === null || reportedAt > now ? 'unclear' : null
}

/** Once per stretch, and before what it warns of. What is told is kept with the fact that it was told. */
export async function tellAhead(
  instance: Instance,
  { activity, budgets }: PolicyFacts,
  situation: PolicySituation,
  deps: PolicyDeps,
): Promise<void> {
  const { now, limits } = situation
  const { policies } = instance.wish
  const idle = idleOf(instance, activity, { now, canStop: limits.canStop })
  if (
    idle !== null &&
    policies.idle !== null &&
    !idle.warned &&
    now >= idle.warnsAt &&
    isWorthTelling(idle.blockedBy)
  ) {
    const text = idleText(
      { ...idle, blockedBy: idle.blockedBy === 'snoozed' ? null : idle.blockedBy },
      { now, action: policies.idle.action, snoozedUntil: null },
    )
    const data = { policy: 'idle', idle_for_s: Math.floor(idle.forMs / 1000), stops_at: iso(idle.stopsAt) }
    await deps.activity.tell(instance.id, { idleWarnedAt: now }, warning(instance, text, data, now))
  }

  const lease = leaseOf(instance, activity)
  if (lease !== null && !lease.warned && now >= lease.warnsAt && now < lease.endsAt) {
    const text = `its maximum lifetime is over in ${spanText(lease.endsAt - now)}, on ${momentText(lease.endsAt, now)}: then it is ended`
    const data = { policy: 'lease', ends_at: isoFrom(lease.endsAt) }
    await deps.activity.tell(instance.id, { leaseWarnedAt: now }, warning(instance, text, data, now))
  }

  for (const { budget, spending } of budgets) {
    if (budget.scope === 'instance' && ownBudget(instance).some(({ id }) => id === budget.id)) {
      await tellThresholds({ budget, spending }, now, deps.budgets)
    }
    if (budget.action !== 'stop' || limits.canStop || instance.launch === null) continue
    if (!isSpent(budget, spending, limits.lookEveryMs)) continue
    const text = `${budgetName(budget)} is spent, and this marketplace cannot stop a machine: it goes on until it is terminated`
    await deps.budgets.tellOnce(
      { budgetId: `${budget.id} ${instance.id}`, period: periodAt(budget, now).key, threshold: 100 },
      warning(instance, text, { policy: 'budget', budget: budget.id }, now),
    )
  }
}

function isWorthTelling(blockedBy: string | null): boolean {
  return blockedBy === null || blockedBy === 'cannot_stop' || blockedBy === 'snoozed'
}

/**
 * Coming up is a sign of use: after its launch, a start and a restart. And its time begins when it is first ready; that its
 * health check fails and passes again is nobody's use of it.
 */
export async function noteUp(
  { wish, status: before, launch }: Instance,
  status: 'running' | 'ready',
  { activity }: PolicyFacts,
  now: Instant,
  deps: PolicyDeps,
): Promise<void> {
  if (wish.policies.idle === null || launch === null) return
  const upSince = Math.max(launch.upAt ?? now, launch.startOrderedAt ?? 0)
  const isFirst = status === 'ready' && (activity.readyAt === null || activity.readyAt < upSince)
  const cameUp = before !== 'running' && before !== 'ready'
  if (!isFirst && !cameUp) return
  await deps.activity.note(launch.instanceId, {
    ...(isFirst && { readyAt: now }),
    ...(cameUp && { activeAt: now, activeKind: 'start' }),
  })
}

function warning(instance: Instance, message: string, data: Record<string, unknown>, at: Instant): NewEvent {
  return { at, instanceId: instance.id, kind: 'warning', status: null, because: null, message, data }
}

function iso(at: Instant | null): string | null {
  return at === null ? null : isoFrom(at)
}
