import { describe, expect, test } from 'vitest'
import { aCharge, aLaunch, aMachine } from '../../testing/builders.ts'
import type { Phase } from '../instances/machine.ts'
import { minuteMs } from '../time.ts'
import { type Gap, mayHaveRun } from './unseen.ts'

const launch = aLaunch({ externalId: 'm-1', intendedAt: 0 })

function gap(change: Partial<Omit<Gap, 'machine'>> & { phase?: Phase | 'absent'; market?: 'spot' | 'on_demand' }): Gap {
  const { phase = 'absent', market = 'on_demand', ...rest } = change
  return {
    machine: phase === 'absent' ? 'absent' : aMachine({ phase, market }),
    charges: [],
    seenOffAt: 0,
    begunAt: 10_000,
    stopAsked: false,
    ...rest,
  }
}

test.each(['absent', 'failed', 'ended', 'interrupted', 'stopped'] as const)(
  'never seen up and now %s: it may have run',
  (phase) => {
    expect(mayHaveRun(launch, gap({ phase }))).toBe(true)
  },
)

test.each(['pending', 'starting', 'unclear', 'running'] as const)('on its way up (%s): it has not run yet', (phase) => {
  expect(mayHaveRun(launch, gap({ phase }))).toBe(false)
})

test('a launch that left no machine behind ran nowhere', () => {
  expect(mayHaveRun({ ...launch, externalId: null, lastSeenAt: null }, gap({}))).toBe(false)
  expect(mayHaveRun({ ...launch, externalId: null, lastSeenAt: 5 }, gap({}))).toBe(true)
})

describe('what is booked already', () => {
  const booked = aCharge({ startedAfter: 0, startedBefore: 5, lastOnAt: 5, endedAfter: 5, endedBefore: 6 })

  test('is not booked again', () => {
    expect(mayHaveRun(launch, gap({ charges: [booked] }))).toBe(false)
    expect(mayHaveRun(launch, gap({ charges: [{ ...booked, endedAfter: null, endedBefore: null }] }))).toBe(false)
  })

  test('is followed by another run when it was started again, unless it still rests', () => {
    const again = { ...launch, startOrderedAt: 100 }
    expect(mayHaveRun(again, gap({ charges: [booked] }))).toBe(true)
    expect(mayHaveRun(again, gap({ charges: [booked], phase: 'stopped' }))).toBe(false)
    expect(mayHaveRun(again, gap({ charges: [booked], phase: 'stopped', stopAsked: true }))).toBe(true)
    expect(mayHaveRun(again, gap({ charges: [booked, { ...booked, startedBefore: 120 }] }))).toBe(false)
  })

  test('is followed by another run when a spot machine was out of sight for long', () => {
    const taken = { charges: [booked], phase: 'interrupted', market: 'spot', seenOffAt: 1_000 } as const
    expect(mayHaveRun(launch, gap({ ...taken, begunAt: 1_000 + 3 * minuteMs }))).toBe(true)
    expect(mayHaveRun(launch, gap({ ...taken, begunAt: 1_000 + minuteMs }))).toBe(false)
    expect(mayHaveRun(launch, gap({ ...taken, market: 'on_demand', begunAt: 1_000 + 3 * minuteMs }))).toBe(false)
  })

  test('is followed by another run when the host was away, and nobody looked for long', () => {
    const away = { phase: 'unclear', seenOffAt: 1_000 } as const
    expect(mayHaveRun(launch, gap({ ...away, begunAt: 1_000 + 3 * minuteMs }))).toBe(true)
    expect(mayHaveRun(launch, gap({ ...away, charges: [booked], begunAt: 1_000 + 3 * minuteMs }))).toBe(true)
    expect(mayHaveRun(launch, gap({ ...away, charges: [booked], begunAt: 1_000 + minuteMs }))).toBe(false)
    const since = { ...booked, endedBefore: 2_000 }
    expect(mayHaveRun(launch, gap({ ...away, charges: [since], begunAt: 1_000 + 3 * minuteMs }))).toBe(false)
  })
})
