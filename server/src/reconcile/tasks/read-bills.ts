import { compareBill, differenceReasons } from '../../core/charges/bill.ts'
import { type Nanos, nanos, nanosFromUsd, noMoney, sum, usdFromNanos, usdNumber, usdText } from '../../core/money.ts'
import { type ProviderName, publicProviderNames } from '../../core/providers.ts'
import type { Account } from '../../core/reconciliation/finding.ts'
import { type Clock, dayMs, hourMs, type Instant, minuteMs } from '../../core/time.ts'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { type Provider, type ProviderBill, ProviderError, type Providers } from '../../providers/provider.ts'
import type { BillRead, BillStore, OwnedMachineBill } from '../../store/bills.ts'
import type { NewEvent } from '../../store/events.ts'
import type { Task } from '../clockwork.ts'

export interface ReadBillsDeps {
  bills: BillStore
  providers: Providers
  clock: Clock
  log: Log
  metrics: Metrics
  countAlarm?: (provider: ProviderName) => void
}

/** Marketplaces correct their bills: the last days are read again each time. */
const readAgainMs = 3 * dayMs
/** Of what lay before the first look at the bill. */
const mostOfThePastMs = 31 * dayMs
const everyMs = hourMs
/** What nobody can explain is an alarm beyond this. */
const mostUnexplained = nanosFromUsd('0.01')

/** Reads every account's bill, first five minutes after the start and then every hour, and compares it with our ledger. */
export function readBills(deps: ReadBillsDeps): Task {
  const nextAt = new Map<string, Instant>()
  const gauge = deps.metrics.gauge(
    'gpufleet_bill_difference_usd',
    'What the marketplace’s bill says beyond our ledger, of the last 31 days, by why.',
    ['provider', 'account', 'reason'],
  )

  async function readOne(provider: Provider): Promise<void> {
    const account = { provider: provider.name, account: provider.account }
    const key = `${account.provider}/${account.account}`
    const now = deps.clock.now()
    const dueAt = nextAt.get(key) ?? now
    // A clock that was set back must not silence it.
    if (dueAt > now && dueAt <= now + everyMs) return
    nextAt.set(key, now + everyMs)
    const read = await readBill(provider, account, deps)
    if (read === null) return
    const amounts = await compareAll(provider, read, deps)
    for (const reason of differenceReasons) {
      gauge.set({ ...account, reason }, usdNumber(amounts.get(reason) ?? noMoney))
    }
  }

  return {
    name: 'bills',
    everyMs: 5 * minuteMs,
    atStart: false,
    async run() {
      const results = await Promise.allSettled(deps.providers.all().map(readOne))
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    },
  }
}

/** @returns how far it is known now; null where nothing could be read */
async function readBill(provider: Provider, account: Account, deps: ReadBillsDeps): Promise<BillRead | null> {
  const { bills, clock, log } = deps
  const now = clock.now()
  const before = await bills.readOf(account)
  const from = await beginningOf(account, before, now, deps)
  let bill: ProviderBill | null
  try {
    bill = await provider.bill({ from, until: now })
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    const known = before ?? { ...account, hasBill: true, coveredFrom: null, completeUntil: null, readAt: null }
    await bills.record({ ...known, triedAt: now, error: error.message }, null)
    log.warn('bill not read', { ...account, kind: error.kind, error: error.message })
    return null
  }
  const read: BillRead = {
    ...account,
    hasBill: bill !== null,
    coveredFrom: bill === null ? null : Math.min(before?.coveredFrom ?? from, from),
    completeUntil: bill?.completeUntil ?? null,
    readAt: now,
    triedAt: now,
    error: null,
  }
  await bills.record(read, bill === null ? null : { from, lines: bill.lines })
  return bill === null ? null : read
}

/** Whole days, as the coarsest bills have them: what is read again then takes the place of just the same lines. */
async function beginningOf(
  account: Account,
  before: BillRead | undefined,
  now: Instant,
  { bills }: Pick<ReadBillsDeps, 'bills'>,
): Promise<Instant> {
  const { coveredFrom = null, completeUntil = null } = before ?? {}
  const since =
    coveredFrom !== null && completeUntil !== null
      ? Math.max(coveredFrom, Math.min(completeUntil, now) - readAgainMs)
      : ((await bills.firstLaunchSince(account, now - mostOfThePastMs)) ?? now - readAgainMs)
  return Math.floor(since / dayMs) * dayMs
}

async function compareAll(provider: Provider, read: BillRead, deps: ReadBillsDeps): Promise<Map<string, Nanos>> {
  const now = deps.clock.now()
  const { billRoundsTo = noMoney, minimumMs } = provider.describe().billing
  const { coveredFrom, completeUntil } = read
  const totals = new Map<string, Nanos>()
  if (coveredFrom === null || completeUntil === null) return totals
  const facts = { coveredFrom, completeUntil, roundsTo: billRoundsTo, minimumMs }
  for await (const machine of deps.bills.machines(read, { from: now - mostOfThePastMs, until: now })) {
    const compared = compareBill(machine, facts, now)
    for (const { reason, amount } of compared.parts) {
      totals.set(reason, nanos((totals.get(reason) ?? noMoney) + amount))
    }
    const unexplained = sum(compared.parts.filter(({ reason }) => reason === 'unexplained').map(({ amount }) => amount))
    if (unexplained > mostUnexplained || unexplained < -mostUnexplained)
      await tell(machine, { ...compared, unexplained }, read, deps)
  }
  return totals
}

async function tell(
  { machine, label, launches }: OwnedMachineBill,
  { theirs, oursAtMost, unexplained }: { theirs: Nanos; oursAtMost: Nanos; unexplained: Nanos },
  { provider, account }: Account,
  { bills, clock, log, countAlarm }: ReadBillsDeps,
): Promise<void> {
  const name = publicProviderNames[provider]
  const what = machine === null ? `a charge without a machine (${label ?? 'without a name'})` : `machine ${machine}`
  const event: NewEvent = {
    at: clock.now(),
    instanceId: launches[0]?.instanceId ?? null,
    kind: 'alarm',
    status: null,
    because: null,
    message: `the bill of ${name} (${account}) says $${usdText(theirs, 4)} for ${what}, and our ledger at most $${usdText(oursAtMost, 4)}: $${usdText(unexplained, 4)} of the difference are not explained`,
    data: {
      provider: name,
      account,
      machine,
      label,
      bill_usd: usdFromNanos(theirs),
      ledger_usd: usdFromNanos(oursAtMost),
      unexplained_usd: usdFromNanos(unexplained),
    },
  }
  const key = machine ?? label ?? ''
  if (!(await bills.tellOnce({ provider, account, machine: key, amount: unexplained }, event))) return
  log.error(event.message, { ...event.data })
  countAlarm?.(provider)
}
