import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Secret } from '../core/secret.ts'
import { HttpError } from './problem.ts'

/** What a caller may do: look; look and act on instances; everything. Each includes the one before. */
export type Role = 'viewer' | 'operator' | 'admin'

/** Who asked. */
export interface Caller {
  kind: 'admin' | 'keyless'
  /** For rate limits, idempotency keys and the log; no secret. */
  name: string
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
}

export interface AccessRules {
  adminKey: Secret | undefined
  /** `loopback`: calls from this machine need no key. */
  keyless: 'loopback' | 'off'
}

/**
 * Lets a request in, or says what is missing.
 *
 * A keyless call must come from this machine, name a loopback Host, carry no foreign Origin and no forwarding header:
 * otherwise any web page that this machine has open could rent GPUs.
 */
export function callerOf(request: FastifyRequest, rules: AccessRules): Caller {
  const key = keyOf(request)
  if (key !== undefined) {
    if (rules.adminKey !== undefined && sameText(key, rules.adminKey.reveal())) return { kind: 'admin', name: 'admin' }
    throw new HttpError('unauthorized', 'this API key is not valid', rightKey(rules))
  }
  if (rules.keyless === 'loopback') {
    const objection = objectionToKeyless(request)
    // One name for 127.0.0.1 and ::1: a client that repeats a call may reach us by the other.
    if (objection === undefined) return { kind: 'keyless', name: 'keyless' }
    throw new HttpError('unauthorized', `a call without a key is not accepted here: ${objection}`, sendKey(rules))
  }
  throw new HttpError('unauthorized', 'this call needs an API key', sendKey(rules))
}

function rightKey({ adminKey, keyless }: AccessRules): string {
  if (adminKey !== undefined) return 'send the key that CONTROL_API_KEY was set to'
  return keyless === 'loopback'
    ? 'no key is set on this server: send none from the machine it runs on, or set CONTROL_API_KEY'
    : 'no key is set on this server: set CONTROL_API_KEY'
}

function sendKey({ adminKey }: AccessRules): string {
  return adminKey === undefined
    ? 'set CONTROL_API_KEY on the server and send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`'
    : 'send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`'
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? '')?.[1]
  const plain = headers['x-api-key']
  return bearer?.trim() ?? (typeof plain === 'string' && plain !== '' ? plain : undefined)
}

/** Whatever a proxy leaves behind. A request that came through one does not come from this machine. */
const forwarding = /^(?:forwarded|x-forwarded(?:-.+)?|x-original-.+|x-real-ip|.*-client-ip|cf-connecting-ip|via)$/

function objectionToKeyless({ headers, ip }: FastifyRequest): string | undefined {
  if (!isLoopbackName(ip.replace(/^::ffff:/, ''))) return 'it does not come from this machine'
  if (!isLoopbackName(hostnameOf(`http://${headers.host ?? ''}`))) return 'its Host header is not a loopback address'
  const forwarded = Object.keys(headers).find((name) => forwarding.test(name))
  if (forwarded !== undefined) return `it came through a proxy (${forwarded})`
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${headers.host}`) return 'it comes from another web page'
  // Pages on other ports of this machine are "same-site": they are not ours either.
  const from = headers['sec-fetch-site']
  if (from !== undefined && from !== 'same-origin' && from !== 'none') return 'it comes from another web page'
  return undefined
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : ''
}

function isLoopbackName(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase()
  return plain === 'localhost' || plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain)
}

/** Takes the same time wherever they differ. */
function sameText(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
