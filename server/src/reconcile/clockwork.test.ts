import { expect, test } from 'vitest'
import { collectingLog } from '../observability/collecting-log.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { createClockwork, type Task } from './clockwork.ts'

function counting(name: string, change: Partial<Task> = {}) {
  const task = {
    name,
    everyMs: 60_000,
    atStart: true,
    runs: 0,
    async run() {
      task.runs += 1
    },
    ...change,
  }
  return task
}

test('a task runs at the start, and again when its interval has passed since its end', async () => {
  const clock = virtualClock()
  const task = counting('look')
  const clockwork = createClockwork([task], { clock, log: collectingLog() })
  expect(await clockwork.runDue()).toBe(1)
  expect(await clockwork.runDue()).toBe(0)
  await clock.advance(60_000)
  await clockwork.runDue()
  expect(task.runs).toBe(2)
})

test('a task that is not for the start waits one interval', async () => {
  const clock = virtualClock()
  const task = counting('look', { atStart: false })
  const clockwork = createClockwork([task], { clock, log: collectingLog() })
  await clockwork.runDue()
  expect(task.runs).toBe(0)
  await clock.advance(60_000)
  await clockwork.runDue()
  expect(task.runs).toBe(1)
})

test('a task that fails is logged, comes again, and holds up no other', async () => {
  const clock = virtualClock()
  const log = collectingLog()
  const failing = counting('failing', {
    run: async () => {
      throw new Error('no')
    },
  })
  const other = counting('other')
  const clockwork = createClockwork([failing, other], { clock, log })
  await clockwork.runDue()
  await clock.advance(60_000)
  await clockwork.runDue()
  expect(other.runs).toBe(2)
  expect(log.lines.filter((line) => line.event === 'task failed')).toHaveLength(2)
})

test('a clock that was set back does not silence a task', async () => {
  const clock = virtualClock()
  const task = counting('look')
  let shift = 0
  const clockwork = createClockwork([task], {
    clock: { ...clock, now: () => clock.now() + shift },
    log: collectingLog(),
  })
  await clockwork.runDue()
  shift = -3_600_000
  await clockwork.runDue()
  expect(task.runs).toBe(2)
})
