import { z } from 'zod'
import type { Charge } from '../../../core/charges/charge.ts'
import type { Instance } from '../../../core/instances/instance.ts'
import { nanos, usdFromNanos } from '../../../core/money.ts'
import { type Activity, noActivity } from '../../../core/policies/activity.ts'
import { ownBudget, spendingOf } from '../../../core/policies/budget.ts'
import { forecastOf } from '../../../core/policies/forecast.ts'
import { idleOf, idleText } from '../../../core/policies/idle.ts'
import { leaseOf } from '../../../core/policies/lease.ts'
import { momentText } from '../../../core/policies/words.ts'
import type { ProviderName } from '../../../core/providers.ts'
import { includes, type Role } from '../../../core/roles.ts'
import { hourMs, type Instant, isoFrom, minuteMs, secondMs } from '../../../core/time.ts'

const At = z.iso.datetime()

/** The part of an instance's view that is about its policies. */
export const policyFields = {
  policies: z.object({
    on_interruption: z.enum(['relaunch', 'wait', 'end']),
    idle_timeout_minutes: z.number().nullable(),
    idle_action: z.enum(['stop', 'terminate']).nullable(),
    idle_busy_above_percent: z.number().nullable().describe('null: whether its GPU works is not looked at.'),
    max_lifetime_hours: z.number().nullable(),
    budget_usd: z.string().nullable(),
    budget_action: z.enum(['stop', 'terminate']).nullable(),
    on_demand_after_minutes: z.number().nullable(),
    bid_factor: z.number(),
    checkpoint: z
      .object({ command: z.string().describe('`[secret]` for a viewer: tokens may be in it.'), timeout_s: z.number() })
      .nullable(),
    dead_man_hours: z.number().nullable(),
  }),
  idle: z
    .object({
      since: At.describe('The last sign of use.'),
      for_s: z.int(),
      stops_in_s: z.int().nullable().describe('null while something forbids it.'),
      blocked_by: z.enum(['in_flight', 'snoozed', 'utilisation_unknown', 'cannot_stop']).nullable(),
      snoozed_until: At.nullable(),
    })
    .nullable()
    .describe('null without an idle policy, and while it is not up.'),
  idle_text: z.string().nullable().describe('idle for 12 min, stops in 18'),
  lease: z.object({ ends_at: At, ends_in_s: z.int(), text: z.string() }).nullable(),
  budget: z
    .object({
      limit_usd: z.string(),
      spent_usd: z.string(),
      left_usd: z.string(),
      action: z.enum(['stop', 'terminate']),
      forecast: z.object({ ends_at: At.nullable(), text: z.string() }).nullable(),
    })
    .nullable()
    .describe('Its own budget; others that pay for it are in GET /api/v1/budgets.'),
}

const PolicyFields = z.object(policyFields)

export interface PolicyContext {
  /** Of whom it is shown to; missing: the least. */
  role?: Role | undefined
  /** Missing: nothing is remembered of its use. */
  activity?: Activity | undefined
  /** What each marketplace can do. */
  descriptions?: Readonly<Record<ProviderName, { abilities: { canStop: boolean } }>> | undefined
}

export function policyView(
  instance: Instance,
  {
    role = 'viewer',
    activity = noActivity,
    descriptions,
    charges,
    now,
  }: PolicyContext & { charges: readonly Charge[]; now: Instant },
): z.infer<typeof PolicyFields> {
  const { policies, onInterruption } = instance.wish
  const { launch } = instance
  const canStop = launch === null || (descriptions?.[launch.provider].abilities.canStop ?? true)
  const idle = idleOf(instance, activity, { now, canStop })
  const { snoozedUntil } = activity
  const snooze = snoozedUntil !== null && snoozedUntil > now ? snoozedUntil : null
  return {
    policies: {
      on_interruption: onInterruption,
      idle_timeout_minutes: over(policies.idle?.timeoutMs, minuteMs),
      idle_action: policies.idle?.action ?? null,
      idle_busy_above_percent: policies.idle?.busyAbovePercent ?? null,
      max_lifetime_hours: over(policies.maxLifetimeMs, hourMs),
      budget_usd: policies.budget === null ? null : usdFromNanos(policies.budget.limit),
      budget_action: policies.budget?.action ?? null,
      on_demand_after_minutes: over(policies.onDemandAfterMs, minuteMs),
      bid_factor: policies.bidPercent / 100,
      checkpoint:
        policies.checkpoint === null
          ? null
          : {
              command: includes(role, 'operator') ? policies.checkpoint.command : '[secret]',
              timeout_s: policies.checkpoint.timeoutMs / secondMs,
            },
      dead_man_hours: over(policies.deadManMs, hourMs),
    },
    idle:
      idle === null
        ? null
        : {
            since: isoFrom(idle.since),
            for_s: seconds(idle.forMs),
            stops_in_s: idle.stopsAt === null ? null : seconds(Math.max(0, idle.stopsAt - now)),
            blocked_by: idle.blockedBy,
            snoozed_until: snooze === null ? null : isoFrom(snooze),
          },
    idle_text:
      idle === null || policies.idle === null
        ? null
        : idleText(idle, { now, action: policies.idle.action, snoozedUntil: snooze }),
    lease: leaseView(instance, activity, now),
    budget: budgetView(instance, charges, now),
  }
}

function leaseView(instance: Instance, activity: Activity, now: Instant) {
  const lease = instance.endedAt === null ? leaseOf(instance, activity) : null
  if (lease === null) return null
  return {
    ends_at: isoFrom(lease.endsAt),
    ends_in_s: seconds(Math.max(0, lease.endsAt - now)),
    text: `ends on ${momentText(lease.endsAt, now)}`,
  }
}

function budgetView(instance: Instance, charges: readonly Charge[], now: Instant) {
  const [budget] = ownBudget(instance)
  const action = instance.wish.policies.budget?.action
  if (budget === undefined || action === undefined) return null
  const spending = spendingOf(charges, [], { key: 'total', from: null, until: null }, now)
  const left = budget.limit - spending.spent
  const forecast = forecastOf(budget, spending)
  return {
    limit_usd: usdFromNanos(budget.limit),
    spent_usd: usdFromNanos(spending.spent),
    left_usd: usdFromNanos(nanos(left > 0n ? left : 0n)),
    action,
    forecast:
      forecast === null
        ? null
        : { ends_at: forecast.endsAt === null ? null : isoFrom(forecast.endsAt), text: forecast.text },
  }
}

function over(ms: number | null | undefined, unitMs: number): number | null {
  return ms == null ? null : ms / unitMs
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
