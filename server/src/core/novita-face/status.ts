import type { Instance } from '../instances/instance.ts'
import type { Instant } from '../time.ts'
import type { Outcome } from './request.ts'

/** The words that contract 002 filters by. */
export const novitaStatuses = ['creating', 'starting', 'running', 'failed', 'stopped'] as const
export type NovitaStatus = (typeof novitaStatuses)[number] | 'terminated'

/** What is known besides the instance. */
export interface StatusFacts {
  /** When it was first ready; null: it never was. */
  readyAt: Instant | null
  outcome: Outcome | null
}

/** `running` is what can be used; what is on its way keeps the word that it had. */
export function novitaStatusOf(
  { status, launch }: Pick<Instance, 'status' | 'launch'>,
  { readyAt, outcome }: StatusFacts,
): NovitaStatus {
  if (outcome === 'timeout') return 'failed'
  switch (status) {
    case 'requested':
    case 'launching':
      return readyAt === null ? 'creating' : 'starting'
    case 'starting':
    case 'interrupted':
      return 'starting'
    case 'running':
      return readyAt === null ? 'starting' : 'running'
    case 'ready':
      return 'running'
    case 'stopping':
    case 'terminating':
      if (readyAt !== null) return 'running'
      return launch === null ? 'creating' : 'starting'
    case 'stopped':
      return 'stopped'
    case 'failed':
      return 'failed'
    case 'terminated':
      return 'terminated'
  }
}
