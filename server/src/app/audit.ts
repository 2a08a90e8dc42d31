import { type ChainName, chainNames } from '../core/chain/chain.ts'
import type { ChainReport, CheckChain } from '../store/chain-check.ts'
import type { ChargeReport, CheckCharges } from '../store/charge-records.ts'
import type { AuditQuery, EventStore, StoredEvent } from '../store/events.ts'

export interface AuditDeps {
  events: Pick<EventStore, 'audit'>
  checkChain: CheckChain
  checkCharges: CheckCharges
}

export type AuditEntry = StoredEvent

/** Who changed what, when and why, newest first. */
export async function listAudit(
  query: AuditQuery,
  { events }: Pick<AuditDeps, 'events'>,
): Promise<{ entries: AuditEntry[]; next: number | null }> {
  const found = await events.audit({ ...query, limit: query.limit + 1 })
  const entries = found.slice(0, query.limit)
  return { entries, next: found.length > query.limit ? (entries.at(-1)?.id ?? null) : null }
}

export interface AuditVerdict {
  ok: boolean
  checked: number
  firstBroken: { log: ChainName | 'charges'; id: number | null; what: string } | null
  logs: readonly ChainReport[]
  charges: ChargeReport
}

/** Reads both logs from end to end, and compares the charges with what was logged of them. */
export async function verifyAudit({
  checkChain,
  checkCharges,
}: Pick<AuditDeps, 'checkChain' | 'checkCharges'>): Promise<AuditVerdict> {
  const logs: ChainReport[] = []
  for (const chain of chainNames) logs.push(await checkChain(chain))
  const charges = await checkCharges()
  const broken = logs.find((log) => log.broken !== null)
  return {
    ok: broken === undefined && charges.broken === null,
    checked: logs.reduce((sum, log) => sum + log.checked, 0),
    firstBroken: firstOf(broken, charges),
    logs,
    charges,
  }
}

/** A log that was rewritten says nothing about charges: it comes first. */
function firstOf(log: ChainReport | undefined, charges: ChargeReport): AuditVerdict['firstBroken'] {
  if (log?.broken != null) return { log: log.chain, ...log.broken }
  return charges.broken === null ? null : { log: 'charges', id: null, what: charges.broken }
}
