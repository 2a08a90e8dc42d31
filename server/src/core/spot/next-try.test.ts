import { expect, test } from 'vitest'
import { aLaunch, testStart } from '../../testing/builders.ts'
import { hourMs, minuteMs, secondMs } from '../time.ts'
import { hasLostItsMachine, nextTryAt } from './next-try.ts'

test('only a machine that was up and was lost is worth waiting for', () => {
  const up = { upAt: testStart }
  const refused = aLaunch({ attempt: 2, abandonedBecause: 'no_capacity' })
  expect(hasLostItsMachine([])).toBe(false)
  expect(hasLostItsMachine([aLaunch({ abandonedBecause: 'interrupted' })])).toBe(false)
  expect(hasLostItsMachine([aLaunch({ ...up, abandonedBecause: 'health_deadline' })])).toBe(false)
  expect(hasLostItsMachine([aLaunch(up)])).toBe(false)
  for (const abandonedBecause of ['interrupted', 'no_spot_in_time', 'machine_lost'] as const) {
    expect(hasLostItsMachine([aLaunch({ ...up, abandonedBecause }), refused])).toBe(true)
  }
})

test('the gaps grow to half an hour, and end with the day', () => {
  const gap = (waitedMs: number) => {
    const at = nextTryAt(testStart, testStart + waitedMs)
    return at === null ? null : at - testStart - waitedMs
  }
  expect(gap(0)).toBe(20 * secondMs)
  expect(gap(10 * minuteMs)).toBe(2.5 * minuteMs)
  expect(gap(10 * hourMs)).toBe(30 * minuteMs)
  expect(gap(24 * hourMs - minuteMs)).toBe(minuteMs)
  expect(gap(24 * hourMs)).toBeNull()
  expect(gap(-8 * hourMs)).toBe(20 * secondMs)
})
