import { createHash } from 'node:crypto'
import { type Clock, hourMs, type Instant, minuteMs } from '../core/time.ts'

/** Slows down whoever tries keys out. In memory and of bounded size. */
export interface Lockout {
  /** How long this address is still not listened to; 0: it is. Keys that worked from it lately are always listened to. */
  remainingMs(address: string, key: string): number
  /** @returns how long such guesses, from there or with these letters in front, are told to wait from now on; 0: they are not */
  failed(address: string, key: string, prefix: string | undefined): number
  worked(address: string, key: string): void
}

/** So many different wrong keys within the window are guessing. The same wrong key again is a client with an old one. */
const mostWrong = 10
const windowMs = minuteMs
/** Twice as long each time. */
const firstLockMs = minuteMs
const longestLockMs = hourMs
/** After so long without a wrong key, all is forgotten. */
const forgottenAfterMs = 2 * hourMs
const mostGuessers = 10_000
const mostGoodKeys = 20

interface Guesser {
  wrong: Map<string, Instant>
  good: Map<string, Instant>
  locks: number
  lockedUntil: Instant
  lastWrongAt: Instant
}

export function createLockout(clock: Pick<Clock, 'now'>, { most = mostGuessers } = {}): Lockout {
  const now = () => clock.now()
  const guessers = new Map<string, Guesser>()

  /** The one that was heard of the longest ago goes first. */
  function guesserNamed(name: string): Guesser {
    const known = guessers.get(name)
    const fresh = known === undefined || now() - Math.max(known.lastWrongAt, known.lockedUntil) > forgottenAfterMs
    const guesser = fresh
      ? { wrong: new Map(), good: known?.good ?? new Map(), locks: 0, lockedUntil: 0, lastWrongAt: 0 }
      : known
    guessers.delete(name)
    guessers.set(name, guesser)
    const [oldest] = guessers.keys()
    if (guessers.size > most && oldest !== undefined) guessers.delete(oldest)
    return guesser
  }

  function guessed(name: string, digest: string): number {
    const guesser = guesserNamed(name)
    const at = now()
    for (const [one, since] of guesser.wrong) if (at - since >= windowMs) guesser.wrong.delete(one)
    if (!guesser.wrong.has(digest)) guesser.wrong.set(digest, at)
    guesser.lastWrongAt = at
    if (guesser.wrong.size >= mostWrong) {
      guesser.lockedUntil = at + Math.min(longestLockMs, firstLockMs * 2 ** guesser.locks)
      guesser.locks += 1
      guesser.wrong.clear()
    }
    return Math.max(0, guesser.lockedUntil - at)
  }

  return {
    remainingMs(address, key) {
      const guesser = guessers.get(networkOf(address))
      if (guesser === undefined || guesser.lockedUntil <= now()) return 0
      const worked = guesser.good.get(digestOf(key))
      return worked !== undefined && now() - worked < forgottenAfterMs ? 0 : guesser.lockedUntil - now()
    },

    failed(address, key, prefix) {
      const digest = digestOf(key)
      const here = guessed(networkOf(address), digest)
      return Math.max(here, prefix === undefined ? 0 : guessed(`key ${prefix}`, digest))
    },

    worked(address, key) {
      const { good } = guesserNamed(networkOf(address))
      const digest = digestOf(key)
      good.delete(digest)
      good.set(digest, now())
      const [oldest] = good.keys()
      if (good.size > mostGoodKeys && oldest !== undefined) good.delete(oldest)
    },
  }
}

/** An IPv6 subscriber has 2^64 addresses: those count as one. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!plain.includes(':')) return plain
  const [head = '', tail] = (plain.split('%', 1)[0] ?? '').split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0')
  const groups = [...front, ...gap, ...back].map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
  return `${groups.slice(0, 4).join(':')}::/64`
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64')
}
