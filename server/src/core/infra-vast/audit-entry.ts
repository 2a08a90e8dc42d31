import { type Instant, isoFrom } from '../time.ts'

/** A line of the contract's audit. */
export interface AuditLine {
  ts: string
  event: string
  actor: string
  meta: unknown
}

export function auditLineFrom({
  at,
  actor,
  data,
}: {
  at: Instant
  actor: string
  data: Readonly<Record<string, unknown>>
}): AuditLine {
  return { ts: wholeSeconds(at), event: String(data.event), actor, meta: data.meta ?? {} }
}

/** `2024-01-15T10:30:00Z` */
export function wholeSeconds(at: Instant): string {
  return isoFrom(at).replace(/\.\d+Z$/, 'Z')
}
