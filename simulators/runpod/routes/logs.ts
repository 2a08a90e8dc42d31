/**
 * /v2/pods/{id}/logs as server-sent events. The real stream stays open; this one ends after what there is so far, so a
 * client sees a stream that breaks and has to come back with `Last-Event-ID`.
 */

import type { SimReply } from '../../kit/simulator.ts'
import { type Call, integerOf, listOf, timeOf } from '../request.ts'
import { isoSecond, type LogLine } from '../state.ts'
import { podOf } from './pods.ts'

const defaultTail = 100

export function podLogs({ world, request, id }: Call): SimReply {
  const pod = podOf(world, id)
  const source = listOf(request.query, 'source', ['container', 'system'])?.[0]
  const tail = integerOf(request.query, 'tail', { min: 0, max: 5000 }) ?? defaultTail
  const since = timeOf(request.query, 'since')
  const lastSeen = lastSeenFrom(request.headers['last-event-id'], pod.logs)
  const lines = pod.logs.filter((line) => source === undefined || line.source === source)
  let shown = tail === 0 ? [] : lines.slice(-tail)
  if (since !== null) shown = lines.filter((line) => line.at >= since)
  if (lastSeen !== null) shown = lines.filter((line) => line.seq > lastSeen)
  return {
    status: 200,
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      'x-accel-buffering': 'no',
    },
    body: shown.map(eventOf).join(''),
  }
}

function eventOf(line: LogLine): string {
  const ts = isoSecond(line.at)
  const data = JSON.stringify({ ts, source: line.source, line: line.line })
  return `id: ${ts}/${String(line.seq).padStart(12, '0')}\ndata: ${data}\n\n`
}

/** The id is `<time>/<number>`; prose calls it a bare time, which is taken as well. */
function lastSeenFrom(header: string | undefined, logs: readonly LogLine[]): number | null {
  if (!header) return null
  const [time = '', number] = header.split('/')
  if (number !== undefined && /^\d+$/.test(number)) return Number(number)
  const at = Date.parse(time)
  if (Number.isNaN(at)) return null
  return logs.filter((line) => line.at <= at + 999).at(-1)?.seq ?? 0
}
