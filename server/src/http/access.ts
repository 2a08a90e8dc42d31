import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type KeyDeps, type KeyRefusal, keyBehind, keyParts } from '../app/keys.ts'
import type { Who } from '../app/who.ts'
import type { ProjectName } from '../core/instances/instance.ts'
import { includes, type Role, roles } from '../core/roles.ts'
import type { Secret } from '../core/secret.ts'
import { secondMs } from '../core/time.ts'
import type { Lockout } from './lockout.ts'
import { HttpError } from './problem.ts'

/** Who asked. */
export interface Caller {
  kind: 'admin' | 'keyless' | 'key'
  /** For rate limits and idempotency keys; no secret. */
  id: string
  /** For people: the key's name. */
  name: string
  role: Role
  /** The only project that they may see and change; null: all of them. */
  project: ProjectName | null
}

export function whoFrom({ name, project }: Caller): Who {
  return { actor: name, project }
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
  /** More addresses that count as this machine. */
  keylessFrom?: readonly string[]
}

export type AccessDeps = Pick<KeyDeps, 'keys' | 'clock'>

/**
 * Lets a request in, or says what is missing.
 *
 * A keyless call must come from this machine, name a loopback Host, carry no foreign Origin and no forwarding header:
 * otherwise any web page that this machine has open could rent GPUs.
 */
export async function callerOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { rules, lockout, ...deps }: AccessDeps & { rules: AccessRules; lockout: Lockout },
): Promise<Caller> {
  if (request.routeOptions.config.controlKeyOnly === true) return controlKeyHolder(request, reply, { rules, lockout })
  const key = keyOf(request)
  if (key !== undefined) {
    // A key that was made here cannot be guessed. To refuse it would let one guesser lock out all who share an address with it.
    const lockedMs = keyParts(key) === undefined ? lockout.remainingMs(request.ip, key) : 0
    if (lockedMs > 0) throw tooManyWrongKeys(lockedMs, reply)
    const found = await callerWith(key, rules, deps)
    if ('kind' in found) {
      lockout.worked(request.ip, key)
      return found
    }
    // Who has the right secret of a key that has ended is not guessing.
    const guessMs = found.refused === 'unknown' ? lockout.failed(request.ip, key, keyParts(key)?.id) : 0
    if (guessMs > 0) throw tooManyWrongKeys(guessMs, reply)
    throw refusedKey(found.refused, rules)
  }
  if (rules.keyless === 'loopback') {
    const objection = objectionToKeyless(request, rules.keylessFrom)
    // One name for 127.0.0.1 and ::1: a client that repeats a call may reach us by the other.
    if (objection === undefined) return everything('keyless')
    throw new HttpError('unauthorized', `a call without a key is not accepted here: ${objection}`, sendKey(rules))
  }
  throw new HttpError('unauthorized', 'this call needs an API key', sendKey(rules))
}

/** Contract 001: `X-API-Key` and nothing else, from this machine too, and an error of ours where there is nothing to compare it with. */
function controlKeyHolder(
  request: FastifyRequest,
  reply: FastifyReply,
  { rules: { adminKey }, lockout }: { rules: AccessRules; lockout: Lockout },
): Caller {
  if (adminKey === undefined) {
    throw new HttpError('internal', 'CONTROL_API_KEY not configured', 'set CONTROL_API_KEY and start the server again')
  }
  const key = request.headers['x-api-key']
  const fix = 'send the key that CONTROL_API_KEY was set to as `X-API-Key: <key>`'
  if (typeof key !== 'string' || key === '') {
    throw new HttpError('unauthorized', 'the header X-API-Key is missing', fix)
  }
  const lockedMs = lockout.remainingMs(request.ip, key)
  if (lockedMs > 0) throw tooManyWrongKeys(lockedMs, reply)
  if (sameText(key, adminKey.reveal())) {
    lockout.worked(request.ip, key)
    return everything('admin')
  }
  const guessMs = lockout.failed(request.ip, key, undefined)
  if (guessMs > 0) throw tooManyWrongKeys(guessMs, reply)
  throw new HttpError('unauthorized', 'the key in X-API-Key is not valid', fix)
}

/** @throws HttpError `forbidden` when the caller's role or project does not reach */
export function requireAccess({ caller, routeOptions }: FastifyRequest): void {
  const { access, allProjects = false } = routeOptions.config
  // The start made sure that every route has a rule; what is none of them is not let through.
  const needed: Role = access === undefined || access === 'open' ? 'admin' : access
  if (!includes(caller.role, needed)) {
    const enough = roles.filter((role) => includes(role, needed)).join(' or ')
    throw new HttpError(
      'forbidden',
      `this takes the role ${needed}; the key ${caller.name} is ${caller.role}`,
      `use a key with the role ${enough}`,
      {
        role: caller.role,
        needed,
      },
    )
  }
  if (allProjects && caller.project !== null) {
    throw new HttpError(
      'forbidden',
      `this is about all projects; the key ${caller.name} is for ${caller.project} only`,
      'use a key for all projects',
      { project: caller.project },
    )
  }
}

async function callerWith(
  key: string,
  { adminKey }: AccessRules,
  deps: AccessDeps,
): Promise<Caller | { refused: KeyRefusal }> {
  if (adminKey !== undefined && sameText(key, adminKey.reveal())) return everything('admin')
  const found = await keyBehind(key, deps)
  if ('refused' in found) return found
  const { id, name, role, project } = found.key
  return { kind: 'key', id, name, role, project }
}

function everything(kind: 'admin' | 'keyless'): Caller {
  return { kind, id: kind, name: kind, role: 'admin', project: null }
}

function tooManyWrongKeys(lockedMs: number, reply: FastifyReply): HttpError {
  const seconds = Math.ceil(lockedMs / secondMs)
  reply.header('retry-after', seconds)
  return new HttpError(
    'too_many_requests',
    'too many wrong keys were tried',
    `wait ${seconds} seconds, then send the right key; keys that worked from here lately go on working`,
    { retry_after_seconds: seconds },
  )
}

function refusedKey(refused: KeyRefusal, rules: AccessRules): HttpError {
  switch (refused) {
    case 'revoked':
      return new HttpError('unauthorized', 'this API key has been revoked', 'ask for another one')
    case 'expired':
      return new HttpError('unauthorized', 'this API key has expired', 'rotate it, or ask for another one')
    case 'unknown':
      return new HttpError('unauthorized', 'this API key is not valid', rightKey(rules))
  }
}

function rightKey({ adminKey, keyless }: AccessRules): string {
  if (adminKey !== undefined) return 'send a key that was made here, or the one that CONTROL_API_KEY was set to'
  return keyless === 'loopback'
    ? 'send one that `gpufleet keys` lists, or none from the machine that the server runs on; `gpufleet keys create` makes one there. CONTROL_API_KEY is not set'
    : 'send one that was made here; CONTROL_API_KEY is not set'
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

function objectionToKeyless({ headers, ip }: FastifyRequest, alsoHere: readonly string[] = []): string | undefined {
  const from = ip.replace(/^::ffff:/, '')
  if (!isLoopbackName(from) && !alsoHere.includes(from)) return 'it does not come from this machine'
  if (!isLoopbackName(hostnameOf(`http://${headers.host ?? ''}`))) return 'its Host header is not a loopback address'
  const forwarded = Object.keys(headers).find((name) => forwarding.test(name))
  if (forwarded !== undefined) return `it came through a proxy (${forwarded})`
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${headers.host}`) return 'it comes from another web page'
  // Pages on other ports of this machine are "same-site": they are not ours either.
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'it comes from another web page'
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
