import type { Launch } from '../core/instances/instance.ts'
import type { AccountCheck, ReconciliationReport } from '../core/reconciliation/finding.ts'
import { type Totals, totalsOf } from '../core/reconciliation/rates.ts'
import type { FindingStore } from '../store/findings.ts'
import type { LaunchStore } from '../store/launches.ts'
import { AppError } from './errors.ts'
import type { Who } from './who.ts'

export interface ReconciliationDeps {
  findings: Pick<FindingStore, 'report'>
  launches: Pick<LaunchStore, 'open'>
  /** Compares every account with what we know, now. */
  sweep: () => Promise<void>
}

export interface Reconciliation extends ReconciliationReport {
  totals: Totals
  /** Open launches whose machines are not among what was found: they may be billed. */
  unseen: readonly Unseen[]
}

export interface Unseen {
  launch: Launch
  state: UnseenState
}

export const unseenStates = {
  launching: 'a machine was asked for, and none has been seen yet',
  not_checked: 'its machine is newer than the last check of its account',
  not_found: 'its machine was seen before, and was not there at the last check; its end is not confirmed yet',
} as const
export type UnseenState = keyof typeof unseenStates

/** Everything that the accounts bill, and whose it is, as it was found last. */
export async function reconciliation(
  who: Who,
  { findings, launches }: Omit<ReconciliationDeps, 'sweep'>,
): Promise<Reconciliation> {
  requireAllProjects(who)
  const open = await launches.open()
  const report = await findings.report()
  return { ...report, totals: totalsOf(report.findings), unseen: unseenOf(open, report) }
}

function unseenOf(open: readonly Launch[], { findings, accounts }: ReconciliationReport): Unseen[] {
  const nameOf = (provider: string, what: string | null) => `${provider} ${what}`
  const found = new Set(
    findings
      .filter(({ kind }) => kind === 'machine')
      .flatMap(({ provider, externalId, label }) => [nameOf(provider, externalId), nameOf(provider, label)]),
  )
  return open
    .filter(({ provider, label }) => !found.has(nameOf(provider, label)))
    .filter(({ provider, externalId }) => externalId === null || !found.has(nameOf(provider, externalId)))
    .map((launch) => ({ launch, state: stateOf(launch, accounts) }))
}

function stateOf({ rentedAt, provider, account }: Launch, accounts: readonly AccountCheck[]): UnseenState {
  if (rentedAt === null) return 'launching'
  const checkedAt = accounts.find((one) => one.provider === provider && one.account === account)?.checkedAt ?? null
  return checkedAt === null || checkedAt <= rentedAt ? 'not_checked' : 'not_found'
}

/** The same, looked at anew. */
export async function reconcileNow(who: Who, deps: ReconciliationDeps): Promise<Reconciliation> {
  requireAllProjects(who)
  await deps.sweep()
  return reconciliation(who, deps)
}

/** An account's machines are of all projects, and of none. */
export function requireAllProjects(who: Who): void {
  if (who.project === null) return
  throw new AppError('forbidden', `this key is for project ${who.project} only`, {
    fix: 'use a key of all projects: this shows every machine of every account',
    details: { project: who.project },
  })
}
