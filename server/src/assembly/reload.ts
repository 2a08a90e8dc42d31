import { changedSettings, type SettingChanges } from '../config/changed-settings.ts'
import type { Config } from '../config/config.ts'
import { gpuModelsFrom } from '../config/gpu-models-file.ts'
import { templatesFrom } from '../config/templates-dir.ts'
import type { GpuLayers } from '../core/gpus/layers.ts'
import type { Template } from '../core/templates/template.ts'
import type { Clock } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { NewEvent } from '../store/events.ts'

export interface ReloadReport extends SettingChanges {
  /** How many GPU models came from the file. */
  gpuModels: number
}

export interface ReloadDeps {
  /** Reads the settings as they are now. @throws when they are wrong */
  read: () => Config
  /** Takes over keys, addresses and flags. */
  use: (config: Config) => Promise<void>
  gpuLayers: Pick<GpuLayers, 'useFile'>
  /** Takes over the templates of files. @returns how many there are */
  useTemplates: (files: readonly Template[]) => Promise<number>
  record: (event: NewEvent) => Promise<void>
  clock: Pick<Clock, 'now'>
  log: Log
}

/**
 * Takes over what can change while the server runs. Wrong settings change nothing: the server goes on with what it has.
 * Two reloads at once are one after the other.
 */
export function createReload(initial: Config, deps: ReloadDeps): (actor: string) => Promise<ReloadReport> {
  let current = initial
  let last: Promise<unknown> = Promise.resolve()

  async function reload(actor: string): Promise<ReloadReport> {
    const next = deps.read()
    const models = next.gpuModelsFile === undefined ? [] : gpuModelsFrom(next.gpuModelsFile)
    const files = next.templatesDir === undefined ? [] : templatesFrom(next.templatesDir)
    const changes = changedSettings(current.values, next.values)
    deps.gpuLayers.useFile(models)
    await deps.use(next)
    const templates = await deps.useTemplates(files)
    current = { ...next, values: withOld(next.values, current.values, changes.needRestart) }

    const { taken, needRestart } = changes
    const parts = [
      taken.length === 0 ? 'no setting changed' : `changed: ${taken.join(', ')}`,
      ...(needRestart.length === 0 ? [] : [`after a restart only: ${needRestart.join(', ')}`]),
      ...(models.length === 0 ? [] : [`${models.length} GPU models`]),
      ...(templates === 0 ? [] : [`${templates} templates`]),
    ]
    const message = `settings reloaded; ${parts.join('; ')}`
    deps.log.info(message)
    await deps.record({
      at: deps.clock.now(),
      instanceId: null,
      kind: 'changed',
      status: null,
      because: null,
      message,
      data: { what: 'settings', taken, need_restart: needRestart },
      actor,
      // By name alone: a setting may be a secret, or an address with one in it.
      after: { changed: taken, after_restart: needRestart },
    })
    return { ...changes, gpuModels: models.length }
  }

  return (actor) => {
    const turn = last.then(() => reload(actor))
    last = turn.catch(() => {})
    return turn
  }
}

/** What needs a restart stays as it was, so that the next reload says so again. */
function withOld(
  next: ReadonlyMap<string, unknown>,
  old: ReadonlyMap<string, unknown>,
  names: readonly string[],
): ReadonlyMap<string, unknown> {
  const values = new Map(next)
  for (const name of names) {
    if (old.has(name)) values.set(name, old.get(name))
    else values.delete(name)
  }
  return values
}
