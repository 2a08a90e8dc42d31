import { expect, test } from 'vitest'
import { OutboundError } from '../../outbound/outbound.ts'
import { failureFromReply, failureFromTrouble, saysNoSuchInstance } from './errors.ts'
import file from './fixtures/errors.json' with { type: 'json' }
import { json, refused, text } from './testing.ts'

/** [reading, changing, launching] */
const expected: Record<string, [string, string, string]> = {
  '401 global/invalid-api-key': ['unauthorized', 'unauthorized', 'unauthorized'],
  '403 global/account-inactive': ['no_money', 'no_money', 'no_money'],
  '403 global/forbidden': ['unauthorized', 'unauthorized', 'unauthorized'],
  '403 global/invalid-address': ['no_money', 'no_money', 'no_money'],
  '400 global/invalid-parameters': ['rejected', 'rejected', 'rejected'],
  '404 global/object-does-not-exist': ['not_now', 'not_now', 'rejected'],
  '400 global/object-does-not-exist': ['not_now', 'not_now', 'rejected'],
  '404 global/not-found': ['unexpected_reply', 'unexpected_reply', 'rejected'],
  '400 global/quota-exceeded': ['no_money', 'no_money', 'no_money'],
  '400 global/duplicate': ['rejected', 'rejected', 'rejected'],
  '409 global/conflict': ['unavailable', 'not_now', 'outcome_unknown'],
  '500 global/internal-error': ['unavailable', 'outcome_unknown', 'outcome_unknown'],
  '409 global/internal-error': ['unavailable', 'outcome_unknown', 'outcome_unknown'],
  '400 instance-operations/launch/insufficient-capacity': ['no_capacity', 'no_capacity', 'no_capacity'],
  '400 instance-operations/launch/file-system-in-wrong-region': ['rejected', 'rejected', 'rejected'],
  '400 filesystems/filesystem-in-use': ['rejected', 'not_now', 'rejected'],
  '409 firewall-rulesets/firewall-ruleset-in-use': ['rejected', 'rejected', 'rejected'],
  '503 provider/internal-unavailable': ['unavailable', 'outcome_unknown', 'outcome_unknown'],
  '400 global/unknown': ['unavailable', 'outcome_unknown', 'outcome_unknown'],
  '400 instance-operations/launch/file-systems-not-supported': ['rejected', 'rejected', 'rejected'],
  '400 ssh-keys/key-in-use': ['rejected', 'rejected', 'rejected'],
}

function kindsOf(reply: Parameters<typeof failureFromReply>[0]) {
  return (['read', 'change', 'launch'] as const).map((effect) => failureFromReply(reply, effect)?.kind ?? null)
}

test.each(file.errors)('$status $body.error.code means what the catalogue says', ({ status, body }) => {
  expect(kindsOf(json(body, status))).toEqual(expected[`${status} ${body.error.code}`])
})

test('every body of the catalogue has an expectation', () => {
  expect(file.errors.map(({ status, body }) => `${status} ${body.error.code}`)).toEqual(Object.keys(expected))
})

test('a good answer is no failure', () => {
  expect(kindsOf(json({ data: {} }))).toEqual([null, null, null])
  expect(kindsOf(json({ data: [] }))).toEqual([null, null, null])
})

test('too many calls are rate limited whatever the body is', () => {
  expect(failureFromReply(text('<html>slow down</html>', 429), 'launch')).toEqual({
    kind: 'rate_limited',
    retryAfterMs: 10_000,
  })
  expect(failureFromReply(json({ error: { code: 'global/x' } }, 429, { retryAfterMs: 4_000 }), 'read')).toEqual({
    kind: 'rate_limited',
    retryAfterMs: 4_000,
  })
  expect(failureFromReply(text('You are being rate limited: banned you temporarily', 403), 'read')).toEqual({
    kind: 'rate_limited',
    retryAfterMs: 60_000,
  })
})

test('pages of Cloudflare say nothing about key, machine or launch', () => {
  expect(kindsOf(text('error code: 1010', 403))).toEqual(['unavailable', 'unavailable', 'unavailable'])
  expect(kindsOf(text('<html>bad gateway</html>', 502))).toEqual(['unavailable', 'outcome_unknown', 'outcome_unknown'])
  expect(kindsOf(text('<html>not found</html>', 404))).toEqual([
    'unexpected_reply',
    'unexpected_reply',
    'outcome_unknown',
  ])
  expect(kindsOf(text('<html>welcome</html>', 200))).toEqual([
    'unexpected_reply',
    'unexpected_reply',
    'outcome_unknown',
  ])
  expect(saysNoSuchInstance(text('<html>not found</html>', 404))).toBe(false)
})

test('an error body with status 200 is an error, and a launch may have happened', () => {
  const reply = refused('global/invalid-api-key', 200)
  expect(kindsOf(reply)).toEqual(['unauthorized', 'unauthorized', 'outcome_unknown'])
  expect(kindsOf(json({ ok: true }))).toEqual(['unexpected_reply', 'unexpected_reply', 'outcome_unknown'])
})

test('an answer to a launch that names a machine means that it exists, whatever its status', () => {
  const body = { data: { instance_ids: ['abc'] }, error: { code: 'global/internal-error' } }
  for (const status of [200, 400, 500]) {
    expect(failureFromReply(json(body, status), 'launch')).toEqual({ kind: 'outcome_unknown', externalId: 'abc' })
  }
})

test('a code nobody has met is judged by the status', () => {
  expect(kindsOf(refused('global/brand-new', 400))).toEqual(['rejected', 'rejected', 'rejected'])
  expect(kindsOf(refused('global/brand-new', 403))).toEqual(['unauthorized', 'unauthorized', 'unauthorized'])
  expect(kindsOf(refused('global/brand-new', 410))).toEqual(['unexpected_reply', 'unexpected_reply', 'outcome_unknown'])
  expect(kindsOf(refused('provider/quota', 400))).toEqual(['unavailable', 'outcome_unknown', 'outcome_unknown'])
})

test('only a missing object with a 404 is a machine that is gone', () => {
  expect(saysNoSuchInstance(refused('global/object-does-not-exist', 404))).toBe(true)
  expect(saysNoSuchInstance(refused('global/not-found', 404))).toBe(false)
  expect(saysNoSuchInstance(refused('global/object-does-not-exist', 400))).toBe(false)
  expect(saysNoSuchInstance(refused('global/invalid-api-key', 401))).toBe(false)
})

test('no answer leaves a launch and a change open, and never a read', () => {
  for (const trouble of ['timeout', 'network'] as const) {
    const error = new OutboundError(trouble, 'x')
    expect(failureFromTrouble(error, 'read')).toEqual({ kind: 'unavailable' })
    expect(failureFromTrouble(error, 'change')).toEqual({ kind: 'outcome_unknown' })
    expect(failureFromTrouble(error, 'launch')).toEqual({ kind: 'outcome_unknown' })
  }
  for (const trouble of ['not_sent', 'circuit_open'] as const) {
    expect(failureFromTrouble(new OutboundError(trouble, 'x'), 'launch')).toEqual({ kind: 'unavailable' })
  }
  expect(failureFromTrouble(new OutboundError('rate_limited', 'x', { retryAfterMs: 70_000 }), 'launch')).toEqual({
    kind: 'rate_limited',
    retryAfterMs: 70_000,
  })
})
