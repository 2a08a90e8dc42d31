import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../money.ts'
import { hourMs, minuteMs } from '../time.ts'
import { figuresOf, noSession, stoppedMessage, totalsOf } from './figures.ts'

const now = Date.UTC(2026, 9, 1, 12)
const session = (ms: number, usdPerHour: string) => ({
  startedAt: now - ms,
  endedAt: now,
  ratePerHour: nanosFromUsd(usdPerHour),
})

describe('the figures of contract 001', () => {
  test.each([
    ['S001-30', 45.5 * minuteMs, '0.45', 45.5, 0.34],
    ['the status example', 2.5 * hourMs, '0.45', 150, 1.12],
    ['the costs example', 12.5 * hourMs, '0.45', 750, 5.62],
    ['S001-77 a forgotten 3090', 30 * minuteMs, '0.45', 30, 0.23],
    ['S001-77 a forgotten 4090', 30 * minuteMs, '0.75', 30, 0.38],
    ['S001-76 a day of a 3090', 8 * hourMs, '0.45', 480, 3.6],
    ['S001-76 a day of a 4090', 8 * hourMs, '0.75', 480, 6],
    ['an hour of a 3090', hourMs, '0.45', 60, 0.45],
    ['an hour of a 4090', hourMs, '0.75', 60, 0.75],
  ])('%s', (_name, ms, rate, runtimeMinutes, costUsd) => {
    expect(figuresOf(session(ms, rate), now)).toEqual({ runtimeMinutes, costUsd })
  })

  test('S001-29 the message has one decimal of minutes and three of the rounded dollars', () => {
    expect(stoppedMessage(figuresOf(session(45.5 * minuteMs, '0.45'), now))).toBe(
      'Instance stopped. Session: 45.5 min, $0.340',
    )
    expect(stoppedMessage(noSession)).toBe('Instance stopped. Session: 0.0 min, $0.000')
  })

  test('S001-35 five sessions of 2.5 hours: rounded once, at the end', () => {
    const five = Array.from({ length: 5 }, () => session(2.5 * hourMs, '0.45'))
    expect(totalsOf(five, now)).toEqual({ runtimeHours: 12.5, costUsd: 5.62, sessions: 5, averageMinutes: 150 })
  })

  test('what is up now counts so far, and nothing is nothing', () => {
    const running = { startedAt: now - hourMs, endedAt: null, ratePerHour: nanosFromUsd('0.5') }
    expect(totalsOf([running], now)).toEqual({ runtimeHours: 1, costUsd: 0.5, sessions: 1, averageMinutes: 60 })
    expect(totalsOf([], now)).toEqual({ runtimeHours: 0, costUsd: 0, sessions: 0, averageMinutes: 0 })
    // A clock that was set back.
    expect(figuresOf(running, now - 2 * hourMs)).toEqual(noSession)
  })
})
