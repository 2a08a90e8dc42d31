import { expect, test } from 'vitest'
import { aLaunch, anInstance } from '../../testing/builders.ts'
import type { Instance } from '../instances/instance.ts'
import { verdictOn } from './outcome.ts'

const request = { madeAt: 0, deadlineAt: 600_000 }
const on = (change: Partial<Instance>, now = 1_000, readyAt: number | null = null) =>
  verdictOn(request, anInstance(change), { readyAt, now, watchedSince: 0 })?.outcome ?? null

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
      watchedSince: 0,
    })?.message
  expect([message(600_000), message(60_000), message(90_000)]).toEqual([
    'Instance failed to start within 10 minutes',
    'Instance failed to start within 1 minute',
    'Instance failed to start within 1.5 minutes',
  ])
})

test('it is given up only on what was seen since its deadline', () => {
  const seenAt = (lastSeenAt: number | null) =>
    on({ status: 'starting', wanted: 'up', launch: aLaunch({ externalId: 'm-1', lastSeenAt }) }, 900_000)
  expect([seenAt(null), seenAt(599_999), seenAt(600_000)]).toEqual([null, null, 'timeout'])
})

test('a machine that was given up is not waited for', () => {
  const launch = aLaunch({ externalId: 'm-1', lastSeenAt: 100_000, abandonedAt: 200_000 })
  expect(on({ status: 'requested', wanted: 'up', launch }, 600_000)).toBe('timeout')
})

test('without a machine it is given up at once, but after a start of the server only when one had time to show up', () => {
  for (const launch of [null, aLaunch({ externalId: null })]) {
    const instance = anInstance({ status: 'launching', wanted: 'up', launch })
    const after = (watchedSince: number, now: number) =>
      verdictOn(request, instance, { readyAt: null, watchedSince, now })?.outcome ?? null
    expect(after(0, 600_000)).toBe('timeout')
    expect(after(700_000, 999_999)).toBeNull()
    expect(after(700_000, 1_000_000)).toBe('timeout')
  }
})
