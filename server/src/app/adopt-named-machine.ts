import type { Log } from '../observability/log.ts'
import { type AdoptDeps, type AdoptInput, adoptInstance } from './adopt-instance.ts'
import { AppError, appErrorFrom } from './errors.ts'

/**
 * Takes over the machine that the settings name, as soon as its marketplace answers. One that is known already is fine.
 *
 * @returns what to call until then, again and again
 */
export function adoptionOf(named: AdoptInput, setting: string, deps: AdoptDeps & { log: Log }): () => Promise<void> {
  let done = false
  let said: string | null = null

  return async () => {
    if (done) return
    try {
      const { id } = await adoptInstance(named, { actor: setting, project: null }, deps)
      deps.log.info(`the machine that ${setting} names was adopted`, { instanceId: id, machine: named.machineId })
      done = true
    } catch (caught) {
      const error = appErrorFrom(caught)
      if (!(error instanceof AppError)) throw error
      done = error.details.instance_id !== undefined
      if (!done && said !== error.message) deps.log.error(`${setting}: ${error.message}; ${error.fix}`)
      said = error.message
    }
  }
}
