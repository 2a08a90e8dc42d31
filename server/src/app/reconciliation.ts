import type { ReconciliationReport } from '../core/reconciliation/finding.ts'
import { type Totals, totalsOf } from '../core/reconciliation/rates.ts'
import type { FindingStore } from '../store/findings.ts'
import { AppError } from './errors.ts'
import type { Who } from './who.ts'

export interface ReconciliationDeps {
  findings: Pick<FindingStore, 'report'>
  /** Compares every account with what we know, now. */
  sweep: () => Promise<void>
}

export interface Reconciliation extends ReconciliationReport {
  totals: Totals
}

/** Everything that the accounts bill, and whose it is, as it was found last. */
export async function reconciliation(who: Who, { findings }: ReconciliationDeps): Promise<Reconciliation> {
  requireAllProjects(who)
  const report = await findings.report()
  return { ...report, totals: totalsOf(report.findings) }
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
