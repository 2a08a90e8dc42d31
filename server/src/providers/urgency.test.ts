import { expect, test } from 'vitest'
import { urgencyOf } from './urgency.ts'

test.each([
  ['launch', 'launch', 'order'],
  ['terminate', 'change', 'order'],
  ['state', 'change', 'order'],
  ['list', 'read', 'look'],
  ['one', 'harmless', 'look'],
  ['quote', 'harmless', 'look'], // A launch waits for it.
  ['search', 'read', 'read'],
  ['products', 'read', 'read'],
  ['charges', 'read', 'read'],
])('%s (%s) is of urgency %s', (operation, effect, urgency) => {
  expect(urgencyOf({ operation, effect })).toBe(urgency)
})
