import type { Clock } from '../../server/src/core/time.ts'
import { type Log, type LogFields, type LogLevel, logOn } from '../../server/src/observability/log.ts'
import type { Timeline } from './timeline.ts'

/** What a process waits for. Before and after each of these it can die. */
export type WaitingFor = 'store' | 'marketplace' | 'order' | 'sleep'

/** At which of its waits a process dies: the n-th of all, or of one kind. */
export interface Death {
  of: WaitingFor | 'any'
  nth: number
}

/**
 * The life of one process. Everything through which it reaches the world asks here first; once it is dead, whatever it
 * waits for never comes, so that nothing of it acts any more.
 */
export interface Life {
  readonly isAlive: boolean
  /** @returns false when the process is dead, or dies here */
  goesOn(wait: WaitingFor): boolean
  die(why: string): void
  /** Resolves when it dies. */
  readonly death: Promise<string>
  /** How often it has waited so far. */
  waits(): number
}

export const never = new Promise<never>(() => {})

export function createLife(fate: Death | null): Life {
  let isAlive = true
  let waits = 0
  let left = fate?.nth ?? 0
  let tell: (why: string) => void = () => {}
  const death = new Promise<string>((resolve) => {
    tell = resolve
  })
  const die = (why: string) => {
    if (!isAlive) return
    isAlive = false
    tell(why)
  }
  return {
    get isAlive() {
      return isAlive
    },
    goesOn(wait) {
      if (!isAlive) return false
      waits += 1
      if (fate !== null && (fate.of === 'any' || fate.of === wait) && --left === 0) die(`killed at ${wait} ${waits}`)
      return isAlive
    },
    die,
    death,
    waits: () => waits,
  }
}

/** The clock on the wall of a process: it may be wrong. */
export function clockOf(life: Life, timeline: Timeline, skewMs: () => number): Clock {
  return {
    now: () => timeline.now() + skewMs(),
    async sleep(ms, signal) {
      if (!life.goesOn('sleep')) return never
      try {
        await timeline.sleep(ms, signal)
      } catch (error) {
        return life.isAlive ? Promise.reject(error) : never
      }
      return life.goesOn('sleep') ? undefined : never
    },
  }
}

export function logOf(life: Life, write: (level: LogLevel, event: string, fields: LogFields) => void): Log {
  return logOn((level, event, fields) => {
    if (life.isAlive) write(level, event, fields)
  }, {})
}
