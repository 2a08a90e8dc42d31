import type { GpuModel } from '../core/gpus/gpu.ts'
import type { Instant } from '../core/time.ts'
import { addEvents, type NewEvent } from './events.ts'
import { fromJsonText, jsonText } from './json.ts'
import type { Database } from './sqlite.ts'

/** GPU models that somebody changed or added while the server ran. */
export interface GpuModelStore {
  all(): Promise<GpuModel[]>
  /** Adds it, or replaces the one of the same name. */
  put(model: GpuModel, by: { actor: string; at: Instant }, event: NewEvent): Promise<void>
  /** @returns false when there is none */
  remove(name: string, event: NewEvent): Promise<boolean>
}

export function createGpuModelStore(database: Database): GpuModelStore {
  return {
    async all() {
      const rows = await database.selectFrom('gpu_models').select('model').orderBy('name').execute()
      return rows.map((row) => fromJsonText<GpuModel>(row.model))
    },

    put(model, { actor, at }, event) {
      const values = { model: jsonText(model), set_by: actor, set_at: at }
      return database.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('gpu_models')
          .values({ name: model.name, ...values })
          .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
          .execute()
        await addEvents(transaction, [event])
      })
    },

    remove(name, event) {
      return database.transaction().execute(async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('gpu_models')
          .where('name', '=', name)
          .executeTakeFirst()
        if (numDeletedRows === 0n) return false
        await addEvents(transaction, [event])
        return true
      })
    },
  }
}
