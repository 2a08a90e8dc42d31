import { z } from 'zod'
import type { AuditEntry, AuditVerdict } from '../../../app/audit.ts'
import { chainNames } from '../../../core/chain/chain.ts'
import { EventView, eventView } from '../events/view.ts'

const Values = z.record(z.string(), z.unknown()).nullable()

export const AuditEntryView = EventView.extend({
  before: Values.describe('The values that were changed.'),
  after: Values.describe('What they were changed to.'),
  hash: z.string().describe('Of this entry and the one before it; empty for one that is older than the chain.'),
}).meta({ id: 'AuditEntry' })

export function auditEntryView(entry: AuditEntry): z.infer<typeof AuditEntryView> {
  return {
    ...eventView(entry),
    before: entry.before === null ? null : { ...entry.before },
    after: entry.after === null ? null : { ...entry.after },
    hash: entry.hash,
  }
}

export const AuditVerdictView = z
  .object({
    ok: z.boolean(),
    checked: z.int().describe('Entries of both logs that were read and found as they were written.'),
    first_broken: z
      .object({
        log: z.enum([...chainNames, 'charges']),
        id: z.int().nullable().describe('The entry; null: the head of the log, or a charge, which `what` names.'),
        what: z.string(),
      })
      .nullable(),
    heads: z
      .array(
        z.object({
          log: z.enum(chainNames),
          first_id: z.int().nullable().describe('The first entry that is part of the chain.'),
          last_id: z.int().nullable(),
          last_hash: z.string().nullable().describe('Note it elsewhere, and nobody can rewrite what came before.'),
          unchained: z.int().describe('Entries that were written before there was a chain.'),
        }),
      )
      .describe('Where each log ends now.'),
    charges: z
      .object({
        checked: z.int().describe('Charges that ended and are what the log says of them.'),
        unrecorded: z.int().describe('Charges that ended before the log told of any.'),
      })
      .describe('The ledger, against the audit log.'),
  })
  .meta({ id: 'AuditVerdict' })

export function auditVerdictView({
  ok,
  checked,
  firstBroken,
  logs,
  charges,
}: AuditVerdict): z.infer<typeof AuditVerdictView> {
  return {
    ok,
    checked,
    first_broken: firstBroken,
    charges: { checked: charges.checked, unrecorded: charges.unrecorded },
    heads: logs.map(({ chain, head, unchained }) => ({
      log: chain,
      first_id: head === null || head.lastId === head.anchorId ? null : head.anchorId + 1,
      last_id: head?.lastId ?? null,
      last_hash: head?.lastHash ?? null,
      unchained,
    })),
  }
}
