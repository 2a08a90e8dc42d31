import { expect, test } from 'vitest'
import { anOffer } from '../core/offers/an-offer.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import { OutboundError } from '../outbound/outbound.ts'
import { ProviderError } from '../providers/provider.ts'
import { penalise, penaliseOffer } from './penalties.ts'

function setup() {
  let now = 1_000_000
  const penalties = new Map<string, number>()
  const deps = { penalties, clock: { now: () => now } }
  return { deps, penalties, passMs: (ms: number) => (now += ms) }
}

/** What our HTTP client says when the wait for a limit would be too long; nothing was sent. */
function turnedAway(retryAfterMs: number): ProviderError {
  const cause = new OutboundError('rate_limited', 'the rate limit allows it later', { retryAfterMs })
  return new ProviderError('vast', { kind: 'rate_limited', retryAfterMs }, 'Vast search: rate limited', { cause })
}

test('our own queue is no fault of the marketplace', () => {
  const { deps, penalties } = setup()
  penalise(anOffer(), turnedAway(62 * secondMs), deps)
  expect(penalties.size).toBe(0)
})

test('a refusal of theirs, or a long pause that they asked for, makes us avoid the marketplace', () => {
  const theirs = new ProviderError('vast', { kind: 'rate_limited', retryAfterMs: 1_000 }, 'HTTP 429')
  for (const error of [theirs, turnedAway(60 * minuteMs)]) {
    const { deps, penalties } = setup()
    penalise(anOffer(), error, deps)
    expect([...penalties.keys()]).toEqual(['provider:vast'])
  }
})

test('penalties that are over are forgotten', () => {
  const { deps, penalties, passMs } = setup()
  for (let number = 0; number < 1_000; number += 1) penaliseOffer(anOffer({ externalId: `o-${number}` }), deps)
  passMs(6 * minuteMs)
  penaliseOffer(anOffer({ externalId: 'new' }), deps)
  expect([...penalties.keys()]).toEqual(['vast_new'])
})
