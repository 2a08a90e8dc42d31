import { z } from 'zod'
import { type Reconciliation, type Unseen, type UnseenState, unseenStates } from '../../../app/reconciliation.ts'
import { usdFromNanos } from '../../../core/money.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { type Finding, findingKinds, type Verdict, verdicts } from '../../../core/reconciliation/finding.ts'
import { type Instant, isoFrom } from '../../../core/time.ts'

const Time = z.iso.datetime().nullable()

export const FindingView = z
  .object({
    provider: z.string(),
    account: z.string(),
    kind: z.enum(findingKinds),
    id: z.string().describe('The marketplace’s own.'),
    label: z.string().nullable().describe('The name that somebody gave it.'),
    attached_to: z.string().nullable().describe('The machine it belongs to.'),
    region: z.string().nullable(),
    verdict: z.enum(Object.keys(verdicts) as [Verdict, ...Verdict[]]).describe(
      Object.entries(verdicts)
        .map(([name, text]) => `${name}: ${text}`)
        .join('. '),
    ),
    why: z.string(),
    instance_id: z.string().nullable(),
    attempt: z.int().nullable(),
    rate_per_hour_usd: z.string().nullable().describe('What it costs now; null where the marketplace does not tell.'),
    since: z.iso.datetime().describe('When we first saw it.'),
    last_seen_at: z.iso.datetime(),
    ended_orders: z.int().describe('How often the sweep itself has asked for its end.'),
  })
  .meta({ id: 'Finding' })

const UnseenLaunchView = z
  .object({
    provider: z.string(),
    account: z.string(),
    id: z.string().nullable().describe('The marketplace’s own; null while it has not answered.'),
    label: z.string(),
    instance_id: z.string(),
    attempt: z.int(),
    state: z.enum(Object.keys(unseenStates) as [UnseenState, ...UnseenState[]]).describe(
      Object.entries(unseenStates)
        .map(([name, text]) => `${name}: ${text}`)
        .join('. '),
    ),
    asked_at: z.iso.datetime().describe('When the launch was written down.'),
    price_per_hour_usd: z.string().describe('As it was agreed.'),
  })
  .meta({ id: 'UnseenLaunch' })

export const ReconciliationView = z
  .object({
    findings: z.array(FindingView),
    unseen: z
      .array(UnseenLaunchView)
      .describe(
        'Launches of ours that may be billed and are not among the findings, most of them newer than the last check.',
      ),
    accounts: z.array(
      z.object({
        provider: z.string(),
        account: z.string(),
        checked_at: Time.describe('When all that it bills was last compared with what we know.'),
        tried_at: z.iso.datetime(),
        error: z.string().nullable().describe('Why not since.'),
      }),
    ),
    totals: z.object({
      machines: z.int(),
      things: z.int().describe('Volumes, addresses, file systems, snapshots.'),
      per_hour_usd: z.string(),
      unexplained: z
        .int()
        .describe('How many carry our label, and no launch that is live or being ended explains them.'),
      unexplained_per_hour_usd: z.string(),
      foreign: z.int(),
      foreign_per_hour_usd: z.string(),
      unknown_rates: z.int().describe('How many do not tell what they cost: they are in no sum.'),
    }),
    checked_at: Time.describe('The account that was checked the longest ago; null while one never was.'),
  })
  .meta({ id: 'Reconciliation' })

export function reconciliationView({
  findings,
  accounts,
  totals,
  unseen,
}: Reconciliation): z.infer<typeof ReconciliationView> {
  const checked = accounts.map(({ checkedAt }) => checkedAt)
  const known = checked.filter((at) => at !== null)
  return {
    findings: findings.map(findingView),
    unseen: unseen.map(unseenView),
    accounts: accounts.map(({ provider, account, checkedAt, triedAt, error }) => ({
      provider: publicProviderNames[provider],
      account,
      checked_at: timeFrom(checkedAt),
      tried_at: isoFrom(triedAt),
      error,
    })),
    totals: {
      machines: totals.machines,
      things: totals.things,
      per_hour_usd: usdFromNanos(totals.perHour),
      unexplained: totals.unexplained,
      unexplained_per_hour_usd: usdFromNanos(totals.unexplainedPerHour),
      foreign: totals.foreign,
      foreign_per_hour_usd: usdFromNanos(totals.foreignPerHour),
      unknown_rates: totals.unknownRates,
    },
    checked_at: known.length === 0 || known.length < checked.length ? null : isoFrom(Math.min(...known)),
  }
}

function unseenView({ launch, state }: Unseen): z.infer<typeof UnseenLaunchView> {
  const { provider, account, externalId, label, instanceId, attempt, intendedAt, comparablePrice } = launch
  return {
    provider: publicProviderNames[provider],
    account,
    id: externalId,
    label,
    instance_id: instanceId,
    attempt,
    state,
    asked_at: isoFrom(intendedAt),
    price_per_hour_usd: usdFromNanos(comparablePrice),
  }
}

function findingView(finding: Finding): z.infer<typeof FindingView> {
  return {
    provider: publicProviderNames[finding.provider],
    account: finding.account,
    kind: finding.kind,
    id: finding.externalId,
    label: finding.label,
    attached_to: finding.attachedTo,
    region: finding.region,
    verdict: finding.verdict,
    why: finding.why,
    instance_id: finding.owner?.instanceId ?? null,
    attempt: finding.owner?.attempt ?? null,
    rate_per_hour_usd: finding.ratePerHour === null ? null : usdFromNanos(finding.ratePerHour),
    since: isoFrom(finding.firstSeenAt),
    last_seen_at: isoFrom(finding.lastSeenAt),
    ended_orders: finding.orders,
  }
}

function timeFrom(instant: Instant | null): string | null {
  return instant === null ? null : isoFrom(instant)
}
