import { type ChainName, chainNames } from '../core/chain/chain.ts'
import type { ChainReport, CheckChain } from '../store/chain-check.ts'
import type { AuditQuery, EventStore, StoredEvent } from '../store/events.ts'

export interface AuditDeps {
  events: Pick<EventStore, 'audit'>
  checkChain: CheckChain
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
  firstBroken: { log: ChainName; id: number | null; what: string } | null
  logs: readonly ChainReport[]
}

/** Reads both logs from end to end. */
export async function verifyAudit({ checkChain }: Pick<AuditDeps, 'checkChain'>): Promise<AuditVerdict> {
  const logs: ChainReport[] = []
  for (const chain of chainNames) logs.push(await checkChain(chain))
  const broken = logs.find((log) => log.broken !== null)
  return {
    ok: broken === undefined,
    checked: logs.reduce((sum, log) => sum + log.checked, 0),
    firstBroken: broken?.broken == null ? null : { log: broken.chain, ...broken.broken },
    logs,
  }
}
