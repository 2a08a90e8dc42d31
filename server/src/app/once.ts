import { type Clock, dayMs, minuteMs } from '../core/time.ts'
import type { AnswerKey, AnswerStore, KeyedCall } from '../store/answers.ts'
import { AppError } from './errors.ts'

/** How long an Idempotency-Key is remembered. */
export const rememberedMs = dayMs
/** Longer than any call takes. After a crash in the middle, the same call is run again after this; see `Who.call`. */
const claimMs = 3 * minuteMs

export interface OnceDeps {
  answers: AnswerStore
  clock: Pick<Clock, 'now'>
}

/**
 * Runs a call once for its Idempotency-Key and gives every repetition the same answer. An error is not kept: after it the
 * same key may try again. A call whose process died after it had written down what it did is run again to be answered: the
 * verb sees that in `doneBefore`.
 *
 * @throws AppError `idempotency_key_reused`, `idempotency_in_progress`
 */
export async function once<Answer>(
  { fingerprint, ...key }: AnswerKey & { fingerprint: string },
  run: (call: KeyedCall) => Promise<Answer>,
  { answers, clock }: OnceDeps,
): Promise<{ answer: Answer; replayed: boolean }> {
  const claim = await answers.claim(key, { fingerprint, now: clock.now(), forMs: claimMs })
  switch (claim.kind) {
    case 'other_request':
      throw new AppError('idempotency_key_reused', `Idempotency-Key ${key.key} was used with another request before`, {
        fix: 'use a new key for a new request; the same key repeats the same one',
      })
    case 'under_way':
      throw new AppError('idempotency_in_progress', `the first call with Idempotency-Key ${key.key} is under way`, {
        fix: 'ask again in some seconds; the answer will be that of the first call',
      })
    case 'answered':
      return { answer: claim.answer as Answer, replayed: true }
    case 'mine': {
      const { token, doneWith } = claim
      const answer = await run({ ...key, token, doneWith }).catch(async (error) => {
        await answers.release(key, token)
        throw error
      })
      await answers.finish(key, token, answer)
      return { answer, replayed: doneWith !== null }
    }
  }
}

/** Forgets keys after their day. */
export async function forgetAnswers({ answers, clock }: OnceDeps): Promise<void> {
  await answers.prune(clock.now() - rememberedMs)
}
