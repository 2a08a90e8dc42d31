/** Putting a stop off, living longer, and other policies from now on. */

import type { Bell } from '../core/bell.ts'
import { type Instance, noPolicies, type Policies } from '../core/instances/instance.ts'
import { finalStatuses, statuses } from '../core/instances/status.ts'
import { usdText } from '../core/money.ts'
import { momentText } from '../core/policies/words.ts'
import { type Clock, hourMs, isoFrom, minuteMs } from '../core/time.ts'
import type { Providers } from '../providers/provider.ts'
import type { ActivityStore } from '../store/activity.ts'
import type { NewEvent, Values } from '../store/events.ts'
import type { InstanceStore } from '../store/instances.ts'
import { AppError } from './errors.ts'
import { getInstance } from './instances.ts'
import { requireSsh } from './plan-particulars.ts'
import { checkPolicies } from './policy-checks.ts'
import { doneBefore, doneBy, type Who } from './who.ts'

export interface PoliciesDeps {
  instances: Pick<InstanceStore, 'get' | 'byMachine'>
  activity: ActivityStore
  providers: Providers
  clock: Clock
  bell: Bell
}

/** What is being stopped is not held back: it can be started again. */
const open = statuses.filter((status) => !finalStatuses.has(status) && status !== 'terminating')
const mayBeSnoozed = open.filter((status) => status !== 'stopping')

export async function snoozeInstance(id: string, minutes: number, who: Who, deps: PoliciesDeps): Promise<Instance> {
  const instance = await getInstance(id, who, deps)
  if (doneBefore(who) !== null) return instance
  if (instance.wish.policies.idle === null) {
    throw new AppError(
      'not_allowed_now',
      `instance ${instance.id} is not stopped for being idle: it has no idle policy`,
      {
        fix: 'there is nothing to put off; POST /api/v1/instances/:id/policies sets one',
      },
    )
  }
  const now = deps.clock.now()
  const until = now + minutes * minuteMs
  const event = note(instance, `not stopped for being idle before ${momentText(until, now)}`, who, now, {
    action: 'snooze',
    snoozed_until: isoFrom(until),
  })
  if (!(await deps.activity.snooze(instance.id, until, mayBeSnoozed, event))) {
    throw tooLate(instance, 'start it again when it is stopped')
  }
  return after(instance, who, deps)
}

export async function extendInstance(id: string, hours: number, who: Who, deps: PoliciesDeps): Promise<Instance> {
  const instance = await getInstance(id, who, deps)
  if (doneBefore(who) !== null) return instance
  if (instance.wish.policies.maxLifetimeMs === null) {
    throw new AppError('not_allowed_now', `instance ${instance.id} has no maximum lifetime`, {
      fix: `there is nothing to extend; POST /api/v1/instances/${instance.id}/policies sets one`,
    })
  }
  const longer = (policies: Policies): Policies => ({
    ...policies,
    maxLifetimeMs: policies.maxLifetimeMs === null ? null : policies.maxLifetimeMs + hours * hourMs,
  })
  const now = deps.clock.now()
  const done = await deps.activity.changePolicies(instance.id, longer, open, (policies) =>
    note(
      instance,
      `it may live ${hours} h longer`,
      who,
      now,
      { action: 'extend' },
      {
        before: { max_lifetime_hours: hoursOf(instance.wish.policies) },
        after: { max_lifetime_hours: hoursOf(policies) },
      },
    ),
  )
  if (!done) throw tooLate(instance, 'launch a new one')
  return after(instance, who, deps)
}

/** What is named changes; the rest stays. The dead-man switch is on the machine already. */
export async function changePolicies(
  id: string,
  change: Partial<Omit<Policies, 'deadManMs'>>,
  who: Who,
  deps: PoliciesDeps,
): Promise<Instance> {
  const instance = await getInstance(id, who, deps)
  if (doneBefore(who) !== null) return instance
  const provider = instance.launch?.provider ?? instance.wish.provider
  const abilities = provider === null ? undefined : deps.providers.find(provider)?.describe().abilities
  if (provider !== null && abilities !== undefined) {
    checkPolicies({ ...noPolicies, idle: change.idle ?? null, budget: change.budget ?? null }, provider, abilities)
  }
  if (change.checkpoint != null) requireSsh(instance.wish)
  const caveat = checkpointCaveat(instance, change)
  const now = deps.clock.now()
  // Whoever sets an idle policy is there: its time begins now.
  if (change.idle != null) await deps.activity.note(instance.id, { activeAt: now, activeKind: 'policies' })
  const done = await deps.activity.changePolicies(
    instance.id,
    (policies) => ({ ...policies, ...change }),
    open,
    (policies) =>
      note(
        instance,
        `its policies were changed: ${[Object.keys(change).join(', '), ...caveat].join('; ')}`,
        who,
        now,
        { action: 'policies' },
        { before: namedIn(change, instance.wish.policies), after: namedIn(change, policies) },
      ),
  )
  if (!done) throw tooLate(instance, 'launch a new one')
  return after(instance, who, deps)
}

/** What does not hold at once. Our key is put onto a machine when it is launched with a checkpoint, and never later. */
export function checkpointCaveat({ launch, wish }: Instance, { checkpoint }: Partial<Policies>): string[] {
  if (checkpoint == null || wish.policies.checkpoint !== null || launch === null) return []
  return [
    'the machine that it has now may be without the key with which gpufleet signs in: then the checkpoint runs on its next machine only',
  ]
}

/** What was named, as it is kept in the event: a command may hold a token, so only that there is one. */
function namedIn(change: object, policies: Policies): Record<string, unknown> {
  const { budget, checkpoint } = policies
  const plain = {
    ...policies,
    budget: budget === null ? null : { limit_usd: usdText(budget.limit, 9), action: budget.action },
    checkpoint: checkpoint === null ? null : { timeoutMs: checkpoint.timeoutMs },
  }
  return Object.fromEntries(Object.entries(plain).filter(([name]) => name in change))
}

function hoursOf({ maxLifetimeMs }: Policies): number | null {
  return maxLifetimeMs === null ? null : maxLifetimeMs / hourMs
}

function note(
  instance: Instance,
  message: string,
  who: Who,
  at: number,
  data: Values,
  changed: { before: Values; after: Values } | null = null,
): NewEvent {
  return {
    at,
    instanceId: instance.id,
    kind: 'order',
    status: null,
    because: 'asked',
    message,
    data,
    ...doneBy(who, instance.id),
    ...changed,
  }
}

function tooLate({ id, status }: Instance, fix: string): AppError {
  return new AppError('not_allowed_now', `instance ${id} is ${status}, or has just changed`, {
    fix,
    details: { status },
  })
}

async function after(instance: Instance, who: Who, deps: PoliciesDeps): Promise<Instance> {
  deps.bell.ring()
  return getInstance(instance.id, who, deps)
}
