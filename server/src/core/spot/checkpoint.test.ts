import { expect, test } from 'vitest'
import { minuteMs } from '../time.ts'
import { checkpointGraceMs, checkpointStep } from './checkpoint.ts'

const policy = { command: 'save', timeoutMs: 2 * minuteMs }
const since = 1_000_000
const none = { checkpointStartedAt: null, checkpointEndedAt: null }
const step = (facts: Partial<typeof none | Record<keyof typeof none, number>>, now = since, canRun = true) =>
  checkpointStep(policy, { ...none, ...facts }, { since, now, canRun })

test('runs once for each occasion', () => {
  expect(checkpointStep(null, none, { since, now: since, canRun: true })).toBe('not_needed')
  expect(step({})).toBe('start')
  expect(step({ checkpointStartedAt: since }, since + 5)).toBe('wait')
  expect(step({ checkpointStartedAt: since, checkpointEndedAt: since + 9 }, since + 10)).toBe('over')
  expect(step({ checkpointStartedAt: since - 9, checkpointEndedAt: since - 5 })).toBe('start')
})

test('one that is still running for an earlier occasion serves this one', () => {
  expect(step({ checkpointStartedAt: since - 5 })).toBe('wait')
})

test('is not tried where nobody could run it', () => {
  expect(step({}, since, false)).toBe('not_needed')
})

test('whose end nobody heard of is over at its limit, also when the clock was set back', () => {
  const limit = since + policy.timeoutMs + checkpointGraceMs
  expect(step({ checkpointStartedAt: since }, limit - 1)).toBe('wait')
  expect(step({ checkpointStartedAt: since }, limit)).toBe('over')
  expect(step({ checkpointStartedAt: since }, since - 1)).toBe('over')
})

test('runs once also when the clock was set back between the order and its start', () => {
  const back = since - 8 * 60 * minuteMs
  expect(step({}, back)).toBe('start')
  expect(step({ checkpointStartedAt: back, checkpointEndedAt: back + 5 }, back + 10)).toBe('over')
})
