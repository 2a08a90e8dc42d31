import type { Instance } from '../instances/instance.ts'
import type { Status } from '../instances/status.ts'

/** Contract 000's words for where an instance is. */
export const vastWords = ['creating', 'running', 'running_vllm', 'exited', 'failed', 'destroyed'] as const
export type VastWord = (typeof vastWords)[number]

/** `deleted` is what later clients of contract 000 call `destroyed`. */
export function vastWordNamed(text: string): VastWord | undefined {
  return text === 'deleted' ? 'destroyed' : vastWords.find((word) => word === text)
}

export interface Seen {
  status: Status
  /** Its health check asks vLLM: then ready is more than running. */
  servesVllm: boolean
  /** What it was before its stop or its end was asked for. */
  before?: Status | null
}

export function vastWord({ status, servesVllm, before = null }: Seen): VastWord {
  switch (status) {
    case 'requested':
    case 'launching':
    case 'starting':
    // A replacement is under way.
    case 'interrupted':
      return 'creating'
    case 'running':
      return 'running'
    case 'ready':
      return servesVllm ? 'running_vllm' : 'running'
    case 'stopping':
    case 'terminating':
      // Only the marketplace can say that it is no longer what it was.
      return before === null || isLeaving(before) ? 'running' : vastWord({ status: before, servesVllm })
    case 'stopped':
      return 'exited'
    case 'failed':
      return 'failed'
    case 'terminated':
      return 'destroyed'
  }
}

export function isLeaving(status: Status): boolean {
  return status === 'stopping' || status === 'terminating'
}

/** The port at which vLLM is asked whether it serves; null where the instance was not set up for it. */
export function vllmPortOf({ wish }: Pick<Instance, 'wish'>): number | null {
  return wish.environmentNames.includes('VLLM_MODEL_NAME') ? (wish.health?.port ?? null) : null
}

/** @source docs.vllm.ai, "OpenAI-compatible server": `GET /health` answers 200 once it serves. */
export const vllmHealthPath = '/health'
