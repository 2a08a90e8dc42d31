import { z } from 'zod'
import type { BillReconciliation, ComparedAccount, ComparedMachine } from '../../../app/bill-reconciliation.ts'
import { differenceReasons } from '../../../app/bill-reconciliation.ts'
import { type CostRow, type CostSums, type Costs, costGroups } from '../../../app/costs.ts'
import { usdFromNanos } from '../../../core/money.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { hourMs, type Instant, isoFrom } from '../../../core/time.ts'

const sums = {
  cost_usd: z.string().describe('The most that can have been billed, traffic included.'),
  cost_at_least_usd: z.string(),
  exact: z.boolean().describe('true where both are the same.'),
  gpu_usd: z.string(),
  disk_usd: z.string(),
  traffic_usd: z.string().describe('As far as the marketplace has billed it; only Vast.ai names it.'),
  hours: z.number().describe('For how long GPU machines were billed, at most.'),
  instances: z.int(),
}

export const CostsReport = z
  .object({
    from: z.iso.datetime(),
    until: z.iso.datetime(),
    group_by: z.enum(costGroups),
    rows: z.array(
      z
        .object({ key: z.string().nullable().describe('null: instances without a label.'), ...sums })
        .meta({ id: 'CostRow' }),
    ),
    left_out: z.int().describe('Rows beyond `limit`; they are in `total`.'),
    total: z.object(sums).meta({ id: 'CostSums' }),
    at: z.iso.datetime(),
  })
  .meta({ id: 'Costs' })

export function costsReport(costs: Costs, limit: number): z.infer<typeof CostsReport> {
  return {
    from: isoFrom(costs.from),
    until: isoFrom(costs.until),
    group_by: costs.by,
    rows: costs.rows.slice(0, limit).map(rowView),
    left_out: Math.max(0, costs.rows.length - limit),
    total: sumsView(costs.total),
    at: isoFrom(costs.at),
  }
}

export function rowView({ key, ...row }: CostRow): { key: string | null } & ReturnType<typeof sumsView> {
  return { key, ...sumsView(row) }
}

function sumsView({ atMost, atLeast, gpu, disk, traffic, gpuMs, instances }: CostSums) {
  return {
    cost_usd: usdFromNanos(atMost),
    cost_at_least_usd: usdFromNanos(atLeast),
    exact: atMost === atLeast,
    gpu_usd: usdFromNanos(gpu),
    disk_usd: usdFromNanos(disk),
    traffic_usd: usdFromNanos(traffic),
    hours: Math.round((gpuMs / hourMs) * 10_000) / 10_000,
    instances,
  }
}

const Parts = z
  .array(z.object({ reason: z.enum(differenceReasons), amount_usd: z.string() }))
  .describe('Why; the amounts add up to the difference.')

const compared = {
  bill_usd: z.string().describe('What the marketplace says.'),
  ledger_usd: z.string().describe('What we have, at most.'),
  ledger_at_least_usd: z.string(),
  difference_usd: z.string().describe('The bill less the ledger at most.'),
  because: Parts,
}

export const BillReconciliationView = z
  .object({
    from: z.iso.datetime(),
    until: z.iso.datetime(),
    unexplained_usd: z.string(),
    accounts: z.array(
      z.object({
        provider: z.string(),
        account: z.string(),
        has_bill: z.boolean().nullable().describe('false: the marketplace has no API for it. null: not asked yet.'),
        note: z.string().nullable(),
        read_at: z.iso.datetime().nullable(),
        covered_from: z.iso.datetime().nullable(),
        complete_until: z.iso.datetime().nullable().describe('What happened after that is not on it yet.'),
        error: z.string().nullable(),
        ...compared,
        machines: z.array(
          z.object({
            id: z.string().nullable().describe('The marketplace’s id; null where the bill names none.'),
            label: z.string().nullable(),
            instance_ids: z.array(z.string()).describe('Empty: it was not launched from here.'),
            ...compared,
          }),
        ),
        machines_left_out: z.int().describe('Machines beyond `limit`; they are in the sums.'),
      }),
    ),
    at: z.iso.datetime(),
  })
  .meta({ id: 'BillReconciliation' })

export function billReconciliationView(
  { from, until, accounts, unexplained, at }: BillReconciliation,
  limit: number,
): z.infer<typeof BillReconciliationView> {
  return {
    from: isoFrom(from),
    until: isoFrom(until),
    unexplained_usd: usdFromNanos(unexplained),
    accounts: accounts.map((account) => accountView(account, limit)),
    at: isoFrom(at),
  }
}

function accountView(account: ComparedAccount, limit: number) {
  const { read, machines } = account
  return {
    provider: publicProviderNames[account.provider],
    account: account.account,
    has_bill: read?.hasBill ?? null,
    note: noteOn(account),
    read_at: momentOf(read?.readAt),
    covered_from: momentOf(read?.coveredFrom),
    complete_until: momentOf(read?.completeUntil),
    error: read?.error ?? null,
    ...comparedView(account),
    machines: machines.slice(0, limit).map((one) => ({
      id: one.machine,
      label: one.label,
      instance_ids: [...new Set(one.launches.map(({ instanceId }) => instanceId))],
      ...comparedView(one),
    })),
    machines_left_out: Math.max(0, machines.length - limit),
  }
}

function comparedView(one: ComparedMachine | ComparedAccount) {
  return {
    bill_usd: usdFromNanos(one.theirs),
    ledger_usd: usdFromNanos(one.oursAtMost),
    ledger_at_least_usd: usdFromNanos(one.oursAtLeast),
    difference_usd: usdFromNanos(one.difference),
    because: one.parts.map(({ reason, amount }) => ({ reason, amount_usd: usdFromNanos(amount) })),
  }
}

function noteOn({ provider, read }: ComparedAccount): string | null {
  if (read === null)
    return 'its bill has not been asked for yet; that happens five minutes after the start, and then every hour'
  if (!read.hasBill) {
    return `${publicProviderNames[provider]} has no API for its bill: the ledger stands alone, compare it with their web page`
  }
  return read.readAt === null ? 'its bill could not be read yet' : null
}

function momentOf(instant: Instant | null | undefined): string | null {
  return instant == null ? null : isoFrom(instant)
}
