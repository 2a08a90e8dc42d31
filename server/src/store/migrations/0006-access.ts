import type { Kysely } from 'kysely'

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('api_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('project', 'text')
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('rotated_at', 'bigint')
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute()
  // An actor in the audit log is one key.
  await database.schema
    .createIndex('api_keys_name')
    .on('api_keys')
    .column('name')
    .unique()
    .where('revoked_at' as never, 'is', null)
    .execute()

  await database.schema
    .createTable('idempotent_answers')
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('claim_token', 'bigint', (column) => column.notNull())
    .addColumn('claimed_until', 'bigint', (column) => column.notNull())
    .addColumn('sealed_answer', 'text')
    .addPrimaryKeyConstraint('idempotent_answers_key', ['scope', 'key'])
    .execute()
  await database.schema.createIndex('idempotent_answers_age').on('idempotent_answers').column('created_at').execute()
  await database.schema.createIndex('idempotency_keys_age').on('idempotency_keys').column('created_at').execute()

  await database.schema
    .createTable('provider_keys')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('sealed_key', 'text', (column) => column.notNull())
    .addColumn('ending', 'text', (column) => column.notNull())
    .addColumn('set_at', 'bigint', (column) => column.notNull())
    .addColumn('set_by', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('provider_keys_key', ['provider', 'account'])
    .execute()
}
