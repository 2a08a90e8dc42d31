/** The contract's words for where the named machine is in its life. */

import type { Instance } from '../instances/instance.ts'
import type { Machine, Phase } from '../instances/machine.ts'
import { type Instant, isoFrom, minuteMs } from '../time.ts'

export type PowerWord =
  | 'running'
  | 'stopped' // its disk is kept
  | 'exited' // it ended by itself
  | 'loading'
  | 'scheduling' // waits for a GPU
  | 'creating'
  | 'unconfigured'
  | 'not_found'

type Standing = Pick<Instance, 'status' | 'because'> & {
  launch: { providerStatus: string | null } | null
}

/** Stopping and terminating keep the word from before until they are confirmed. */
export function wordOf({ status, because, launch }: Standing): PowerWord {
  const said = launch?.providerStatus ?? null
  switch (status) {
    case 'requested':
    case 'launching':
      return 'creating'
    case 'starting':
      return comingUp(said)
    case 'running':
    case 'ready':
    case 'stopping':
      return 'running'
    case 'terminating':
      return halted.has(firstWord(said)) ? 'stopped' : 'running'
    case 'interrupted':
      return 'scheduling'
    case 'stopped':
      return haltedThough(said, 'running') ? 'exited' : 'stopped'
    case 'terminated':
      return 'not_found'
    case 'failed':
      return because === 'machine_lost' ? 'not_found' : 'exited'
  }
}

/** The same for a machine that is not ours yet. */
export function wordOfMachine({ phase, providerStatus }: Pick<Machine, 'phase' | 'providerStatus'>): PowerWord {
  return byPhase[phase] ?? comingUp(providerStatus)
}

const byPhase: Partial<Record<Phase, PowerWord>> = {
  running: 'running',
  stopping: 'running',
  stopped: 'stopped',
  interrupted: 'scheduling',
  failed: 'exited',
  ending: 'not_found',
  ended: 'not_found',
}

const comingUpWords: ReadonlyMap<string, PowerWord> = new Map<string, PowerWord>([
  ['created', 'creating'],
  ['scheduling', 'scheduling'],
])
const halted: ReadonlySet<string> = new Set(['stopped', 'exited'])

function comingUp(said: string | null): PowerWord {
  // Its start is queued until a GPU is free. Where it is not wanted to run yet, the order is on its way.
  if (haltedThough(said, 'running')) return 'scheduling'
  return comingUpWords.get(firstWord(said)) ?? 'loading'
}

/** Its host says that it is down, and this is what is wanted of it. */
function haltedThough(said: string | null, intended: 'running'): boolean {
  return halted.has(firstWord(said)) && said?.includes(`intended ${intended}`) === true
}

/** `exited, intended running` */
function firstWord(providerStatus: string | null): string {
  return /^[a-z]+/.exec(providerStatus ?? '')?.[0] ?? ''
}

export const gpuAdvice = 'No GPU is free for this instance: choose another GPU, or wait until one is'

export interface MessageFacts {
  word: PowerWord
  /** What the marketplace says of the machine. */
  providerMessage: string | null
  lastSeenAt: Instant | null
  now: Instant
}

/** A sentence where something is not as it should be; null when all is well. */
export function messageFor({ word, providerMessage, lastSeenAt, now }: MessageFacts): string | null {
  switch (word) {
    case 'scheduling':
      return gpuAdvice
    case 'exited':
      // What it said last may be that it had come up.
      return providerMessage === null || /^success/i.test(providerMessage)
        ? 'The instance ended by itself'
        : `The instance ended by itself: ${providerMessage}`
    case 'not_found':
      return 'The instance does not exist at Vast.ai: check VAST_INSTANCE_ID'
    case 'unconfigured':
      return null
    case 'running':
    case 'stopped':
    case 'loading':
    case 'creating':
      return lastSeenAt !== null && now - lastSeenAt > silenceMs
        ? `Vast.ai does not answer; this is how it was at ${isoFrom(lastSeenAt)}`
        : null
  }
}

/** Several looks. */
const silenceMs = 2 * minuteMs
