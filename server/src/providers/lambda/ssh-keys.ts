import { createHash } from 'node:crypto'
import type { LambdaSshKey } from './wire.ts'

/** Registered by us for whoever ordered with it. */
const ourPrefix = 'gf-'
/** @source providers/lambda.md 2.9 */
const maxKeyLength = 4_096
const keyLine = /^(sk-)?(ssh|ecdsa)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\p{Cc}]*)?$/u

/** One line of a `.pub` file, without the spaces around it; undefined when it is not one that Lambda takes. */
export function publicKeyFrom(text: string): string | undefined {
  const key = text.trim()
  return key.length <= maxKeyLength && keyLine.test(key) ? key : undefined
}

/** The same key always gets the same name, so that two registrations at once do no harm. At most 64 characters. */
export function nameOfKey(publicKey: string): string {
  return `${ourPrefix}${createHash('sha256').update(coreOf(publicKey)).digest('hex').slice(0, 32)}`
}

/**
 * The registered entry of a public key. A launch names a key by its name, and names were not always unique, so an entry
 * whose name also stands for another key is of no use.
 */
export function registeredKey(keys: readonly LambdaSshKey[], publicKey: string): LambdaSshKey | undefined {
  return keys.find((key) => coreOf(key.public_key) === coreOf(publicKey) && isUnambiguous(key, keys))
}

/**
 * The key for a machine that was ordered without one: the first that somebody else put into the account. Keys that we
 * registered belong to whoever ordered with them, and would open a machine of other people.
 */
export function accountKey(keys: readonly LambdaSshKey[]): LambdaSshKey | undefined {
  return keys.find((key) => !key.name.startsWith(ourPrefix) && isUnambiguous(key, keys))
}

/** Kind and key decide; the comment behind them does not. */
function coreOf(publicKey: string): string {
  return publicKey.trim().split(/\s+/).slice(0, 2).join(' ')
}

function isUnambiguous({ name, public_key: publicKey }: LambdaSshKey, keys: readonly LambdaSshKey[]): boolean {
  return keys.every((key) => key.name !== name || coreOf(key.public_key) === coreOf(publicKey))
}
