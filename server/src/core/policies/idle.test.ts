import { describe, expect, test } from 'vitest'
import { aLaunch, anInstance, aWish, testStart } from '../../testing/builders.ts'
import { type Instance, noPolicies } from '../instances/instance.ts'
import { minuteMs } from '../time.ts'
import { type Activity, noActivity } from './activity.ts'
import { idleOf, idleText } from './idle.ts'

const at = (minutes: number) => testStart + minutes * minuteMs

function ready(change: Partial<Instance> = {}, action: 'stop' | 'terminate' = 'stop'): Instance {
  const idle = { timeoutMs: 30 * minuteMs, action, busyAbovePercent: null }
  return anInstance({
    status: 'ready',
    launch: aLaunch({ upAt: testStart }),
    wish: aWish({ policies: { ...noPolicies, idle } }),
    ...change,
  })
}

function textAt(minutes: number, activity: Partial<Activity> = {}, canStop = true): string {
  const known = { ...noActivity, readyAt: testStart, ...activity }
  const state = idleOf(ready(), known, { now: at(minutes), canStop })
  if (state === null) throw new Error('no idle state')
  return idleText(state, { now: at(minutes), action: 'stop', snoozedUntil: known.snoozedUntil })
}

describe('idleness', () => {
  test('is told with the time that is left', () => {
    expect(textAt(12)).toBe('idle for 12 min, stops in 18')
    expect(textAt(0)).toBe('in use, stops in 30 min')
  })

  test('begins with the last sign of use', () => {
    expect(textAt(20, { activeAt: at(15), activeKind: 'http' })).toBe('idle for 5 min, stops in 25')
  })

  test('begins anew when it is started again', () => {
    const again = ready({ launch: aLaunch({ upAt: testStart, startOrderedAt: at(100) }) })
    expect(idleOf(again, { ...noActivity, readyAt: at(0) }, { now: at(101), canStop: true })?.forMs).toBe(minuteMs)
  })

  test('does not begin while it still loads, and does when its time to become ready is over', () => {
    const health = { path: '/', port: 80, timeoutMs: 20 * minuteMs }
    const { policies } = ready().wish
    const loading = ready({ status: 'running', wish: aWish({ policies, health }) })
    const forMs = (minutes: number) => idleOf(loading, noActivity, { now: at(minutes), canStop: true })?.forMs
    expect(forMs(19)).toBe(0)
    expect(forMs(25)).toBe(5 * minuteMs)
  })

  test('is nothing while it is not up', () => {
    const asleep = (status: Instance['status']) => idleOf(ready({ status }), noActivity, { now: at(60), canStop: true })
    expect(asleep('starting')).toBeNull()
    expect(asleep('stopped')).toBeNull()
  })
})

describe('a stop for idleness', () => {
  const stop = (minutes: number, activity: Partial<Activity>, canStop = true) =>
    idleOf(ready(), { ...noActivity, readyAt: testStart, ...activity }, { now: at(minutes), canStop })

  test('comes after its warning by the whole lead, however late the warning was', () => {
    expect(stop(29, { idleWarnedAt: at(27) })).toMatchObject({ warned: true, stopsAt: at(30) })
    // We slept for hours: nobody was warned, so the stop waits for the warning.
    expect(stop(500, {})).toMatchObject({ warned: false, stopsAt: at(503) })
    expect(stop(501, { idleWarnedAt: at(500) })).toMatchObject({ warned: true, stopsAt: at(503) })
  })

  test('is warned of again after another use', () => {
    expect(stop(40, { idleWarnedAt: at(20), activeAt: at(25) })).toMatchObject({ warned: false })
  })

  test('is held back by work under way, until the report of it runs out', () => {
    const working = { inFlight: 2, inFlightUntil: at(50), activeAt: at(40) }
    expect(stop(49, working)).toMatchObject({ blockedBy: 'in_flight', stopsAt: null, forMs: 0 })
    expect(stop(60, working)).toMatchObject({ blockedBy: null, forMs: 10 * minuteMs, stopsAt: at(80) })
  })

  test('is put off by a snooze, and warned of before it', () => {
    expect(stop(31, { snoozedUntil: at(60) })).toMatchObject({ blockedBy: 'snoozed', stopsAt: at(60), warnsAt: at(57) })
    expect(textAt(31, { snoozedUntil: at(60) })).toBe('idle for 31 min, snoozed until 13:00 UTC')
  })

  test('never comes where the marketplace cannot stop', () => {
    expect(stop(90, { idleWarnedAt: at(40) }, false)).toMatchObject({ blockedBy: 'cannot_stop', stopsAt: null })
    expect(textAt(90, {}, false)).toBe('idle for 1 h 30 min; this marketplace cannot stop a machine: only warns')
    const ends = idleOf(ready({}, 'terminate'), { ...noActivity, readyAt: testStart }, { now: at(90), canStop: false })
    expect(ends).toMatchObject({ blockedBy: null, stopsAt: at(93) })
  })

  test('does not follow from silence about the GPU', () => {
    const silent = { activeAt: at(90), activeKind: 'unclear', idleWarnedAt: at(91) }
    expect(stop(91, silent)).toMatchObject({ blockedBy: 'utilisation_unknown', stopsAt: null })
  })
})
