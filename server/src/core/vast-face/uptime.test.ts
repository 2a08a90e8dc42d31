import { expect, test } from 'vitest'
import { aCharge } from '../../testing/builders.ts'
import { hourMs, minuteMs, secondMs } from '../time.ts'
import { uptimeMs, uptimeText } from './uptime.ts'

test.each([
  [0, '0:00:00'],
  [2 * hourMs + 30 * minuteMs + 45 * secondMs, '2:30:45'],
  [59 * minuteMs + 59_999, '0:59:59'],
  [123 * hourMs, '123:00:00'],
])('%d ms is %s', (ms, text) => {
  expect(uptimeText(ms)).toBe(text)
})

test('counts what its GPUs ran, over all its machines, and not its disk', () => {
  const gpu = { kind: 'gpu' as const, startedAfter: 0, startedBefore: 0 }
  const ended = aCharge({ ...gpu, attempt: 1, endedAfter: hourMs, endedBefore: hourMs })
  const running = aCharge({ ...gpu, attempt: 2, startedAfter: 2 * hourMs, endedAfter: null, endedBefore: null })
  const disk = aCharge({ ...gpu, kind: 'disk', endedAfter: null, endedBefore: null })
  expect(uptimeMs([ended, running, disk], 3 * hourMs)).toBe(2 * hourMs)
})
