import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { manualClock } from './fakes.ts'
import type { LimitRule, Urgency } from './outbound.ts'
import { RateLimiter, WaitTooLong } from './rate-limiter.ts'

const all: LimitRule = { name: 'all', calls: 1, windowMs: 1_100, burst: 1 }
const launch: LimitRule = { name: 'launch', calls: 1, windowMs: 13_000, burst: 1 }

function setup(options: { longestWaitMs?: number; cold?: boolean } = {}) {
  const clock = manualClock()
  const start = clock.now()
  const limiter = new RateLimiter({
    clock,
    longestWaitMs: options.longestWaitMs ?? 60_000,
    coldSince: options.cold ? start : null,
  })
  const left: [name: string, at: number][] = []
  const refused: [name: string, retryAfterMs: number][] = []
  function go(name: string, ...rules: LimitRule[]): void {
    limiter.pass(rules).then(
      () => left.push([name, clock.now() - start]),
      (error) => refused.push([name, error.retryAfterMs]),
    )
  }
  return { clock, limiter, go, left, refused }
}

describe('spacing', () => {
  test('is exact for a minimum interval', async () => {
    const { clock, go, left } = setup()
    for (const name of ['a', 'b', 'c']) go(name, all)
    await clock.advance(10_000)
    go('d', all)
    go('e', all)
    await clock.advance(10_000)
    expect(left).toEqual([
      ['a', 0],
      ['b', 1_100],
      ['c', 2_200],
      ['d', 10_000],
      ['e', 11_100],
    ])
  })

  test('allows a burst, then spreads, and never exceeds the limit in any window', async () => {
    const { clock, go, left } = setup()
    for (let call = 0; call < 8; call++) go('x', { name: 'b', calls: 4, windowMs: 2_000, burst: 3 })
    await clock.advance(60_000)
    expect(left.map(([, at]) => at)).toEqual([0, 0, 0, 500, 2_000, 2_000, 2_000, 2_500])
  })

  test('holds for any rule, whatever arrives when', async () => {
    const rules = fc.record({
      name: fc.constant('r'),
      calls: fc.integer({ min: 1, max: 6 }),
      windowMs: fc.integer({ min: 1, max: 5_000 }),
      burst: fc.integer({ min: 1, max: 6 }),
    })
    await fc.assert(
      fc.asyncProperty(rules, fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 12 }), async (rule, gaps) => {
        const { clock, go, left, refused } = setup({ longestWaitMs: 1e9 })
        for (const gap of gaps) {
          await clock.advance(gap)
          go('x', rule)
        }
        await clock.advance(rule.windowMs * (gaps.length + 1))
        const times = left.map(([, at]) => at)
        expect(times).toHaveLength(gaps.length)
        expect(refused).toEqual([])
        times.forEach((at, index) => {
          const before = times[index - rule.calls]
          if (before !== undefined) expect(at - before).toBeGreaterThanOrEqual(rule.windowMs)
        })
      }),
      { numRuns: 40 },
    )
  })
})

