import type { InstanceId } from '../instances/instance.ts'
import type { Instant } from '../time.ts'

/** What became of a creation: the one thing that its webhook tells. `ended`: its user ended or stopped it before it was up. */
export type Outcome = 'ready' | 'failed' | 'timeout' | 'ended'

/** A creation as contract 002 words it. What it made is an instance like any other. */
export interface NovitaRequest {
  instanceId: InstanceId
  name: string
  productName: string
  templateId: string
  region: string
  /** Where its end is told; null: nowhere. A secret: some receivers have their key in the address. */
  webhookUrl: string | null
  madeAt: Instant
  /** When it is given up unless it is up by then. */
  deadlineAt: Instant
  outcome: Outcome | null
  outcomeAt: Instant | null
  /** What went wrong, for people. */
  message: string | null
  /** When the end of what came too late was asked for. */
  endAskedAt: Instant | null
  /** When telling was over: taken, refused for good, or given up. */
  toldAt: Instant | null
}

export const failureCodes: Readonly<Record<Outcome, string | null>> = {
  ready: null,
  failed: 'STARTUP_FAILED',
  timeout: 'STARTUP_TIMEOUT',
  ended: null,
}
