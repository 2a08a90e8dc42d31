import type { Event } from '@gpufleet/sdk/api'
import { forTerminal } from './api-words.ts'
import type { Colors } from './text/colors.ts'
import { localTime, stopwatch } from './text/time.ts'

/** An event as it stands in a list: when, whose, what. */
export function eventLine(event: Event, { paint, withInstance }: { paint: Colors; withInstance: boolean }): string {
  const whose = withInstance ? `${(event.instance_id ?? '-').padEnd(21)}  ` : ''
  return `${paint.dim(localTime(event.at))}  ${whose}${colored(event, textOf(event), paint)}`
}

/**
 * An event as a step of something that is being waited for, with the time since it began; null for one that says nothing
 * new. The end of an attempt says why; what is tried next is the next line.
 */
export function stepLine(event: Event, { startedAt, paint }: { startedAt: number; paint: Colors }): string | null {
  if (event.kind === 'status' && saidAlready.has(`${event.status}:${event.because}`)) return null
  const since = stopwatch(Date.parse(event.at) - startedAt).padStart(6)
  return `${paint.dim(since)}  ${colored(event, textOf(event), paint)}`
}

/** Said already by the event beside it: an attempt's own, or the end of one. */
const saidAlready = new Set([
  'requested:asked',
  'requested:no_capacity',
  'requested:price_rose',
  'requested:launch_rejected',
  'requested:provider_unavailable',
  'requested:never_happened',
  'requested:start_failed',
  'requested:start_deadline',
  'requested:health_deadline',
  'launching:plan_made',
])

function textOf(event: Event): string {
  const message = forTerminal(event.message)
  switch (event.kind) {
    case 'attempt_ended':
      return `attempt ${event.data.attempt ?? ''} ended: ${message.replace(/; trying (the next offer|again)/, '')}`
    case 'status':
      return `${event.status}: ${message}`
    default:
      return message
  }
}

function colored({ kind, status }: Event, text: string, paint: Colors): string {
  if (kind === 'alarm') return paint.red(text)
  if (kind === 'attempt_ended' || kind === 'warning' || kind === 'budget' || status === 'interrupted')
    return paint.yellow(text)
  if (status === 'failed') return paint.red(text)
  if (status === 'ready') return paint.green(text)
  return text
}
