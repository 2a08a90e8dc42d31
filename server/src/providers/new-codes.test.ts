import { expect, test } from 'vitest'
import type { OutboundReply } from '../outbound/outbound.ts'
import { failureFromReply as lambda } from './lambda/errors.ts'
import { failureFromReply as novita } from './novita/errors.ts'
import { failureFromReply as paperspace } from './paperspace/errors.ts'
import { failureFromReply as vast } from './vast/errors.ts'

const refused = (json: object): OutboundReply => ({
  status: 400,
  headers: {},
  json,
  text: JSON.stringify(json),
  retryAfterMs: null,
})

// RunPod's API has no codes.
const cases = [
  ['vast', vast, 'moon_phase', 'invalid_price', (error: string) => ({ success: false, error, msg: 'no' })],
  [
    'lambda',
    lambda,
    'global/moon-phase',
    'global/invalid-parameters',
    (code: string) => ({ error: { code, message: 'no' } }),
  ],
  ['novita', novita, 'MOON_PHASE', 'VALIDATOR_PARAM', (reason: string) => ({ code: 400, reason, message: 'no' })],
  ['paperspace', paperspace, 'MOON_PHASE', 'BAD_REQUEST', (code: string) => ({ code, message: 'no' })],
] as const

test.each(cases)('S004-76 %s: a code that its client has not met is named, one that it knows is not', (...given) => {
  const [, failureFromReply, strange, known, body] = given
  for (const effect of ['read', 'change', 'launch'] as const) {
    expect(failureFromReply(refused(body(strange)), effect)).toMatchObject({ newCode: strange })
    expect(failureFromReply(refused(body(known)), effect)).not.toHaveProperty('newCode')
  }
})
