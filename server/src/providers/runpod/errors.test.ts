import { describe, expect, test } from 'vitest'
import { OutboundError } from '../../outbound/outbound.ts'
import { failureFromReply, failureFromTrouble, refusal, saysNoSuchPod } from './errors.ts'
import fixture from './fixtures/bodies.json' with { type: 'json' }
import { failureFromGraphql, saysPodGone } from './graphql-errors.ts'
import type { Effect, RunpodOperation } from './requests.ts'
import { json, text } from './testing.ts'

const { bodies, graphql } = fixture
const launch = { operation: 'launch', effect: 'launch' } as const
const list = { operation: 'list', effect: 'harmless' } as const
const stop = { operation: 'stop', effect: 'change' } as const
const start = { operation: 'start', effect: 'change' } as const

describe('what each documented body means', () => {
  const table: [keyof typeof bodies, { operation: RunpodOperation; effect: Effect }, string][] = [
    ['capacity', launch, 'no_capacity'],
    ['resources', launch, 'no_capacity'],
    ['rule', launch, 'rejected'],
    ['rule', start, 'no_capacity'],
    ['noKey', launch, 'unauthorized'],
    ['noKey', list, 'unauthorized'],
    ['noMoney', launch, 'no_money'],
    ['noMoney', start, 'no_money'],
    ['forbidden', launch, 'no_capacity'],
    ['forbidden', list, 'unauthorized'],
    ['notFound', launch, 'rejected'],
    ['notFound', stop, 'not_now'],
    ['notFound', { operation: 'quote', effect: 'harmless' }, 'no_capacity'],
    ['notAllowed', list, 'unexpected_reply'],
    ['badAction', stop, 'not_now'],
    ['tooLarge', launch, 'rejected'],
    ['validation', launch, 'rejected'],
    ['rate', launch, 'rate_limited'],
    ['server', launch, 'outcome_unknown'],
    ['server', stop, 'outcome_unknown'],
    ['server', list, 'unavailable'],
  ]
  test.each(table)('%s at %o: %s', (name, call, kind) => {
    expect(failureFromReply(json(bodies[name], bodies[name].status), call)?.kind).toBe(kind)
  })
})

describe('answers from something in between', () => {
  test('a page instead of an answer does not prove that a launch was refused', () => {
    for (const status of [400, 404, 500, 502]) {
      expect(failureFromReply(text('<html>', status), launch)).toEqual({ kind: 'outcome_unknown' })
    }
    expect(failureFromReply(text('<html>', 404), list)).toEqual({ kind: 'unexpected_reply' })
    expect(failureFromReply(text('<html>', 403), list)).toEqual({ kind: 'unavailable' })
  })

  test("Cloudflare's 1010 is about our User-Agent, not about our key", () => {
    const reply = text('error code: 1010', 403)
    expect(failureFromReply(reply, list)).toEqual({ kind: 'rejected' })
    expect(refusal({ operation: 'list' }, reply, { kind: 'rejected' }).message).toContain('User-Agent')
  })

  test('410 means that the API is gone', () => {
    expect(failureFromReply(json('anything', 410), list)).toEqual({ kind: 'unexpected_reply' })
    expect(failureFromReply(text('anything', 410), launch)).toEqual({ kind: 'unexpected_reply' })
  })

  test('only the words of RunPod make a pod absent', () => {
    expect(saysNoSuchPod(json(bodies.notFound, 404))).toBe(true)
    expect(saysNoSuchPod(json({ ...bodies.notFound, detail: 'resource not found' }, 404))).toBe(true)
    expect(saysNoSuchPod(text('pod not found', 404))).toBe(false)
    expect(saysNoSuchPod(json({ error: 'pod not found' }, 404))).toBe(false)
    expect(saysNoSuchPod(json({ title: 'Not Found', status: 404, detail: 'no route for this path' }, 404))).toBe(false)
  })
})

test('a refused launch that names a pod made one', () => {
  expect(failureFromReply(json({ id: 'abc', detail: 'oops' }, 500), launch)).toEqual({
    kind: 'outcome_unknown',
    externalId: 'abc',
  })
})

