import { expect, test } from 'vitest'
import { hourMs, minuteMs, secondMs } from '../core/time.ts'
import { adminKey, httpWorld } from '../testing/http-world.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { createLockout, networkOf } from './lockout.ts'

const guess = (lockout: ReturnType<typeof createLockout>, from: string, numbers: number[], prefix?: string) =>
  numbers.map((number) => lockout.failed(from, `guess ${number}`, prefix))
const upTo = (count: number, from = 0) => Array.from({ length: count }, (_, at) => from + at)

test('ten different wrong keys in a minute lock an address out, longer each time', async () => {
  const clock = virtualClock()
  const lockout = createLockout(clock)
  expect(guess(lockout, '1.1.1.1', upTo(9))).toEqual(Array(9).fill(0))
  expect(lockout.remainingMs('1.1.1.1', 'any')).toBe(0)
  expect(guess(lockout, '1.1.1.1', [9])).toEqual([minuteMs])
  expect(lockout.remainingMs('1.1.1.1', 'any')).toBe(minuteMs)
  expect(lockout.remainingMs('2.2.2.2', 'any')).toBe(0)

  const waits: number[] = []
  for (let round = 1; round <= 8; round += 1) {
    await clock.advance(lockout.remainingMs('1.1.1.1', 'any'))
    waits.push(guess(lockout, '1.1.1.1', upTo(10, round * 10)).at(-1) ?? 0)
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60].map((minutes) => minutes * minuteMs))
})

test('the same wrong key again and again is an old key, not guessing', () => {
  const lockout = createLockout(virtualClock())
  expect(guess(lockout, '1.1.1.1', Array(100).fill(7))).toEqual(Array(100).fill(0))
})

test('slow mistakes are forgotten', async () => {
  const clock = virtualClock()
  const lockout = createLockout(clock)
  for (const number of upTo(30)) {
    expect(guess(lockout, '1.1.1.1', [number])).toEqual([0])
    await clock.advance(7 * secondMs)
  }
})

test('after two quiet hours a lock is a first one again', async () => {
  const clock = virtualClock()
  const lockout = createLockout(clock)
  guess(lockout, '1.1.1.1', upTo(10))
  await clock.advance(minuteMs + 2 * hourMs + 1)
  expect(guess(lockout, '1.1.1.1', upTo(10)).at(-1)).toBe(minuteMs)
})

test('one key is not guessed from many addresses', () => {
  const lockout = createLockout(virtualClock())
  const waits = upTo(10).map((number) => lockout.failed(`10.0.0.${number}`, `guess ${number}`, 'key_1'))
  expect(waits).toEqual([...Array(9).fill(0), minuteMs])
  expect(lockout.failed('10.0.0.99', 'guess', 'key_2')).toBe(0)
})

test('a key that worked from an address goes on working there', async () => {
  const clock = virtualClock()
  const lockout = createLockout(clock)
  lockout.worked('1.1.1.1', 'the right one')
  guess(lockout, '1.1.1.1', upTo(10))
  expect(lockout.remainingMs('1.1.1.1', 'the right one')).toBe(0)
  expect(lockout.remainingMs('1.1.1.1', 'another')).toBe(minuteMs)
})

test('holds no more than it may, however many guess', () => {
  const clock = virtualClock()
  const lockout = createLockout(clock, { most: 3 })
  guess(lockout, '1.1.1.1', upTo(10))
  for (const number of upTo(3)) guess(lockout, `2.2.2.${number}`, [1])
  expect(lockout.remainingMs('1.1.1.1', 'any')).toBe(0)
})

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['2001:DB8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:ffff:1:2:3', '2001:db8:0:0::/64'],
  ['2001:0db8:0000:0001::7', '2001:db8:0:1::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test('over HTTP: 429 with Retry-After for whoever guesses, and nobody else', async () => {
  const world = await httpWorld()
  const good = await world.keyOf({ role: 'viewer' })
  const ask = (headers: Record<string, string>, remoteAddress: string) =>
    world.send({ method: 'GET', url: '/api/v1/whoami', headers, remoteAddress })
  expect((await ask(good.headers, '1.1.1.1')).status).toBe(200)
  for (const number of upTo(9)) expect((await ask({ 'x-api-key': `guess ${number}` }, '1.1.1.1')).status).toBe(401)
  const { status, headers, json } = await ask({ 'x-api-key': 'guess 9' }, '1.1.1.1')
  expect(status).toBe(429)
  expect(headers['retry-after']).toBe('60')
  expect(json).toMatchObject({ code: 'too_many_requests', details: { retry_after_seconds: 60 } })

  // The right one is no hint to who guesses it now, unless it worked from there before.
  expect((await ask({ 'x-api-key': adminKey }, '1.1.1.1')).status).toBe(429)
  expect((await ask(good.headers, '1.1.1.1')).status).toBe(200)
  expect((await ask({ 'x-api-key': adminKey }, '2.2.2.2')).status).toBe(200)
  // One who guesses behind the same proxy locks nobody out who has a key that was made here.
  const fresh = await world.keyOf({ role: 'operator' })
  expect((await ask(fresh.headers, '1.1.1.1')).status).toBe(200)
  expect((await ask({ 'x-api-key': `gpf_${'0'.repeat(12)}_${'A'.repeat(43)}` }, '1.1.1.1')).status).toBe(429)
  await world.clock.advance(minuteMs)
  expect((await ask({ 'x-api-key': adminKey }, '1.1.1.1')).status).toBe(200)
  await world.close()
})
