import type { Charge } from '../charges/charge.ts'
import { hourMs, type Instant, minuteMs, secondMs } from '../time.ts'

/** How long its GPUs ran, over all its machines: what is billed as such. */
export function uptimeMs(charges: readonly Charge[], now: Instant): number {
  return charges
    .filter(({ kind }) => kind === 'gpu')
    .reduce((total, { startedAfter, endedBefore }) => total + Math.max(0, (endedBefore ?? now) - startedAfter), 0)
}

/** `2:30:45`; days are hours. */
export function uptimeText(ms: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const rest = ms % hourMs
  return `${Math.floor(ms / hourMs)}:${two(Math.floor(rest / minuteMs))}:${two(Math.floor((rest % minuteMs) / secondMs))}`
}
