import { expect, test } from 'vitest'
import { waitingHints } from './waiting-hints.ts'

const now = Date.UTC(2026, 9, 1)

function hints(headers: Record<string, string>, { status = 200, text = '' } = {}) {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {}
  return waitingHints({ status, headers, text, json }, now)
}

test('reads Retry-After as seconds and as a date', () => {
  expect(hints({ 'retry-after': '120' }).retryAfterMs).toBe(120_000)
  expect(hints({ 'retry-after': 'Thu, 01 Oct 2026 00:00:30 GMT' }).retryAfterMs).toBe(30_000)
  expect(hints({ 'retry-after': 'Wed, 30 Sep 2026 00:00:00 GMT' }).retryAfterMs).toBe(0)
  expect(hints({ 'retry-after': 'soon' }).retryAfterMs).toBeNull()
  expect(hints({ 'retry-after': '99999999' }).retryAfterMs).toBe(86_400_000)
})

test('reads used-up windows of both forms of the draft', () => {
  const policy = '"minute";q=60;w=60, "hour";q=3000;w=3600'
  expect(hints({ ratelimit: '"minute";r=57;t=12, "hour";r=2800;t=1812', 'ratelimit-policy': policy })).toEqual({
    retryAfterMs: null,
    exhaustedForMs: null,
  })
  expect(hints({ ratelimit: '"minute";r=0;t=12, "hour";r=0;t=1812' }).exhaustedForMs).toBe(1_812_000)
  expect(hints({ ratelimit: '"minute";r=0, "hour";r=5', 'ratelimit-policy': policy }).exhaustedForMs).toBe(60_000)
  expect(hints({ ratelimit: 'limit=60, remaining=0, reset=12' }).exhaustedForMs).toBe(12_000)
  expect(hints({ ratelimit: 'limit=60, remaining=3, reset=12' }).exhaustedForMs).toBeNull()
})

test('reads X-RateLimit-Reset in all three meanings', () => {
  const used = { 'x-ratelimit-remaining': '0' }
  expect(hints({ ...used, 'x-ratelimit-reset': '5' }).exhaustedForMs).toBe(5_000)
  expect(hints({ ...used, 'x-ratelimit-reset': String(now / 1000 + 5) }).exhaustedForMs).toBe(5_000)
  expect(hints({ ...used, 'x-ratelimit-reset': String(now + 5_000) }).exhaustedForMs).toBe(5_000)
  expect(hints({ 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '5' }).exhaustedForMs).toBeNull()
})

test('looks into the body of refusals only', () => {
  const text = 'API requests too frequent: endpoint threshold=4.5'
  expect(hints({}, { status: 429, text }).retryAfterMs).toBe(4_500)
  expect(hints({}, { status: 200, text }).retryAfterMs).toBeNull()
  expect(hints({ 'retry-after': '9' }, { status: 429, text }).retryAfterMs).toBe(9_000)
  expect(hints({}, { status: 429, text: '{"retry_after": 3}' }).retryAfterMs).toBe(3_000)
  expect(hints({}, { status: 429, text: 'API requests too frequent' }).retryAfterMs).toBeNull()
})
