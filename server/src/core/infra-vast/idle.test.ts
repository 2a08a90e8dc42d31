import { expect, test } from 'vitest'
import { nanos } from '../money.ts'
import { noActivity } from '../policies/activity.ts'
import { minuteMs } from '../time.ts'
import { type IdleFacts, idleMs, minutesLeft } from './idle.ts'

const now = Date.UTC(2026, 9, 1, 12)
const ago = (minutes: number) => now - minutes * minuteMs
const facts = (change: Partial<IdleFacts> = {}): IdleFacts => ({
  session: { startedAt: ago(60), endedAt: null, ratePerHour: nanos(0n) },
  lastActivityAt: null,
  activity: noActivity,
  awaitedUntil: null,
  ...change,
})

test('counts from the newest sign of use', () => {
  expect(idleMs(facts(), now)).toBe(60 * minuteMs)
  expect(idleMs(facts({ lastActivityAt: ago(5) }), now)).toBe(5 * minuteMs)
  expect(idleMs(facts({ lastActivityAt: ago(500) }), now)).toBe(60 * minuteMs)
  expect(idleMs(facts({ activity: { ...noActivity, activeAt: ago(3), activeKind: 'http' } }), now)).toBe(3 * minuteMs)
  expect(idleMs(facts({ activity: { ...noActivity, activeAt: ago(3), activeKind: 'unclear' } }), now)).toBe(
    60 * minuteMs,
  )
})

test('work under way, and somebody who waits for it, are use until they run out', () => {
  const works = { ...noActivity, inFlight: 2, inFlightUntil: now + minuteMs }
  expect(idleMs(facts({ activity: works }), now)).toBe(0)
  expect(idleMs(facts({ activity: { ...works, inFlight: 0 } }), now)).toBe(60 * minuteMs)
  expect(idleMs(facts({ activity: { ...works, inFlightUntil: ago(2) } }), now)).toBe(2 * minuteMs)
  expect(idleMs(facts({ awaitedUntil: now + 1 }), now)).toBe(0)
})

test('S001-08 30 minutes, 5 of them idle: 25 are left; a begun minute counts, and none is owed', () => {
  expect(minutesLeft(5 * minuteMs, 30 * minuteMs)).toBe(25)
  expect(minutesLeft(5 * minuteMs + 1_000, 30 * minuteMs)).toBe(25)
  expect(minutesLeft(0, 30 * minuteMs)).toBe(30)
  expect(minutesLeft(40 * minuteMs, 30 * minuteMs)).toBe(0)
})
