import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from './system-clock.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

test('sleeps as long as asked', async () => {
  const clock = systemClock()
  const slept = clock.sleep(1_500).then(() => clock.now())
  await vi.advanceTimersByTimeAsync(1_500)
  expect(await slept).toBe(1_500)
})

test('sleeps longer than a timer can', async () => {
  const days = 40 * 86_400_000
  let awake = false
  systemClock()
    .sleep(days)
    .then(() => {
      awake = true
    })
  await vi.advanceTimersByTimeAsync(days - 1)
  expect(awake).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(awake).toBe(true)
})

test('wakes with the signal’s reason, and leaves no timer behind', async () => {
  const caller = new AbortController()
  const slept = systemClock().sleep(1_000, caller.signal)
  caller.abort(new Error('enough'))
  await expect(slept).rejects.toThrow('enough')
  await expect(systemClock().sleep(1_000, caller.signal)).rejects.toThrow('enough')
  expect(vi.getTimerCount()).toBe(0)
})