describe('the queue', () => {
  test('lets calls leave in the order in which they came', async () => {
    const { clock, go, left } = setup()
    for (const name of ['a', 'b', 'c', 'd', 'e']) go(name, all)
    await clock.advance(60_000)
    expect(left.map(([name]) => name)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('does not make a look wait for a launch, and keeps both limits exactly', async () => {
    const { clock, go, left } = setup()
    go('launch', all, launch)
    go('launch', all, launch)
    go('look', all)
    await clock.advance(12_500)
    go('look', all)
    go('look', all)
    await clock.advance(10_000)
    expect(left).toEqual([
      ['launch', 0],
      ['look', 1_100],
      ['look', 12_500],
      ['launch', 13_600],
      ['look', 14_700],
    ])
  })

  test('turns away at once what would wait too long, and says for how long', async () => {
    const { clock, go, left, refused } = setup({ longestWaitMs: 2_500 })
    for (const name of ['a', 'b', 'c', 'd']) go(name, all)
    await clock.advance(0)
    expect(refused).toEqual([['d', 3_300]])
    await clock.advance(60_000)
    expect(left.map(([name]) => name)).toEqual(['a', 'b', 'c'])
  })

  test('turns away those who wait when the limit is pushed back too far', async () => {
    const { clock, limiter, go, left, refused } = setup({ longestWaitMs: 10_000 })
    go('a', all)
    go('b', all)
    limiter.hold([all], 3_600_000)
    await clock.advance(0)
    expect(left).toEqual([['a', 0]])
    expect(refused).toEqual([['b', 3_600_000]])
  })

  test('forgets a caller that gives up, without losing its turn', async () => {
    const { clock, limiter, go, left } = setup()
    const caller = new AbortController()
    go('a', all)
    const given = limiter.pass([all], { signal: caller.signal })
    go('c', all)
    caller.abort(new Error('enough'))
    await expect(given).rejects.toThrow('enough')
    await clock.advance(60_000)
    expect(left).toEqual([
      ['a', 0],
      ['c', 1_100],
    ])
  })
})

test('after a pause one call leaves, and the others at their pace', async () => {
  const { clock, limiter, go, left } = setup()
  const rule: LimitRule = { name: 'r', calls: 10, windowMs: 1_000, burst: 5 }
  limiter.hold([rule], 5_000)
  for (let call = 0; call < 3; call++) go('x', rule)
  await clock.advance(60_000)
  expect(left.map(([, at]) => at)).toEqual([5_000, 5_100, 5_200])
})

test('calls that were refused together pause once', async () => {
  const { clock, limiter, go, left } = setup()
  const sentAt = clock.now()
  await clock.advance(200)
  for (let call = 0; call < 5; call++) limiter.pause([all], sentAt)
  go('x', all)
  await clock.advance(60_000)
  expect(left).toEqual([['x', 1_200]])
})

test('a cold start waits one interval, also where bursts are allowed', async () => {
  const { clock, go, left } = setup({ cold: true })
  go('a', all)
  go('b', { name: 'b', calls: 10, windowMs: 1_000, burst: 5 })
  await clock.advance(60_000)
  expect(left).toEqual([
    ['b', 100],
    ['a', 1_100],
  ])
})

test('a clock that is set back does not stop everything', async () => {
  const clock = manualClock()
  let backMs = 0
  const limiter = new RateLimiter({
    clock: { now: () => clock.now() - backMs, sleep: clock.sleep },
    longestWaitMs: 60_000,
    coldSince: null,
  })
  await limiter.pass([all])
  backMs = 3_600_000
  const next = limiter.pass([all])
  await clock.advance(1_100)
  await next
  expect(new WaitTooLong(1_500).message).toBe('the rate limit allows it in 2 s')
})

describe('who goes first', () => {
  function line() {
    const { clock, limiter } = setup()
    const left: string[] = []
    const ask = (name: string, urgency: Urgency) =>
      limiter.pass([all], { urgency }).then(
        () => left.push(name),
        () => left.push(`${name} turned away`),
      )
    return { clock, left, ask }
  }

  test('orders, then looks, then reading the market; among equals, who came first', async () => {
    const { clock, left, ask } = line()
    for (const urgency of ['read', 'read', 'look', 'order', 'look', 'order'] as const) {
      ask(`${urgency} ${left.length}`, urgency)
      left.push('')
    }
    left.length = 0
    await clock.advance(10_000)
    // The first was gone before the others came.
    expect(left).toEqual(['read 0', 'order 3', 'order 5', 'look 2', 'look 4', 'read 1'])
  })

  test('looks without end do not keep the market from being read', async () => {
    const { clock, left, ask } = line()
    ask('first', 'look')
    ask('search', 'read')
    for (let second = 0; second < 60; second++) {
      ask(`look ${second}`, 'look')
      await clock.advance(1_000)
    }
    expect(left).toContain('search')
    expect(left.indexOf('search')).toBeGreaterThan(20)
  })

  test('an order is not turned away because many searches wait', async () => {
    const { clock, left, ask } = line()
    for (let call = 0; call < 55; call++) ask('search', 'read')
    ask('one more search', 'read')
    ask('end', 'order')
    await clock.advance(2_000)
    expect(left).toEqual(['search', 'one more search turned away', 'end'])
  })
})
