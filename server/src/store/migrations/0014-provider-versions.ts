import type { Kysely } from 'kysely'

/** What was announced before is announced again with the next answer, so it is not carried over. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('provider_health').addColumn('versions', 'text').execute()
  await database.schema.alterTable('provider_health').addColumn('deprecations', 'text').execute()
  await database.schema.alterTable('provider_health').dropColumn('deprecation').execute()
}