test('waits as long as the reply says, or a whole window', () => {
  const reply = json(bodies.rate, 429)
  expect(failureFromReply({ ...reply, retryAfterMs: 12_000 }, list)).toEqual({
    kind: 'rate_limited',
    retryAfterMs: 12_000,
  })
  expect(failureFromReply(reply, list)).toEqual({ kind: 'rate_limited', retryAfterMs: 60_000 })
})

test('no answer: nothing done, or nobody knows', () => {
  expect(failureFromTrouble(new OutboundError('timeout', ''), 'launch')).toEqual({ kind: 'outcome_unknown' })
  expect(failureFromTrouble(new OutboundError('network', ''), 'change')).toEqual({ kind: 'outcome_unknown' })
  expect(failureFromTrouble(new OutboundError('timeout', ''), 'harmless')).toEqual({ kind: 'unavailable' })
  expect(failureFromTrouble(new OutboundError('not_sent', ''), 'launch')).toEqual({ kind: 'unavailable' })
  expect(failureFromTrouble(new OutboundError('circuit_open', ''), 'launch')).toEqual({ kind: 'unavailable' })
  const held = new OutboundError('rate_limited', '', { retryAfterMs: 7_000 })
  expect(failureFromTrouble(held, 'launch')).toEqual({ kind: 'rate_limited', retryAfterMs: 7_000 })
})

test('what was sent never shows in a message, however the answer repeats it', () => {
  const secrets = ['hf_very_secret', 'line one\nline two "quoted"']
  const detail = 'bad value hf_very_secret and line two "quoted" and line one\\nline two \\"quoted\\"'
  const reply = json({ ...bodies.validation, detail, errors: ["$.env.A: 'hf_very_secret' is wrong"] }, 422)
  const { message } = refusal({ operation: 'launch', secrets }, reply, { kind: 'rejected' })
  expect(message).not.toMatch(/very_secret|line|quoted/)
  expect(message).toContain('$.env.A')
})

describe('GraphQL', () => {
  const table: [keyof typeof graphql, number, Effect, string | undefined][] = [
    ['capacity', 200, 'launch', 'no_capacity'],
    ['disk', 200, 'launch', 'no_capacity'],
    ['validation', 400, 'launch', 'unexpected_reply'],
    ['internal', 200, 'launch', 'outcome_unknown'],
    ['internal', 200, 'harmless', 'unavailable'],
    ['balance', 200, 'harmless', undefined],
    ['balance', 410, 'harmless', 'unexpected_reply'],
    ['balance', 401, 'harmless', 'unauthorized'],
    ['balance', 403, 'harmless', 'unauthorized'],
    ['balance', 429, 'harmless', 'rate_limited'],
    ['balance', 500, 'launch', 'outcome_unknown'],
  ]
  test.each(table)('%s with %i, %s', (name, status, effect, kind) => {
    expect(failureFromGraphql(json(graphql[name], status), effect)?.kind).toBe(kind)
  })

  test('an empty account is told by words', () => {
    const body = { errors: [{ message: 'Your balance is too low to deploy' }], data: null }
    expect(failureFromGraphql(json(body), 'launch')).toEqual({ kind: 'no_money' })
  })

  test('an error next to a pod id means that the pod exists', () => {
    const body = { ...graphql.internal, data: { podFindAndDeployOnDemand: { id: 'abc' } } }
    expect(failureFromGraphql(json(body), 'launch')).toEqual({ kind: 'outcome_unknown', externalId: 'abc' })
  })

  test('data next to an error is an error', () => {
    const body = { ...graphql.internal, data: { myself: { pods: [] } } }
    expect(failureFromGraphql(json(body), 'harmless')).toEqual({ kind: 'unavailable' })
  })

  test('no data and no error is neither', () => {
    expect(failureFromGraphql(json({ data: null }), 'launch')).toEqual({ kind: 'outcome_unknown' })
    expect(failureFromGraphql(text('<html>'), 'harmless')).toEqual({ kind: 'unexpected_reply' })
  })

  test('a pod that is not there to end is gone', () => {
    expect(saysPodGone(json(graphql.podGone))).toBe(true)
    expect(saysPodGone(json(graphql.internal))).toBe(false)
  })
})
