import { z } from 'zod'
import { createKey, type KeyDeps, listKeys, revokeKey, rotateKey } from '../../../app/keys.ts'
import { route } from '../../route.ts'
import { Flag, flagFrom, OneWord, Project } from '../inputs.ts'
import { IssuedKeyView, issuedKeyView, KeyView, keyView, RoleName } from './view.ts'

const KeyParams = z.strictObject({ id: OneWord.describe('The key’s id: key_…') })

const ExpiresAt = z.iso
  .datetime({ offset: true, error: 'takes a time such as 2027-01-31T12:00:00Z' })
  .describe('From then on it opens nothing.')

export const createKeyRoute = route({
  operationId: 'createKey',
  method: 'POST',
  path: '/api/v1/keys',
  tag: 'admin',
  access: 'admin',
  summary: 'Make an API key. It is shown this once.',
  body: z
    .strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,59}$/, 'is 1 to 60 letters, digits, blanks and . _ @ -')
        .describe('What the audit log calls its holder.'),
      role: RoleName,
      project: Project.optional().describe('The only project that it is to open. Without it: all of them.'),
      expires_at: ExpiresAt.optional(),
    })
    .meta({ id: 'NewApiKey' }),
  reply: { status: 201, message: 'Key created; it is shown only now', data: IssuedKeyView },
  errors: ['not_allowed_now'],
  async handle({ body, who }, deps: KeyDeps) {
    const { name, role, project = null, expires_at: expires } = body
    const wanted = { name, role, project, expiresAt: expires === undefined ? null : Date.parse(expires) }
    return { data: issuedKeyView(await createKey(wanted, who, deps)) }
  },
})

export const listKeysRoute = route({
  operationId: 'listKeys',
  method: 'GET',
  path: '/api/v1/keys',
  tag: 'admin',
  access: 'admin',
  summary: 'The API keys, newest first, without the keys themselves.',
  query: z.strictObject({ revoked: Flag.optional().describe('true: those that were revoked as well.') }),
  reply: { status: 200, message: 'Keys retrieved successfully', data: z.array(KeyView) },
  errors: [],
  handle: async ({ query, who }, deps: KeyDeps) => ({
    data: (await listKeys({ revoked: flagFrom(query.revoked) ?? false }, who, deps)).map(keyView),
  }),
})

export const rotateKeyRoute = route({
  operationId: 'rotateKey',
  method: 'POST',
  path: '/api/v1/keys/:id/rotate',
  tag: 'admin',
  access: 'admin',
  summary: 'Give a key a new secret. The old one opens nothing from now on.',
  params: KeyParams,
  body: z.strictObject({ expires_at: ExpiresAt.nullable().optional() }).nullish(),
  bodyOptional: true,
  reply: { status: 200, message: 'Key rotated; the new one is shown only now', data: IssuedKeyView },
  errors: ['not_found', 'not_allowed_now'],
  async handle({ params, body, who }, deps: KeyDeps) {
    const expires = body?.expires_at
    const change = expires === undefined ? {} : { expiresAt: expires === null ? null : Date.parse(expires) }
    return { data: issuedKeyView(await rotateKey(params.id, change, who, deps)) }
  },
})

export const revokeKeyRoute = route({
  operationId: 'revokeKey',
  method: 'DELETE',
  path: '/api/v1/keys/:id',
  tag: 'admin',
  access: 'admin',
  summary: 'Revoke a key: it opens nothing from now on.',
  params: KeyParams,
  body: z.strictObject({}).nullish(),
  bodyOptional: true,
  reply: { status: 200, message: 'Key revoked', data: KeyView },
  errors: ['not_found'],
  handle: async ({ params, who }, deps: KeyDeps) => ({ data: keyView(await revokeKey(params.id, who, deps)) }),
})
