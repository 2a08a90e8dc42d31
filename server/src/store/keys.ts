import type { Selectable } from 'kysely'
import type { ProjectName } from '../core/instances/instance.ts'
import type { Role } from '../core/roles.ts'
import { type Instant, minuteMs } from '../core/time.ts'
import { addEvents, type NewEvent } from './events.ts'
import type { Database } from './sqlite.ts'
import type { ApiKeysTable } from './tables.ts'

export interface ApiKey {
  id: string
  name: string
  /** The only project that it opens; null: all of them. */
  project: ProjectName | null
  role: Role
  /** SHA-256 of the secret part; that is enough for a random text of 256 bits. */
  hash: string
  createdAt: Instant
  createdBy: string
  rotatedAt: Instant | null
  expiresAt: Instant | null
  /** To the minute. */
  lastUsedAt: Instant | null
  revokedAt: Instant | null
}

export interface KeyStore {
  /** @returns false when a key of that name is in use; then nothing is written */
  add(key: ApiKey, event: NewEvent): Promise<boolean>
  get(id: string): Promise<ApiKey | undefined>
  /** Newest first. */
  list(options: { revoked: boolean }): Promise<ApiKey[]>
  /** Written at most once a minute for each. */
  used(id: string, at: Instant): Promise<void>
  /** @returns false when it has been revoked */
  rotate(id: string, change: Pick<ApiKey, 'hash' | 'rotatedAt' | 'expiresAt'>, event: NewEvent): Promise<boolean>
  /** @returns false when it had been revoked before */
  revoke(id: string, at: Instant, event: NewEvent): Promise<boolean>
}

export function createKeyStore(database: Database): KeyStore {
  return {
    add(key, event) {
      return database.transaction().execute(async (transaction) => {
        const { numInsertedOrUpdatedRows: added } = await transaction
          .insertInto('api_keys')
          .values(rowFrom(key))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        if (added === 0n) return false
        await addEvents(transaction, [event])
        return true
      })
    },

    async get(id) {
      const row = await database.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst()
      return row && keyFrom(row)
    },

    async list({ revoked }) {
      let select = database.selectFrom('api_keys').selectAll()
      if (!revoked) select = select.where('revoked_at', 'is', null)
      return (await select.orderBy('created_at', 'desc').orderBy('id').execute()).map(keyFrom)
    },

    async used(id, at) {
      await database
        .updateTable('api_keys')
        .set({ last_used_at: at })
        .where('id', '=', id)
        .where(({ or, eb }) => or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', at - minuteMs)]))
        .execute()
    },

    rotate(id, change, event) {
      return changed(id, { hash: change.hash, rotated_at: change.rotatedAt, expires_at: change.expiresAt }, event)
    },

    revoke(id, at, event) {
      return changed(id, { revoked_at: at }, event)
    },
  }

  function changed(id: string, change: Partial<ApiKeysTable>, event: NewEvent): Promise<boolean> {
    return database.transaction().execute(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('api_keys')
        .set(change)
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return false
      await addEvents(transaction, [event])
      return true
    })
  }
}

function rowFrom(key: ApiKey): ApiKeysTable {
  return {
    id: key.id,
    name: key.name,
    project: key.project,
    role: key.role,
    hash: key.hash,
    created_at: key.createdAt,
    created_by: key.createdBy,
    rotated_at: key.rotatedAt,
    expires_at: key.expiresAt,
    last_used_at: key.lastUsedAt,
    revoked_at: key.revokedAt,
  }
}

function keyFrom(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    project: row.project,
    role: row.role as Role,
    hash: row.hash,
    createdAt: row.created_at,
    createdBy: row.created_by,
    rotatedAt: row.rotated_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }
}
