import { loadavg } from 'node:os'

export interface ProcessFigures {
  uptimeMs: number
  /** Bytes. */
  memory: { rss: number; heapUsed: number; heapTotal: number; external: number }
  /** Percent of one core since the process began, and the machine's load over 1, 5 and 15 minutes. */
  cpu: { usage: number; loadAverage: number[] }
}

/** What this process takes of its machine. */
export function processFigures(): ProcessFigures {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const uptimeMs = process.uptime() * 1_000
  return {
    uptimeMs,
    memory: { rss, heapUsed, heapTotal, external },
    cpu: { usage: Math.round(((user + system) / 1_000 / uptimeMs) * 1_000) / 10, loadAverage: loadavg() },
  }
}
