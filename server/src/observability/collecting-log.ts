import { type Log, type LogFields, type LogLevel, logOn } from './log.ts'
import type { Redactor } from './redaction.ts'

export interface LogLine {
  level: LogLevel
  event: string
  fields: LogFields
}

/** Says nothing. For tests that are about something else. */
export function silentLog(): Log {
  return logOn(() => {}, {})
}

/** Keeps its lines from `info` on, so that a test can read them. With a redactor they are what a real log would have written. */
export function collectingLog(redactor?: Redactor): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const log = logOn((level, event, fields) => {
    if (level === 'debug') return
    lines.push({
      level,
      event: redactor ? redactor.text(event) : event,
      fields: redactor ? (redactor.value(fields) as LogFields) : fields,
    })
  }, {})
  return { ...log, lines }
}
