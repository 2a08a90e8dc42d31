import { secondMs } from '../core/time.ts'
import { vllmHealthPath } from '../core/vast-face/status-word.ts'
import { type Outbound, OutboundError } from '../outbound/outbound.ts'

export type VllmHealth = { kind: 'healthy' } | { kind: 'unhealthy'; why: string } | { kind: 'timeout' }

/** Asks a vLLM server somewhere whether it serves. */
export type AskVllm = (at: { ip: string; port: number }) => Promise<VllmHealth>

export const vllmPatienceMs = 10 * secondMs

/** Only public addresses are asked, and nothing of ours is sent along. */
export function createAskVllm(outbound: Outbound): AskVllm {
  return async ({ ip, port }) => {
    const host = ip.includes(':') ? `[${ip}]` : ip
    try {
      const { status } = await outbound.send({
        target: 'health-check',
        account: 'all',
        farSide: 'machine',
        operation: 'vllmHealth',
        method: 'GET',
        url: `http://${host}:${port}${vllmHealthPath}`,
        limits: [],
        repeat: 'once',
        timeoutMs: vllmPatienceMs,
      })
      return status === 200 ? { kind: 'healthy' } : { kind: 'unhealthy', why: `it answers ${status}` }
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error
      return error.trouble === 'timeout' ? { kind: 'timeout' } : { kind: 'unhealthy', why: 'it cannot be reached' }
    }
  }
}
