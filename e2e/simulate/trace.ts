import { createHash } from 'node:crypto'
import type { Instant } from '../../server/src/core/time.ts'

/** What happened in a simulated world, line by line. Two runs of one seed write the same lines. */
export interface Trace {
  add(line: string): void
  lines(): readonly string[]
  hash(): string
}

/** Made before the globals are replaced, and of use for two hours and for two months. */
export function createTrace(now: () => Instant, echo?: (line: string) => void): Trace {
  const begunAt = now()
  const lines: string[] = []
  return {
    add(text) {
      const line = `${((now() - begunAt) / 1000).toFixed(3).padStart(10)} ${text}`
      lines.push(line)
      echo?.(line)
    },
    lines: () => lines,
    hash: () => createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16),
  }
}
