import { type Comparison, compareBill, type DifferenceReason, differenceReasons } from '../core/charges/bill.ts'
import { type Nanos, nanos, noMoney, sum } from '../core/money.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Account } from '../core/reconciliation/finding.ts'
import { type Clock, dayMs, type Instant } from '../core/time.ts'
import type { Providers } from '../providers/provider.ts'
import type { BillRead, BillStore, OwnedMachineBill } from '../store/bills.ts'
import { requireAllProjects } from './reconciliation.ts'
import type { Who } from './who.ts'

export { differenceReasons }

export interface BillReconciliationQuery {
  /** Default: 31 days before `until`. */
  from?: Instant
  /** Default: now. */
  until?: Instant
  provider?: ProviderName
}

export interface ComparedMachine extends Comparison {
  /** The marketplace's id; null: the bill names none, or the launch never learned it. */
  machine: string | null
  label: string | null
  launches: OwnedMachineBill['launches']
}

export interface ComparedAccount extends Omit<Comparison, 'parts'>, Account {
  /** What is known of its bill; null: it was not asked for yet. */
  read: BillRead | null
  parts: Comparison['parts']
  machines: readonly ComparedMachine[]
}

export interface BillReconciliation {
  from: Instant
  until: Instant
  accounts: readonly ComparedAccount[]
  /** Of all accounts with a bill, what nothing explains. */
  unexplained: Nanos
  at: Instant
}

export interface BillReconciliationDeps {
  bills: Pick<BillStore, 'reads' | 'machines'>
  providers: Providers
  clock: Clock
}

/** Every account's bill against our ledger, machine by machine. A machine is compared over its whole life. */
export async function billReconciliation(
  query: BillReconciliationQuery,
  who: Who,
  deps: BillReconciliationDeps,
): Promise<BillReconciliation> {
  requireAllProjects(who)
  const now = deps.clock.now()
  const until = Math.max(0, Math.min(query.until ?? now, now))
  const range = { from: Math.max(0, Math.min(query.from ?? until - 31 * dayMs, until)), until }
  const reads = await deps.bills.reads()
  const accounts: ComparedAccount[] = []
  for (const account of accountsOf(reads, deps.providers)) {
    if (query.provider !== undefined && account.provider !== query.provider) continue
    const read = reads.find((one) => isSame(one, account)) ?? null
    accounts.push(await compared(account, read, range, now, deps))
  }
  const parts = accounts.flatMap((one) => one.parts)
  return { ...range, accounts, unexplained: partSum(parts, 'unexplained'), at: now }
}

/** Those of which a bill was read, and those that are in use now. */
function accountsOf(reads: readonly BillRead[], providers: Providers): Account[] {
  const inUse = providers.all().map(({ name, account }) => ({ provider: name, account }))
  const gone = reads.filter((read) => read.hasBill && !inUse.some((account) => isSame(read, account)))
  return [...inUse, ...gone.map(({ provider, account }) => ({ provider, account }))]
}

function isSame(one: Account, other: Account): boolean {
  return one.provider === other.provider && one.account === other.account
}

async function compared(
  account: Account,
  read: BillRead | null,
  range: { from: Instant; until: Instant },
  now: Instant,
  { bills, providers }: BillReconciliationDeps,
): Promise<ComparedAccount> {
  const machines: ComparedMachine[] = []
  const { coveredFrom = null, completeUntil = null } = read ?? {}
  if (coveredFrom !== null && completeUntil !== null) {
    const billing = providers.find(account.provider, account.account)?.describe().billing
    const facts = {
      coveredFrom,
      completeUntil,
      roundsTo: billing?.billRoundsTo ?? noMoney,
      minimumMs: billing?.minimumMs ?? 0,
    }
    for await (const bill of bills.machines(account, range)) {
      const { machine, label, launches } = bill
      machines.push({ machine, label, launches, ...compareBill(bill, facts, now) })
    }
  }
  const parts = machines.flatMap((one) => one.parts)
  return {
    ...account,
    read,
    theirs: sum(machines.map(({ theirs }) => theirs)),
    oursAtMost: sum(machines.map(({ oursAtMost }) => oursAtMost)),
    oursAtLeast: sum(machines.map(({ oursAtLeast }) => oursAtLeast)),
    difference: sum(machines.map(({ difference }) => difference)),
    parts: differenceReasons
      .map((reason) => ({ reason, amount: partSum(parts, reason) }))
      .filter(({ reason, amount }) => amount !== 0n || parts.some((one) => one.reason === reason)),
    machines: machines.sort(largestFirst),
  }
}

function partSum(parts: Comparison['parts'], reason: DifferenceReason): Nanos {
  return sum(parts.filter((part) => part.reason === reason).map(({ amount }) => amount))
}

/** What nobody can explain, and then what differs most. */
function largestFirst(one: ComparedMachine, other: ComparedMachine): number {
  const rank = ({ parts, difference }: ComparedMachine) => [
    absolute(partSum(parts, 'unexplained')),
    absolute(difference),
  ]
  const [mine, theirs] = [rank(one), rank(other)]
  for (const [at, value] of mine.entries()) {
    const against = theirs[at] ?? noMoney
    if (value !== against) return value > against ? -1 : 1
  }
  return (one.machine ?? '') < (other.machine ?? '') ? -1 : 1
}

function absolute(amount: Nanos): Nanos {
  return amount < 0n ? nanos(-amount) : amount
}
