import { pino } from 'pino'
import { type Clock, isoFrom } from '../core/time.ts'
import type { Redactor } from './redaction.ts'

export type LogFields = Readonly<Record<string, unknown>>

/** A line is an event with fields: `log.info('instance decided', { instanceId, status, because })`. */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** A log whose every line carries these fields too. */
  child(fields: LogFields): Log
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogOptions {
  clock: Pick<Clock, 'now'>
  redactor: Redactor
  /** The least that is written; default `info`. */
  level?: LogLevel
  /** `json`: one object per line, for machines. `readable`: one sentence per line, for a terminal. Default `json`. */
  format?: 'json' | 'readable'
  /** Gets one line with its line end at a time; default standard output. */
  write?: (line: string) => void
}

export function createLog({ clock, redactor, level = 'info', format = 'json', write }: LogOptions): Log {
  const sink = write ?? ((line: string) => process.stdout.write(line))
  const output = format === 'json' ? sink : (line: string) => sink(readable(line))

  const lines = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${isoFrom(clock.now())}"`,
      // In capitals, so that `grep ERROR` finds errors in either format.
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    { write: output },
  )

  return logOn((lineLevel, event, fields) => {
    // Redacted here, not by pino: its paths have to be known beforehand, ours are wherever they are.
    lines[lineLevel](redactor.value(fields) as LogFields, redactor.text(event))
  }, {})
}

/** Whatever takes lines, as a `Log`. */
export function logOn(line: (level: LogLevel, event: string, fields: LogFields) => void, always: LogFields): Log {
  return {
    debug: (event, fields) => line('debug', event, { ...always, ...fields }),
    info: (event, fields) => line('info', event, { ...always, ...fields }),
    warn: (event, fields) => line('warn', event, { ...always, ...fields }),
    error: (event, fields) => line('error', event, { ...always, ...fields }),
    child: (fields) => logOn(line, { ...always, ...fields }),
  }
}

function readable(line: string): string {
  const { level, time, event, ...fields } = JSON.parse(line) as Record<string, unknown>
  const told = Object.entries(fields).map(([name, value]) => `${name}=${readableValue(value)}`)
  return `${[time, String(level).padEnd(5), plain(String(event)), ...told].join(' ')}\n`
}

/** One line, without commands to the terminal: what others send turns up in here. */
function plain(text: string): string {
  return text.replace(/\p{C}/gu, (control) => `\\u{${control.codePointAt(0)?.toString(16)}}`)
}

function readableValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=\p{C}]+$/u.test(value) ? value : plain(JSON.stringify(value))
}
