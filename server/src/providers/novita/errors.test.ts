import { describe, expect, test } from 'vitest'
import { OutboundError } from '../../outbound/outbound.ts'
import { failureFromReply, failureFromTrouble, saysNoSuchInstance } from './errors.ts'
import errors from './fixtures/errors.json' with { type: 'json' }
import { json, refused, text } from './testing.ts'

describe('the bodies of the document', () => {
  const meant: Record<string, string> = {
    INSUFFICIENT_RESOURCE: 'no_capacity',
    BALANCE_NOT_ENOUGH: 'no_money',
    VALIDATOR_PARAM: 'rejected',
    REQUEST: 'outcome_unknown', // at a launch: look for the name
    CREATE_INSTANCE_LIMIT: 'no_money',
    CREATE_GPU_NUM_LIMIT: 'no_money',
    UNAUTHORIZED: 'unauthorized',
    RATE_LIMIT_EXCEEDED: 'rate_limited',
    RESOURCE_NOT_FOUND: 'no_capacity',
  }
  for (const body of errors.bodies) {
    test(`${body.reason} at a launch`, () => {
      expect(failureFromReply(json(body, body.code), 'launch')?.kind).toBe(meant[body.reason])
    })
  }

  test('"invalid state change" asks for a look, whatever reason stands beside it', () => {
    expect(failureFromReply(refused(400, 'REQUEST', 'invalid state change'), 'change')?.kind).toBe('not_now')
    expect(failureFromReply(json({ code: 400, message: 'Invalid state change' }, 400), 'change')?.kind).toBe('not_now')
  })
})

test('the three ways to refuse a key are one', () => {
  for (const reply of [
    text('', 401),
    json({ message: 'unauthorized' }, 401),
    refused(403, 'INVALID_API_KEY'),
    refused(400, 'MISSING_API_KEY'),
    refused(403, 'FORBIDDEN'),
  ]) {
    expect(failureFromReply(reply, 'read')?.kind).toBe('unauthorized')
  }
})

test('a 403 is judged by its reason, not by its status', () => {
  expect(failureFromReply(refused(403, 'CREATE_GPU_NUM_LIMIT'), 'launch')?.kind).toBe('no_money')
  expect(failureFromReply(refused(403, 'SOMETHING_NEW'), 'read')?.kind).toBe('rejected')
})

test('the reason is found in each place where it has been seen', () => {
  for (const body of [
    { reason: 'INSUFFICIENT_RESOURCE' },
    { code: 'INSUFFICIENT_RESOURCE' },
    { error: { code: 'INSUFFICIENT_RESOURCE' } },
    { error: 'INSUFFICIENT_RESOURCE' },
    { message: 'insufficient resource', code: 400 },
  ]) {
    expect(failureFromReply(json(body, 400), 'launch')?.kind).toBe('no_capacity')
  }
})

test('an error in a body with status 200 is an error', () => {
  expect(failureFromReply(json({ code: 401, reason: 'UNAUTHORIZED', message: '' }), 'read')?.kind).toBe('unauthorized')
  expect(failureFromReply(json({ code: 500, message: 'x' }), 'read')?.kind).toBe('rejected')
})

test('an empty body with a good status is good', () => {
  expect(failureFromReply(text('', 200), 'change')).toBeNull()
  expect(failureFromReply(text('', 204), 'change')).toBeNull()
})

test('a server error after a launch or a change leaves the outcome open; a read may be repeated', () => {
  expect(failureFromReply(refused(500, 'UNKNOWN'), 'launch')?.kind).toBe('outcome_unknown')
  expect(failureFromReply(text('<html>', 502), 'change')?.kind).toBe('outcome_unknown')
  expect(failureFromReply(text('<html>', 502), 'read')?.kind).toBe('unavailable')
})

test('an answer with an id means that a machine exists, although it failed', () => {
  expect(failureFromReply(json({ id: 'abc', code: 500, reason: 'UNKNOWN' }, 500), 'launch')).toEqual({
    kind: 'outcome_unknown',
    externalId: 'abc',
  })
})

test('a page from between proves nothing about a launch; an unrouted path does', () => {
  expect(failureFromReply(text('<html>blocked</html>', 403), 'launch')?.kind).toBe('outcome_unknown')
  expect(failureFromReply(text('404 page not found', 404), 'launch')?.kind).toBe('unexpected_reply')
  expect(failureFromReply(text('gone', 410), 'read')?.kind).toBe('unexpected_reply')
})

test('only their own words make an instance absent', () => {
  expect(saysNoSuchInstance(json({ message: 'not found' }, 404))).toBe(true)
  expect(saysNoSuchInstance(refused(404, 'RESOURCE_NOT_FOUND'))).toBe(true)
  expect(saysNoSuchInstance(refused(400, 'RESOURCE_NOT_FOUND'))).toBe(true)
  expect(saysNoSuchInstance(text('404 page not found', 404))).toBe(false)
  expect(saysNoSuchInstance(json({ message: '404 page not found' }, 404))).toBe(false)
  expect(saysNoSuchInstance(text('', 404))).toBe(false)
  expect(saysNoSuchInstance(refused(401, 'UNAUTHORIZED'))).toBe(false)
  expect(saysNoSuchInstance(refused(403, 'FORBIDDEN'))).toBe(false)
  expect(saysNoSuchInstance(refused(400, 'VALIDATOR_PARAM'))).toBe(false)
})

test('what was never sent was never done; what was sent may have been', () => {
  expect(failureFromTrouble(new OutboundError('not_sent', ''), 'launch').kind).toBe('unavailable')
  expect(failureFromTrouble(new OutboundError('circuit_open', ''), 'launch').kind).toBe('unavailable')
  expect(failureFromTrouble(new OutboundError('rate_limited', '', { retryAfterMs: 7 }), 'launch')).toEqual({
    kind: 'rate_limited',
    retryAfterMs: 7,
  })
  expect(failureFromTrouble(new OutboundError('timeout', ''), 'launch').kind).toBe('outcome_unknown')
  expect(failureFromTrouble(new OutboundError('network', ''), 'change').kind).toBe('outcome_unknown')
  expect(failureFromTrouble(new OutboundError('timeout', ''), 'read').kind).toBe('unavailable')
})
