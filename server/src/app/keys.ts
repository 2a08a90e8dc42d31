import { createHash, timingSafeEqual } from 'node:crypto'
import type { ProjectName } from '../core/instances/instance.ts'
import type { Role } from '../core/roles.ts'
import { Secret } from '../core/secret.ts'
import { type Clock, type Instant, isoFrom, minuteMs } from '../core/time.ts'
import type { NewEvent, Values } from '../store/events.ts'
import type { ApiKey, KeyStore } from '../store/keys.ts'
import { AppError } from './errors.ts'
import { doneBefore, doneBy, type Who } from './who.ts'

export interface KeyDeps {
  keys: KeyStore
  clock: Pick<Clock, 'now'>
  random: (bytes: number) => Uint8Array
}

export interface NewKey {
  name: string
  role: Role
  /** null: all projects. */
  project: ProjectName | null
  expiresAt: Instant | null
}

/** A key and what it is to be sent as: the only moment at which that is known. */
export interface IssuedKey {
  key: ApiKey
  token: Secret
}

/** Names of callers that have no key of their own. */
const reservedNames = ['admin', 'keyless', 'system']

export async function createKey(wanted: NewKey, who: Who, deps: KeyDeps): Promise<IssuedKey> {
  const made = doneBefore(who)
  // Nobody was told its secret, and it cannot be found again: it gets another one.
  if (made !== null) return rotateKey(made, {}, who, deps)
  const now = deps.clock.now()
  if (reservedNames.includes(wanted.name)) throw nameTaken(wanted.name)
  if (wanted.role === 'admin' && wanted.project !== null) {
    throw new AppError('invalid_request', 'an admin key opens everything, so it takes no project', {
      fix: 'leave project out, or take the role operator',
    })
  }
  requireFuture(wanted.expiresAt, now)
  const id = keyIdFrom(deps.random(12))
  const secret = secretFrom(deps.random)
  const key: ApiKey = {
    id,
    ...wanted,
    hash: hashOf(secret),
    createdAt: now,
    createdBy: who.actor,
    rotatedAt: null,
    lastUsedAt: null,
    revokedAt: null,
  }
  if (!(await deps.keys.add(key, eventOf('key_created', null, key, who, now)))) throw nameTaken(wanted.name)
  return { key, token: tokenFrom(id, secret) }
}

export function listKeys(options: { revoked: boolean }, _who: Who, { keys }: Pick<KeyDeps, 'keys'>): Promise<ApiKey[]> {
  return keys.list(options)
}

/** A new secret for the same key: the old one opens nothing from now on. */
export async function rotateKey(
  id: string,
  { expiresAt }: { expiresAt?: Instant | null },
  who: Who,
  deps: KeyDeps,
): Promise<IssuedKey> {
  const now = deps.clock.now()
  const key = await getKey(id, deps)
  requireFuture(expiresAt ?? null, now)
  const secret = secretFrom(deps.random)
  const change = {
    hash: hashOf(secret),
    rotatedAt: now,
    expiresAt: expiresAt === undefined ? key.expiresAt : expiresAt,
  }
  const rotated = { ...key, ...change }
  if (!(await deps.keys.rotate(id, change, eventOf('key_rotated', key, rotated, who, now)))) throw revokedBefore(key)
  return { key: rotated, token: tokenFrom(id, secret) }
}

/** It opens nothing from now on. Repeated, it changes nothing. */
export async function revokeKey(id: string, who: Who, deps: KeyDeps): Promise<ApiKey> {
  const key = await getKey(id, deps)
  const now = deps.clock.now()
  await deps.keys.revoke(id, now, eventOf('key_revoked', key, { ...key, revokedAt: now }, who, now))
  return getKey(id, deps)
}

async function getKey(id: string, { keys }: Pick<KeyDeps, 'keys'>): Promise<ApiKey> {
  const key = await keys.get(id)
  if (key !== undefined) return key
  throw new AppError('not_found', `there is no key ${id}`, { fix: 'GET /api/v1/keys lists the ones there are' })
}

export type KeyRefusal = 'unknown' | 'revoked' | 'expired'

