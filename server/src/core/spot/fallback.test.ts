import { expect, test } from 'vitest'
import { aLaunch, anInstance, aWish, testStart } from '../../testing/builders.ts'
import { noPolicies } from '../instances/instance.ts'
import { minuteMs } from '../time.ts'
import { onDemandFrom, wishNow, withoutMachineSince } from './fallback.ts'

const policies = { ...noPolicies, onDemandAfterMs: 30 * minuteMs }
const wish = aWish({ market: 'spot', policies })
const up = { upAt: testStart + minuteMs }

test('a spot wish takes an on-demand machine once it has waited long enough, and not before', () => {
  expect(wishNow(wish, testStart, testStart + 30 * minuteMs - 1).market).toBe('spot')
  expect(wishNow(wish, testStart, testStart + 30 * minuteMs)).toEqual({ ...wish, market: 'any' })
})

test('never without leave, and never in place of an offer that the caller chose', () => {
  const late = testStart + 99 * minuteMs
  expect(wishNow(aWish({ market: 'spot' }), testStart, late).market).toBe('spot')
  const chosen = { ...wish, offer: { provider: 'vast', key: '1:spot' } } as const
  expect(wishNow(chosen, testStart, late).market).toBe('spot')
  expect(onDemandFrom(aWish({ market: 'on_demand', policies }), testStart)).toBeNull()
})

test('the time counts from the beginning, or from the moment when the last machine was lost', () => {
  const instance = anInstance()
  expect(withoutMachineSince(instance, [])).toBe(testStart)
  expect(withoutMachineSince(instance, [aLaunch({ abandonedAt: 5, abandonedBecause: 'no_capacity' })])).toBe(testStart)
  const lost = aLaunch({
    ...up,
    interruptedAt: testStart + 2,
    abandonedAt: testStart + 9,
    abandonedBecause: 'machine_lost',
  })
  // It was taken once, came back, and was lost later.
  expect(withoutMachineSince(instance, [lost])).toBe(testStart + 9)
})

test('one that waited to get its machine back has waited since it was taken', () => {
  for (const abandonedBecause of ['no_spot_in_time', 'interrupted'] as const) {
    const waited = aLaunch({ ...up, interruptedAt: testStart + 2, abandonedAt: testStart + 9, abandonedBecause })
    const tried = aLaunch({ attempt: 2, abandonedAt: testStart + 11, abandonedBecause: 'no_capacity' })
    expect(withoutMachineSince(anInstance(), [waited, tried])).toBe(testStart + 2)
  }
})
