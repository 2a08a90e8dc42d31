import type { Verdict } from './breaker.ts'
import { OutboundError, type OutboundReply, type OutboundTrouble } from './outbound.ts'

/** How one try ended. */
export type Outcome =
  | { kind: 'reply'; reply: OutboundReply; exhaustedForMs: number | null }
  | { kind: 'trouble'; error: OutboundError; because: TroubleCause }

/** `far_side`: theirs, or on the way there. `caller`: it gave up. `ours`: breaker, limits or the size of the reply. */
export type TroubleCause = 'far_side' | 'caller' | 'ours'

export function trouble(
  because: TroubleCause,
  kind: OutboundTrouble,
  message: string,
  options: ErrorOptions & { retryAfterMs?: number } = {},
): Outcome {
  return { kind: 'trouble', because, error: new OutboundError(kind, message, options) }
}

/** The word for it in metrics. */
export function nameOf(outcome: Outcome): string {
  if (outcome.kind === 'trouble') return outcome.because === 'caller' ? 'given_up' : outcome.error.trouble
  const { status } = outcome.reply
  return status === 429 ? '429' : `${Math.floor(status / 100)}xx`
}

/** Worth counting as an error. A caller that gave up had its reasons. */
export function isFailure(outcome: Outcome): boolean {
  if (outcome.kind === 'trouble') return outcome.because !== 'caller'
  return outcome.reply.status === 429 || outcome.reply.status >= 500
}

/** What it says about the far side. A 4xx, 429 among them, is an answer: somebody is at home. */
export function verdictOn(outcome: Outcome): Verdict {
  if (outcome.kind === 'reply') return outcome.reply.status >= 500 ? 'unwell' : 'well'
  if (outcome.because === 'caller') return 'neutral'
  return outcome.because === 'far_side' ? 'unwell' : 'well'
}

const passingStatuses = new Set([429, 500, 502, 503, 504])

/** Whether another try may end better. */
export function mayPass(outcome: Outcome): boolean {
  return outcome.kind === 'reply' ? passingStatuses.has(outcome.reply.status) : outcome.because === 'far_side'
}

/**
 * Which of two tries the caller hears of. The later one, unless it never left: then the earlier one knows more, and above
 * all "the request may have been acted on" stays true.
 */
export function moreTelling(earlier: Outcome | null, later: Outcome): Outcome {
  if (earlier === null) return later
  const laterNeverLeft = later.kind === 'trouble' && later.error.nothingDone
  const earlierNeverLeft = earlier.kind === 'trouble' && earlier.error.nothingDone
  return laterNeverLeft && !earlierNeverLeft ? earlier : later
}
