import { expect, test } from 'vitest'
import { anInstance } from '../../testing/builders.ts'
import type { Instance } from '../instances/instance.ts'
import { verdictOn } from './outcome.ts'

const request = { madeAt: 0, deadlineAt: 600_000 }
const on = (change: Partial<Instance>, now = 1_000, readyAt: number | null = null) =>
  verdictOn(request, anInstance(change), { readyAt, now })?.outcome ?? null

test('nothing is said while it comes up', () => {
  for (const status of ['requested', 'launching', 'starting', 'interrupted'] as const) {
    expect(on({ status, wanted: 'up' }, 599_999)).toBeNull()
    expect(on({ status, wanted: 'up' }, 600_000)).toBe('timeout')
  }
})

test('one that is up is left to the limit of its health check', () => {
  expect(on({ status: 'running', wanted: 'up' }, 3_600_000)).toBeNull()
})

test('once ready it is ready, also when it has gone down since', () => {
  expect(on({ status: 'ready', wanted: 'up' }, 600_001)).toBe('ready')
  expect(on({ status: 'interrupted', wanted: 'up' }, 600_001, 5)).toBe('ready')
  expect(on({ status: 'terminated', wanted: 'ended' }, 600_001, 5)).toBe('ready')
})

test('an end that its user asked for is no failure; one by a policy is', () => {
  expect(on({ status: 'terminating', wanted: 'ended' })).toBe('ended')
  expect(on({ status: 'stopping', wanted: 'stopped' })).toBe('ended')
  expect(on({ status: 'terminating', wanted: 'up', because: 'budget_spent' })).toBe('failed')
  expect(on({ status: 'failed', wanted: 'up' })).toBe('failed')
})

test('the limit is said in minutes', () => {
  const message = (deadlineAt: number) =>
    verdictOn({ madeAt: 0, deadlineAt }, anInstance({ status: 'starting', wanted: 'up' }), {
      readyAt: null,
      now: deadlineAt,
    })?.message
  expect([message(600_000), message(60_000), message(90_000)]).toEqual([
    'Instance failed to start within 10 minutes',
    'Instance failed to start within 1 minute',
    'Instance failed to start within 1.5 minutes',
  ])
})
