import type { Selectable } from 'kysely'
import type { InstanceId, ProjectName } from '../core/instances/instance.ts'
import type { NovitaRequest, Outcome } from '../core/novita-face/request.ts'
import type { Instant } from '../core/time.ts'
import type { Sealer } from './sealer.ts'
import type { Database } from './sqlite.ts'
import type { NovitaRequestsTable } from './tables.ts'

/** Creations in the words of contract 002. */
export interface NovitaRequestStore {
  /** Before its instance is: so nothing is rented whose end is not told. */
  add(request: NovitaRequest): Promise<void>
  remove(id: InstanceId): Promise<void>
  ofInstances(ids: readonly InstanceId[]): Promise<ReadonlyMap<string, NovitaRequest>>
  /** Whose end is not told yet; the oldest first. */
  untold(limit: number): Promise<NovitaRequest[]>
  /** Those made since then that came too late; the newest first. With a project: its own. */
  late(query: { since: Instant; project: ProjectName | null; limit: number }): Promise<InstanceId[]>
  /** Only the first outcome counts. */
  recordOutcome(id: InstanceId, outcome: Outcome, message: string | null, at: Instant): Promise<void>
  noteEndAsked(id: InstanceId, at: Instant): Promise<void>
  noteTold(id: InstanceId, at: Instant): Promise<void>
  /** With a project: its own. */
  countByOutcome(project: ProjectName | null): Promise<Readonly<Record<Outcome | 'open', number>>>
  /** Forgets what was told before then and whose instance has ended. */
  prune(before: Instant): Promise<void>
}

export function createNovitaRequestStore(database: Database, sealer: Sealer): NovitaRequestStore {
  function requestFrom(row: Selectable<NovitaRequestsTable>): NovitaRequest {
    return {
      instanceId: row.instance_id as InstanceId,
      name: row.name,
      productName: row.product_name,
      templateId: row.template_id,
      region: row.region,
      webhookUrl: row.sealed_webhook === null ? null : sealer.open<string>(row.sealed_webhook),
      madeAt: row.made_at,
      deadlineAt: row.deadline_at,
      outcome: row.outcome as Outcome | null,
      outcomeAt: row.outcome_at,
      message: row.message,
      endAskedAt: row.end_asked_at,
      toldAt: row.told_at,
    }
  }

  return {
    async add(request) {
      const { webhookUrl } = request
      await database
        .insertInto('novita_requests')
        .values({
          instance_id: request.instanceId,
          name: request.name,
          product_name: request.productName,
          template_id: request.templateId,
          region: request.region,
          sealed_webhook: webhookUrl === null ? null : sealer.seal(webhookUrl),
          made_at: request.madeAt,
          deadline_at: request.deadlineAt,
          outcome: request.outcome,
          outcome_at: request.outcomeAt,
          message: request.message,
          end_asked_at: request.endAskedAt,
          told_at: request.toldAt,
        })
        .execute()
    },

    async remove(id) {
      await database.deleteFrom('novita_requests').where('instance_id', '=', id).execute()
    },

    async ofInstances(ids) {
      if (ids.length === 0) return new Map()
      const rows = await database
        .selectFrom('novita_requests')
        .selectAll()
        .where('instance_id', 'in', [...ids])
        .execute()
      return new Map(rows.map((row) => [row.instance_id, requestFrom(row)]))
    },

    async untold(limit) {
      const rows = await database
        .selectFrom('novita_requests')
        .selectAll()
        .where('told_at', 'is', null)
        .orderBy('made_at')
        .limit(limit)
        .execute()
      return rows.map(requestFrom)
    },

    async late({ since, project, limit }) {
      let select = database
        .selectFrom('novita_requests')
        .innerJoin('instances', 'instances.id', 'novita_requests.instance_id')
        .select('novita_requests.instance_id')
        .where('outcome', '=', 'timeout')
        .where('made_at', '>', since)
      if (project !== null) select = select.where('instances.project', '=', project)
      const rows = await select.orderBy('made_at', 'desc').limit(limit).execute()
      return rows.map((row) => row.instance_id as InstanceId)
    },

    async recordOutcome(id, outcome, message, at) {
      await database
        .updateTable('novita_requests')
        .set({ outcome, outcome_at: at, message })
        .where('instance_id', '=', id)
        .where('outcome', 'is', null)
        .execute()
    },

    async noteEndAsked(id, at) {
      await database.updateTable('novita_requests').set({ end_asked_at: at }).where('instance_id', '=', id).execute()
    },

    async noteTold(id, at) {
      await database.updateTable('novita_requests').set({ told_at: at }).where('instance_id', '=', id).execute()
    },

    async countByOutcome(project) {
      let select = database
        .selectFrom('novita_requests')
        .select(['outcome', ({ fn }) => fn.countAll<number>().as('number')])
      if (project !== null) {
        select = select.where('instance_id', 'in', (eb) =>
          eb.selectFrom('instances').select('id').where('project', '=', project),
        )
      }
      const rows = await select.groupBy('outcome').execute()
      const count = (outcome: Outcome | null) => Number(rows.find((row) => row.outcome === outcome)?.number ?? 0)
      return {
        open: count(null),
        ready: count('ready'),
        failed: count('failed'),
        timeout: count('timeout'),
        ended: count('ended'),
      }
    },

    async prune(before) {
      await database
        .deleteFrom('novita_requests')
        .where('told_at', '<', before)
        .where('instance_id', 'not in', (eb) => eb.selectFrom('instances').select('id').where('ended_at', 'is', null))
        .execute()
    },
  }
}
