/** Policies as a request names them. */

import { z } from 'zod'
import { noPolicies, type Policies } from '../../../core/instances/instance.ts'
import { hourMs, minuteMs, secondMs } from '../../../core/time.ts'
import type { Mistake } from '../../problem.ts'
import { nanosFrom, Usd } from '../inputs.ts'

const Action = z.enum(['stop', 'terminate'])
const Command = z
  .string()
  .min(1)
  .max(4_000)
  .regex(/^[^\0]*$/, 'holds no NUL character')

const fields = {
  idle_timeout_minutes: z
    .number()
    .min(5)
    .max(100_000)
    .describe(
      'Stopped when nobody used it for so long: no reported activity, and no busy GPU where that is looked at.',
    ),
  idle_action: Action.describe('Default stop. Where the marketplace cannot stop a machine, stop only warns.'),
  idle_busy_above_percent: z
    .number()
    .min(0)
    .max(99)
    .describe(
      'A GPU that works more than this is in use, where the marketplace tells. Default 10; null: not looked at. Where it is named, the marketplace has to tell.',
    ),
  max_lifetime_hours: z.number().min(0.1).max(100_000).describe('From the moment it is first up; then it is ended.'),
  budget_usd: Usd.describe('The most that it may cost in all.'),
  budget_action: Action.describe('What happens when that is spent. Default stop.'),
  on_demand_after_minutes: z
    .number()
    .min(0)
    .max(100_000)
    .describe('So long without a spot machine, and an on-demand one is taken.'),
  bid_factor: z.number().min(1).max(3).describe('What is bid, as a multiple of the lowest bid that wins. Default 1.1.'),
  checkpoint: z
    .strictObject({
      command: Command.describe('A shell line that runs on the machine.'),
      timeout_s: z.int().min(1).max(3_600).optional().describe('Default 120.'),
    })
    .describe('Runs before it is stopped by us, and when the marketplace announces that it takes the machine.'),
}

export const LaunchPolicies = z.strictObject({
  on_interruption: z.enum(['relaunch', 'wait', 'end']).optional().describe('Default relaunch.'),
  ...z.strictObject(fields).partial().shape,
  idle_busy_above_percent: fields.idle_busy_above_percent.nullish(),
  dead_man_hours: z
    .number()
    .min(0.5)
    .max(1_000)
    .optional()
    .describe('It ends itself after so long without a word from us.'),
})

/** What is named changes, null takes it away, the rest stays. */
export const PoliciesChange = z
  .strictObject({
    ...z.strictObject(fields).partial().shape,
    idle_timeout_minutes: fields.idle_timeout_minutes.nullish(),
    idle_busy_above_percent: fields.idle_busy_above_percent.nullish(),
    max_lifetime_hours: fields.max_lifetime_hours.nullish(),
    budget_usd: Usd.nullish().describe('The most that it may cost in all.'),
    on_demand_after_minutes: fields.on_demand_after_minutes.nullish(),
    checkpoint: fields.checkpoint.nullish(),
  })
  .meta({ id: 'PoliciesChange' })

type Named = z.infer<typeof LaunchPolicies>

export function policiesFrom(named: Named = {}): Policies {
  return {
    idle:
      named.idle_timeout_minutes === undefined
        ? null
        : {
            timeoutMs: Math.round(named.idle_timeout_minutes * minuteMs),
            action: named.idle_action ?? 'stop',
            ...busyFrom(named.idle_busy_above_percent, null),
          },
    maxLifetimeMs: named.max_lifetime_hours === undefined ? null : Math.round(named.max_lifetime_hours * hourMs),
    budget:
      named.budget_usd === undefined
        ? null
        : { limit: nanosFrom(named.budget_usd), action: named.budget_action ?? 'stop' },
    onDemandAfterMs:
      named.on_demand_after_minutes === undefined ? null : Math.round(named.on_demand_after_minutes * minuteMs),
    bidPercent: named.bid_factor === undefined ? noPolicies.bidPercent : Math.round(named.bid_factor * 100),
    checkpoint: named.checkpoint === undefined ? null : checkpointFrom(named.checkpoint),
    deadManMs: named.dead_man_hours === undefined ? null : Math.round(named.dead_man_hours * hourMs),
  }
}

function checkpointFrom({ command, timeout_s: timeout = 120 }: NonNullable<Named['checkpoint']>) {
  return { command, timeoutMs: timeout * secondMs }
}

