import { expect, test } from 'vitest'
import { TimedCache } from './cache.ts'

test('an answer is kept for its time and no longer, and each question counts', () => {
  const cache = new TimedCache<number>('a', { ttlMs: 100, maxSize: 2 })
  expect(cache.get('x', 0)).toBeUndefined()
  cache.put('x', 1, 0)
  expect([cache.get('x', 99), cache.get('x', 100)]).toEqual([1, undefined])
  expect(cache.figures()).toMatchObject({ hits: 1, misses: 2 })
})

test('a clock that was turned back keeps nothing alive', () => {
  const cache = new TimedCache<number>('a', { ttlMs: 100, maxSize: 2 })
  cache.put('x', 1, 10_000)
  expect(cache.get('x', 5_000)).toBeUndefined()
})

test('the oldest makes room; cleanup drops what is too old, and only that', () => {
  const cache = new TimedCache<number>('a', { ttlMs: 100, maxSize: 2 })
  for (const [key, at] of [
    ['x', 0],
    ['y', 50],
    ['z', 60],
  ] as const)
    cache.put(key, at, at)
  expect(cache.get('x', 60)).toBeUndefined()
  expect(cache.cleanup(155)).toBe(1)
  expect(cache.get('z', 155)).toBe(60)
})
