import type { Selectable } from 'kysely'
import type { Template, TemplateOrigin, TemplateVersion } from '../core/templates/template.ts'
import { addEvents, type NewEvent } from './events.ts'
import type { Sealer } from './sealer.ts'
import type { Database } from './sqlite.ts'
import type { TemplatesTable } from './tables.ts'

/** The templates that users made. A version is written once and stays. */
export interface TemplateStore {
  /** The newest version of each, by name; deleted ones too. */
  newest(): Promise<TemplateVersion[]>
  /** Newest first; empty: there never was one. */
  versions(name: string): Promise<TemplateVersion[]>
  /** @returns false when somebody was quicker: there is such a version, and nothing was written */
  add(version: TemplateVersion & { createdAt: number; createdBy: string }, event: NewEvent): Promise<boolean>
}

export function createTemplateStore(database: Database, sealer: Sealer): TemplateStore {
  function versionFromRow(row: Selectable<TemplatesTable>): TemplateVersion {
    return {
      name: row.name,
      version: row.version,
      template: row.sealed === null ? null : sealer.open<Template>(row.sealed),
      origin: row.origin as TemplateOrigin,
      createdAt: row.created_at,
      createdBy: row.created_by,
    }
  }

  return {
    async newest() {
      const rows = await database
        .selectFrom('templates')
        .innerJoin(
          (from) =>
            from
              .selectFrom('templates')
              .select(({ fn }) => ['name as its_name', fn.max('version').as('last')])
              .groupBy('name')
              .as('newest'),
          (join) => join.onRef('newest.its_name', '=', 'templates.name').onRef('newest.last', '=', 'templates.version'),
        )
        .selectAll('templates')
        .orderBy('templates.name')
        .execute()
      return rows.map(versionFromRow)
    },

    async versions(name) {
      const rows = await database
        .selectFrom('templates')
        .selectAll()
        .where('name', '=', name)
        .orderBy('version', 'desc')
        .execute()
      return rows.map(versionFromRow)
    },

    add({ name, version, template, origin, createdAt, createdBy }, event) {
      return database.transaction().execute(async (transaction) => {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('templates')
          .values({
            name,
            version,
            sealed: template === null ? null : sealer.seal(template),
            origin,
            created_at: createdAt,
            created_by: createdBy,
          })
          .onConflict((conflict) => conflict.columns(['name', 'version']).doNothing())
          .executeTakeFirstOrThrow()
        if (numInsertedOrUpdatedRows === 0n) return false
        await addEvents(transaction, [event])
        return true
      })
    },
  }
}
