import { expect, test } from 'vitest'
import { anInstance, aWish, testStart } from '../../testing/builders.ts'
import { noPolicies } from '../instances/instance.ts'
import { hourMs, minuteMs } from '../time.ts'
import { noActivity } from './activity.ts'
import { leaseOf } from './lease.ts'

const leased = (hours: number) =>
  anInstance({ wish: aWish({ policies: { ...noPolicies, maxLifetimeMs: hours * hourMs } }) })
const up = { ...noActivity, firstUpAt: testStart }

test('counts from the first time that it was up, and not before', () => {
  expect(leaseOf(leased(8), noActivity)).toBeNull()
  expect(leaseOf(leased(8), up)).toMatchObject({ endsAt: testStart + 8 * hourMs })
})

test('warns a tenth of the time ahead, an hour at most, and again after an extension', () => {
  expect(leaseOf(leased(2), up)).toMatchObject({ warnsAt: testStart + 108 * minuteMs, warned: false })
  expect(leaseOf(leased(100), up)).toMatchObject({ warnsAt: testStart + 99 * hourMs })
  const warned = { ...up, leaseWarnedAt: testStart + 109 * minuteMs }
  expect(leaseOf(leased(2), warned)).toMatchObject({ warned: true })
  expect(leaseOf(leased(3), warned)).toMatchObject({ warned: false })
})