export function policyMistakes(named: Named = {}): Mistake[] {
  const mistakes: Mistake[] = []
  const needs = (field: keyof Named, other: keyof Named) => {
    if (named[field] !== undefined && named[other] === undefined) {
      mistakes.push({ field: `policies.${field}`, problem: `means nothing without ${other}` })
    }
  }
  needs('idle_action', 'idle_timeout_minutes')
  needs('idle_busy_above_percent', 'idle_timeout_minutes')
  needs('budget_action', 'budget_usd')
  if (named.budget_usd !== undefined && nanosFrom(named.budget_usd) === 0n) {
    mistakes.push({ field: 'policies.budget_usd', problem: 'nothing is free: take it away, or name a budget above 0' })
  }
  return mistakes
}

/** The policies that follow from a change: what belongs together is kept together. */
export function changeFrom(
  named: z.infer<typeof PoliciesChange>,
  now: Policies,
): { change: Partial<Omit<Policies, 'deadManMs'>>; mistakes: Mistake[] } {
  const mistakes: Mistake[] = []
  const change: { -readonly [K in keyof Policies]?: Policies[K] } = {}
  const idle = idleAfter(named, now.idle)
  if (idle === 'incomplete')
    mistakes.push({ field: 'idle_timeout_minutes', problem: 'is needed: there is no idle policy yet' })
  else if (idle !== undefined) change.idle = idle
  const budget = budgetAfter(named, now.budget)
  if (budget === 'incomplete') mistakes.push({ field: 'budget_usd', problem: 'is needed: there is no budget yet' })
  else if (budget !== undefined) change.budget = budget
  if (budget !== undefined && budget !== null && budget !== 'incomplete' && budget.limit === 0n) {
    mistakes.push({ field: 'budget_usd', problem: 'nothing is free: send null to take it away' })
  }
  const { max_lifetime_hours: hours, on_demand_after_minutes: minutes, bid_factor: factor, checkpoint } = named
  if (hours !== undefined) change.maxLifetimeMs = hours === null ? null : Math.round(hours * hourMs)
  if (minutes !== undefined) change.onDemandAfterMs = minutes === null ? null : Math.round(minutes * minuteMs)
  if (factor !== undefined) change.bidPercent = Math.round(factor * 100)
  if (checkpoint !== undefined) change.checkpoint = checkpoint === null ? null : checkpointFrom(checkpoint)
  if (mistakes.length === 0 && Object.keys(change).length === 0) {
    mistakes.push({ field: 'body', problem: 'names nothing to change' })
  }
  return { change, mistakes }
}

function idleAfter(
  { idle_timeout_minutes: minutes, idle_action: action, idle_busy_above_percent: busy }: z.infer<typeof PoliciesChange>,
  now: Policies['idle'],
): Policies['idle'] | undefined | 'incomplete' {
  if (minutes === undefined && action === undefined && busy === undefined) return undefined
  if (minutes === null) return action === undefined && busy == null ? null : 'incomplete'
  const timeoutMs = minutes === undefined ? now?.timeoutMs : Math.round(minutes * minuteMs)
  if (timeoutMs === undefined) return 'incomplete'
  return {
    timeoutMs,
    action: action ?? now?.action ?? 'stop',
    ...busyFrom(busy, now),
  }
}

/** A machine learning job over SSH reports nothing, and is no less work for that. */
const usualBusyPercent = 10

function busyFrom(
  busy: number | null | undefined,
  now: Policies['idle'],
): Pick<NonNullable<Policies['idle']>, 'busyAbovePercent' | 'busyByDefault'> {
  if (busy !== undefined) return { busyAbovePercent: busy }
  if (now === null) return { busyAbovePercent: usualBusyPercent, busyByDefault: true }
  const { busyAbovePercent, busyByDefault } = now
  return { busyAbovePercent, ...(busyByDefault === true && { busyByDefault }) }
}

function budgetAfter(
  { budget_usd: usd, budget_action: action }: z.infer<typeof PoliciesChange>,
  now: Policies['budget'],
): Policies['budget'] | undefined | 'incomplete' {
  if (usd === undefined && action === undefined) return undefined
  if (usd === null) return action === undefined ? null : 'incomplete'
  const limit = usd === undefined ? now?.limit : nanosFrom(usd)
  return limit === undefined ? 'incomplete' : { limit, action: action ?? now?.action ?? 'stop' }
}
