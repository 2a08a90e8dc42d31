import { describe, expect, test } from 'vitest'
import { OutboundError, type OutboundReply } from '../../outbound/outbound.ts'
import { failureFromReply, failureFromTrouble, saysNoSuchInstance, thresholdMs } from './errors.ts'
import bodiesFile from './fixtures/bodies.json' with { type: 'json' }
import type { Effect } from './requests.ts'
import { json, text } from './testing.ts'

const { bodies } = bodiesFile

interface Recorded {
  http: number
  body?: unknown
  text?: string
  headers?: Record<string, string>
}

function reply(name: keyof typeof bodies): OutboundReply {
  const recorded = bodies[name] as Recorded
  if (recorded.text !== undefined) return text(recorded.text, recorded.http)
  const seconds = recorded.headers?.['Retry-After']
  return json(recorded.body, recorded.http, { retryAfterMs: seconds === undefined ? null : Number(seconds) * 1000 })
}

const table: [keyof typeof bodies, Effect, object | null][] = [
  ['create_ok', 'launch', null],
  ['create_stopped', 'launch', { kind: 'outcome_unknown', externalId: '27453222' }],
  ['create_too_low', 'launch', { kind: 'outcome_unknown', externalId: '27453223' }],
  ['create_offer_gone', 'launch', { kind: 'no_capacity' }],
  ['create_offer_raced', 'launch', { kind: 'no_capacity' }],
  ['create_unavailable', 'launch', { kind: 'no_capacity' }],
  ['create_no_money', 'launch', { kind: 'no_money' }],
  ['create_spend_limit', 'launch', { kind: 'no_money' }],
  ['create_host_account', 'launch', { kind: 'rejected' }],
  ['create_bad_args', 'launch', { kind: 'rejected' }],
  ['create_sla', 'launch', { kind: 'rejected' }],
  ['create_server_error', 'launch', { kind: 'outcome_unknown' }],
  ['bad_key', 'launch', { kind: 'unauthorized' }],
  ['rate_text', 'launch', { kind: 'rate_limited', retryAfterMs: 4_500 }],
  ['rate_detail', 'read', { kind: 'rate_limited', retryAfterMs: 2_000 }],
  ['rate_destroy', 'change', { kind: 'rate_limited', retryAfterMs: 3_000 }],
  ['too_many_recorded', 'launch', { kind: 'rate_limited', retryAfterMs: 4_500 }],
  ['search_quota', 'read', { kind: 'rate_limited', retryAfterMs: 21_600_000 }],
  ['start_queued', 'change', { kind: 'not_now' }],
  ['start_no_money', 'change', { kind: 'no_money' }],
  ['state_bad', 'change', { kind: 'rejected' }],
  ['destroy_gone', 'change', { kind: 'not_now' }],
  ['destroy_gone_old', 'change', { kind: 'not_now' }],
  ['reboot_not_started', 'change', { kind: 'not_now' }],
  ['bid_on_demand', 'change', { kind: 'rejected' }],
  ['bid_no_contract', 'change', { kind: 'not_now' }],
  ['list_v0_new_account', 'read', { kind: 'unexpected_reply' }],
  ['bad_key', 'read', { kind: 'unauthorized' }],
  ['no_key', 'read', { kind: 'unauthorized' }],
  ['key_lacks_group', 'change', { kind: 'unauthorized' }],
  ['session_expired', 'read', { kind: 'unauthorized' }],
  ['needs_2fa', 'read', { kind: 'unauthorized' }],
  ['bad_op', 'read', { kind: 'rejected' }],
  ['bad_filter_column', 'read', { kind: 'rejected' }],
  ['bad_token', 'read', { kind: 'unexpected_reply' }],
  ['logs_requested', 'read', null],
  ['logs_not_found', 'read', { kind: 'not_now' }],
  ['logs_foreign', 'read', { kind: 'rejected' }],
  ['user', 'read', null],
  ['charges', 'read', null],
]

test.each(table)('%s at a %s', (name, effect, failure) => {
  expect(failureFromReply(reply(name), effect)).toEqual(failure)
})

test('the table covers every body of the document', () => {
  expect(new Set(table.map(([name]) => name))).toEqual(new Set(Object.keys(bodies)))
})

describe('a reply that is not Vast', () => {
  const page = '<html>gateway</html>'

  test.each([
    [text(page), 'read', 'unexpected_reply'],
    [text(page), 'change', 'unexpected_reply'],
    [text(page), 'launch', 'outcome_unknown'],
    [text(page, 404), 'read', 'unexpected_reply'],
    [text(page, 403), 'read', 'unexpected_reply'],
    [text(page, 403), 'launch', 'outcome_unknown'],
    [text(page, 502), 'read', 'unavailable'],
    [text(page, 502), 'change', 'outcome_unknown'],
    [text(page, 502), 'launch', 'outcome_unknown'],
    [text('', 308), 'launch', 'outcome_unknown'],
    [json({ success: false }), 'launch', 'outcome_unknown'],
    [json({ success: false }), 'read', 'unexpected_reply'],
  ] as const)('means no more than it shows (%#)', (answer, effect, kind) => {
    expect(failureFromReply(answer, effect)).toEqual({ kind })
  })

  test('an exhausted limit without a figure still names a wait', () => {
    const failure = failureFromReply(text('API requests too frequent', 429), 'read')
    expect(failure).toEqual({ kind: 'rate_limited', retryAfterMs: 5_000 })
  })
})

test('data that only mentions an error is no error', () => {
  const label = 'your key lacks no_such_ask'
  expect(failureFromReply(json({ success: true, msg: label, instances: [] }), 'read')).toBeNull()
})

test('only a 404 that names the instance means gone', () => {
  expect(saysNoSuchInstance(reply('destroy_gone'))).toBe(true)
  expect(saysNoSuchInstance(reply('destroy_gone_old'))).toBe(true)
  expect(saysNoSuchInstance(json({ success: false, msg: 'Instance 27453221 not found.' }, 404))).toBe(true)
  expect(saysNoSuchInstance(reply('bad_key'))).toBe(false)
  expect(saysNoSuchInstance(reply('session_expired'))).toBe(false)
  expect(saysNoSuchInstance(json({ detail: 'Not Found' }, 404))).toBe(false)
  expect(saysNoSuchInstance(text('<html>404</html>', 404))).toBe(false)
})

test('reads the interval out of every wording', () => {
  expect(thresholdMs(reply('rate_text'))).toBe(4_500)
  expect(thresholdMs(reply('too_many_recorded'))).toBe(4_500)
  expect(thresholdMs(text('API requests too frequent', 429))).toBeNull()
})

test('silence after a launch is an open question, silence after a read is not', () => {
  const lost = new OutboundError('timeout', 'no answer')
  expect(failureFromTrouble(lost, 'launch')).toEqual({ kind: 'outcome_unknown' })
  expect(failureFromTrouble(lost, 'change')).toEqual({ kind: 'outcome_unknown' })
  expect(failureFromTrouble(lost, 'read')).toEqual({ kind: 'unavailable' })
  expect(failureFromTrouble(new OutboundError('circuit_open', 'open'), 'launch')).toEqual({ kind: 'unavailable' })
  expect(failureFromTrouble(new OutboundError('not_sent', 'refused'), 'launch')).toEqual({ kind: 'unavailable' })
  const limited = new OutboundError('rate_limited', 'full', { retryAfterMs: 7_000 })
  expect(failureFromTrouble(limited, 'launch')).toEqual({ kind: 'rate_limited', retryAfterMs: 7_000 })
})
