import { expect, test } from 'vitest'
import { anInstanceId } from '../../testing/builders.ts'
import type { Charge } from '../charges/charge.ts'
import type { Status } from '../instances/status.ts'
import { nanos } from '../money.ts'
import { rateFrom, sessionsFrom } from './sessions.ts'

const changes = (...statuses: (Status | null)[]) => statuses.map((status, at) => ({ at, status }))
const spans = (...statuses: (Status | null)[]) =>
  sessionsFrom(changes(...statuses), () => nanos(1n)).map(({ startedAt, endedAt }) => [startedAt, endedAt])

test('a session begins when it is up and ends when the stop is confirmed', () => {
  expect(spans('starting', 'running', 'ready', 'stopping', 'stopped', 'starting', 'ready')).toEqual([
    [1, 4],
    [6, null],
  ])
})

test('whatever ends it: another stop, an interruption, its loss', () => {
  for (const end of ['stopped', 'interrupted', 'terminated', 'failed'] as const) {
    expect(spans('ready', end), end).toEqual([[0, 1]])
  }
})

test('a restart, a failing health check and what is no status do not end it; being off begins none', () => {
  expect(spans('ready', 'starting', 'running', null, 'ready')).toEqual([[0, null]])
  expect(spans('stopped', 'starting', 'stopping', 'stopped')).toEqual([])
})

const charge = (change: Partial<Charge>): Charge => ({
  instanceId: anInstanceId(),
  attempt: 1,
  kind: 'gpu',
  sequence: 1,
  ratePerHour: nanos(400n),
  stepMs: 1_000,
  startedAfter: 0,
  startedBefore: 0,
  lastOnAt: 10,
  certain: true,
  endedAfter: null,
  endedBefore: null,
  ...change,
})

test('the rate is that of GPUs and disk, as it was', () => {
  const ledger = [
    charge({}),
    charge({ sequence: 2, ratePerHour: nanos(500n), startedAfter: 100 }),
    charge({ kind: 'disk', ratePerHour: nanos(50n) }),
  ]
  expect(rateFrom(ledger, 50)).toBe(450n)
  expect(rateFrom(ledger, null)).toBe(550n)
  expect(rateFrom([charge({ kind: 'disk' })], null)).toBeNull()
})
