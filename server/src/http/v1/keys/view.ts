import { z } from 'zod'
import type { IssuedKey } from '../../../app/keys.ts'
import { roles } from '../../../core/roles.ts'
import { isoFrom } from '../../../core/time.ts'

export const RoleName = z
  .enum(roles)
  .describe('viewer: looks; operator: also acts on instances; admin: everything. Each includes the one before.')

export const KeyView = z
  .object({
    id: z.string(),
    name: z.string(),
    role: RoleName,
    project: z.string().nullable().describe('The only project that it opens; null: all of them.'),
    created_at: z.iso.datetime(),
    created_by: z.string(),
    rotated_at: z.iso.datetime().nullable(),
    expires_at: z.iso.datetime().nullable(),
    last_used_at: z.iso.datetime().nullable().describe('To the minute.'),
    revoked_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey' })

export const IssuedKeyView = KeyView.extend({
  key: z.string().describe('Send it as `Authorization: Bearer`. Shown this once; only its hash is kept.'),
}).meta({ id: 'IssuedApiKey' })

export function keyView(key: IssuedKey['key']): z.infer<typeof KeyView> {
  const time = (at: number | null) => (at === null ? null : isoFrom(at))
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    project: key.project,
    created_at: isoFrom(key.createdAt),
    created_by: key.createdBy,
    rotated_at: time(key.rotatedAt),
    expires_at: time(key.expiresAt),
    last_used_at: time(key.lastUsedAt),
    revoked_at: time(key.revokedAt),
  }
}

export function issuedKeyView({ key, token }: IssuedKey): z.infer<typeof IssuedKeyView> {
  return { ...keyView(key), key: token.reveal() }
}
