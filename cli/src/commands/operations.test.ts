import { expect, test } from 'vitest'
import { cli, good } from '../testing/fake-world.ts'

const anOperation = {
  id: 7,
  at: '2026-10-01T12:00:00.000Z',
  provider: 'vast_ai',
  account: 'main',
  operation: 'terminate',
  request: 'DELETE /api/v0/instances/:id/',
  instance_id: 'inst_0123456789abcdef',
  label: null,
  duration_ms: 30_000,
  status: null,
  outcome: 'timeout',
  error: 'no answer within 30 s',
  attempt: 2,
}

test('shows each call with how it ended, and asks for what was asked for', async () => {
  const { out, requests } = await cli(['operations', '--provider', 'vast', '--failed', '--limit', '5'], {
    answers: { 'GET /api/v1/operations': () => good([anOperation], { next_cursor: null }) },
  })
  expect(Object.fromEntries(requests[0]?.query ?? [])).toEqual({ provider: 'vast', outcome: 'failed', limit: '5' })
  expect(out[1]).toMatch(/vast_ai\s+terminate\s+timeout\s+30000 ms\s+2\s+inst_0123456789abcdef\s+no answer/)
})

test('says so when there is none', async () => {
  const { out } = await cli(['operations'], {
    answers: { 'GET /api/v1/operations': () => good([], { next_cursor: null }) },
  })
  expect(out).toEqual(['No such call is in the log.'])
})
