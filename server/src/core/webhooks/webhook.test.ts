import { expect, test } from 'vitest'
import { hourMs } from '../time.ts'
import { nextTryAt, wants, webhookType } from './webhook.ts'

test('an event is named for what happened to what', () => {
  expect(webhookType({ instanceId: 'inst_1', kind: 'status', status: 'ready' })).toBe('instance.ready')
  expect(webhookType({ instanceId: 'inst_1', kind: 'alarm', status: null })).toBe('instance.alarm')
  expect(webhookType({ instanceId: null, kind: 'changed', status: null })).toBe('fleet.changed')
})

test.each([
  [[], 'instance.ready', true],
  [['*'], 'fleet.changed', true],
  [['instance.*'], 'instance.ready', true],
  [['instance.*'], 'instances.ready', false],
  [['instance.ready'], 'instance.running', false],
  [['fleet.changed', 'instance.running'], 'instance.running', true],
])('%j and %s: %s', (patterns, type, wanted) => {
  expect(wants(patterns, type)).toBe(wanted)
})

test('is tried for more than three days, then it is a dead letter', () => {
  let now = 0
  let tries = 1
  for (let at = nextTryAt('standard', tries, now, 0); at !== null; at = nextTryAt('standard', tries, now, 0)) {
    now = at
    tries += 1
  }
  expect(tries).toBe(10)
  expect(now).toBeGreaterThan(75 * hourMs)
})

test('waits up to a fifth longer by chance', () => {
  expect(nextTryAt('standard', 1, 0, 0)).toBe(5_000)
  expect(nextTryAt('standard', 1, 0, 1)).toBe(6_000)
})

test('contract 002 has three tries, after one second and two', () => {
  expect([1, 2, 3].map((tries) => nextTryAt('contract002', tries, 0, 1))).toEqual([1_000, 2_000, null])
})
