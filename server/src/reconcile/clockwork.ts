import type { Clock, Instant } from '../core/time.ts'
import type { Log } from '../observability/log.ts'

/** Something that happens again and again, beside the looks at instances. */
export interface Task {
  name: string
  /** From the end of one run to the beginning of the next. */
  everyMs: number
  /** Whether the first run is at the start, not one interval after it. */
  atStart: boolean
  run(): Promise<void>
}

export interface Clockwork {
  /** Runs every task that is due, once, and waits for them. @returns how many that were */
  runDue(): Promise<number>
  start(): void
  /** Waits for the tasks under way. */
  stop(): Promise<void>
}

const tickMs = 1_000

/** Runs tasks on the clock. One that fails is logged and comes again; one that hangs holds up no other. */
export function createClockwork(tasks: readonly Task[], { clock, log }: { clock: Clock; log: Log }): Clockwork {
  const begunAt = clock.now()
  const dueAt = new Map<Task, Instant>(tasks.map((task) => [task, begunAt + (task.atStart ? 0 : task.everyMs)]))
  const underWay = new Map<Task, Promise<void>>()
  const stopped = new AbortController()
  let running = false
  let loop: Promise<void> = Promise.resolve()

  async function guarded(task: Task): Promise<void> {
    try {
      await task.run()
    } catch (error) {
      log.error('task failed', { task: task.name, error })
    } finally {
      dueAt.set(task, clock.now() + task.everyMs)
      underWay.delete(task)
    }
  }

  function begin(): Promise<void>[] {
    const now = clock.now()
    const due = tasks.filter((task) => {
      const at = dueAt.get(task) ?? now
      // A clock that was set back must not silence a task.
      return !underWay.has(task) && (at <= now || at > now + task.everyMs)
    })
    return due.map((task) => {
      const work = guarded(task)
      underWay.set(task, work)
      return work
    })
  }

  async function run(): Promise<void> {
    while (running) {
      begin()
      await clock.sleep(tickMs, stopped.signal).catch(() => {})
    }
  }

  return {
    async runDue() {
      const begun = begin()
      await Promise.all(begun)
      return begun.length
    },
    start() {
      if (running) return
      running = true
      loop = run()
    },
    async stop() {
      running = false
      stopped.abort()
      await loop
      await Promise.all(underWay.values())
    },
  }
}