/** Whose key this is. Unknown ids take as long as wrong secrets. */
export async function keyBehind(
  token: string,
  { keys, clock }: Pick<KeyDeps, 'keys' | 'clock'>,
): Promise<{ key: ApiKey } | { refused: KeyRefusal }> {
  const parts = keyParts(token)
  if (parts === undefined) return { refused: 'unknown' }
  const key = await keys.get(parts.id)
  const isRight = sameHash(hashOf(parts.secret), key?.hash ?? hashOf(''))
  if (key === undefined || !isRight) return { refused: 'unknown' }
  const now = clock.now()
  if (key.revokedAt !== null) return { refused: 'revoked' }
  if (key.expiresAt !== null && key.expiresAt <= now) return { refused: 'expired' }
  if (key.lastUsedAt === null || now - key.lastUsedAt >= minuteMs) await keys.used(key.id, now)
  return { key }
}

/** Whether a key that was let in at that moment would be let in now. */
export async function isStillGood(
  id: string,
  since: Instant,
  { keys, clock }: Pick<KeyDeps, 'keys' | 'clock'>,
): Promise<boolean> {
  const key = await keys.get(id)
  if (key === undefined || key.revokedAt !== null) return false
  if (key.rotatedAt !== null && key.rotatedAt > since) return false
  return key.expiresAt === null || key.expiresAt > clock.now()
}

/** `gpf_<id>_<secret>`: the first part finds it, the second proves it. */
export function keyParts(token: string): { id: string; secret: string } | undefined {
  const match = /^gpf_([0-9a-z]{12})_([A-Za-z0-9_-]{43})$/.exec(token)
  return match === null ? undefined : { id: `key_${match[1]}`, secret: match[2] as string }
}

function tokenFrom(id: string, secret: string): Secret {
  return new Secret(`gpf_${id.slice('key_'.length)}_${secret}`)
}

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz'

function keyIdFrom(random: Uint8Array): string {
  return `key_${Array.from(random, (byte) => alphabet[byte % alphabet.length]).join('')}`
}

function secretFrom(random: KeyDeps['random']): string {
  return Buffer.from(random(32)).toString('base64url')
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function sameHash(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'))
}

function requireFuture(expiresAt: Instant | null, now: Instant): void {
  if (expiresAt === null || expiresAt > now) return
  throw new AppError('invalid_request', 'expires_at is in the past', {
    fix: `name a moment after ${isoFrom(now)}, or leave it out for a key that stays`,
  })
}

function nameTaken(name: string): AppError {
  return new AppError('not_allowed_now', `there is a key named ${name} already`, {
    fix: 'take another name, or revoke or rotate the one there is; the audit log tells keys apart by name',
  })
}

function revokedBefore({ id }: ApiKey): AppError {
  return new AppError('not_allowed_now', `key ${id} is revoked`, { fix: 'make a new one' })
}

function eventOf(
  what: 'key_created' | 'key_rotated' | 'key_revoked',
  before: ApiKey | null,
  after: ApiKey,
  who: Who,
  at: Instant,
): NewEvent {
  const { id, name, role, project, expiresAt } = after
  const done = { key_created: 'made', key_rotated: 'rotated', key_revoked: 'revoked' }[what]
  return {
    at,
    ...doneBy(who, id),
    instanceId: null,
    kind: 'changed',
    status: null,
    because: null,
    message: `key ${name} was ${done}`,
    data: { what, key: { id, name, role, project, expires_at: expiresAt === null ? null : isoFrom(expiresAt) } },
    before: before === null ? null : valuesOf(before),
    after: valuesOf(after),
  }
}

/** For the log: what a key opens and for how long, nothing of its secret. */
function valuesOf({ name, role, project, expiresAt, rotatedAt, revokedAt }: ApiKey): Values {
  const when = (at: Instant | null) => (at === null ? null : isoFrom(at))
  return {
    name,
    role,
    project,
    expires_at: when(expiresAt),
    rotated_at: when(rotatedAt),
    revoked_at: when(revokedAt),
  }
}
