import { describe, expect, test } from 'vitest'
import { OutboundError } from '../../outbound/outbound.ts'
import { busyWord, failureFromReply, failureFromTrouble, saysNotFound } from './errors.ts'
import bodies from './fixtures/errors.json' with { type: 'json' }
import type { Effect } from './requests.ts'
import { aMachine, anEvent, json, machineId, text } from './testing.ts'

describe('each body of the document means what it says', () => {
  test.each<[string, unknown, number, Effect, string]>([
    ['a bad or missing key', bodies.badKey, 401, 'read', 'unauthorized'],
    ['a bad key at a launch', bodies.badKey, 401, 'launch', 'unauthorized'],
    ['an unknown machine that should change', bodies.notFound, 404, 'change', 'not_now'],
    ['an unknown template at a launch', bodies.notFound, 404, 'launch', 'rejected'],
    ['a path that is not there', bodies.notFound, 404, 'read', 'unexpected_reply'],
    ['a body they cannot use', bodies.invalid, 400, 'launch', 'rejected'],
    ['a machine in transition', bodies.busy, 400, 'change', 'not_now'],
    ['a rate limit', bodies.tooMany, 429, 'launch', 'rate_limited'],
    ['no capacity at a create', bodies.capacity, 412, 'launch', 'no_capacity'],
    ['no capacity at a start', bodies.capacity, 400, 'change', 'no_capacity'],
    ['an account that is full', { message: 'Machine quota reached', code: 'FORBIDDEN' }, 403, 'launch', 'no_money'],
    ['an unpaid account', { message: 'Add a payment method', code: 'PRECONDITION_FAILED' }, 412, 'launch', 'no_money'],
    [
      'a type that needs approval',
      { message: 'H100 requires approval', code: 'FORBIDDEN' },
      403,
      'launch',
      'no_capacity',
    ],
    ['a key without rights', { message: 'Forbidden', code: 'FORBIDDEN' }, 403, 'read', 'unauthorized'],
    ['trouble of theirs while reading', { message: 'x', code: 'INTERNAL_SERVER_ERROR' }, 500, 'read', 'unavailable'],
    [
      'trouble of theirs at a create',
      { message: 'x', code: 'INTERNAL_SERVER_ERROR' },
      500,
      'launch',
      'outcome_unknown',
    ],
    [
      'a start script that was not made',
      { message: 'x', code: 'INTERNAL_SERVER_ERROR' },
      500,
      'prepare',
      'unavailable',
    ],
    ['their time-out at a create', { message: 'x', code: 'TIMEOUT' }, 408, 'launch', 'outcome_unknown'],
    ['a client that left', { message: 'x', code: 'CLIENT_CLOSED_REQUEST' }, 499, 'change', 'outcome_unknown'],
    ['an error body under a 200', bodies.badKey, 200, 'read', 'unauthorized'],
    ['a code we have not met', { message: 'x', code: 'TEAPOT' }, 418, 'launch', 'rejected'],
  ])('%s', (_, body, status, effect, kind) => {
    expect(failureFromReply(json(body, status), effect)).toMatchObject({ kind })
  })
})

test('a page from something in between never proves that a launch was refused', () => {
  expect(failureFromReply(text('<html>', 403), 'launch')).toEqual({ kind: 'outcome_unknown' })
  expect(failureFromReply(text('<html>', 502), 'launch')).toEqual({ kind: 'outcome_unknown' })
  expect(failureFromReply(text('<html>', 200), 'launch')).toEqual({ kind: 'outcome_unknown' })
  expect(failureFromReply(text('<html>', 200), 'read')).toEqual({ kind: 'unexpected_reply' })
  expect(failureFromReply(text('<html>', 503), 'read')).toEqual({ kind: 'unavailable' })
})

test('a create answer with a machine in it names it, whatever the status says', () => {
  const body = { event: anEvent('createNew'), data: aMachine() }

  expect(failureFromReply(json(body, 500), 'launch')).toEqual({ kind: 'outcome_unknown', externalId: machineId })
  expect(failureFromReply(json(body), 'launch')).toBeNull()
})

test('the 200 of a bad session key is no error of the transport', () => {
  expect(failureFromReply(json(null), 'read')).toBeNull()
})

test('waits as long as the reply says, else ten seconds', () => {
  expect(failureFromReply(json(bodies.tooMany, 429, { retryAfterMs: 3_000 }), 'read')).toMatchObject({
    retryAfterMs: 3_000,
  })
  expect(failureFromReply(json(bodies.tooMany, 429), 'read')).toMatchObject({ retryAfterMs: 10_000 })
})

test('a 404 means gone only with their own body', () => {
  expect(saysNotFound(json(bodies.notFound, 404))).toBe(true)
  expect(saysNotFound(text('<html>', 404))).toBe(false)
  expect(saysNotFound(json({ error: 'no route' }, 404))).toBe(false)
})

test('no reply: nothing was done, or nobody knows', () => {
  const timeout = new OutboundError('timeout', 'no answer')
  expect(failureFromTrouble(timeout, 'launch')).toEqual({ kind: 'outcome_unknown' })
  expect(failureFromTrouble(timeout, 'prepare')).toEqual({ kind: 'unavailable' })
  expect(failureFromTrouble(timeout, 'read')).toEqual({ kind: 'unavailable' })
  expect(failureFromTrouble(new OutboundError('circuit_open', 'open'), 'launch')).toEqual({ kind: 'unavailable' })
  const tooLong = new OutboundError('rate_limited', 'wait', { retryAfterMs: 7 })
  expect(failureFromTrouble(tooLong, 'launch')).toEqual({ kind: 'rate_limited', retryAfterMs: 7 })
})

test('reads what a busy machine is doing', () => {
  expect(busyWord(bodies.busy.message)).toBe('starting')
  expect(busyWord('This machine is already off.')).toBe('off')
  expect(busyWord('Not found')).toBeNull()
})
