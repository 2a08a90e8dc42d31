import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Secret } from '../core/secret.ts'
import { HttpError } from './problem.ts'

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
    throw new HttpError('unauthorized', 'this API key is not valid', 'send the key that CONTROL_API_KEY was set to')
  }
  if (rules.keyless === 'loopback') {
    const objection = objectionToKeyless(request)
    if (objection === undefined) return { kind: 'keyless', name: `keyless ${request.ip}` }
    throw new HttpError('unauthorized', `a call without a key is not accepted here: ${objection}`, sendKey(rules))
  }
  throw new HttpError('unauthorized', 'this call needs an API key', sendKey(rules))
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

const forwarding = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via']

function objectionToKeyless({ headers, ip }: FastifyRequest): string | undefined {
  if (!isLoopbackName(ip.replace(/^::ffff:/, ''))) return 'it does not come from this machine'
  if (!isLoopbackName(hostnameOf(`http://${headers.host ?? ''}`))) return 'its Host header is not a loopback address'
  const forwarded = forwarding.find((name) => headers[name] !== undefined)
  if (forwarded !== undefined) return `it came through a proxy (${forwarded})`
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${headers.host}`) return 'it comes from another web page'
  if (headers['sec-fetch-site'] === 'cross-site') return 'it comes from another web page'
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
