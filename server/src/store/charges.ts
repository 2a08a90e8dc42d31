import type { Charge } from '../core/charges/charge.ts'
import type { InstanceId } from '../core/instances/instance.ts'
import { chargeFromRow, rowFromCharge } from './rows.ts'
import type { Database } from './sqlite.ts'

export interface ChargeStore {
  /** All stretches of all meters of an instance, oldest first. */
  ofInstance(id: InstanceId): Promise<Charge[]>
  ofInstances(ids: readonly InstanceId[]): Promise<Charge[]>
  /** Stretches of one machine. */
  ofLaunch(id: InstanceId, attempt: number): Promise<Charge[]>
  /** Writes each as it stands now; the same charge twice is one. */
  put(charges: readonly Charge[]): Promise<void>
}

export function createChargeStore(database: Database): ChargeStore {
  const ordered = () =>
    database.selectFrom('charges').selectAll().orderBy('attempt').orderBy('kind').orderBy('sequence')
  return {
    async ofInstance(id) {
      return (await ordered().where('instance_id', '=', id).execute()).map(chargeFromRow)
    },

    async ofInstances(ids) {
      if (ids.length === 0) return []
      return (
        await ordered()
          .where('instance_id', 'in', [...ids])
          .execute()
      ).map(chargeFromRow)
    },

    async ofLaunch(id, attempt) {
      return (await ordered().where('instance_id', '=', id).where('attempt', '=', attempt).execute()).map(chargeFromRow)
    },

    async put(charges) {
      if (charges.length === 0) return
      await database
        .insertInto('charges')
        .values(charges.map(rowFromCharge))
        .onConflict((conflict) =>
          conflict.columns(['instance_id', 'attempt', 'kind', 'sequence']).doUpdateSet(({ ref }) => ({
            rate_nano: ref('excluded.rate_nano'),
            step_ms: ref('excluded.step_ms'),
            started_after: ref('excluded.started_after'),
            started_before: ref('excluded.started_before'),
            last_on_at: ref('excluded.last_on_at'),
            ended_after: ref('excluded.ended_after'),
            ended_before: ref('excluded.ended_before'),
          })),
        )
        .execute()
    },
  }
}
